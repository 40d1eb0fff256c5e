/* SPDX-License-Identifier: GPL-2.0-only */
/* UFFDIO_MOVE between two areas of anonymous memory. */
#ifndef KWITNESS_UFFD_MOVE_H
#define KWITNESS_UFFD_MOVE_H

#include "uffd.h"

/* Move so many bytes. Returns 0, or errno where nothing was moved; part of them is no outcome. */
static inline int uffd_move(int fd, void *to, const void *from, size_t len)
{
	struct uffdio_move arg = {
		.dst = (uintptr_t)to, .src = (uintptr_t)from, .len = len,
	};
	int err = ioctl(fd, UFFDIO_MOVE, &arg) ? errno : 0;

	if (arg.move > 0 && (size_t)arg.move != len)
		ktap_bail("UFFDIO_MOVE moved %lld of %zu bytes", (long long)arg.move, len);
	return err;
}

#endif
