/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A direct read of a file that this program serves itself, in another thread, and that
 * ends when it likes: until then the kernel holds the reader's pages.
 *
 *	held_read_begin(&read, at, len);		returns when it is under way
 *	...						the kernel holds the pages
 *	held_read_end(&read, byte);			answers: len bytes of this one
 *
 * Who serves the file gets held_read_init() and the descriptor ready, and asks for each
 * answer by held_read_answer().
 */
#ifndef KWITNESS_HELD_READ_H
#define KWITNESS_HELD_READ_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "ktap.h"

struct held_read {
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
static inline void held_read_init(struct held_read *read, off_t offset)
{
	*read = (struct held_read){ .fd = -1, .offset = offset };
	must(!sem_init(&read->asked, 0, 0) && !sem_init(&read->answer, 0, 0), "sem_init");
}

/*
 * Who serves was asked for so many bytes: wait until they may be answered, with this byte.
 * By way of the page cache whole pages would have been asked for.
 */
static inline unsigned char held_read_answer(struct held_read *read, size_t len)
{
	must(len == read->len, "a direct read of %zu bytes, not %zu,", read->len, len);
	must(!sem_post(&read->asked), "sem_post");
	must(!sem_wait(&read->answer), "sem_wait");
	return read->byte;
}

static inline void *held_read_main(void *arg)
{
	struct held_read *read = arg;
	ssize_t n = pread(read->fd, read->at, read->len, read->offset);

	must(n == (ssize_t)read->len, "read of %zu bytes, which returned %zd,", read->len, n);
	atomic_store(&read->done, 1);
	return NULL;
}

/* Begin to read len bytes. Returns when they were asked for, and not answered. */
static inline void held_read_begin(struct held_read *read, char *at, size_t len)
{
	read->at = at;
	read->len = len;
	atomic_store(&read->done, 0);
	must(!pthread_create(&read->reader, NULL, held_read_main, read), "pthread_create");
	must(!sem_wait(&read->asked), "sem_wait");
}

/* Answer the read, which must be under way still, and see it end. */
static inline void held_read_end(struct held_read *read, unsigned char byte)
{
	must(!atomic_load(&read->done), "finding the read under way");
	read->byte = byte;
	must(!sem_post(&read->answer), "sem_post");
	must(!pthread_join(read->reader, NULL), "pthread_join");
	must(atomic_load(&read->done), "finding the read done");
}

#endif
