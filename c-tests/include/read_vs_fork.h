/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A direct read that is under way while its process forks and writes to the page that is
 * read into: does what it brings still come into the process's memory? For any read that
 * this program can keep waiting, of bytes at the beginning of a page.
 *
 *	static const struct slow_read how = { .begin = ..., .end = ..., .len = 512 };
 *
 *	read_vs_fork_prove(&how);		the oracle, in the same guest
 *	ktap_result(read_vs_fork_loses(&how), "...");
 */
#ifndef KWITNESS_READ_VS_FORK_H
#define KWITNESS_READ_VS_FORK_H

#include "child.h"
#include "memory.h"
#include "pagemap.h"

struct slow_read {
	/* Begin to read len bytes; return when it is under way, held by who is to answer. */
	void (*begin)(char *at, size_t len);
	/* See that it is under way still, have it answered with len of this byte, see it end. */
	void (*end)(unsigned char byte);
	/* Less than a page: the last byte is this program's to write. */
	size_t len;
};

enum { READ_FILLED = 1, READ_WRITTEN = 0x5a, READ_ANSWER = 0xa5 };

static inline char *read_page(void)
{
	return small_pages(sysconf(_SC_PAGESIZE), READ_FILLED);
}

static inline void read_unmap(char *at)
{
	must(!munmap(at, sysconf(_SC_PAGESIZE)), "munmap");
}

/* How many bytes of the answer are there. */
static inline size_t read_arrived(const struct slow_read *how, const char *at)
{
	size_t found = 0;

	for (size_t i = 0; i < how->len; i++)
		found += ((const volatile unsigned char *)at)[i] == READ_ANSWER;
	return found;
}

static inline void read_write_last(char *at)
{
	*(volatile char *)(at + sysconf(_SC_PAGESIZE) - 1) = READ_WRITTEN;
}

/* Self-check: an answer comes into the page that was there when it was asked for. */
static inline void read_prove_arrival(const struct slow_read *how)
{
	char *at = read_page();
	uint64_t frame = pagemap_frame(at);

	how->begin(at, how->len);
	must(!read_arrived(how, at), "finding no answer before it is given");
	read_write_last(at);
	how->end(READ_ANSWER);
	must(pagemap_frame(at) == frame, "keeping the page");
	must(read_arrived(how, at) == how->len, "finding the answer");
	read_unmap(at);
}

/* Self-check: with another page in its place, the answer is missed. */
static inline void read_prove_loss(const struct slow_read *how)
{
	char *at = read_page();
	uint64_t frame = pagemap_frame(at);

	how->begin(at, how->len);
	must(!madvise(at, sysconf(_SC_PAGESIZE), MADV_DONTNEED), "MADV_DONTNEED");
	read_write_last(at);
	must(pagemap_frame(at) != frame, "getting another page while the read holds the first");
	how->end(READ_ANSWER);
	must(!read_arrived(how, at), "missing the answer in another page");
	read_unmap(at);
}

static inline void read_vs_fork_prove(const struct slow_read *how)
{
	must(how->len < (size_t)sysconf(_SC_PAGESIZE), "reading less than a page");
	read_prove_arrival(how);
	read_prove_loss(how);
}

/* The child says whether it finds the answer, when it begins and when it is let. */
static inline void read_watch(const struct child *child, const struct slow_read *how,
			      const char *at)
{
	for (int i = 0; i < 2; i++) {
		size_t found = read_arrived(how, at);

		must(!found || found == how->len, "finding none or all of the answer in the child");
		child_say(child, !!found);
		child_wait(child);
	}
	child_exit();
}

/* Returns whether the answer missed the parent. */
static inline int read_vs_fork_loses(const struct slow_read *how)
{
	char *at = read_page(), *other = read_page();
	uint64_t frame = pagemap_frame(at), other_frame = pagemap_frame(other);
	int childs, replaced;
	struct child child;
	size_t own;

	how->begin(at, how->len);
	if (child_fork(&child))
		read_watch(&child, how, at);
	must(!child_hear(&child), "finding no answer in the child");
	must(pagemap_frame(at) == frame, "keeping the page over fork()");
	/* Self-check: this fork() shares pages, and a write to them copies. */
	read_write_last(other);
	must(pagemap_frame(other) != other_frame, "copying a shared page that is not read into");

	read_write_last(at);
	replaced = pagemap_frame(at) != frame;
	how->end(READ_ANSWER);
	own = read_arrived(how, at);
	/* Self-check: the child was there all the time. */
	child_let(&child);
	childs = child_hear(&child);
	child_let(&child);
	child_join(&child);
	read_unmap(at);
	read_unmap(other);

	ktap_diag("%zu of %zu bytes came to the parent, %s to the child; the parent's page was %s",
		  own, how->len, childs ? "all" : "none", replaced ? "replaced" : "kept");
	if (own != (replaced ? 0 : how->len) || childs != replaced)
		ktap_bail("where the answer is and the frame do not go together");
	return replaced;
}

#endif
