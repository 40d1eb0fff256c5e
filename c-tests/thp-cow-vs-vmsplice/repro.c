// SPDX-License-Identifier: GPL-2.0-only
/*
 * huge_memory: a child that kept a huge page in a pipe reads later writes of its parent.
 *
 * After fork() parent and child share a page until one of them writes. The child puts the
 * page into a pipe with vmsplice(), which takes a reference without a copy, and unmaps
 * it. Now only the parent maps the page. The kernel counted mappings to decide whether a
 * huge page is shared, so it let the parent write in place, and the child read the new
 * data of the parent from the pipe (the family of CVE-2020-29374). For small pages the
 * kernel counts references since 5.9, for huge pages since 3bff7e3f1f16: the reference of
 * the pipe forces the copy.
 *
 * The child puts two bytes of a huge page into a pipe. It reads the first before the
 * parent writes, which shows that the pipe works, and the second one after.
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
	/* The two bytes, in different pages. */
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

/* Put both bytes into the pipe, and read the first one. */
static void put(struct spliced *s)
{
	struct iovec iov[] = { { (void *)s->first, 1 }, { (void *)s->second, 1 } };
	ssize_t n = vmsplice(s->pipe[1], iov, 2, 0);
	unsigned char byte;

	REQUIRE(n == 2, "vmsplice, which returned %zd,", n);
	byte = take(s);
	REQUIRE(byte == OLD, "reading 0x%02x from the pipe, not 0x%02x", OLD, byte);
}

/* Self-check: the pipe holds the page itself, so a write in place shows in it. */
static void prove_no_copy(void)
{
	struct spliced s;
	unsigned char byte;

	splice_open(&s);
	put(&s);
	*s.second = NEW;
	byte = take(&s);
	REQUIRE(byte == NEW, "reading what was written in place, 0x%02x, not 0x%02x", NEW, byte);
	splice_close(&s);
}

static void run_child(const struct child *child, struct spliced *s, int unmaps)
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

/* Returns whether the child read the write of the parent from its pipe. */
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
		run_child(&child, &s, unmaps);
	REQUIRE(child_wait_for(&child) == 's', "waiting for the child");
	/* Self-check: it is still one huge page, and the same one. */
	thp_prove(s.at, s.size);
	REQUIRE(pagemap_frame((void *)s.second) == frame, "keeping the page over fork()");
	*s.second = NEW;
	copied = pagemap_frame((void *)s.second) != frame;
	child_release(&child);
	byte = child_wait_for(&child);
	child_release(&child);
	child_join(&child);
	splice_close(&s);

	ktap_diag("the child %s its mapping: the parent wrote 0x%02x %s, the pipe returned 0x%02x",
		  unmaps ? "removed" : "kept", NEW, copied ? "to a copy" : "in place", byte);
	if (byte != (copied ? OLD : NEW))
		ktap_bail("the byte from the pipe contradicts the frame number");
	return byte == NEW;
}

int main(void)
{
	need_root();
	need_kpageflags();
	need_thp();

	ktap_start(1);
	prove_no_copy();
	REQUIRE(!leaks(KEEPS), "hiding the write from a child that keeps its mapping");
	ktap_result(leaks(UNMAPS),
		    "a huge page that a child holds in a pipe is copied on write");
	return ktap_end();
}
