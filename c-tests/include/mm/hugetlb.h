/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hugetlb pages of 2 MiB, from a pool that need_hugetlb() grows and hugetlb_restore()
 * shrinks to its old size.
 */
#ifndef KWITNESS_HUGETLB_H
#define KWITNESS_HUGETLB_H

#include <sys/mman.h>

#include "core/procfile.h"
#include "mm/kpageflags.h"
#include "mm/pagemap.h"

#define HUGETLB_SIZE	(2UL << 20)
#define HUGETLB_POOL	"/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define HUGETLB_FLAGS	(MAP_HUGETLB | 21 << MAP_HUGE_SHIFT)

/*
 * How often to try to grow the pool: a pending signal stops it early, and so does task
 * work that the kernel treats like one, such as that of a closed io_uring.
 */
#define HUGETLB_MAX_TRIES	16

static long hugetlb_before;

static inline long hugetlb_free(void)
{
	return procfile_number(HUGETLB_POOL "free_hugepages") -
	       procfile_number(HUGETLB_POOL "resv_hugepages");
}

/* Skip unless the pool has this many free pages. Call it before ktap_start(). */
static inline void need_hugetlb(long pages)
{
	char text[64];
	int err = procfile_read(HUGETLB_POOL "nr_hugepages", text, sizeof(text));

	if (err)
		ktap_skip_all("hugetlb pages of 2048 kB: %s", ktap_errno(err));
	hugetlb_before = procfile_number(HUGETLB_POOL "nr_hugepages");
	for (int i = 0; i < HUGETLB_MAX_TRIES && hugetlb_free() < pages; i++) {
		err = procfile_write(HUGETLB_POOL "nr_hugepages", hugetlb_before + pages);
		if (err)
			ktap_skip_all("write to nr_hugepages: %s", ktap_errno(err));
	}
	if (hugetlb_free() < pages)
		ktap_skip_all("needs %ld hugetlb pages of 2048 kB, has %ld", pages, hugetlb_free());
}

static inline void hugetlb_restore(void)
{
	REQUIRE(!procfile_write(HUGETLB_POOL "nr_hugepages", hugetlb_before),
		"write to nr_hugepages");
}

/* Map one private hugetlb page, filled with byte; bails out if it is not one. */
static inline char *hugetlb_page(unsigned char byte)
{
	char *at = mmap(NULL, HUGETLB_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | HUGETLB_FLAGS, -1, 0);

	REQUIRE(at != MAP_FAILED, "mmap of a hugetlb page");
	memset(at, byte, HUGETLB_SIZE);
	REQUIRE(kpageflags_has(pagemap_frame(at), KPF_HUGE),
		"finding a hugetlb page at its address");
	return at;
}

#endif
