// SPDX-License-Identifier: GPL-2.0-only
/*
 * madvise: MADV_COLD of a huge page beside a write to it.
 *
 * The CPU marks the entry of a page dirty when it writes to it. For a page that the
 * program gave away with MADV_FREE the mark is all that says that the page is in use
 * again; without it the kernel may drop the page, and the write is lost. MADV_COLD of a
 * transparent huge page read the entry, took it out of the page table, and put it back
 * without its accessed mark, as it had been read: a mark that the CPU made in between was
 * gone. Since "mm/madvise: atomically clear the young bit on THP MADV_COLD" it clears one
 * bit where it stands.
 *
 * One thread calls MADV_COLD, the other one writes a byte. smaps reports the pages that the
 * kernel may drop as LazyFree: after the write there must be none.
 *
 *	repro --schedule
 */
#include "core/need.h"
#include "mm/thp.h"
#include "race/schedule.h"

#ifndef MADV_COLD	/* since 5.4 */
#define MADV_COLD	20
#endif

static const char name[] = "a page that was written during MADV_COLD may not be dropped";

struct page {
	char *at;
	size_t size;
	/* Of MADV_COLD: 0 or errno. */
	int err;
};

static size_t droppable(const struct page *p)
{
	return (size_t)smaps_kib(p->at, "LazyFree") << 10;
}

/* Give the page away, and read it: MADV_COLD leaves alone what nobody accessed. */
static void give_away(void *arg)
{
	struct page *p = arg;

	*(volatile char *)p->at = 'a';
	REQUIRE(!madvise(p->at, p->size, MADV_FREE), "MADV_FREE");
	(void)*(volatile char *)p->at;
}

static void cool(void *arg)
{
	struct page *p = arg;

	p->err = madvise(p->at, p->size, MADV_COLD) ? errno : 0;
}

static void write_byte(void *arg)
{
	struct page *p = arg;

	*(volatile char *)p->at = 'w';
}

static int judge(void *arg)
{
	struct page *p = arg;

	return p->err ? -p->err : droppable(p) > 0;
}

/* Self-check without a race: what MADV_FREE gives away, and that a write takes it back. */
static void check_oracle(struct page *p)
{
	give_away(p);
	if (droppable(p) != p->size)
		ktap_bail("of %zu bytes behind MADV_FREE %zu may be dropped",
			  p->size, droppable(p));
	cool(p);
	REQUIRE(!p->err && droppable(p) == p->size, "MADV_COLD (%s)", ktap_outcome(p->err));
	write_byte(p);
	if (droppable(p))
		ktap_bail("%zu bytes may be dropped after a write", droppable(p));
}

int main(int argc, char **argv)
{
	struct page p;
	struct schedule schedule = {
		.arg = &p, .prepare = give_away,
		.first = cool, .second = write_byte, .judge = judge,
	};

	need_root();
	need_cpus(2);
	need_thp();
	ktap_start(1);
	p.size = thp_size();
	p.at = thp_page(p.size, 'o');
	check_oracle(&p);
	thp_prove(p.at, p.size);
	schedule.subject = p.at;
	schedule_only(&schedule, argc, argv, name);
	return ktap_end();
}
