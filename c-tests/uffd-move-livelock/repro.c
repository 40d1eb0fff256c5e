// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: UFFDIO_MOVE of a part of a huge page never returns while others hold it.
 *
 * To move one page of a huge page the kernel must split it, which fails while somebody
 * else holds a reference; here a pipe does, into which a page was spliced. The kernel
 * took the failed split for a race and retried forever, until the program was killed.
 * Since the fix it refuses such a move with EBUSY.
 *
 * A child moves such a page. If it keeps running in the kernel, the parent takes the page
 * out of the pipe: if the move then completes, it had been retrying.
 */
#include <sys/uio.h>

#include "core/hang_watch.h"
#include "core/need.h"
#include "mm/memory.h"
#include "mm/thp.h"
#include "uffd/uffd.h"

/* Write to a huge page, and check that it is one. */
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
 * Move a page. Returns whether it moved, whatever the call returned: 6.18 to 7.1 sometimes
 * retry a move that already succeeded, and fail with EEXIST.
 */
static int moves(int fd, char *to, char *from, size_t page)
{
	int err = uffd_move(fd, to, from, page);

	return (!err || err == EEXIST) && is_moved(to, from);
}

static int fds[2];

/* Take the page out of the pipe. */
static void empty_pipe(void)
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

	/* Self-check: a page of a huge page without other references is moved. */
	fill(from, huge);
	REQUIRE(moves(fd, to, from, page), "UFFDIO_MOVE of a page of a huge page");
	REQUIRE(to[0] == 'h', "finding the contents in the moved page");

	from += huge;
	to += page;
	fill(from, huge);
	/* The last page, so that the moved page is not the one in the pipe. */
	iov.iov_base = from + huge - page;
	REQUIRE(vmsplice(fds[1], &iov, 1, 0) == (ssize_t)page, "vmsplice of a page");
	REQUIRE(thp_frame(from, huge), "finding the huge page whole");

	ktap_diag("moving a page of a huge page that a pipe holds");
	hang_watch_enter();
	err = uffd_move(fd, to, from, page);
	hang_watch_leave();
	ktap_diag("UFFDIO_MOVE: %s", ktap_outcome(err));
	if (err == EBUSY) {
		/* Self-check: only the pipe was in the way. */
		empty_pipe();
		REQUIRE(moves(fd, to, from, page), "UFFDIO_MOVE after the pipe was emptied");
	}
	REQUIRE(is_moved(to, from), "finding the page moved");
	REQUIRE(to[0] == 'h', "finding the contents in the page");
	ktap_result(err != EBUSY, "moving a page of a huge page that a pipe holds is refused");
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
		ktap_diag("keeps running in the kernel; emptying the pipe");
		empty_pipe();
	}
	return hang_watch_status();
}
