// SPDX-License-Identifier: GPL-2.0-only
/*
 * hugetlb: a pinned huge page is replaced when its owner writes after fork().
 *
 * fork() shares private pages with the child, and the first to write gets a copy. When the
 * parent had pinned the page it was the one to get the copy, and what it gave to a device,
 * or to io_uring, was no longer its memory. Small pages are copied for the child at fork()
 * when they are pinned since 5.9, pages of hugetlb only since 4eae4efa2c29.
 *
 * Here a page of hugetlb is pinned as a registered buffer of io_uring. A child is forked,
 * and while it lives the parent writes the page and reads it through its pin. A second
 * page, not pinned, shows that fork() shared it and that the parent's write copied it.
 */
#include "core/child.h"
#include "core/need.h"
#include "io/uring_pin.h"
#include "mm/hugetlb.h"
#include "mm/kpageflags.h"

#define FILLED 1
#define WRITTEN 0x5a
/* The pinned page, the one that is not, a copy of each for either side, and as many to spare. */
#define POOL 8

/* The child says what it reads in both pages, twice: when it begins, and when it is let. */
static void watch(const struct child *child, const volatile char *pinned,
		  const volatile char *other)
{
	for (int i = 0; i < 2; i++) {
		child_notify(child, *pinned);
		child_notify(child, *other);
		child_wait_release(child);
	}
	child_exit();
}

static void hear(const struct child *child, unsigned char pinned, unsigned char other)
{
	unsigned char pinned_read = child_wait_for(child), other_read = child_wait_for(child);

	REQUIRE(pinned_read == pinned, "finding 0x%02x in the child's page, not 0x%02x,", pinned,
		pinned_read);
	REQUIRE(other_read == other, "finding 0x%02x in its other, not 0x%02x,", other, other_read);
	child_release(child);
}

int main(void)
{
	volatile char *other;
	struct uring_pin pin;
	struct child child;
	unsigned char old;
	uint64_t frame;
	int lost;

	need_root();
	need_kpageflags();
	need_uring();
	need_hugetlb(POOL);

	ktap_start(1);
	uring_pin_prove(hugetlb_page(FILLED), HUGETLB_SIZE, HUGETLB_FLAGS);
	other = hugetlb_page(FILLED);
	frame = pagemap_frame((char *)other);
	uring_pin_open(&pin, hugetlb_page(FILLED));
	old = *pin.at;

	if (child_fork(&child))
		watch(&child, pin.at, other);
	hear(&child, old, FILLED);
	/* Self-check: this fork() shares pages, and a write to them copies. */
	*other = WRITTEN;
	REQUIRE(pagemap_frame((char *)other) != frame, "copying a shared page that is not pinned");
	lost = uring_pin_lost(&pin, WRITTEN);
	/* Self-check: the child was there all the time, with the pages as they were at fork(). */
	hear(&child, old, FILLED);
	child_join(&child);

	ktap_result(lost, "a write after fork() goes to the pinned page of hugetlb");
	uring_pin_close(&pin);
	REQUIRE(!munmap((char *)pin.at, HUGETLB_SIZE), "munmap");
	REQUIRE(!munmap((char *)other, HUGETLB_SIZE), "munmap");
	hugetlb_restore();
	return ktap_end();
}
