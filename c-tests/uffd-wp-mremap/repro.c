// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a page that moves out of a registered range stays write-protected.
 *
 * mremap() of a range whose userfaultfd does not request remap events ends the
 * registration at the new address. Until 0cef0bb836e3 the mark of write protection in the
 * page tables moved with the page to an address without a monitor, and a monitor that
 * registered there next took the page for protected.
 *
 * The program protects pages of each kind, checks in pagemap that they are marked, and
 * moves them. The mark must be gone at the new address. That pagemap would show a mark
 * there is proven by setting one.
 */
#include "uffd/wp_pages.h"

static int stays_marked(const struct wp_kind *kind, struct wp_page *page)
{
	char *to = reserve_aligned(page->len, page->len);
	int marked, err;

	reserve_move(page->at, page->len, to, 0);
	marked = uffd_wp_marked(to);
	ktap_diag("%s: pagemap 0x%016llx after the move", kind->name,
		  (unsigned long long)pagemap_entry(to));

	/* Self-checks: the page moved, is not registered here, and pagemap would show a mark. */
	REQUIRE(!pagemap_entry(page->at), "finding the old address of %s empty", kind->name);
	if (kind->memory != WP_ABSENT)
		REQUIRE(*(volatile char *)to == 'p', "finding %s at the new address", kind->name);
	err = uffd_writeprotect(page->fd, to, page->len, 1);
	if (err != ENOENT)
		ktap_bail("UFFDIO_WRITEPROTECT of an unregistered range: %s",
			  ktap_outcome(err));
	REQUIRE(!uffd_register(page->fd, to, page->len, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER of %s for WP after the move", kind->name);
	REQUIRE(!uffd_writeprotect(page->fd, to, page->len, 1),
		"UFFDIO_WRITEPROTECT of %s after the move", kind->name);
	REQUIRE(uffd_wp_marked(to), "finding %s marked after the move", kind->name);

	close(page->fd);
	munmap(to, page->len);
	return marked;
}

int main(void)
{
	return wp_test_kinds("loses its write protection when it moves", stays_marked);
}
