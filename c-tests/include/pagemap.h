/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the page table holds, read from /proc/self/pagemap. Not mincore(), which
 * tells of the page cache. Looking maps nothing.
 */
#ifndef KWITNESS_PAGEMAP_H
#define KWITNESS_PAGEMAP_H

#include <fcntl.h>
#include <stdint.h>

#include "ktap.h"

#define PAGEMAP_PRESENT	(1ULL << 63)
#define PAGEMAP_SWAP	(1ULL << 62)
/* Write-protected by a userfaultfd. Older kernels (5.10) never set it. */
#define PAGEMAP_UFFD_WP	(1ULL << 57)
#define PAGEMAP_FRAME	((1ULL << 55) - 1)

/* The entry of the page at this address. */
static inline uint64_t pagemap_entry(const void *at)
{
	off_t offset = (uintptr_t)at / sysconf(_SC_PAGESIZE) * sizeof(uint64_t);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	must(fd >= 0, "open of /proc/self/pagemap");
	must(pread(fd, &entry, sizeof(entry), offset) == sizeof(entry), "read of pagemap");
	close(fd);
	return entry;
}

/* How many of these pages are present. */
static inline int pagemap_count(const char *at, int pages)
{
	int present = 0;

	for (int i = 0; i < pages; i++)
		present += !!(pagemap_entry(at + i * sysconf(_SC_PAGESIZE)) & PAGEMAP_PRESENT);
	return present;
}

/*
 * The frame numbers of pages that must be present: of so many, each a stride of pages
 * after the last. Only root is told them.
 */
static inline void pagemap_frames(const char *at, int pages, int stride, uint64_t *frames)
{
	uint64_t entries[(pages - 1) * stride + 1];
	off_t offset = (uintptr_t)at / sysconf(_SC_PAGESIZE) * sizeof(*entries);
	ssize_t bytes = sizeof(entries);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	must(fd >= 0, "open of /proc/self/pagemap");
	must(pread(fd, entries, bytes, offset) == bytes, "read of pagemap");
	close(fd);
	for (int i = 0; i < pages; i++) {
		must(entries[i * stride] & PAGEMAP_PRESENT, "finding page %d present", i);
		frames[i] = entries[i * stride] & PAGEMAP_FRAME;
		must(frames[i], "being told frame numbers");
	}
}

#endif
