/* SPDX-License-Identifier: GPL-2.0-only */
/* PAGEMAP_SCAN of a range, and how many bytes match. */
#ifndef KWITNESS_PAGEMAP_SCAN_H
#define KWITNESS_PAGEMAP_SCAN_H

#include <stdint.h>

#include "core/ktap.h"
#include "mm/lapi_pagemap_scan.h"

/* The most regions that may match: the small pages of the longest range in a case. */
#define PAGEMAP_SCAN_MAX	32

/*
 * Scan the whole range with the flags and masks in how. pagemap is a descriptor of
 * /proc/self/pagemap. Returns the number of matching bytes, or -errno.
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
