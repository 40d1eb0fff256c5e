/* SPDX-License-Identifier: GPL-2.0-only */
/* The kind of page in a frame, read from /proc/kpageflags, which only root can. */
#ifndef KWITNESS_KPAGEFLAGS_H
#define KWITNESS_KPAGEFLAGS_H

#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdint.h>

#include "core/ktap.h"

/* Skip if the kernel was built without this file. Call it before ktap_start(). */
static inline void need_kpageflags(void)
{
	if (access("/proc/kpageflags", R_OK))
		ktap_skip_all("/proc/kpageflags: %s", ktap_errno(errno));
}

/* Whether the page in this frame has a flag such as KPF_HUGE. */
static inline int kpageflags_has(uint64_t frame, int flag)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	REQUIRE(fd >= 0, "open of /proc/kpageflags");
	REQUIRE(pread(fd, &entry, sizeof(entry), frame * sizeof(entry)) == sizeof(entry),
		"read of kpageflags");
	close(fd);
	return entry >> flag & 1;
}

#endif
