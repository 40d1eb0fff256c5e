// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagemap: an ioctl that it does not know is told as a bad argument.
 *
 * An ioctl that a file does not know gives ENOTTY: that is how a program finds out what a
 * kernel can do. /proc/PID/pagemap, which has had PAGEMAP_SCAN since 6.7, gave EINVAL, as
 * it does for PAGEMAP_SCAN with bad arguments. The fix gives ENOTTY.
 *
 * Here one is asked that no kernel has. That PAGEMAP_SCAN with bad arguments gives EINVAL
 * shows that the file has an ioctl at all; older kernels, which have none, cannot be asked.
 */
#include <fcntl.h>

#include "core/need.h"
#include "mm/lapi_pagemap_scan.h"

#define UNKNOWN	_IOWR('f', 250, struct pm_scan_arg)

static int ask(int fd, unsigned long request)
{
	struct pm_scan_arg arg = { .size = 1 };

	return ioctl(fd, request, &arg) < 0 ? errno : 0;
}

int main(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), err;

	REQUIRE(fd >= 0, "open of /proc/self/pagemap");
	err = ask(fd, PAGEMAP_SCAN);
	if (err == ENOTTY)
		ktap_skip_all("PAGEMAP_SCAN: %s", ktap_errno(err));

	ktap_start(1);
	if (err != EINVAL)
		ktap_bail("PAGEMAP_SCAN of a wrong size: %s", ktap_outcome(err));
	err = ask(fd, UNKNOWN);
	ktap_diag("PAGEMAP_SCAN of a wrong size: EINVAL; an unknown ioctl: %s",
		  ktap_outcome(err));
	if (err != ENOTTY && err != EINVAL)
		ktap_bail("an unknown ioctl: %s", ktap_outcome(err));
	ktap_result(err == EINVAL, "an unknown ioctl gives ENOTTY");
	return ktap_end();
}
