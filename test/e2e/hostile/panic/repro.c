// SPDX-License-Identifier: GPL-2.0-only
/* Panics on purpose, in the middle of its results. */
#include <fcntl.h>

#include "core/ktap.h"

int main(void)
{
	int fd;

	ktap_start(2);
	ktap_result(0, "before the panic");
	fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	REQUIRE(fd >= 0, "open of sysrq-trigger");
	REQUIRE(write(fd, "c", 1) == 1, "sysrq-c");
	ktap_bail("the kernel did not panic");
}
