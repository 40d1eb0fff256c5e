// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: pages stay write-protected after the userfaultfd was closed.
 *
 * UFFDIO_UNREGISTER takes the mark of write protection off the pages of its range, since
 * 6.0. The close of a userfaultfd ends its registrations, too, but until c88033efe9a3 it
 * left the marks: in memory that nobody is registered for.
 *
 * Here pages of each kind are protected, seen marked in pagemap, and their userfaultfd
 * closed. A twin of each is unregistered before, to show that a mark can go.
 */
#include "uffd/wp_pages.h"

/* End the registration of a page, by close or by UFFDIO_UNREGISTER. Is it marked still? */
static int is_marked_after(const struct wp_kind *kind, struct wp_page *page, int by_close)
{
	int marked, other;

	if (!by_close)
		REQUIRE(!uffd_unregister(page->fd, page->at, page->len),
			"UFFDIO_UNREGISTER of %s", kind->name);
	else
		REQUIRE(!close(page->fd), "close of the userfaultfd");
	marked = uffd_wp_marked(page->at);
	ktap_diag("%s: pagemap 0x%016llx after %s", kind->name,
		  (unsigned long long)pagemap_entry(page->at), by_close ? "close" : "unregister");

	/* Self-check: it is registered no more. It would be busy to another. */
	other = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP | kind->feature);
	REQUIRE(other >= 0, "a second userfaultfd");
	REQUIRE(!uffd_register(other, page->at, page->len, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER of %s by another", kind->name);
	close(other);
	if (!by_close)
		close(page->fd);
	munmap(page->at, page->len);
	return marked;
}

static int stays_marked(const struct wp_kind *kind, struct wp_page *twin)
{
	struct wp_page page;

	REQUIRE(!is_marked_after(kind, twin, 0), "UFFDIO_UNREGISTER to take the mark off %s",
		kind->name);
	REQUIRE(wp_page_open(kind, &page), "a second time %s", kind->name);
	return is_marked_after(kind, &page, 1);
}

int main(void)
{
	return wp_test_kinds("loses its write protection on close", stays_marked);
}
