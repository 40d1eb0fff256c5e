// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: UFFDIO_MOVE of a part of a huge page never returns while others hold it.
 *
 * To move one page of a huge page the kernel must split it, which it cannot while
 * somebody else holds a reference; here a pipe does, into which a page was spliced.
 * The failed split was taken for a race and tried again without end, until the program
 * is killed. Since the fix such a move is refused with EBUSY.
 *
 * The bug shows as a hang, between "entering" and "left"; a signal that kills ends it.
 */
#include <sys/uio.h>

#include "memory.h"
#include "need.h"
#include "step.h"
#include "thp.h"
#include "uffd.h"

/* A huge page with something in it. */
static void fill(char *at, size_t huge)
{
	uint64_t frame;

	at[0] = 'h';
	frame = thp_frame(at, huge);
	must(frame && !kpageflags_has(frame, KPF_ZERO_PAGE), "getting a huge page");
}

int main(void)
{
	int fd = need_uffd(UFFD_FEATURE_MOVE, "UFFD_FEATURE_MOVE");
	size_t huge, page = sysconf(_SC_PAGESIZE);
	struct iovec iov = { .iov_len = page };
	char *from, *to, byte;
	int err, fds[2];

	need_root();
	need_thp();
	huge = thp_size();
	ktap_start(1);
	must(!pipe2(fds, O_CLOEXEC), "pipe");
	from = thp_area(huge, 2);
	to = anonymous(2 * page);
	must(!uffd_register(fd, to, 2 * page, UFFDIO_REGISTER_MODE_MISSING), "UFFDIO_REGISTER");

	/* Self-check: a page of a huge page that nobody else holds is moved. */
	fill(from, huge);
	must(!uffd_move(fd, to, from, page), "UFFDIO_MOVE of a page of a huge page");
	must(to[0] == 'h' && !pagemap_present(from), "finding the page moved");

	from += huge;
	to += page;
	fill(from, huge);
	/* The last page, so that the one to be moved is not the one that is held. */
	iov.iov_base = from + huge - page;
	must(vmsplice(fds[1], &iov, 1, 0) == (ssize_t)page, "vmsplice of a page");
	must(thp_frame(from, huge), "the huge page being whole still");

	step_enter("move");
	err = uffd_move(fd, to, from, page);
	step_leave("move");
	ktap_diag("UFFDIO_MOVE of a page that is held: %s", ktap_outcome(err));
	if (err != EBUSY)
		ktap_bail("UFFDIO_MOVE of a page that is held: %s", ktap_outcome(err));

	/* Self-check: the pipe was what stood in the way. */
	for (size_t i = 0; i < page; i++)
		must(read(fds[0], &byte, 1) == 1, "read of the pipe");
	must(!uffd_move(fd, to, from, page), "UFFDIO_MOVE after the pipe let go");
	must(to[0] == 'h', "finding the page moved");
	ktap_result(0, "moving a page of a huge page that others hold comes to its end");
	return ktap_end();
}
