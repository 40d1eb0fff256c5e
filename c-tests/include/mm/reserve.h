/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room in the address space: addresses where nothing else is and nothing merges, so
 * that a case decides what lies where.
 */
#ifndef KWITNESS_RESERVE_H
#define KWITNESS_RESERVE_H

#include <stdint.h>
#include <sys/mman.h>

#include "core/ktap.h"

/*
 * So many bytes that nobody may touch, at an address aligned to a power of two. On both
 * sides lies more of the same, so that what is mapped at an end has no neighbour either.
 */
static inline char *reserve_aligned(size_t len, size_t align)
{
	char *room = mmap(NULL, len + 2 * align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(room != MAP_FAILED, "mmap for room");
	return (char *)(((uintptr_t)room + align) & -align);
}

static inline char *reserve(size_t len)
{
	return reserve_aligned(len, sysconf(_SC_PAGESIZE));
}

/* Map a file, or with -1 memory, at this place of a room; MAP_* in flags. Returns the place. */
static inline char *reserve_map_as(char *at, size_t len, int flags, int fd)
{
	char *got = mmap(at, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);

	REQUIRE(got == at, "mmap of %zu bytes in the room", len);
	return got;
}

/* Fresh private anonymous memory at this place of a room. Returns it. */
static inline char *reserve_map(char *at, size_t len)
{
	return reserve_map_as(at, len, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* Move a mapping to this place of a room; more of MREMAP_* in flags. */
static inline void reserve_move(char *from, size_t len, char *to, int flags)
{
	char *got = mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED | flags, to);

	REQUIRE(got == to, "mremap of %zu bytes in the room", len);
}

#endif
