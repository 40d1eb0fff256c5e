// SPDX-License-Identifier: GPL-2.0-only
/*
 * PAGEMAP_SCAN: whether an emptied page counts as written depends on how one asks.
 *
 * In a range whose writes are tracked without a monitor (UFFD_FEATURE_WP_ASYNC) a page
 * counts as written once its write protection is gone. MADV_DONTNEED takes the page and
 * the protection away. A scan for written pages alone goes a fast way that takes the
 * empty entry for written; any other scan went a way that took it for neither present
 * nor written, so that a dump that follows writes kept the old page. Since 07b4377bdbe7
 * both say written.
 *
 * Here the same pages are scanned both ways: when they are protected, when they were
 * written, and when they were emptied. The page table stays, held by a page on each side.
 */
#include "mm/pagemap_scan.h"
#include "mm/reserve.h"
#include "uffd/uffd_wp.h"

/* In one page table: a page stays on each side, those between are emptied. */
#define PAGES	18
#define EMPTIED	(PAGES - 2)

enum way { FAST, GENERIC };

/* The pages that the kernel says were written, or -errno. */
static long count_written(int pagemap, const char *at, enum way way)
{
	/* Two ways to ask the same, for there is one category. */
	struct pm_scan_arg how = {
		.category_mask = way == FAST ? PAGE_IS_WRITTEN : 0,
		.category_anyof_mask = way == GENERIC ? PAGE_IS_WRITTEN : 0,
		.return_mask = PAGE_IS_WRITTEN,
	};
	long size = sysconf(_SC_PAGESIZE);
	long found = pagemap_scan(pagemap, at, PAGES * size, how);

	return found < 0 ? found : found / size;
}

/* Self-check: both ways see so many pages written. */
static void require_agree(int pagemap, const char *at, long expected, const char *when)
{
	long fast = count_written(pagemap, at, FAST);
	long generic = count_written(pagemap, at, GENERIC);

	if (fast != expected || generic != expected)
		ktap_bail("%s: %ld and %ld pages of %d written where %ld are", when, fast,
			  generic, PAGES, expected);
}

int main(void)
{
	int fd = need_uffd(UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_PAGEFAULT_FLAG_WP,
			   "UFFD_FEATURE_WP_ASYNC|PAGEFAULT_FLAG_WP");
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t size = sysconf(_SC_PAGESIZE);
	size_t table = size / sizeof(uint64_t) * size;
	char *at = reserve_map(reserve_aligned(PAGES * size, table), PAGES * size);
	long fast, generic;

	REQUIRE(pagemap >= 0, "open of /proc/self/pagemap");
	fast = count_written(pagemap, at, FAST);
	if (fast < 0)
		ktap_skip_all("PAGEMAP_SCAN: %s", ktap_errno(-fast));

	ktap_start(1);
	memset(at, 'o', PAGES * size);
	REQUIRE(!uffd_register(fd, at, PAGES * size, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER for WP");
	REQUIRE(!uffd_writeprotect(fd, at, PAGES * size, 1), "UFFDIO_WRITEPROTECT");
	require_agree(pagemap, at, 0, "protected");
	memset(at, 'w', PAGES * size);
	require_agree(pagemap, at, PAGES, "written");

	REQUIRE(!madvise(at + size, EMPTIED * size, MADV_DONTNEED), "madvise(MADV_DONTNEED)");
	REQUIRE(pagemap_count(at, PAGES, PAGEMAP_PRESENT) == PAGES - EMPTIED,
		"emptying all pages but those beside");
	fast = count_written(pagemap, at, FAST);
	generic = count_written(pagemap, at, GENERIC);
	ktap_diag("of %d pages written and %d of them emptied, %ld and %ld count as written",
		  PAGES, EMPTIED, fast, generic);
	/* Self-check: the fast way counts them all, the other at least those that are there. */
	REQUIRE(fast == PAGES, "the fast way to count %d pages", PAGES);
	REQUIRE(generic == PAGES || generic == PAGES - EMPTIED,
		"a count of %d or %d pages", PAGES, PAGES - EMPTIED);
	ktap_result(generic != fast, "an emptied page counts as written however one asks");
	return ktap_end();
}
