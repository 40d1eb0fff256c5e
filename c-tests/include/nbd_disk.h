/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk whose reads end when this program likes: a network block device, served by a
 * thread here over a socket pair. Whatever the kernel reads for itself (partition tables)
 * is answered with zeros at once; the read that is asked for by disk_read_begin() waits.
 *
 *	need_device("/dev/nbd0", "nbd");		before ktap_start()
 *	disk_open(&disk);
 *	disk_read_begin(&disk, at, len);		returns when it is under way
 *	...						the kernel holds the pages
 *	disk_read_end(&disk, byte);			answers: len bytes of this one
 *	disk_close(&disk);
 */
#ifndef KWITNESS_NBD_DISK_H
#define KWITNESS_NBD_DISK_H

#include <endian.h>
#include <linux/fs.h>
#include <linux/nbd.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kernel_module.h"

#define DISK_PATH	"/dev/nbd0"
#define DISK_SECTOR	512UL
#define DISK_SIZE	(16UL << 20)
/* Where the read is that waits: far from what the kernel looks for by itself. */
#define DISK_HELD	(DISK_SIZE / 2)
/* The longest answer. */
#define DISK_MOST	(1UL << 20)

struct disk {
	int control, socks[2], fd;
	pthread_t driver, server, reader;
	/* A read was asked for; it is to be answered. */
	sem_t asked, answer;
	/* Of the read under way. */
	char *at;
	size_t len;
	unsigned char byte;
	atomic_int done;
};

/* The thread that lends itself to the driver until the disk is gone. */
static inline void *disk_driver(void *arg)
{
	struct disk *disk = arg;

	/* It ends well, or with what became of the socket. */
	ioctl(disk->control, NBD_DO_IT);
	return NULL;
}

/* Whether there was a request: none comes when the other end is closed. */
static inline int disk_receive(int sock, struct nbd_request *request)
{
	ssize_t n = recv(sock, request, sizeof(*request), MSG_WAITALL);

	must(n == 0 || n == sizeof(*request), "a request of the disk, of %zd bytes,", n);
	return n > 0;
}

static inline void disk_send(int sock, const void *data, size_t len)
{
	while (len) {
		ssize_t n = send(sock, data, len, MSG_NOSIGNAL);

		must(n > 0, "an answer of the disk");
		data = (const char *)data + n;
		len -= n;
	}
}

static inline void disk_serve(struct disk *disk, const struct nbd_request *request)
{
	static char data[DISK_MOST];
	struct nbd_reply reply = { .magic = htobe32(NBD_REPLY_MAGIC) };
	size_t len = be32toh(request->len);
	int byte = 0;

	must(be32toh(request->magic) == NBD_REQUEST_MAGIC, "a request of the disk");
	must(be32toh(request->type) == NBD_CMD_READ && len <= sizeof(data),
	     "request %u of %zu bytes", be32toh(request->type), len);
	if (be64toh(request->from) == DISK_HELD) {
		must(len == disk->len, "a read of %zu bytes, not %zu,", disk->len, len);
		must(!sem_post(&disk->asked), "sem_post");
		must(!sem_wait(&disk->answer), "sem_wait");
		byte = disk->byte;
	}
	memset(data, byte, len);
	memcpy(reply.handle, request->handle, sizeof(reply.handle));
	disk_send(disk->socks[1], &reply, sizeof(reply));
	disk_send(disk->socks[1], data, len);
}

static inline void *disk_server(void *arg)
{
	struct nbd_request request;
	struct disk *disk = arg;

	while (disk_receive(disk->socks[1], &request) &&
	       be32toh(request.type) != NBD_CMD_DISC)
		disk_serve(disk, &request);
	return NULL;
}

/* The disk has its size when the driver has begun. */
static inline void disk_wait(const struct disk *disk)
{
	uint64_t size;

	do {
		must(!ioctl(disk->control, BLKGETSIZE64, &size), "BLKGETSIZE64");
		sched_yield();
	} while (size != DISK_SIZE);
}

static inline void disk_open(struct disk *disk)
{
	*disk = (struct disk){ 0 };
	must(!sem_init(&disk->asked, 0, 0) && !sem_init(&disk->answer, 0, 0), "sem_init");
	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, disk->socks), "socketpair");
	disk->control = open(DISK_PATH, O_RDWR | O_CLOEXEC);
	must(disk->control >= 0, "open of " DISK_PATH);
	must(!ioctl(disk->control, NBD_SET_BLKSIZE, DISK_SECTOR), "NBD_SET_BLKSIZE");
	must(!ioctl(disk->control, NBD_SET_SIZE_BLOCKS, DISK_SIZE / DISK_SECTOR),
	     "NBD_SET_SIZE_BLOCKS");
	must(!ioctl(disk->control, NBD_SET_SOCK, disk->socks[0]), "NBD_SET_SOCK");
	must(!pthread_create(&disk->server, NULL, disk_server, disk), "pthread_create");
	must(!pthread_create(&disk->driver, NULL, disk_driver, disk), "pthread_create");
	disk_wait(disk);
	disk->fd = open(DISK_PATH, O_RDONLY | O_DIRECT | O_CLOEXEC);
	must(disk->fd >= 0, "open of " DISK_PATH " for direct I/O");
}

static inline void disk_close(struct disk *disk)
{
	must(!close(disk->fd), "close of the disk");
	must(!ioctl(disk->control, NBD_DISCONNECT), "NBD_DISCONNECT");
	must(!pthread_join(disk->server, NULL), "pthread_join");
	/* Without the other end the driver's thread comes back. */
	must(!close(disk->socks[1]), "close of the server's socket");
	must(!pthread_join(disk->driver, NULL), "pthread_join");
	must(!close(disk->control) && !close(disk->socks[0]), "close of the disk's control");
}

static inline void *disk_reader(void *arg)
{
	struct disk *disk = arg;
	ssize_t n = pread(disk->fd, disk->at, disk->len, DISK_HELD);

	must(n == (ssize_t)disk->len, "read of %zu bytes, which returned %zd,", disk->len, n);
	atomic_store(&disk->done, 1);
	return NULL;
}

/* Begin to read len bytes, a sector or more. Returns when they were asked for, not answered. */
static inline void disk_read_begin(struct disk *disk, char *at, size_t len)
{
	disk->at = at;
	disk->len = len;
	atomic_store(&disk->done, 0);
	must(!pthread_create(&disk->reader, NULL, disk_reader, disk), "pthread_create");
	must(!sem_wait(&disk->asked), "sem_wait");
}

/* Answer the read, which must be under way still, and see it end. */
static inline void disk_read_end(struct disk *disk, unsigned char byte)
{
	must(!atomic_load(&disk->done), "finding the read under way");
	disk->byte = byte;
	must(!sem_post(&disk->answer), "sem_post");
	must(!pthread_join(disk->reader, NULL), "pthread_join");
	must(atomic_load(&disk->done), "finding the read done");
}

#endif
