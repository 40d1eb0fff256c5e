/* SPDX-License-Identifier: GPL-2.0-only */
/* What kind of page lies in a frame, read from /proc/kpageflags. Only root may. */
#ifndef KWITNESS_KPAGEFLAGS_H
#define KWITNESS_KPAGEFLAGS_H

#include <fcntl.h>
#include <linux/kernel-page-flags.h>

#include "pagemap.h"

/* The frame of the page at this address, which must be present. */
static inline uint64_t frame_of(const void *at)
{
	uint64_t frame;

	pagemap_frames(at, 1, 1, &frame);
	return frame;
}

/* Whether the frame's page has all of these flags: 1 << KPF_HUGE and the like. */
static inline int frame_is(uint64_t frame, uint64_t flags)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	must(fd >= 0, "open of /proc/kpageflags");
	must(pread(fd, &entry, sizeof(entry), frame * sizeof(entry)) == sizeof(entry),
	     "read of kpageflags");
	close(fd);
	return (entry & flags) == flags;
}

/* SKIP where the kernel was built without this file. Before ktap_start(). */
static inline void need_kpageflags(void)
{
	if (access("/proc/kpageflags", R_OK))
		ktap_skip_all("/proc/kpageflags: %s", ktap_errno(errno));
}

#endif
