/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages write-protected by a userfaultfd, one of each kind for which the page table stores
 * the mark differently. Code that removes the protection has to handle every kind.
 */
#ifndef KWITNESS_WP_PAGES_H
#define KWITNESS_WP_PAGES_H

#include "mm/memory.h"
#include "mm/reserve.h"
#include "mm/smaps.h"
#include "mm/thp.h"
#include "uffd/uffd_wp.h"

enum wp_memory { WP_SMALL, WP_WHOLE_TABLE, WP_HUGE, WP_SHARED, WP_ABSENT };

struct wp_kind {
	const char *name;
	enum wp_memory memory;
	/* The feature to request with UFFDIO_API besides UFFD_FEATURE_PAGEFAULT_FLAG_WP. */
	__u64 feature;
	const char *feature_name;
};

static const struct wp_kind wp_kinds[] = {
	{ "a page", WP_SMALL, 0, NULL },
	{ "a page with its page table", WP_WHOLE_TABLE, 0, NULL },
	{ "a huge page", WP_HUGE, 0, NULL },
	{ "a page of shared memory", WP_SHARED,
	  UFFD_FEATURE_WP_HUGETLBFS_SHMEM, "UFFD_FEATURE_WP_HUGETLBFS_SHMEM" },
	{ "a page not there yet", WP_ABSENT,
	  UFFD_FEATURE_WP_UNPOPULATED, "UFFD_FEATURE_WP_UNPOPULATED" },
};

#define WP_KINDS ((int)(sizeof(wp_kinds) / sizeof(*wp_kinds)))

struct wp_page {
	int fd;
	char *at;
	size_t len;
	/* Why there is no page of this kind. */
	char why[128];
};

/* Length and alignment of a mapping of the kind: a page, or what one page table maps. */
static inline size_t wp_len(const struct wp_kind *kind)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int is_table = kind->memory == WP_WHOLE_TABLE || kind->memory == WP_HUGE;

	return is_table ? page / sizeof(uint64_t) * page : page;
}

/* Map the page and write to it. Returns 0, with the reason, if that is not possible. */
static inline int wp_map(const struct wp_kind *kind, struct wp_page *page)
{
	int is_huge = kind->memory == WP_HUGE, err, file;

	page->at = reserve_aligned(page->len, page->len);
	if (kind->memory == WP_SHARED) {
		file = memory_file(page->len);
		reserve_map_as(page->at, page->len, MAP_SHARED, file);
		close(file);
	} else {
		reserve_map(page->at, page->len);
	}
	if (is_huge) {
		err = thp_allow();
		if (err) {
			snprintf(page->why, sizeof(page->why), THP_FOLDER "enabled: %s",
				 ktap_errno(err));
			return 0;
		}
	}
	if (kind->memory == WP_HUGE || kind->memory == WP_WHOLE_TABLE)
		REQUIRE(!madvise(page->at, page->len, is_huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE),
			"madvise for huge pages");
	if (kind->memory != WP_ABSENT)
		page->at[0] = 'p';
	if (is_huge && (size_t)smaps_kib(page->at, "AnonHugePages") << 10 != page->len) {
		snprintf(page->why, sizeof(page->why), "the kernel gave no huge page");
		return 0;
	}
	return 1;
}

/*
 * A page of the kind, protected by a userfaultfd without remap events, and marked in
 * pagemap. Returns 0, with the reason, if there is no page of this kind.
 */
static inline int wp_page_open(const struct wp_kind *kind, struct wp_page *page)
{
	page->fd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP | kind->feature);
	if (page->fd < 0) {
		snprintf(page->why, sizeof(page->why), "UFFDIO_API with %s: %s",
			 kind->feature_name, ktap_errno(-page->fd));
		return 0;
	}
	page->len = wp_len(kind);
	if (!wp_map(kind, page))
		return 0;
	REQUIRE(!uffd_register(page->fd, page->at, page->len, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER of %s for WP", kind->name);
	REQUIRE(!uffd_wp_marked(page->at), "finding %s without a mark", kind->name);
	REQUIRE(!uffd_writeprotect(page->fd, page->at, page->len, 1),
		"UFFDIO_WRITEPROTECT of %s", kind->name);
	REQUIRE(uffd_wp_marked(page->at), "finding %s marked", kind->name);
	return 1;
}

/*
 * The main function of a case with one result for each kind, named "KIND what". The test
 * gets a page of the kind, which it must release, and returns whether the bug was seen.
 */
static inline int wp_test_kinds(const char *what,
				int (*test)(const struct wp_kind *kind, struct wp_page *page))
{
	struct wp_page page;
	char name[80];

	need_uffd_wp_mark();
	ktap_start(WP_KINDS);
	for (int i = 0; i < WP_KINDS; i++) {
		snprintf(name, sizeof(name), "%s %s", wp_kinds[i].name, what);
		if (wp_page_open(&wp_kinds[i], &page))
			ktap_result(test(&wp_kinds[i], &page), name);
		else
			ktap_skip(name, "%s", page.why);
	}
	return ktap_end();
}

#endif
