// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: memory at a low address cannot be registered.
 *
 * A privileged process may map memory below vm.mmap_min_addr. Until 161ce69c2c89 every
 * ioctl of a userfaultfd refused such a range with EINVAL, although mmap() had already
 * allowed the mapping; a monitor that does not choose the addresses (such as a binary
 * translator) could not monitor it.
 *
 * The program maps one page below the limit and one just above it, which every kernel can
 * register. If only the page below is refused, its address is the reason.
 */
#include <sys/mman.h>

#include "core/need.h"
#include "core/procfile.h"
#include "mm/smaps.h"
#include "uffd/uffd.h"

#define LOW	0x8000UL

/* Map a page at exactly this address. Returns NULL and sets errno if that fails. */
static char *map_page_at(unsigned long at)
{
	char *page = mmap((void *)at, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	REQUIRE((unsigned long)page == at, "mmap at 0x%lx", at);
	return page;
}

int main(void)
{
	int fd = need_uffd(0, "no feature"), err;
	size_t size = sysconf(_SC_PAGESIZE);
	/* Mapping memory below this address needs a privilege. */
	unsigned long limit = procfile_number("/proc/sys/vm/mmap_min_addr");
	char *low, *high;

	need_root();
	if (limit < LOW + size)
		ktap_skip_all("vm.mmap_min_addr is %lu: 0x%lx does not lie below it", limit, LOW);
	low = map_page_at(LOW);
	if (!low)
		ktap_skip_all("mmap at 0x%lx: %s", LOW, ktap_errno(errno));

	ktap_start(1);
	/* Self-check: the page is at the low address, and one above the limit can be registered. */
	REQUIRE(smaps_mapping(low).start == LOW, "finding the mapping at 0x%lx", LOW);
	high = map_page_at(limit);
	REQUIRE(high, "mmap at 0x%lx", limit);
	REQUIRE(!uffd_register(fd, high, size, UFFDIO_REGISTER_MODE_MISSING),
		"UFFDIO_REGISTER at 0x%lx", limit);
	REQUIRE(!uffd_zeropage(fd, high, size), "UFFDIO_ZEROPAGE at 0x%lx", limit);

	err = uffd_register(fd, low, size, UFFDIO_REGISTER_MODE_MISSING);
	ktap_diag("UFFDIO_REGISTER at 0x%lx: %s; at 0x%lx: done", LOW,
		  ktap_outcome(err), limit);
	if (err && err != EINVAL)
		ktap_bail("UFFDIO_REGISTER at 0x%lx: %s", LOW, ktap_errno(err));
	/* Every ioctl checks the range, so a registered page must also be fillable. */
	if (!err) {
		err = uffd_zeropage(fd, low, size);
		ktap_diag("UFFDIO_ZEROPAGE at 0x%lx: %s", LOW, ktap_outcome(err));
		if (err && err != EINVAL)
			ktap_bail("UFFDIO_ZEROPAGE at 0x%lx: %s", LOW, ktap_errno(err));
		REQUIRE(err || !*(volatile char *)low, "reading zero from the filled page");
	}
	ktap_result(!!err, "memory below vm.mmap_min_addr can be registered and filled");
	return ktap_end();
}
