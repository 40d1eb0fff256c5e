/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reserved address space: addresses without other mappings and without neighbours that
 * could merge, so that a case decides what lies where.
 */
#ifndef KWITNESS_RESERVE_H
#define KWITNESS_RESERVE_H

#include <stdint.h>
#include <sys/mman.h>

#include "core/ktap.h"

/*
 * Reserve len bytes without access, at an address aligned to a power of two. More reserved
 * space lies on both sides, so a mapping at either end has no neighbour.
 */
static inline char *reserve_aligned(size_t len, size_t align)
{
	char *at = mmap(NULL, len + 2 * align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(at != MAP_FAILED, "mmap of reserved addresses");
	return (char *)(((uintptr_t)at + align) & -align);
}

static inline char *reserve(size_t len)
{
	return reserve_aligned(len, sysconf(_SC_PAGESIZE));
}

/* Map a file (or memory, if fd is -1) at reserved addresses, with MAP_* flags. Returns at. */
static inline char *reserve_map_as(char *at, size_t len, int flags, int fd)
{
	char *got = mmap(at, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);

	REQUIRE(got == at, "mmap of %zu bytes at reserved addresses", len);
	return got;
}

/* Map private anonymous memory at reserved addresses. Returns at. */
static inline char *reserve_map(char *at, size_t len)
{
	return reserve_map_as(at, len, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* Move a mapping to reserved addresses, with further MREMAP_* flags. */
static inline void reserve_move(char *from, size_t len, char *to, int flags)
{
	char *got = mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED | flags, to);

	REQUIRE(got == to, "mremap of %zu bytes to reserved addresses", len);
}

#endif
