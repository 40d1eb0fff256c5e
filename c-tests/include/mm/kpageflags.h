/* SPDX-License-Identifier: GPL-2.0-only */
/* What kind of page lies in a frame, read from /proc/kpageflags. Only root may. */
#ifndef KWITNESS_KPAGEFLAGS_H
#define KWITNESS_KPAGEFLAGS_H

#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdint.h>

#include "core/ktap.h"

/* SKIP where the kernel was built without this file. Before ktap_start(). */
static inline void need_kpageflags(void)
{
	if (access("/proc/kpageflags", R_OK))
		ktap_skip_all("/proc/kpageflags: %s", ktap_errno(errno));
}

/* Whether the frame's page has this flag: KPF_HUGE and the like. */
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
