/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Write protection by a userfaultfd, and the bit of pagemap that marks it. need_uffd_wp_mark()
 * checks that the mark comes and goes with a protection that is in force, which a write
 * that waits for the monitor proves.
 */
#ifndef KWITNESS_UFFD_WP_H
#define KWITNESS_UFFD_WP_H

#include "mm/memory.h"
#include "mm/pagemap.h"
#include "uffd/uffd.h"
#include "uffd/uffd_events.h"

/* Whether pagemap marks the page at this address as write-protected. */
static inline int uffd_wp_marked(const void *at)
{
	return pagemap_has(at, PAGEMAP_UFFD_WP);
}

/* Skip the program if pages cannot be write-protected or pagemap does not mark them. */
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
	REQUIRE(!uffd_wp_marked(write.at), "finding an unprotected page unmarked");
	REQUIRE(!uffd_writeprotect(fd, write.at, size, 1), "UFFDIO_WRITEPROTECT");
	marked = uffd_wp_marked(write.at);
	uffd_event_start(&write, uffd_event_write);
	REQUIRE(uffd_event_wait(fd, &write), "making a write wait for the monitor");
	msg = uffd_read(fd, UFFD_EVENT_PAGEFAULT);
	REQUIRE(msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP,
		"getting a write-protection fault");
	if (!marked)
		ktap_skip_all("a write-protected page is not marked in bit 57 of pagemap");
	REQUIRE(!uffd_writeprotect(fd, write.at, size, 0),
		"UFFDIO_WRITEPROTECT to remove the protection");
	uffd_event_join(&write);
	REQUIRE(write.at[0] == 'w', "finishing the write after the protection was removed");
	REQUIRE(!uffd_wp_marked(write.at), "clearing the mark with the protection");
	close(fd);
	munmap(write.at, size);
}

#endif
