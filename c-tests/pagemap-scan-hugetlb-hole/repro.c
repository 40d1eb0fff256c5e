// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagemap: PAGEMAP_SCAN deadlocks when it write-protects a hole in huge pages.
 *
 * The page walk holds the lock of a hugetlb mapping for reading. Where it found no page
 * table, PAGEMAP_SCAN with PM_SCAN_WP_MATCHING (6.7) called the generic code for write
 * protection, which takes the same lock for writing: the thread waits for itself, and no
 * signal ends that. Since the fix the hole is marked in place.
 *
 * A child makes the scan. It shares its memory with no other process, so only the scan
 * itself can hold the lock that it waits for. On a kernel without the bug it returns at
 * once.
 */
#include "core/hang_watch.h"
#include "core/need.h"
#include "mm/hugetlb.h"
#include "mm/memory.h"
#include "mm/pagemap_scan.h"
#include "mm/reserve.h"
#include "uffd/uffd.h"

#define FEATURES	(UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM | \
			 UFFD_FEATURE_WP_ASYNC)
/* What one page of entries for huge pages covers. */
#define TABLE		(1UL << 30)
#define RESULT		"write-protecting a hole in huge pages returns"

static int pagemap;

/* Scan for memory that can be write-protected. Returns the number of bytes, or -errno. */
static long scan(const char *at, size_t len, __u64 flags)
{
	struct pm_scan_arg how = {
		.flags = flags,
		.category_mask = PAGE_IS_WPALLOWED, .return_mask = PAGE_IS_WPALLOWED,
	};

	return pagemap_scan(pagemap, at, len, how);
}

static void require_all(long found, size_t len, const char *what)
{
	if (found < 0)
		ktap_bail("%s: %s", what, ktap_errno(-found));
	REQUIRE(found == (long)len, "%s, with %ld of %zu bytes found,", what, found, len);
}

/* Map one huge page where no page table exists yet. */
static char *map_huge(int fd)
{
	char *at = reserve_map_as(reserve_aligned(TABLE, TABLE), HUGETLB_SIZE,
			       MAP_SHARED | MAP_ANONYMOUS | HUGETLB_FLAGS, -1);

	REQUIRE(!uffd_register(fd, at, HUGETLB_SIZE, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER of huge pages");
	return at;
}

static int test(void)
{
	int fd = uffd_open(FEATURES);
	size_t page = sysconf(_SC_PAGESIZE);
	char *full, *hole, *small = anonymous(page);
	long found;

	REQUIRE(fd >= 0, "userfaultfd");
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	REQUIRE(pagemap >= 0, "open of /proc/self/pagemap");

	/* Self-check: unregistered memory does not count; a hole in small pages is protected. */
	REQUIRE(!scan(small, page, 0), "counting no unregistered page");
	REQUIRE(!uffd_register(fd, small, page, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER of a page");
	require_all(scan(small, page, PM_SCAN_WP_MATCHING), page, "protecting a hole of one page");

	/* Self-check: a present huge page is protected, and a plain scan finds the hole. */
	full = map_huge(fd);
	full[0] = 'f';
	require_all(scan(full, HUGETLB_SIZE, PM_SCAN_WP_MATCHING), HUGETLB_SIZE,
		    "protecting a huge page");
	hole = map_huge(fd);
	require_all(scan(hole, HUGETLB_SIZE, 0), HUGETLB_SIZE, "finding the hole");

	ktap_diag("scanning the hole");
	hang_watch_enter();
	found = scan(hole, HUGETLB_SIZE, PM_SCAN_WP_MATCHING);
	hang_watch_leave();
	require_all(found, HUGETLB_SIZE, "protecting the hole");
	ktap_result(0, RESULT);
	return ktap_end();
}

static void need_pagemap_scan(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	long found;

	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		ktap_skip_all("/proc/self/pagemap: %s", ktap_errno(errno));
	found = scan(anonymous(page), page, 0);
	if (found < 0)
		ktap_skip_all("PAGEMAP_SCAN: %s", ktap_errno(-found));
	close(pagemap);
}

int main(void)
{
	close(need_uffd(FEATURES, "UFFD_FEATURE_PAGEFAULT_FLAG_WP|WP_HUGETLBFS_SHMEM|WP_ASYNC"));
	need_root();
	need_pagemap_scan();
	need_hugetlb(2);
	ktap_start(1);
	hang_watch_start(test);
	if (!hang_watch_done() && hang_watch_stuck()) {
		ktap_diag("stuck in uninterruptible sleep:");
		hang_watch_print_stack();
		ktap_result(1, RESULT);
		return ktap_end();
	}
	return hang_watch_status();
}
