// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a driver's own mapping is taken for asynchronous write protection.
 *
 * With UFFD_FEATURE_WP_ASYNC (6.7) userfaultfd takes any kind of memory for write
 * protection, and took mappings of drivers with it, whose page tables are none of its
 * business: VM_IO, VM_PFNMAP, VM_MIXEDMAP, VM_DONTEXPAND, and shadow stacks. Since
 * eea59bdf162d these are refused.
 *
 * The mapping asked about is that of an io_uring's rings, which any kernel marks so.
 */
#include "io/uring.h"
#include "mm/memory.h"
#include "mm/smaps.h"
#include "uffd/uffd.h"

/* Whether this is in a mapping that only its driver knows how to handle. */
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

	/* Self-check: memory of the usual kinds is taken, private and shared. */
	at = anonymous(size);
	REQUIRE(!uffd_register(async, at, size, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER of anonymous memory");
	smaps_text(at, "VmFlags", flags, sizeof(flags));
	REQUIRE(!is_special(at), "anonymous memory not being special:%s", flags);
	REQUIRE(smaps_flag(at, "uw"), "seeing write protection in flags:%s", flags);
	at = file_page(MAP_SHARED);
	REQUIRE(!uffd_register(async, at, size, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER of shared memory");

	/* Self-check: the rings are special, and not what userfaultfd takes in another way. */
	smaps_text(ring.rings, "VmFlags", flags, sizeof(flags));
	REQUIRE(is_special(ring.rings), "the rings being special:%s", flags);
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
	REQUIRE(!err == !!smaps_flag(ring.rings, "uw"), "the answer going with the flags");
	ktap_result(!err, "a driver's mapping is refused");
	return ktap_end();
}
