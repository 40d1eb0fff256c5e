/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transparent huge pages. The kernel may or may not provide one, so a case proves that it
 * has one: by its frames and, where it is a mapping of its own, by smaps too.
 */
#ifndef KWITNESS_THP_H
#define KWITNESS_THP_H

#include "core/procfile.h"
#include "mm/kpageflags.h"
#include "mm/pagemap.h"
#include "mm/reserve.h"
#include "mm/smaps.h"

#define THP_FOLDER	"/sys/kernel/mm/transparent_hugepage/"

/*
 * Allow them for madvise(): a kernel with little memory disables them by default. Returns
 * 0 or errno.
 */
static inline int thp_allow(void)
{
	return procfile_write_text(THP_FOLDER "enabled", "madvise");
}

/* Skip if the kernel has none, even when allowed. Call it before ktap_start(). */
static inline void need_thp(void)
{
	char text[64];
	int err = procfile_read(THP_FOLDER "enabled", text, sizeof(text));

	if (!err && strstr(text, "[never]"))
		err = thp_allow();
	if (err)
		ktap_skip_all("transparent huge pages: %s", ktap_errno(err));
	err = procfile_read(THP_FOLDER "hpage_pmd_size", text, sizeof(text));
	if (err)
		ktap_skip_all("size of transparent huge pages: %s", ktap_errno(err));
}

/* Their size in bytes, 2 MiB on x86-64. */
static inline size_t thp_size(void)
{
	return procfile_number(THP_FOLDER "hpage_pmd_size");
}

/* Map an area for n of them, without pages yet and without neighbours. */
static inline char *thp_area(size_t size, int n)
{
	char *at = reserve_map(reserve_aligned(n * size, size), n * size);

	REQUIRE(!madvise(at, n * size, MADV_HUGEPAGE), "MADV_HUGEPAGE");
	return at;
}

/*
 * The first frame of the huge page mapped at this aligned address, or 0 if there is none:
 * all its pages are present, in consecutive frames from an aligned one, and kpageflags
 * reports a huge page.
 */
static inline uint64_t thp_frame(const void *at, size_t size)
{
	size_t pages = size / sysconf(_SC_PAGESIZE);
	uint64_t entries[pages], first;

	pagemap_entries(at, pages, entries);
	if (!(entries[0] & PAGEMAP_PRESENT))
		return 0;
	first = entries[0] & PAGEMAP_FRAME;
	REQUIRE(first, "reading frame numbers");
	for (size_t i = 1; i < pages; i++)
		if (!(entries[i] & PAGEMAP_PRESENT) || (entries[i] & PAGEMAP_FRAME) != first + i)
			return 0;
	if (first % pages || !kpageflags_has(first, KPF_THP) ||
	    !kpageflags_has(first, KPF_COMPOUND_HEAD))
		return 0;
	return first;
}

/* Bail out unless this mapping is one huge page, mapped as a whole. */
static inline void thp_prove(const char *at, size_t size)
{
	REQUIRE(smaps_is_one(at, size), "finding a mapping of one huge page");
	REQUIRE((size_t)smaps_kib(at, "AnonHugePages") << 10 == size,
		"finding a huge page mapped as a whole");
	REQUIRE(thp_frame(at, size), "finding the frames of a huge page");
}

/* Map one huge page, filled with byte, as a mapping of its own. */
static inline char *thp_page(size_t size, unsigned char byte)
{
	char *at = thp_area(size, 1);

	memset(at, byte, size);
	thp_prove(at, size);
	return at;
}

#endif
