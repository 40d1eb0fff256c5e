// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: UFFDIO_MOVE of a huge zero page maps a frame that does not exist.
 *
 * A read of untouched memory may map the huge zero page. UFFDIO_MOVE of it made the
 * new entry from a folio pointer that is NULL in this case (since e3981db444a0, 6.16):
 * with a virtual memory map that is silently a frame far outside of any memory. Since
 * fae654083bfa the new entry is made from the old.
 *
 * On a processor that has fewer address bits than that frame the first touch finds a
 * page table that cannot be: the kernel reports it and kills the program, and that
 * splat is the symptom. Where the address can be, something else than zeros is read.
 */
#include "core/hang_watch.h"
#include "core/need.h"
#include "core/step.h"
#include "mm/thp.h"
#include "uffd/uffd.h"

/* Bit 7 of the kernel's taint: it died of something, and lives on. */
#define TAINT_DIE (1 << 7)
#define USE_ZERO_PAGE THP_FOLDER "use_zero_page"

/* With little memory the kernel fills huge pages itself, unless it is told. */
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

	/* Self-check: a huge page with something in it is moved as one, with what is in it. */
	from[0] = 'h';
	frame = thp_frame(from, huge);
	REQUIRE(frame && !kpageflags_has(frame, KPF_ZERO_PAGE), "getting a huge page of its own");
	REQUIRE(!uffd_move(fd, to, from, huge), "UFFDIO_MOVE of a huge page");
	REQUIRE(to[0] == 'h' && thp_frame(to, huge) == frame, "finding the huge page moved");

	from += huge;
	to += huge;
	REQUIRE(!*(volatile char *)from, "reading zeros");
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
		/* Self-check: it is the huge zero page that was moved. */
		moved = thp_frame(to, huge);
		REQUIRE(moved == frame, "finding frame 0x%llx where 0x%llx was moved",
			(unsigned long long)moved, (unsigned long long)frame);
		REQUIRE(!pagemap_present(from), "finding nothing where it was");
	}
	ktap_result(wrong > 0, "the huge zero page stays itself when it is moved");
	return ktap_end();
}

/* Whether the kernel has reported that something died of it. */
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
	REQUIRE(!has_oopsed(), "finding a kernel that is whole");
	ktap_start(1);
	hang_watch_start(test);
	/* What is left of the child takes its memory apart in vain, and would for ever. */
	while (!hang_watch_done()) {
		if (has_oopsed())
			step_abandon();
		if (hang_watch_dead())
			break;
	}
	return hang_watch_status();
}
