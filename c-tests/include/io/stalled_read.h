/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A direct read of a file that this program serves itself, in another thread. The program
 * decides when the read completes; until then the kernel holds the pages of the buffer.
 *
 *	stalled_read_begin(&read, at, len);		returns when the read is pending
 *	...						the kernel holds the pages
 *	stalled_read_end(&read, byte);			completes it: len bytes of this value
 *
 * The server of the file calls stalled_read_init(), sets the descriptor, and gets the byte
 * for each reply from stalled_read_answer().
 */
#ifndef KWITNESS_STALLED_READ_H
#define KWITNESS_STALLED_READ_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "core/ktap.h"

struct stalled_read {
	/* Opened for direct I/O, and the offset that is read. */
	int fd;
	off_t offset;
	pthread_t reader;
	/* Posted when the server got the request, and when it may reply. */
	sem_t requested, answer;
	char *at;
	size_t len;
	unsigned char byte;
	atomic_int done;
};

/* Call it before the file is served. */
static inline void stalled_read_init(struct stalled_read *read, off_t offset)
{
	*read = (struct stalled_read){ .fd = -1, .offset = offset };
	REQUIRE(!sem_init(&read->requested, 0, 0) && !sem_init(&read->answer, 0, 0), "sem_init");
}

/*
 * In the server, for a request of len bytes: wait until it may reply, and return the byte
 * to reply with. A read through the page cache would have requested whole pages.
 */
static inline unsigned char stalled_read_answer(struct stalled_read *read, size_t len)
{
	REQUIRE(len == read->len, "a direct read of %zu bytes, not %zu,", read->len, len);
	REQUIRE(!sem_post(&read->requested), "sem_post");
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

/* Start to read len bytes. Returns when the server has the request and has not replied. */
static inline void stalled_read_begin(struct stalled_read *read, char *at, size_t len)
{
	read->at = at;
	read->len = len;
	atomic_store(&read->done, 0);
	REQUIRE(!pthread_create(&read->reader, NULL, stalled_read_main, read), "pthread_create");
	REQUIRE(!sem_wait(&read->requested), "sem_wait");
}

/* Complete the read, which must still be pending, and wait for it. */
static inline void stalled_read_end(struct stalled_read *read, unsigned char byte)
{
	REQUIRE(!atomic_load(&read->done), "finding the read pending");
	read->byte = byte;
	REQUIRE(!sem_post(&read->answer), "sem_post");
	REQUIRE(!pthread_join(read->reader, NULL), "pthread_join");
	REQUIRE(atomic_load(&read->done), "finding the read done");
}

#endif
