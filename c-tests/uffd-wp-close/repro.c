// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: pages stay write-protected after the userfaultfd was closed.
 *
 * Since 6.0 UFFDIO_UNREGISTER removes the mark of write protection from the pages of its
 * range. The close of a userfaultfd ends its registrations too, but until c88033efe9a3 it
 * left the marks in memory for which no userfaultfd is registered any more.
 *
 * The program protects pages of each kind, checks in pagemap that they are marked, and
 * closes their userfaultfd. Before that it unregisters a twin of each page, which shows
 * that a mark can be removed.
 */
#include "uffd/wp_pages.h"

/* End the registration of a page by close() or UFFDIO_UNREGISTER. Returns whether it is marked. */
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

	/* Self-check: the registration ended, or another userfaultfd would get EBUSY. */
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

	REQUIRE(!is_marked_after(kind, twin, 0), "UFFDIO_UNREGISTER to remove the mark of %s",
		kind->name);
	REQUIRE(wp_page_open(kind, &page), "mapping %s a second time", kind->name);
	return is_marked_after(kind, &page, 1);
}

int main(void)
{
	return wp_test_kinds("loses its write protection on close", stays_marked);
}
