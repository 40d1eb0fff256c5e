// SPDX-License-Identifier: GPL-2.0-only
/* Floods the kernel log with 1 GB, or until it is killed. */
#include <fcntl.h>

#include "core/ktap.h"
#include "core/procfile.h"

#define FLOOD (1ULL << 30)

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
	for (unsigned long long sent = 0, n = 0; sent < FLOOD; sent += sizeof(line), n++) {
		memset(line, 'x', sizeof(line));
		snprintf(line, sizeof(line), "<4>flood %llu ", n);
		line[strlen(line)] = ' ';
		REQUIRE(write(fd, line, sizeof(line)) > 0, "write to kmsg");
	}
	ktap_result(0, "a result after the flood");
	return ktap_end();
}
