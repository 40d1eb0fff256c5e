// SPDX-License-Identifier: GPL-2.0-only
/*
 * mremap: locked memory is counted forever after a move with MREMAP_DONTUNMAP.
 *
 * Such a move keeps the old range mapped and unlocks it, since its pages are gone. Two
 * bugs left locked pages in the count (VmLck) that belong to no mapping, so a process
 * could reach RLIMIT_MEMLOCK without locked memory. A move of a part unlocked the whole
 * mapping but did not reduce the count (until 597e4b9ab48a, which splits the part off
 * first). And a range without pages could merge with itself at its new address, after
 * which the moved pages were unlocked too (until 838bb60dc215).
 *
 * The program locks a range, moves it and unmaps everything: the count must return to its
 * old value. The result is compared with a move of a whole mapping to a distant address,
 * because another bug ("mm/mremap: account mm->locked_vm correctly for
 * MREMAP_DONTUNMAP"), which is not subject of these fixes, miscounted that for a while.
 */
#include "mm/memory.h"
#include "mm/reserve.h"
#include "mm/smaps.h"

#ifndef MREMAP_DONTUNMAP		/* since 5.7 */
#define MREMAP_DONTUNMAP	4
#endif

/* Reserved pages: the range is at the start and moves right behind itself or far away. */
#define RESERVED_PAGES	32
#define FAR		16

struct move {
	/* Locked pages, the first one that moves, how many move, and the target page. */
	int pages, first, moved, to;
	/* MLOCK_ONFAULT locks pages when they are faulted in, which never happens here. */
	int lock_flags;
};

static char *map_locked(char *at, size_t len, int flags)
{
	long before = locked_kib();

	reserve_map(at, len);
	REQUIRE(!mlock2(at, len, flags), "mlock2 of %zu bytes", len);
	REQUIRE(locked_kib() - before == (long)len / 1024, "finding VmLck grown by %zu bytes", len);
	return at;
}

/* The KiB that VmLck still counts after a move, when everything is unmapped. */
static long leak(const struct move *move, int flags)
{
	size_t page = sysconf(_SC_PAGESIZE);
	long before = locked_kib(), left;
	char *at = reserve(RESERVED_PAGES * page);

	map_locked(at, move->pages * page, move->lock_flags);
	reserve_move(at + move->first * page, move->moved * page, at + move->to * page, flags);
	/* Self-check: the target is mapped, and the old range exactly if it should be. */
	REQUIRE(msync(at + move->to * page, move->moved * page, MS_ASYNC) == 0,
		"finding the moved pages mapped");
	REQUIRE(msync(at + move->first * page, page, MS_ASYNC) == (flags ? 0 : -1),
		"finding the old range %s", flags ? "mapped" : "unmapped");
	REQUIRE(!munmap(at, RESERVED_PAGES * page), "munmap");
	left = locked_kib() - before;
	ktap_diag("%d of %d pages moved %s%s: VmLck still counts %ld kB", move->moved, move->pages,
		  move->to == FAR ? "far away" : "beside themselves",
		  flags ? " with MREMAP_DONTUNMAP" : "", left);
	return left;
}

/* Self-check: locked ranges without pages merge when one moves beside the other. */
static void check_merge(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *at = reserve(RESERVED_PAGES * page);

	map_locked(at, 2 * page, MLOCK_ONFAULT);
	map_locked(at + FAR * page, 2 * page, MLOCK_ONFAULT);
	reserve_move(at + FAR * page, 2 * page, at + 2 * page, 0);
	REQUIRE(smaps_is_one(at, 4 * page), "merging locked mappings");
	REQUIRE(!munmap(at, RESERVED_PAGES * page), "munmap");
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
	/* Self-check: the count is exact if the old range is unmapped. */
	REQUIRE(!leak(&part, 0), "restoring VmLck after a plain move of a part");
	REQUIRE(!leak(&beside, 0), "restoring VmLck after a plain move");
	check_merge();

	ktap_result(leak(&part, MREMAP_DONTUNMAP) != leak(&whole, MREMAP_DONTUNMAP),
		    "a locked part that moved is no longer counted once unmapped");
	ktap_result(leak(&beside, MREMAP_DONTUNMAP) != leak(&unfaulted, MREMAP_DONTUNMAP),
		    "a locked range moved beside itself is no longer counted once unmapped");
	return ktap_end();
}
