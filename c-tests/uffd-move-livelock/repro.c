// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: UFFDIO_MOVE of a part of a huge page never returns while others hold it.
 *
 * To move one page of a huge page the kernel must split it, which it cannot while
 * somebody else holds a reference; here a pipe does, into which a page was spliced.
 * The failed split was taken for a race and tried again without end, until the program
 * is killed. Since the fix such a move is refused with EBUSY.
 *
 * A child moves such a page. Where it runs in the kernel turn after turn its parent takes
 * the page out of the pipe: a move that then comes to its end was one that waited.
 */
#include <sys/uio.h>

#include "core/hang_watch.h"
#include "core/need.h"
#include "mm/memory.h"
#include "mm/thp.h"
#include "uffd/uffd.h"

/* A huge page with something in it. */
static void fill(char *at, size_t huge)
{
	uint64_t frame;

	at[0] = 'h';
	frame = thp_frame(at, huge);
	REQUIRE(frame && !kpageflags_has(frame, KPF_ZERO_PAGE), "getting a huge page");
}

static int is_moved(char *to, char *from)
{
	return pagemap_present(to) && !pagemap_present(from);
}

/*
 * Whether the page is moved in the end. 6.18 to 7.1 now and then look once more at what they
 * have moved already, and call it EEXIST.
 */
static int moves(int fd, char *to, char *from, size_t page)
{
	int err = uffd_move(fd, to, from, page);

	return (!err || err == EEXIST) && is_moved(to, from);
}

static int fds[2];

/* Take the page out of the pipe. */
static void let_go(void)
{
	size_t left = sysconf(_SC_PAGESIZE);
	char byte;

	while (left--)
		REQUIRE(read(fds[0], &byte, 1) == 1, "read of the pipe");
}

static int test(void)
{
	int err, fd = uffd_open(UFFD_FEATURE_MOVE);
	size_t huge = thp_size(), page = sysconf(_SC_PAGESIZE);
	struct iovec iov = { .iov_len = page };
	char *from, *to;

	REQUIRE(fd >= 0, "userfaultfd");
	from = thp_area(huge, 2);
	to = anonymous(2 * page);
	REQUIRE(!uffd_register(fd, to, 2 * page, UFFDIO_REGISTER_MODE_MISSING), "UFFDIO_REGISTER");

	/* Self-check: a page of a huge page that nobody else holds is moved. */
	fill(from, huge);
	REQUIRE(moves(fd, to, from, page), "UFFDIO_MOVE of a page of a huge page");
	REQUIRE(to[0] == 'h', "finding in the page what was in it");

	from += huge;
	to += page;
	fill(from, huge);
	/* The last page, so that the one to be moved is not the one that is held. */
	iov.iov_base = from + huge - page;
	REQUIRE(vmsplice(fds[1], &iov, 1, 0) == (ssize_t)page, "vmsplice of a page");
	REQUIRE(thp_frame(from, huge), "the huge page being whole still");

	ktap_diag("moving a page that is held");
	hang_watch_enter();
	err = uffd_move(fd, to, from, page);
	hang_watch_leave();
	ktap_diag("UFFDIO_MOVE: %s", ktap_outcome(err));
	if (err == EBUSY) {
		/* Self-check: the pipe was what stood in the way. */
		let_go();
		REQUIRE(moves(fd, to, from, page), "UFFDIO_MOVE after the pipe let go");
	}
	REQUIRE(is_moved(to, from), "finding the page moved");
	REQUIRE(to[0] == 'h', "finding in it what was in it");
	ktap_result(err != EBUSY, "moving a page of a huge page that others hold is refused");
	return ktap_end();
}

int main(void)
{
	close(need_uffd(UFFD_FEATURE_MOVE, "UFFD_FEATURE_MOVE"));
	need_root();
	need_thp();
	ktap_start(1);
	REQUIRE(!pipe2(fds, O_CLOEXEC), "pipe");
	hang_watch_start(test);
	if (!hang_watch_done() && hang_watch_spins()) {
		ktap_diag("runs in the kernel turn after turn; the pipe lets go");
		let_go();
	}
	return hang_watch_status();
}
