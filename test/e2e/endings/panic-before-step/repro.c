// SPDX-License-Identifier: GPL-2.0-only
/* Panics the kernel with the expected title, but before its step. */
#include "core/step.h"

int main(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	REQUIRE(fd >= 0, "open of /proc/sysrq-trigger");
	ktap_start(1);
	REQUIRE(write(fd, "c", 1) == 1, "write to /proc/sysrq-trigger");
	ktap_bail("the kernel outlived its panic");
}
