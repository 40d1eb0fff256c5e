// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: UFFDIO_MOVE of a huge zero page maps a frame that does not exist.
 *
 * A read of untouched memory may map the huge zero page. UFFDIO_MOVE of it built the new
 * entry from a folio pointer that is NULL in this case (since e3981db444a0, 6.16); with a
 * virtual memory map the result is a frame number far beyond physical memory. Since
 * fae654083bfa the new entry is built from the old one.
 *
 * On a processor with fewer address bits than that frame needs, the first access finds an
 * invalid page table entry: the kernel reports it and kills the program. That splat is
 * the symptom. On other processors the program reads something other than zeroes.
 */
#include "core/hang_watch.h"
#include "core/need.h"
#include "core/step.h"
#include "mm/thp.h"
#include "uffd/uffd.h"

/* Bit 7 of the kernel's taint: it oopsed and continued. */
#define TAINT_DIE (1 << 7)
#define USE_ZERO_PAGE THP_FOLDER "use_zero_page"

/* With little memory the kernel does not use the huge zero page by default. */
static void need_huge_zero_page(void)
{
	int err = procfile_write(USE_ZERO_PAGE, 1);

	if (err)
		ktap_skip_all(USE_ZERO_PAGE ": %s", ktap_errno(err));
}

static int test(void)
{
	int err, fd = uffd_open(UFFD_FEATURE_MOVE);
	size_t huge = thp_size(), page = sysconf(_SC_PAGESIZE);
	uint64_t frame, moved;
	size_t wrong = 0;
	char *from, *to;

	REQUIRE(fd >= 0, "userfaultfd");
	from = thp_area(huge, 2);
	to = thp_area(huge, 2);
	REQUIRE(!uffd_register(fd, to, 2 * huge, UFFDIO_REGISTER_MODE_MISSING), "UFFDIO_REGISTER");

	/* Self-check: an ordinary huge page is moved as a whole, with its contents. */
	from[0] = 'h';
	frame = thp_frame(from, huge);
	REQUIRE(frame && !kpageflags_has(frame, KPF_ZERO_PAGE), "getting a huge page");
	REQUIRE(!uffd_move(fd, to, from, huge), "UFFDIO_MOVE of a huge page");
	REQUIRE(to[0] == 'h' && thp_frame(to, huge) == frame, "finding the huge page moved");

	from += huge;
	to += huge;
	REQUIRE(!*(volatile char *)from, "reading zeroes");
	frame = thp_frame(from, huge);
	REQUIRE(frame && kpageflags_has(frame, KPF_ZERO_PAGE), "getting the huge zero page");

	step_enter("move");
	err = uffd_move(fd, to, from, huge);
	for (size_t at = 0; !err && at < huge; at += page)
		wrong += !!((volatile char *)to)[at];
	step_leave("move");
	if (err)
		ktap_bail("UFFDIO_MOVE of the huge zero page: %s", ktap_errno(err));
	ktap_diag("%zu of %zu pages do not read as zero", wrong, huge / page);
	if (!wrong) {
		/* Self-check: the huge zero page was moved. */
		moved = thp_frame(to, huge);
		REQUIRE(moved == frame, "finding frame 0x%llx where 0x%llx was moved",
			(unsigned long long)moved, (unsigned long long)frame);
		REQUIRE(!pagemap_present(from), "finding the source empty");
	}
	ktap_result(wrong > 0, "the huge zero page still reads as zero after a move");
	return ktap_end();
}

/* Whether the kernel has oopsed. */
static int has_oopsed(void)
{
	return procfile_number("/proc/sys/kernel/tainted") & TAINT_DIE;
}

int main(void)
{
	close(need_uffd(UFFD_FEATURE_MOVE, "UFFD_FEATURE_MOVE"));
	need_root();
	need_thp();
	need_huge_zero_page();
	REQUIRE(!has_oopsed(), "starting on a kernel that has not oopsed");
	ktap_start(1);
	hang_watch_start(test);
	/* After the oops the child may loop forever while it tears down its memory. */
	while (!hang_watch_done()) {
		if (has_oopsed())
			step_abandon();
		if (hang_watch_dead())
			break;
	}
	return hang_watch_status();
}
