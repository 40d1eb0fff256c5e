// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagemap: an unknown ioctl fails with EINVAL instead of ENOTTY.
 *
 * An ioctl that a file does not implement fails with ENOTTY; programs probe for features
 * that way. /proc/PID/pagemap, which has PAGEMAP_SCAN since 6.7, returned EINVAL, as it
 * does for PAGEMAP_SCAN with bad arguments. The fix returns ENOTTY.
 *
 * The program probes an ioctl that no kernel has. PAGEMAP_SCAN with bad arguments must
 * fail with EINVAL, which shows that the file has an ioctl at all; older kernels have
 * none, so the case does not apply.
 */
#include <fcntl.h>

#include "core/need.h"
#include "mm/lapi_pagemap_scan.h"

#define UNKNOWN	_IOWR('f', 250, struct pm_scan_arg)

static int probe(int fd, unsigned long request)
{
	struct pm_scan_arg arg = { .size = 1 };

	return ioctl(fd, request, &arg) < 0 ? errno : 0;
}

int main(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), err;

	REQUIRE(fd >= 0, "open of /proc/self/pagemap");
	err = probe(fd, PAGEMAP_SCAN);
	if (err == ENOTTY)
		ktap_skip_all("PAGEMAP_SCAN: %s", ktap_errno(err));

	ktap_start(1);
	if (err != EINVAL)
		ktap_bail("PAGEMAP_SCAN with a wrong size: %s", ktap_outcome(err));
	err = probe(fd, UNKNOWN);
	ktap_diag("PAGEMAP_SCAN with a wrong size: EINVAL; an unknown ioctl: %s",
		  ktap_outcome(err));
	if (err != ENOTTY && err != EINVAL)
		ktap_bail("an unknown ioctl: %s", ktap_outcome(err));
	ktap_result(err == EINVAL, "an unknown ioctl fails with ENOTTY");
	return ktap_end();
}
