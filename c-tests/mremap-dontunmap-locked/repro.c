// SPDX-License-Identifier: GPL-2.0-only
/*
 * mremap: locked memory stays counted for ever after a move with MREMAP_DONTUNMAP.
 *
 * Such a move leaves the old range mapped, and unlocked, since its pages are gone. Two
 * ways led to locked pages that are counted (VmLck) and belong to nothing, so that a
 * process ran into RLIMIT_MEMLOCK with nothing locked: a move of a part unlocked the
 * whole mapping but took nothing off the count (until 597e4b9ab48a, which splits the
 * part off first), and a range that was not faulted in could merge with itself at its new
 * address, whereupon the moved pages were unlocked, too (until 838bb60dc215).
 *
 * Here a range is locked, moved, and all of it unmapped: the count must be back. What a
 * move of a whole mapping to elsewhere leaves is taken off, for that was counted wrongly
 * for a while by another bug ("mm/mremap: account mm->locked_vm correctly for
 * MREMAP_DONTUNMAP"), which is no matter of these fixes.
 */
#include "mm/memory.h"
#include "mm/reserve.h"
#include "mm/smaps.h"

#ifndef MREMAP_DONTUNMAP		/* since 5.7 */
#define MREMAP_DONTUNMAP	4
#endif

/* The room: the range lies at its start, and is moved right behind itself or far off. */
#define ROOM_PAGES	32
#define FAR		16

struct move {
	/* The pages locked, the first of them that moves, how many do, and where to. */
	int pages, first, moved, to;
	/* MLOCK_ONFAULT leaves them to be faulted in, which never happens. */
	int lock_flags;
};

static char *map_locked(char *at, size_t len, int flags)
{
	long before = locked_kib();

	reserve_map(at, len);
	REQUIRE(!mlock2(at, len, flags), "mlock2 of %zu bytes", len);
	REQUIRE(locked_kib() - before == (long)len / 1024, "seeing VmLck rise by %zu bytes", len);
	return at;
}

/* The kB that stay counted after the move, when nothing is mapped any more. */
static long leak(const struct move *move, int flags)
{
	size_t page = sysconf(_SC_PAGESIZE);
	long before = locked_kib(), left;
	char *at = reserve(ROOM_PAGES * page);

	map_locked(at, move->pages * page, move->lock_flags);
	reserve_move(at + move->first * page, move->moved * page, at + move->to * page, flags);
	/* Self-check: what moved is there, and what it left is there just when it should be. */
	REQUIRE(msync(at + move->to * page, move->moved * page, MS_ASYNC) == 0,
		"finding what moved");
	REQUIRE(msync(at + move->first * page, page, MS_ASYNC) == (flags ? 0 : -1),
		"what was left to be %s", flags ? "mapped" : "unmapped");
	REQUIRE(!munmap(at, ROOM_PAGES * page), "munmap");
	left = locked_kib() - before;
	ktap_diag("%d of %d pages moved %s%s: %ld kB stay counted", move->moved, move->pages,
		  move->to == FAR ? "far off" : "beside themselves",
		  flags ? " with MREMAP_DONTUNMAP" : "", left);
	return left;
}

/* Self-check: what is locked and not faulted in merges with its like when moved beside it. */
static void check_merge(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *at = reserve(ROOM_PAGES * page);

	map_locked(at, 2 * page, MLOCK_ONFAULT);
	map_locked(at + FAR * page, 2 * page, MLOCK_ONFAULT);
	reserve_move(at + FAR * page, 2 * page, at + 2 * page, 0);
	REQUIRE(smaps_is_one(at, 4 * page), "merging locked mappings");
	REQUIRE(!munmap(at, ROOM_PAGES * page), "munmap");
}

static void need_dontunmap(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *at = reserve_map(reserve(2 * page), page);

	if (mremap(at, page, page, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
		   at + page) == MAP_FAILED)
		ktap_skip_all("mremap with MREMAP_DONTUNMAP: %s", ktap_errno(errno));
	munmap(at, 2 * page);
}

int main(void)
{
	const struct move part = { .pages = 4, .first = 1, .moved = 2, .to = FAR };
	const struct move whole = { .pages = 2, .moved = 2, .to = FAR };
	const struct move beside = { .pages = 2, .moved = 2, .to = 2, .lock_flags = MLOCK_ONFAULT };
	const struct move unfaulted = { .pages = 2, .moved = 2, .to = FAR,
					.lock_flags = MLOCK_ONFAULT };

	need_dontunmap();
	ktap_start(2);
	/* Self-check: the count is exact where the old range is unmapped. */
	REQUIRE(!leak(&part, 0), "VmLck to be back after a plain move of a part");
	REQUIRE(!leak(&beside, 0), "VmLck to be back after a plain move");
	check_merge();

	ktap_result(leak(&part, MREMAP_DONTUNMAP) != leak(&whole, MREMAP_DONTUNMAP),
		    "a locked part that is moved stays counted no longer than it is there");
	ktap_result(leak(&beside, MREMAP_DONTUNMAP) != leak(&unfaulted, MREMAP_DONTUNMAP),
		    "a locked range moved beside itself stays counted no longer than it is there");
	return ktap_end();
}
