// SPDX-License-Identifier: GPL-2.0-only
/*
 * huge_memory: a child that kept a huge page in a pipe reads what its parent writes later.
 *
 * After fork() parent and child share a page until one of them writes. The child puts it
 * into a pipe by vmsplice(), which takes a reference and no copy, and unmaps it. Now the
 * parent's is the only mapping; the kernel counted mappings to tell whether a huge page is
 * shared, let the parent write in place, and the child read its parent's new data out of
 * the pipe (the family of CVE-2020-29374). Small pages count references since 5.9, huge
 * ones since 3bff7e3f1f16: the pipe's reference makes the write copy.
 *
 * Here two bytes of a huge page go into the child's pipe. The first is read before the
 * parent writes, which shows that the pipe works, the second after.
 */
#include <sys/uio.h>

#include "core/child.h"
#include "core/need.h"
#include "mm/thp.h"

#define OLD 1
#define NEW 0x5a
#define KEEPS 0
#define UNMAPS 1

struct spliced {
	char *at;
	size_t size;
	/* The two bytes, each in a page of its own. */
	volatile char *first, *second;
	int pipe[2];
};

static void splice_open(struct spliced *s)
{
	s->size = thp_size();
	s->at = thp_page(s->size, OLD);
	s->first = s->at;
	s->second = s->at + sysconf(_SC_PAGESIZE);
	REQUIRE(!pipe2(s->pipe, O_CLOEXEC | O_NONBLOCK), "pipe");
}

static void splice_close(struct spliced *s)
{
	REQUIRE(!close(s->pipe[0]) && !close(s->pipe[1]), "close of the pipe");
	REQUIRE(!munmap(s->at, s->size), "munmap");
}

static unsigned char take(struct spliced *s)
{
	unsigned char byte;

	REQUIRE(read(s->pipe[0], &byte, 1) == 1, "read of the pipe");
	return byte;
}

/* Put both bytes into the pipe, and take the first one out. */
static void put(struct spliced *s)
{
	struct iovec iov[] = { { (void *)s->first, 1 }, { (void *)s->second, 1 } };
	ssize_t n = vmsplice(s->pipe[1], iov, 2, 0);
	unsigned char byte;

	REQUIRE(n == 2, "vmsplice, which returned %zd,", n);
	byte = take(s);
	REQUIRE(byte == OLD, "taking 0x%02x out of the pipe, not 0x%02x", OLD, byte);
}

/* Self-check: the pipe holds the page itself. A write in place is seen in it. */
static void prove_no_copy(void)
{
	struct spliced s;
	unsigned char byte;

	splice_open(&s);
	put(&s);
	*s.second = NEW;
	byte = take(&s);
	REQUIRE(byte == NEW, "taking what was written in place, 0x%02x, not 0x%02x", NEW, byte);
	splice_close(&s);
}

static void child_part(const struct child *child, struct spliced *s, int unmaps)
{
	REQUIRE(*s->second == OLD, "sharing the parent's page");
	put(s);
	REQUIRE(!unmaps || !munmap(s->at, s->size), "munmap in the child");
	child_notify(child, 's');
	child_wait_release(child);
	child_notify(child, take(s));
	child_wait_release(child);
	child_exit();
}

/* Returns whether the child's pipe gave it what the parent wrote. */
static int leaks(int unmaps)
{
	struct child child;
	unsigned char byte;
	struct spliced s;
	uint64_t frame;
	int copied;

	splice_open(&s);
	frame = pagemap_frame((void *)s.second);
	if (child_fork(&child))
		child_part(&child, &s, unmaps);
	REQUIRE(child_wait_for(&child) == 's', "the child's being ready");
	/* Self-check: it is one huge page still, and the same. */
	thp_prove(s.at, s.size);
	REQUIRE(pagemap_frame((void *)s.second) == frame, "keeping the page over fork()");
	*s.second = NEW;
	copied = pagemap_frame((void *)s.second) != frame;
	child_release(&child);
	byte = child_wait_for(&child);
	child_release(&child);
	child_join(&child);
	splice_close(&s);

	ktap_diag("the child %s its mapping: the parent wrote 0x%02x %s, the pipe gave 0x%02x",
		  unmaps ? "gave up" : "kept", NEW, copied ? "to a copy" : "in place", byte);
	if (byte != (copied ? OLD : NEW))
		ktap_bail("what the pipe gave and the frame do not go together");
	return byte == NEW;
}

int main(void)
{
	need_root();
	need_kpageflags();
	need_thp();

	ktap_start(1);
	prove_no_copy();
	REQUIRE(!leaks(KEEPS), "keeping the parent's write from a child that has the page mapped");
	ktap_result(leaks(UNMAPS),
		    "a huge page that a child holds in a pipe is copied before a write");
	return ktap_end();
}
