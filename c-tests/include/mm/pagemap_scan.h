/* SPDX-License-Identifier: GPL-2.0-only */
/* PAGEMAP_SCAN of a range, and how much of it is found. */
#ifndef KWITNESS_PAGEMAP_SCAN_H
#define KWITNESS_PAGEMAP_SCAN_H

#include <stdint.h>

#include "core/ktap.h"
#include "mm/lapi_pagemap_scan.h"

/* So many regions may be found: as many as small pages in the longest range of a case. */
#define PAGEMAP_SCAN_MAX	32

/*
 * Scan a range, all of it, for what is asked by the flags and masks of how. Pagemap is
 * /proc/self/pagemap, open. Returns the bytes of what was found, or -errno.
 */
static inline long pagemap_scan(int pagemap, const void *at, size_t len, struct pm_scan_arg how)
{
	struct page_region regions[PAGEMAP_SCAN_MAX];
	long bytes = 0;
	int found;

	how.size = sizeof(how);
	how.start = (uintptr_t)at;
	how.end = how.start + len;
	how.vec = (uintptr_t)regions;
	how.vec_len = PAGEMAP_SCAN_MAX;
	found = ioctl(pagemap, PAGEMAP_SCAN, &how);
	if (found < 0)
		return -errno;
	REQUIRE(how.walk_end == how.end, "scanning the whole range");
	for (int i = 0; i < found; i++)
		bytes += regions[i].end - regions[i].start;
	return bytes;
}

#endif
