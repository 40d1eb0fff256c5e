// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes more to the kernel log than a log keeps, and exits by itself, so that the amount is
 * the same on a slow host. Its result is "ok", but the part of the log that was cut is unknown.
 */
#include <fcntl.h>

#include "core/ktap.h"
#include "core/procfile.h"

/* A log keeps 1 MiB of each end. */
#define ENOUGH	(9UL << 18)

int main(void)
{
	char line[900];
	int fd;

	ktap_start(1);
	/* Disable the rate limit of ten lines in five seconds. */
	REQUIRE(!procfile_write_text("/proc/sys/kernel/printk_devkmsg", "on\n"),
		"write to printk_devkmsg");
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
