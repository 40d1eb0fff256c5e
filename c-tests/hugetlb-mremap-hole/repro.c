// SPDX-License-Identifier: GPL-2.0-only
/*
 * hugetlb: mremap() of a range with a hole puts what follows in a wrong place.
 *
 * While it moves huge pages, mremap() skips what has no page table, up to the end of the
 * 1 GiB that such a table is for. It set the old and the new address each to the end of
 * their own gigabyte, so where the two lie differently in theirs the pages after the hole
 * went to an address of the wrong distance, and where they should be fresh zeroes were
 * read. The fix moves both on by the same distance.
 *
 * Here a private mapping begins with one untouched huge page just below a gigabyte's end;
 * the next is written. It moves to where the same hole does not end a gigabyte. The mapping
 * is long enough that the wrong place is inside of it too.
 */
#include "core/need.h"
#include "mm/hugetlb.h"
#include "mm/pagemap.h"
#include "mm/reserve.h"

#define GIB	(1UL << 30)
#define LENGTH	GIB
#define WRITTEN	0x5a

/* Where the mapping begins in its gigabyte, before and after. */
#define FROM	(GIB - HUGETLB_SIZE)
#define TO	(2 * HUGETLB_SIZE)
/* How far on the page after the hole is then, and where the bug puts it. */
#define RIGHT	HUGETLB_SIZE
#define WRONG	(GIB - TO)

/* Room for the mapping at this distance from the start of a gigabyte that is its own. */
static char *room_at(unsigned long distance)
{
	return reserve_aligned(3 * GIB, GIB) + distance;
}

static char *huge_map(unsigned long distance)
{
	return reserve_map_as(room_at(distance), LENGTH,
			   MAP_PRIVATE | MAP_ANONYMOUS | HUGETLB_FLAGS | MAP_NORESERVE, -1);
}

/* Write the page after the hole and move all. Returns the new address or MAP_FAILED. */
static char *write_and_move(char *from, char *to)
{
	from[RIGHT] = WRITTEN;
	REQUIRE(pagemap_present(from + RIGHT) && !pagemap_present(from),
		"having a hole and a page behind it");
	return mremap(from, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

int main(void)
{
	int right, wrong;
	char *at;

	need_root();
	need_page_size(4096);
	need_hugetlb(2);
	/* Self-check beside the probe: where both lie alike in their gigabyte it goes well. */
	at = write_and_move(huge_map(FROM), room_at(FROM));
	if (at == MAP_FAILED)
		ktap_skip_all("mremap of huge pages: %s", ktap_errno(errno));

	ktap_start(1);
	REQUIRE(pagemap_present(at + RIGHT) && at[RIGHT] == WRITTEN, "moving to a like place");
	REQUIRE(!munmap(at, LENGTH), "munmap");

	at = write_and_move(huge_map(FROM), room_at(TO));
	REQUIRE(at != MAP_FAILED, "mremap");
	right = pagemap_present(at + RIGHT);
	wrong = pagemap_present(at + WRONG);
	ktap_diag("the page after the hole is %s its place, %s the wrong one",
		  right ? "in" : "not in", wrong ? "in" : "not in");
	REQUIRE(right != wrong, "finding the page once");
	REQUIRE(at[right ? RIGHT : WRONG] == WRITTEN, "finding what was written");
	ktap_result(wrong, "the page after a hole moves as far as all others");
	return ktap_end();
}
