/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A direct read of a file that this program serves itself, in another thread, and that
 * ends when it likes: until then the kernel holds the reader's pages.
 *
 *	stalled_read_begin(&read, at, len);		returns when it is under way
 *	...						the kernel holds the pages
 *	stalled_read_end(&read, byte);			answers: len bytes of this one
 *
 * Who serves the file gets stalled_read_init() and the descriptor ready, and asks for each
 * answer by stalled_read_answer().
 */
#ifndef KWITNESS_STALLED_READ_H
#define KWITNESS_STALLED_READ_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "core/ktap.h"

struct stalled_read {
	/* To be opened for direct I/O, and where in it is read. */
	int fd;
	off_t offset;
	pthread_t reader;
	/* The read was asked for; it is to be answered. */
	sem_t asked, answer;
	char *at;
	size_t len;
	unsigned char byte;
	atomic_int done;
};

/* Before the file is served. */
static inline void stalled_read_init(struct stalled_read *read, off_t offset)
{
	*read = (struct stalled_read){ .fd = -1, .offset = offset };
	REQUIRE(!sem_init(&read->asked, 0, 0) && !sem_init(&read->answer, 0, 0), "sem_init");
}

/*
 * Who serves was asked for so many bytes: wait until they may be answered, with this byte.
 * By way of the page cache whole pages would have been asked for.
 */
static inline unsigned char stalled_read_answer(struct stalled_read *read, size_t len)
{
	REQUIRE(len == read->len, "a direct read of %zu bytes, not %zu,", read->len, len);
	REQUIRE(!sem_post(&read->asked), "sem_post");
	REQUIRE(!sem_wait(&read->answer), "sem_wait");
	return read->byte;
}

static inline void *stalled_read_main(void *arg)
{
	struct stalled_read *read = arg;
	ssize_t n = pread(read->fd, read->at, read->len, read->offset);

	REQUIRE(n == (ssize_t)read->len, "read of %zu bytes, which returned %zd,", read->len, n);
	atomic_store(&read->done, 1);
	return NULL;
}

/* Begin to read len bytes. Returns when they were asked for, and not answered. */
static inline void stalled_read_begin(struct stalled_read *read, char *at, size_t len)
{
	read->at = at;
	read->len = len;
	atomic_store(&read->done, 0);
	REQUIRE(!pthread_create(&read->reader, NULL, stalled_read_main, read), "pthread_create");
	REQUIRE(!sem_wait(&read->asked), "sem_wait");
}

/* Answer the read, which must be under way still, and see it end. */
static inline void stalled_read_end(struct stalled_read *read, unsigned char byte)
{
	REQUIRE(!atomic_load(&read->done), "finding the read under way");
	read->byte = byte;
	REQUIRE(!sem_post(&read->answer), "sem_post");
	REQUIRE(!pthread_join(read->reader, NULL), "pthread_join");
	REQUIRE(atomic_load(&read->done), "finding the read done");
}

#endif
