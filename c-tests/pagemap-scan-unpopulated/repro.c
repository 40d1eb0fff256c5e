// SPDX-License-Identifier: GPL-2.0-only
/*
 * PAGEMAP_SCAN: whether an emptied page counts as written depends on the form of the
 * query.
 *
 * In a range whose writes are tracked without a monitor (UFFD_FEATURE_WP_ASYNC) a page
 * counts as written once its write protection is gone. MADV_DONTNEED removes the page and
 * the protection. A scan for written pages only uses a fast path, which took the empty
 * entry for written; every other scan used a path that took it for neither present nor
 * written, so a dump that follows writes kept the old page. Since 07b4377bdbe7 both paths
 * report it as written.
 *
 * The program scans the same pages with both queries: when they are protected, when they
 * were written, and when they were emptied. A present page on each side keeps the page
 * table.
 */
#include "mm/pagemap_scan.h"
#include "mm/reserve.h"
#include "uffd/uffd_wp.h"

/* All in one page table: the first and the last page stay, those between are emptied. */
#define PAGES	18
#define EMPTIED	(PAGES - 2)

enum query { FAST, GENERIC };

/* The number of pages that the kernel reports as written, or -errno. */
static long count_written(int pagemap, const char *at, enum query query)
{
	/* Two equivalent queries, because there is one category. */
	struct pm_scan_arg how = {
		.category_mask = query == FAST ? PAGE_IS_WRITTEN : 0,
		.category_anyof_mask = query == GENERIC ? PAGE_IS_WRITTEN : 0,
		.return_mask = PAGE_IS_WRITTEN,
	};
	long size = sysconf(_SC_PAGESIZE);
	long found = pagemap_scan(pagemap, at, PAGES * size, how);

	return found < 0 ? found : found / size;
}

/* Self-check: both queries report this many written pages. */
static void require_agree(int pagemap, const char *at, long expected, const char *when)
{
	long fast = count_written(pagemap, at, FAST);
	long generic = count_written(pagemap, at, GENERIC);

	if (fast != expected || generic != expected)
		ktap_bail("%s: %ld and %ld of %d pages reported as written, expected %ld", when,
			  fast, generic, PAGES, expected);
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
		"emptying all pages but the first and the last");
	fast = count_written(pagemap, at, FAST);
	generic = count_written(pagemap, at, GENERIC);
	ktap_diag("of %d written pages, %d of them emptied, %ld and %ld count as written",
		  PAGES, EMPTIED, fast, generic);
	/* Self-check: the fast query counts all pages, the other at least the present ones. */
	REQUIRE(fast == PAGES, "counting %d pages with the fast query", PAGES);
	REQUIRE(generic == PAGES || generic == PAGES - EMPTIED,
		"counting %d or %d pages with the other query", PAGES, PAGES - EMPTIED);
	ktap_result(generic != fast, "an emptied page counts as written in every query");
	return ktap_end();
}
