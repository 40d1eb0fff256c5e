// SPDX-License-Identifier: GPL-2.0-only
/*
 * Says more on the kernel log than is kept of it, and ends by itself, so that it is that much
 * on a slow or loaded host too. Its result is clean, but what was cut out cannot be vouched for.
 */
#include <fcntl.h>

#include "core/ktap.h"

/* A log keeps 1 MiB of each end. */
#define ENOUGH	(5UL << 19)

int main(void)
{
	char line[900];
	int fd;

	ktap_start(1);
	/* Unlimited: by default a program gets ten lines in five seconds. */
	fd = open("/proc/sys/kernel/printk_devkmsg", O_WRONLY | O_CLOEXEC);
	REQUIRE(fd >= 0, "open of printk_devkmsg");
	REQUIRE(write(fd, "on\n", 3) == 3, "write to printk_devkmsg");
	close(fd);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	REQUIRE(fd >= 0, "open of kmsg");
	memset(line, 'x', sizeof(line));
	for (unsigned long sent = 0; sent < ENOUGH; sent += sizeof(line)) {
		int n = snprintf(line, sizeof(line), "<4>long-log %lu ", sent);

		line[n] = ' ';
		REQUIRE(write(fd, line, sizeof(line)) > 0, "write to kmsg");
	}
	ktap_result(0, "a result after the log");
	return ktap_end();
}
