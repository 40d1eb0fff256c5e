// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm: a page that was written to is told as clean once it is merged.
 *
 * A checkpointer clears the soft-dirty bits by /proc/PID/clear_refs and later takes the
 * pages that pagemap tells as written (bit 55). When KSM replaced a written page by one of
 * the same contents the bit was not taken over, so what had been written was left out. The
 * fix takes it over.
 *
 * Here pages are cleared, all written alike but one, and merged by the kernel's thread: a
 * merged page is one that shares its frame. A page that was not written must be told clean
 * and, before the merge, those that were must be told dirty.
 */
#include <sched.h>
#include <time.h>

#include "core/need.h"
#include "core/procfile.h"
#include "mm/memory.h"
#include "mm/pagemap.h"

#define PAGES		4
#define KSM		"/sys/kernel/mm/ksm/"
#define PATIENCE	20

static size_t page;

static int dirty_count(const char *at)
{
	return pagemap_count(at, PAGES, PAGEMAP_SOFT_DIRTY);
}

static int merged(const char *at)
{
	uint64_t frames[PAGES];

	pagemap_frames(at, PAGES, 1, frames);
	for (int i = 1; i < PAGES; i++)
		if (frames[i] != frames[0])
			return 0;
	return 1;
}

/* Let the kernel's thread run until the pages share a frame. */
static int merge(const char *at)
{
	struct timespec begin, now;

	REQUIRE(!procfile_write(KSM "pages_to_scan", 1000), "write to pages_to_scan");
	REQUIRE(!procfile_write(KSM "sleep_millisecs", 1), "write to sleep_millisecs");
	REQUIRE(!procfile_write(KSM "run", 1), "write to run");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		sched_yield();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!merged(at) && now.tv_sec - begin.tv_sec < PATIENCE);
	REQUIRE(!procfile_write(KSM "run", 0), "write to run");
	return merged(at);
}

int main(void)
{
	int before, after;
	char *at, *other;

	need_root();
	if (access(KSM "run", W_OK))
		ktap_skip_all("access to " KSM "run: %s", ktap_errno(errno));
	page = sysconf(_SC_PAGESIZE);
	at = small_pages((PAGES + 1) * page, 'a');
	other = at + PAGES * page;
	if (dirty_count(at) != PAGES)
		ktap_skip_all("pagemap tells no soft-dirty pages here");
	REQUIRE(!procfile_write("/proc/self/clear_refs", 4), "write to clear_refs");
	REQUIRE(!dirty_count(at) && !pagemap_has(other, PAGEMAP_SOFT_DIRTY), "clearing soft-dirty");

	ktap_start(1);
	for (int i = 0; i < PAGES; i++)
		memset(at + i * page, 'k', page);
	before = dirty_count(at);
	REQUIRE(before == PAGES && !pagemap_has(other, PAGEMAP_SOFT_DIRTY),
		"telling written pages from others");
	REQUIRE(!madvise(at, PAGES * page, MADV_MERGEABLE), "MADV_MERGEABLE");
	REQUIRE(dirty_count(at) == PAGES, "keeping soft-dirty over MADV_MERGEABLE");
	REQUIRE(merge(at), "having the pages merged in %d seconds", PATIENCE);
	REQUIRE(at[0] == 'k' && at[(PAGES - 1) * page] == 'k', "reading what was written");
	after = dirty_count(at);
	ktap_diag("%d written pages: %d soft-dirty, once merged %d", PAGES, before, after);
	ktap_result(after < before, "merged pages stay soft-dirty");
	return ktap_end();
}
