/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Write protection by a userfaultfd, and the mark of it that pagemap shows. The mark
 * is believed once it was seen to come and go with a protection known to be in force:
 * a write waits for the monitor.
 */
#ifndef KWITNESS_UFFD_WP_H
#define KWITNESS_UFFD_WP_H

#include "mm/memory.h"
#include "mm/pagemap.h"
#include "uffd/uffd.h"
#include "uffd/uffd_events.h"

/* Whether pagemap shows the page here as write-protected. */
static inline int uffd_wp_marked(const void *at)
{
	return pagemap_has(at, PAGEMAP_UFFD_WP);
}

/* Skip the program where pages cannot be protected, or pagemap does not show that they are. */
static inline void need_uffd_wp_mark(void)
{
	int fd = need_uffd(UFFD_FEATURE_PAGEFAULT_FLAG_WP, "UFFD_FEATURE_PAGEFAULT_FLAG_WP");
	size_t size = sysconf(_SC_PAGESIZE);
	struct uffd_event write = { .at = anonymous(size) };
	struct uffd_msg msg;
	int marked;

	write.at[0] = 'o';
	REQUIRE(!uffd_register(fd, write.at, size, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER for WP");
	REQUIRE(!uffd_wp_marked(write.at), "a page not protected, and not marked");
	REQUIRE(!uffd_writeprotect(fd, write.at, size, 1), "UFFDIO_WRITEPROTECT");
	marked = uffd_wp_marked(write.at);
	uffd_event_start(&write, uffd_event_write);
	REQUIRE(uffd_event_wait(fd, &write), "a write that waits for the monitor");
	msg = uffd_read(fd, UFFD_EVENT_PAGEFAULT);
	REQUIRE(msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP, "a fault for write protection");
	if (!marked)
		ktap_skip_all("a write-protected page is not marked in bit 57 of pagemap");
	REQUIRE(!uffd_writeprotect(fd, write.at, size, 0), "UFFDIO_WRITEPROTECT to let go");
	uffd_event_join(&write);
	REQUIRE(write.at[0] == 'w', "the write when it was let go");
	REQUIRE(!uffd_wp_marked(write.at), "the mark of a page that was let go to vanish");
	close(fd);
	munmap(write.at, size);
}

#endif
