// SPDX-License-Identifier: GPL-2.0-only
/*
 * mremap: a mapping that is moved beside a registered one ends its registration.
 *
 * Where a userfaultfd does not ask for remap events, a range that moves is registered no
 * more at its new address. When it came to lie beside another range of the same
 * userfaultfd the kernel merged the two first, and then took the registration off the
 * merged mapping: the neighbour, which nobody had touched, faulted without its monitor
 * from then on. The fix ("mm/vma: avoid broken uffd merge on mremap") does not merge them.
 *
 * Here a range is moved before, after and between registered neighbours, none of them
 * faulted in, for only such merge. A neighbour is asked by UFFDIO_ZEROPAGE, which says
 * ENOENT where nothing is registered.
 */
#include "mm/reserve.h"
#include "mm/smaps.h"
#include "uffd/uffd.h"

/* Slots of this many pages in a room; the range goes from slot FROM to slot TO. */
#define SLOT_PAGES	2
#define SLOTS		9
#define TO		3
#define FROM		7

enum beside { BEFORE = 1, AFTER = 2 };

struct layout {
	const char *name;
	/* On which sides of slot TO a neighbour lies. */
	int sides;
};

static const struct layout layouts[] = {
	{ "a range keeps its registration when another moves in before it", AFTER },
	{ "a range keeps its registration when another moves in after it", BEFORE },
	{ "two ranges keep their registration when another moves in between", BEFORE | AFTER },
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
 * Map neighbours so many slots from TO, move the range, and ask each. Registered by fd,
 * unless that is -1; then the answer is whether all became one mapping. Else it is 0, or
 * the errno by which a neighbour says that it is registered no more.
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

	/* Self-checks: laid out like this mappings do merge, and with a gap nothing is lost. */
	REQUIRE(move_beside(-1, layout->sides, 1), "merging mappings nobody registered");
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
