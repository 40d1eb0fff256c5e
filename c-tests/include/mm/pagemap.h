/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page table entries, read from /proc/self/pagemap, which maps nothing. Not mincore(),
 * because that reports the page cache.
 */
#ifndef KWITNESS_PAGEMAP_H
#define KWITNESS_PAGEMAP_H

#include <fcntl.h>
#include <stdint.h>

#include "core/ktap.h"

#define PAGEMAP_PRESENT		(1ULL << 63)
#define PAGEMAP_SWAP		(1ULL << 62)
/* A page of a file or of shared anonymous memory. */
#define PAGEMAP_FILE		(1ULL << 61)
/* Write-protected by a userfaultfd. Old kernels (5.10) never set it. */
#define PAGEMAP_UFFD_WP		(1ULL << 57)
/* Written since /proc/self/clear_refs cleared the bit. */
#define PAGEMAP_SOFT_DIRTY	(1ULL << 55)
#define PAGEMAP_FRAME		((1ULL << 55) - 1)

/* Read the entries of this many pages. */
static inline void pagemap_entries(const void *at, int pages, uint64_t *entries)
{
	off_t offset = (uintptr_t)at / sysconf(_SC_PAGESIZE) * sizeof(*entries);
	ssize_t bytes = pages * sizeof(*entries);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	REQUIRE(fd >= 0, "open of /proc/self/pagemap");
	REQUIRE(pread(fd, entries, bytes, offset) == bytes, "read of pagemap");
	close(fd);
}

static inline uint64_t pagemap_entry(const void *at)
{
	uint64_t entry;

	pagemap_entries(at, 1, &entry);
	return entry;
}

/* Whether the page at this address has all of these bits set. */
static inline int pagemap_has(const void *at, uint64_t bits)
{
	return (pagemap_entry(at) & bits) == bits;
}

static inline int pagemap_present(const void *at)
{
	return pagemap_has(at, PAGEMAP_PRESENT);
}

/* The number of pages that have all of these bits set. */
static inline int pagemap_count(const void *at, int pages, uint64_t bits)
{
	uint64_t entries[pages];
	int count = 0;

	pagemap_entries(at, pages, entries);
	for (int i = 0; i < pages; i++)
		count += (entries[i] & bits) == bits;
	return count;
}

/*
 * Read the frame numbers of present pages, each stride pages after the last. Only root
 * can read them.
 */
static inline void pagemap_frames(const void *at, int pages, int stride, uint64_t *frames)
{
	uint64_t entries[(pages - 1) * stride + 1];

	pagemap_entries(at, (pages - 1) * stride + 1, entries);
	for (int i = 0; i < pages; i++) {
		REQUIRE(entries[i * stride] & PAGEMAP_PRESENT, "finding page %d present", i);
		frames[i] = entries[i * stride] & PAGEMAP_FRAME;
		REQUIRE(frames[i], "reading frame numbers");
	}
}

/* The frame number of the page at this address, which must be present. */
static inline uint64_t pagemap_frame(const void *at)
{
	uint64_t frame;

	pagemap_frames(at, 1, 1, &frame);
	return frame;
}

#endif
