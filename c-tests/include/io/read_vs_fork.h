/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A direct read into a page is pending while the process forks and writes to that page:
 * does the data still arrive in the memory of the process? For any read that this program
 * can stall, of bytes at the start of a page.
 *
 *	read_vs_fork_prove(&read, len);		self-checks of the oracle
 *	ktap_result(read_vs_fork_loses(&read, len), "...");
 *
 * A read is shorter than a page, because the program writes the last byte.
 */
#ifndef KWITNESS_READ_VS_FORK_H
#define KWITNESS_READ_VS_FORK_H

#include "core/child.h"
#include "io/stalled_read.h"
#include "mm/memory.h"
#include "mm/pagemap.h"

enum { READ_FILLED = 1, READ_WRITTEN = 0x5a, READ_ANSWER = 0xa5 };

static inline char *read_page(void)
{
	return small_pages(sysconf(_SC_PAGESIZE), READ_FILLED);
}

static inline void read_unmap(char *at)
{
	REQUIRE(!munmap(at, sysconf(_SC_PAGESIZE)), "munmap");
}

/* How many bytes of the answer have arrived. */
static inline size_t read_arrived(const char *at, size_t len)
{
	size_t found = 0;

	for (size_t i = 0; i < len; i++)
		found += ((const volatile unsigned char *)at)[i] == READ_ANSWER;
	return found;
}

static inline void read_write_last(char *at)
{
	*(volatile char *)(at + sysconf(_SC_PAGESIZE) - 1) = READ_WRITTEN;
}

/* Self-check: the answer arrives in the page that was mapped when the read started. */
static inline void read_prove_arrival(struct stalled_read *read, size_t len)
{
	char *at = read_page();
	uint64_t frame = pagemap_frame(at);

	stalled_read_begin(read, at, len);
	REQUIRE(!read_arrived(at, len), "finding no answer before it is sent");
	read_write_last(at);
	stalled_read_end(read, READ_ANSWER);
	REQUIRE(pagemap_frame(at) == frame, "keeping the page");
	REQUIRE(read_arrived(at, len) == len, "finding the answer");
	read_unmap(at);
}

/* Self-check: if another page was mapped in its place, the answer does not arrive. */
static inline void read_prove_loss(struct stalled_read *read, size_t len)
{
	char *at = read_page();
	uint64_t frame = pagemap_frame(at);

	stalled_read_begin(read, at, len);
	REQUIRE(!madvise(at, sysconf(_SC_PAGESIZE), MADV_DONTNEED), "MADV_DONTNEED");
	read_write_last(at);
	REQUIRE(pagemap_frame(at) != frame, "getting another page while the read is pending");
	stalled_read_end(read, READ_ANSWER);
	REQUIRE(!read_arrived(at, len), "finding no answer in another page");
	read_unmap(at);
}

static inline void read_vs_fork_prove(struct stalled_read *read, size_t len)
{
	REQUIRE(len < (size_t)sysconf(_SC_PAGESIZE), "reading less than a page");
	read_prove_arrival(read, len);
	read_prove_loss(read, len);
}

/* The child reports whether it sees the answer, at its start and once released. */
static inline void read_child(const struct child *child, const char *at, size_t len)
{
	for (int i = 0; i < 2; i++) {
		size_t found = read_arrived(at, len);

		REQUIRE(!found || found == len, "finding none or all of the answer in the child");
		child_notify(child, !!found);
		child_wait_release(child);
	}
	child_exit();
}

/* Returns whether the answer did not arrive in the parent. */
static inline int read_vs_fork_loses(struct stalled_read *read, size_t len)
{
	char *at = read_page(), *other = read_page();
	uint64_t frame = pagemap_frame(at), other_frame = pagemap_frame(other);
	int childs, replaced;
	struct child child;
	size_t own;

	stalled_read_begin(read, at, len);
	if (child_fork(&child))
		read_child(&child, at, len);
	REQUIRE(!child_wait_for(&child), "finding no answer in the child");
	REQUIRE(pagemap_frame(at) == frame, "keeping the page over fork()");
	/* Self-check: fork() shares pages, and a write to one copies it. */
	read_write_last(other);
	REQUIRE(pagemap_frame(other) != other_frame, "copying a shared page that no read fills");

	read_write_last(at);
	replaced = pagemap_frame(at) != frame;
	stalled_read_end(read, READ_ANSWER);
	own = read_arrived(at, len);
	/* Self-check: the child was alive all the time. */
	child_release(&child);
	childs = child_wait_for(&child);
	child_release(&child);
	child_join(&child);
	read_unmap(at);
	read_unmap(other);

	ktap_diag("%zu of %zu bytes reached the parent, %s the child; the parent's page was %s",
		  own, len, childs ? "all" : "none", replaced ? "replaced" : "kept");
	if (own != (replaced ? 0 : len) || childs != replaced)
		ktap_bail("the place of the answer contradicts the frame number");
	return replaced;
}

#endif
