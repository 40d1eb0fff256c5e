// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm: a merged page loses its soft-dirty bit.
 *
 * A checkpointer clears the soft-dirty bits with /proc/PID/clear_refs, and later saves
 * the pages that pagemap reports as written (bit 55). When KSM replaced a written page by
 * one with the same contents it did not keep the bit, so the checkpoint missed the page.
 * The fix keeps the bit.
 *
 * The program clears the bits, writes the same contents to all pages but one, and lets
 * the kernel thread merge them: merged pages share a frame. As self-checks, the unwritten
 * page must be clean, and the written pages must be soft-dirty before the merge.
 */
#include <sched.h>
#include <time.h>

#include "core/need.h"
#include "core/procfile.h"
#include "mm/memory.h"
#include "mm/pagemap.h"

#define PAGES		4
#define KSM		"/sys/kernel/mm/ksm/"
#define TIMEOUT		20

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

/* Run ksmd until the pages share a frame. Returns whether they do within the timeout. */
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
	} while (!merged(at) && now.tv_sec - begin.tv_sec < TIMEOUT);
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
		ktap_skip_all("pagemap does not report soft-dirty pages");
	REQUIRE(!procfile_write("/proc/self/clear_refs", 4), "write to clear_refs");
	REQUIRE(!dirty_count(at) && !pagemap_has(other, PAGEMAP_SOFT_DIRTY), "clearing soft-dirty");

	ktap_start(1);
	for (int i = 0; i < PAGES; i++)
		memset(at + i * page, 'k', page);
	before = dirty_count(at);
	REQUIRE(before == PAGES && !pagemap_has(other, PAGEMAP_SOFT_DIRTY),
		"finding only the written pages soft-dirty");
	REQUIRE(!madvise(at, PAGES * page, MADV_MERGEABLE), "MADV_MERGEABLE");
	REQUIRE(dirty_count(at) == PAGES, "finding the pages soft-dirty after MADV_MERGEABLE");
	REQUIRE(merge(at), "merging the pages within %d seconds", TIMEOUT);
	REQUIRE(at[0] == 'k' && at[(PAGES - 1) * page] == 'k', "reading the written contents");
	after = dirty_count(at);
	ktap_diag("%d written pages: %d soft-dirty, %d after the merge", PAGES, before, after);
	ktap_result(after < before, "merged pages stay soft-dirty");
	return ktap_end();
}
