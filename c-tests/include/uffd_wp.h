/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Write protection by a userfaultfd, and the mark of it that pagemap shows. The mark
 * is believed once it was seen to come and go with a protection known to be in force:
 * a write waits for the monitor.
 */
#ifndef KWITNESS_UFFD_WP_H
#define KWITNESS_UFFD_WP_H

#include "memory.h"
#include "pagemap.h"
#include "uffd.h"
#include "uffd_cause.h"

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
	struct uffd_cause write = { .at = anonymous(size) };
	struct uffd_msg msg;
	int marked;

	write.at[0] = 'o';
	must(!uffd_register(fd, write.at, size, UFFDIO_REGISTER_MODE_WP), "UFFDIO_REGISTER for WP");
	must(!uffd_wp_marked(write.at), "a page not protected, and not marked");
	must(!uffd_writeprotect(fd, write.at, size, 1), "UFFDIO_WRITEPROTECT");
	marked = uffd_wp_marked(write.at);
	uffd_start(&write, uffd_cause_write);
	must(uffd_told(fd, &write), "a write that waits for the monitor");
	msg = uffd_read(fd, UFFD_EVENT_PAGEFAULT);
	must(msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP, "a fault for write protection");
	if (!marked)
		ktap_skip_all("a write-protected page is not marked in bit 57 of pagemap");
	must(!uffd_writeprotect(fd, write.at, size, 0), "UFFDIO_WRITEPROTECT to let go");
	uffd_join(&write);
	must(write.at[0] == 'w', "the write when it was let go");
	must(!uffd_wp_marked(write.at), "the mark of a page that was let go to vanish");
	close(fd);
	munmap(write.at, size);
}

#endif
