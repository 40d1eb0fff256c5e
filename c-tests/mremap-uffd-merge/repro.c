// SPDX-License-Identifier: GPL-2.0-only
/*
 * mremap: a mapping moved beside a registered one ends its registration.
 *
 * If a userfaultfd does not request remap events, mremap() ends the registration of a
 * range at its new address. If that address was beside another range of the same
 * userfaultfd, the kernel merged the two first and then removed the registration from the
 * merged mapping: the neighbour, which had not changed, faulted without its monitor from
 * then on. The fix ("mm/vma: avoid broken uffd merge on mremap") does not merge them.
 *
 * The program moves a range before, after and between registered neighbours, none of them
 * with pages, because only such ranges merge. It probes a neighbour with UFFDIO_ZEROPAGE,
 * which fails with ENOENT if the range is not registered.
 */
#include "mm/reserve.h"
#include "mm/smaps.h"
#include "uffd/uffd.h"

/* Reserved addresses in slots of this many pages; the range moves from slot FROM to slot TO. */
#define SLOT_PAGES	2
#define SLOTS		9
#define TO		3
#define FROM		7

enum beside { BEFORE = 1, AFTER = 2 };

struct layout {
	const char *name;
	/* The sides of slot TO that have a neighbour. */
	int sides;
};

static const struct layout layouts[] = {
	{ "a range keeps its registration when another moves before it", AFTER },
	{ "a range keeps its registration when another moves after it", BEFORE },
	{ "two ranges keep their registration when another moves between them", BEFORE | AFTER },
};

#define LAYOUTS ((int)(sizeof(layouts) / sizeof(*layouts)))

static size_t slot_len(void)
{
	return SLOT_PAGES * sysconf(_SC_PAGESIZE);
}

static int zeropage(int fd, char *at)
{
	return uffd_zeropage(fd, at, sysconf(_SC_PAGESIZE));
}

static char *map_slot(int fd, char *at)
{
	reserve_map(at, slot_len());
	if (fd >= 0)
		REQUIRE(!uffd_register(fd, at, slot_len(), UFFDIO_REGISTER_MODE_MISSING),
			"UFFDIO_REGISTER");
	return at;
}

/*
 * Map neighbours at this distance in slots from TO, move the range, and probe each
 * neighbour. Returns 0, or ENOENT if a neighbour lost its registration. With fd -1 nothing
 * is registered, and it returns whether all became one mapping.
 */
static int move_beside(int fd, int sides, int distance)
{
	size_t len = slot_len();
	char *slots = reserve(SLOTS * len), *to = slots + TO * len;
	char *first = sides & BEFORE ? to - distance * len : to;
	char *last = sides & AFTER ? to + distance * len : to;
	int err = 0, moved;

	if (first != to)
		map_slot(fd, first);
	if (last != to)
		map_slot(fd, last);
	map_slot(fd, slots + FROM * len);
	reserve_move(slots + FROM * len, len, to, 0);
	if (fd < 0) {
		err = smaps_is_one(first, last + len - first);
	} else {
		moved = zeropage(fd, to);
		if (first != to)
			err = zeropage(fd, first);
		if (last != to && !err)
			err = zeropage(fd, last);
		if (moved != ENOENT)
			ktap_bail("UFFDIO_ZEROPAGE in the range that moved: %s",
				  ktap_outcome(moved));
		if (err && err != ENOENT)
			ktap_bail("UFFDIO_ZEROPAGE in a neighbour: %s", ktap_errno(err));
	}
	munmap(slots, SLOTS * len);
	return err;
}

static void test(int fd, const struct layout *layout)
{
	int err;

	/* Self-checks: unregistered mappings merge in this layout; a gap prevents the bug. */
	REQUIRE(move_beside(-1, layout->sides, 1), "merging unregistered mappings");
	REQUIRE(!move_beside(fd, layout->sides, 2), "UFFDIO_ZEROPAGE in neighbours at a distance");

	err = move_beside(fd, layout->sides, 1);
	ktap_diag("UFFDIO_ZEROPAGE in a neighbour: %s, at a distance: done",
		  ktap_outcome(err));
	ktap_result(!!err, layout->name);
}

int main(void)
{
	int fd = need_uffd(0, "no feature");

	ktap_start(LAYOUTS);
	for (int i = 0; i < LAYOUTS; i++)
		test(fd, &layouts[i]);
	return ktap_end();
}
