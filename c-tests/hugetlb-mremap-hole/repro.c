// SPDX-License-Identifier: GPL-2.0-only
/*
 * hugetlb: mremap() of a range with a hole moves the pages after it to a wrong address.
 *
 * While mremap() moves huge pages, it skips holes without a page table, up to the end of
 * the 1 GiB that such a table covers. It advanced the old and the new address each to the
 * end of its own gigabyte. If the two have different offsets in their gigabyte, the pages
 * after the hole moved by a wrong distance, and zeroes were read at their proper address.
 * The fix advances both by the same distance.
 *
 * The program maps a private range that starts with one untouched huge page just below
 * the end of a gigabyte, and writes to the next page. It moves the range to where the
 * hole does not end a gigabyte. The mapping is so long that the wrong address is inside
 * it too.
 */
#include "core/need.h"
#include "mm/hugetlb.h"
#include "mm/pagemap.h"
#include "mm/reserve.h"

#define GIB	(1UL << 30)
#define LENGTH	GIB
#define WRITTEN	0x5a

/* Offset of the mapping in its gigabyte, before and after the move. */
#define FROM	(GIB - HUGETLB_SIZE)
#define TO	(2 * HUGETLB_SIZE)
/* Offset of the page after the hole in the mapping: the right one, and the one with the bug. */
#define RIGHT	HUGETLB_SIZE
#define WRONG	(GIB - TO)

/* Reserve addresses for the mapping, at this offset from the start of a gigabyte. */
static char *reserve_at(unsigned long offset)
{
	return reserve_aligned(3 * GIB, GIB) + offset;
}

static char *huge_map(unsigned long offset)
{
	return reserve_map_as(reserve_at(offset), LENGTH,
			   MAP_PRIVATE | MAP_ANONYMOUS | HUGETLB_FLAGS | MAP_NORESERVE, -1);
}

/* Write to the page after the hole and move the mapping. Returns what mremap() does. */
static char *write_and_move(char *from, char *to)
{
	from[RIGHT] = WRITTEN;
	REQUIRE(pagemap_present(from + RIGHT) && !pagemap_present(from),
		"making a hole and a page after it");
	return mremap(from, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

int main(void)
{
	int right, wrong;
	char *at;

	need_root();
	need_page_size(4096);
	need_hugetlb(2);
	/* Also a self-check: with equal offsets in the gigabyte the move is correct. */
	at = write_and_move(huge_map(FROM), reserve_at(FROM));
	if (at == MAP_FAILED)
		ktap_skip_all("mremap of huge pages: %s", ktap_errno(errno));

	ktap_start(1);
	REQUIRE(pagemap_present(at + RIGHT) && at[RIGHT] == WRITTEN,
		"moving to an address with the same offset");
	REQUIRE(!munmap(at, LENGTH), "munmap");

	at = write_and_move(huge_map(FROM), reserve_at(TO));
	REQUIRE(at != MAP_FAILED, "mremap");
	right = pagemap_present(at + RIGHT);
	wrong = pagemap_present(at + WRONG);
	ktap_diag("the page after the hole is %s its address, %s the wrong one",
		  right ? "at" : "not at", wrong ? "at" : "not at");
	REQUIRE(right != wrong, "finding the page exactly once");
	REQUIRE(at[right ? RIGHT : WRONG] == WRITTEN, "finding the written byte");
	ktap_result(wrong, "the page after a hole moves by the same distance as the mapping");
	return ktap_end();
}
