/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of io_uring that reproducers need, by raw system calls: pin pages as registered
 * ("fixed") buffers, and later read the pinned pages, whatever the page tables map by then.
 *
 *	need_uring();					before ktap_start()
 *	err = uring_open(&ring);			0 or -errno
 *	err = uring_register(&ring, iovecs, n);		pins, 0 or -errno
 *	byte = uring_peek(&ring, i, addr);		first byte of the page pinned at addr
 *	uring_unregister(&ring);
 *	uring_close(&ring);
 */
#ifndef KWITNESS_URING_H
#define KWITNESS_URING_H

#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "mm/memory.h"

struct uring {
	int fd, file;
	char *rings;
	size_t rings_len, sqes_len;
	struct io_uring_sqe *sqes;
	struct io_uring_params p;
};

/* Set up a ring for one request at a time. Returns 0 or -errno of io_uring_setup(). */
static inline int uring_open(struct uring *ring)
{
	struct io_uring_params *p = &ring->p;
	size_t sq_len, cq_len;

	*ring = (struct uring){ 0 };
	ring->fd = syscall(SYS_io_uring_setup, 1, p);
	if (ring->fd < 0)
		return -errno;
	/* Since 5.4: one mapping holds the submission and the completion ring. */
	REQUIRE(p->features & IORING_FEAT_SINGLE_MMAP, "io_uring: one mapping for both rings");
	sq_len = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	cq_len = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	ring->rings_len = sq_len > cq_len ? sq_len : cq_len;
	ring->sqes_len = p->sq_entries * sizeof(struct io_uring_sqe);
	ring->rings = mmap(NULL, ring->rings_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			   ring->fd, IORING_OFF_SQ_RING);
	REQUIRE(ring->rings != MAP_FAILED, "mmap of the rings");
	ring->sqes = mmap(NULL, ring->sqes_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  ring->fd, IORING_OFF_SQES);
	REQUIRE(ring->sqes != MAP_FAILED, "mmap of the requests");
	ring->file = memory_file(0);
	return 0;
}

static inline void uring_close(struct uring *ring)
{
	REQUIRE(!munmap(ring->sqes, ring->sqes_len), "munmap of the requests");
	REQUIRE(!munmap(ring->rings, ring->rings_len), "munmap of the rings");
	REQUIRE(!close(ring->file), "close of the memfd");
	REQUIRE(!close(ring->fd), "close of the ring");
}

/* Skip if there is no io_uring. Call it before ktap_start(). */
static inline void need_uring(void)
{
	struct uring ring;
	int err = uring_open(&ring);

	if (err)
		ktap_skip_all("io_uring_setup: %s", ktap_errno(-err));
	uring_close(&ring);
}

/* Pin the pages of n iovecs for writing, in order. Returns 0 or -errno. */
static inline int uring_register(struct uring *ring, struct iovec *iov, unsigned int n)
{
	long err = syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS, iov, n);

	return err ? -errno : 0;
}

static inline void uring_unregister(struct uring *ring)
{
	REQUIRE(!syscall(SYS_io_uring_register, ring->fd, IORING_UNREGISTER_BUFFERS, NULL, 0),
		"IORING_UNREGISTER_BUFFERS");
}

/*
 * Read one byte of a registered buffer through its pin: the kernel writes the byte to a
 * file from the pinned page, without a page table walk.
 */
static inline unsigned char uring_peek(struct uring *ring, unsigned int index, void *addr)
{
	struct io_uring_params *p = &ring->p;
	uint32_t *sq_tail = (uint32_t *)(ring->rings + p->sq_off.tail);
	uint32_t *sq_array = (uint32_t *)(ring->rings + p->sq_off.array);
	uint32_t *cq_head = (uint32_t *)(ring->rings + p->cq_off.head);
	uint32_t *cq_tail = (uint32_t *)(ring->rings + p->cq_off.tail);
	uint32_t *cq_mask = (uint32_t *)(ring->rings + p->cq_off.ring_mask);
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(ring->rings + p->cq_off.cqes);
	unsigned char byte;
	int done, res;

	ring->sqes[0] = (struct io_uring_sqe){
		.opcode = IORING_OP_WRITE_FIXED, .fd = ring->file,
		.addr = (uintptr_t)addr, .len = 1, .buf_index = index,
	};
	/* The ring has a single slot, number 0. */
	sq_array[0] = 0;
	__atomic_store_n(sq_tail, *sq_tail + 1, __ATOMIC_RELEASE);
	done = syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	REQUIRE(done == 1, "io_uring_enter, which returned %d,", done);
	/* Task work for a ring closed earlier may interrupt the wait. */
	while (__atomic_load_n(cq_tail, __ATOMIC_ACQUIRE) == *cq_head)
		REQUIRE(!syscall(SYS_io_uring_enter, ring->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL,
				 0) || errno == EINTR, "waiting for io_uring");
	res = cqes[*cq_head & *cq_mask].res;
	__atomic_store_n(cq_head, *cq_head + 1, __ATOMIC_RELEASE);
	REQUIRE(res == 1, "IORING_OP_WRITE_FIXED, which returned %d,", res);
	REQUIRE(pread(ring->file, &byte, 1, 0) == 1, "pread of the memfd");
	return byte;
}

#endif
