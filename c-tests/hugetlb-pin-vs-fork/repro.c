// SPDX-License-Identifier: GPL-2.0-only
/*
 * hugetlb: a pinned huge page is replaced when its owner writes after fork().
 *
 * fork() shares private pages with the child, and the first one to write gets a copy. If
 * the parent had pinned the page and wrote first, the parent got the copy, so the page
 * that it gave to a device or to io_uring was no longer its memory. Since 5.9 fork()
 * copies pinned small pages for the child; pinned hugetlb pages only since 4eae4efa2c29.
 *
 * The program pins a hugetlb page as a registered buffer of io_uring. It forks a child,
 * and while the child lives the parent writes to the page and reads it through the pin. A
 * second page, not pinned, shows that fork() shared it and that the write of the parent
 * copied it.
 */
#include "core/child.h"
#include "core/need.h"
#include "io/uring_pin.h"
#include "mm/hugetlb.h"
#include "mm/kpageflags.h"

#define FILLED 1
#define WRITTEN 0x5a
/* The pinned page, the other one, a copy of each for both sides, and as many spare ones. */
#define POOL 8

/* The child reports what it reads in both pages, at its start and once released. */
static void run_child(const struct child *child, const volatile char *pinned,
		  const volatile char *other)
{
	for (int i = 0; i < 2; i++) {
		child_notify(child, *pinned);
		child_notify(child, *other);
		child_wait_release(child);
	}
	child_exit();
}

/* In the parent: check what the child reads, and release it. */
static void check_child(const struct child *child, unsigned char pinned, unsigned char other)
{
	unsigned char pinned_read = child_wait_for(child), other_read = child_wait_for(child);

	REQUIRE(pinned_read == pinned, "finding 0x%02x in the child's page, not 0x%02x,", pinned,
		pinned_read);
	REQUIRE(other_read == other,
		"finding 0x%02x in its other page, not 0x%02x,", other, other_read);
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
		run_child(&child, pin.at, other);
	check_child(&child, old, FILLED);
	/* Self-check: fork() shares pages, and a write to one copies it. */
	*other = WRITTEN;
	REQUIRE(pagemap_frame((char *)other) != frame, "copying a shared page that is not pinned");
	lost = uring_pin_lost(&pin, WRITTEN);
	/* Self-check: the child was alive all the time, and its pages did not change. */
	check_child(&child, old, FILLED);
	child_join(&child);

	ktap_result(lost, "a write after fork() goes to the pinned hugetlb page");
	uring_pin_close(&pin);
	REQUIRE(!munmap((char *)pin.at, HUGETLB_SIZE), "munmap");
	REQUIRE(!munmap((char *)other, HUGETLB_SIZE), "munmap");
	hugetlb_restore();
	return ktap_end();
}
