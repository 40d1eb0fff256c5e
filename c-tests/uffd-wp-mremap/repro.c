// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a page that was write-protected stays so when it moves out of the range.
 *
 * mremap() of a range whose userfaultfd does not ask for remap events ends the
 * registration at the new address. Until 0cef0bb836e3 the mark of write protection in
 * the page tables went with the page: it lay where no monitor was registered, and
 * whoever registered there next took the page for protected.
 *
 * Here pages of each kind are protected, seen marked in pagemap, and moved. The mark
 * must be gone at the new address. That a mark would be seen there is shown by making
 * one.
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

	/* Self-checks: it did move, nobody is registered here, and a mark would be seen. */
	REQUIRE(!pagemap_entry(page->at), "finding nothing where %s came from", kind->name);
	if (kind->memory != WP_ABSENT)
		REQUIRE(*(volatile char *)to == 'p', "finding %s where it went", kind->name);
	err = uffd_writeprotect(page->fd, to, page->len, 1);
	if (err != ENOENT)
		ktap_bail("UFFDIO_WRITEPROTECT where nobody is registered: %s",
			  ktap_outcome(err));
	REQUIRE(!uffd_register(page->fd, to, page->len, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER of %s for WP after the move", kind->name);
	REQUIRE(!uffd_writeprotect(page->fd, to, page->len, 1),
		"UFFDIO_WRITEPROTECT of %s after the move", kind->name);
	REQUIRE(uffd_wp_marked(to), "seeing a mark on %s after the move", kind->name);

	close(page->fd);
	munmap(to, page->len);
	return marked;
}

int main(void)
{
	return wp_test_kinds("loses its write protection when it moves", stays_marked);
}
