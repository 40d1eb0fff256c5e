// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a driver mapping is accepted for asynchronous write protection.
 *
 * With UFFD_FEATURE_WP_ASYNC (6.7) userfaultfd accepts any kind of memory for write
 * protection. It also accepted mappings of drivers, whose page tables it must not touch:
 * VM_IO, VM_PFNMAP, VM_MIXEDMAP, VM_DONTEXPAND, and shadow stacks. Since eea59bdf162d it
 * refuses them.
 *
 * The program probes the mapping of the rings of an io_uring, which every kernel marks as
 * special.
 */
#include "io/uring.h"
#include "mm/memory.h"
#include "mm/smaps.h"
#include "uffd/uffd.h"

/* Whether this address is in a mapping that only its driver may handle. */
static int is_special(const void *at)
{
	return smaps_flag(at, "io") || smaps_flag(at, "pf") || smaps_flag(at, "mm") ||
	       smaps_flag(at, "de");
}

int main(void)
{
	int async = need_uffd(UFFD_FEATURE_WP_ASYNC, "UFFD_FEATURE_WP_ASYNC");
	int plain = need_uffd(0, "no feature");
	size_t size = sysconf(_SC_PAGESIZE);
	char flags[256], *at;
	struct uring ring;
	int err;

	need_uring();
	ktap_start(1);
	REQUIRE(!uring_open(&ring), "io_uring_setup");

	/* Self-check: ordinary memory is accepted, private and shared. */
	at = anonymous(size);
	REQUIRE(!uffd_register(async, at, size, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER of anonymous memory");
	smaps_text(at, "VmFlags", flags, sizeof(flags));
	REQUIRE(!is_special(at), "finding anonymous memory not special:%s", flags);
	REQUIRE(smaps_flag(at, "uw"), "finding write protection in the flags:%s", flags);
	at = file_page(MAP_SHARED);
	REQUIRE(!uffd_register(async, at, size, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER of shared memory");

	/* Self-check: the rings are special, and synchronous write protection refuses them. */
	smaps_text(ring.rings, "VmFlags", flags, sizeof(flags));
	REQUIRE(is_special(ring.rings), "finding the rings special:%s", flags);
	err = uffd_register(plain, ring.rings, size, UFFDIO_REGISTER_MODE_WP);
	if (err != EINVAL)
		ktap_bail("UFFDIO_REGISTER of the rings, synchronous: %s",
			  ktap_outcome(err));

	err = uffd_register(async, ring.rings, size, UFFDIO_REGISTER_MODE_WP);
	smaps_text(ring.rings, "VmFlags", flags, sizeof(flags));
	ktap_diag("rings%s: UFFDIO_REGISTER for asynchronous write protection: %s", flags,
		  ktap_outcome(err));
	if (err && err != EINVAL)
		ktap_bail("UFFDIO_REGISTER of the rings: %s", ktap_errno(err));
	REQUIRE(!err == !!smaps_flag(ring.rings, "uw"), "finding the result in the flags");
	ktap_result(!err, "a driver mapping is refused");
	return ktap_end();
}
