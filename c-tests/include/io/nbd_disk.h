/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk whose reads complete when this program decides: a network block device, served by
 * a thread over a socket pair. Reads by the kernel itself (partition tables) are answered
 * with zeroes at once; disk.read, of one or more sectors, stalls (stalled_read.h).
 *
 *	need_device(DISK_PATH, "nbd");			before ktap_start()
 *	disk_open(&disk);
 *	stalled_read_begin(&disk.read, at, len);
 *	...
 *	stalled_read_end(&disk.read, byte);
 *	disk_close(&disk);
 */
#ifndef KWITNESS_NBD_DISK_H
#define KWITNESS_NBD_DISK_H

#include <endian.h>
#include <linux/fs.h>
#include <linux/nbd.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "core/kernel_module.h"
#include "io/stalled_read.h"

#define DISK_PATH	"/dev/nbd0"
#define DISK_SECTOR	512UL
#define DISK_SIZE	(16UL << 20)
/* Offset of the read that stalls: far from what the kernel reads by itself. */
#define DISK_STALLED	(DISK_SIZE / 2)
/* The longest reply. */
#define DISK_MAX_REPLY	(1UL << 20)

struct disk {
	int control, socks[2];
	pthread_t driver, server;
	struct stalled_read read;
};

/* The thread that the driver uses until the disk is disconnected. */
static inline void *disk_driver(void *arg)
{
	struct disk *disk = arg;

	/* Returns 0, or an error of the socket: both are expected. */
	ioctl(disk->control, NBD_DO_IT);
	return NULL;
}

/* Read a request. Returns 0 if the other end was closed. */
static inline int disk_receive(int sock, struct nbd_request *request)
{
	ssize_t n = recv(sock, request, sizeof(*request), MSG_WAITALL);

	REQUIRE(n == 0 || n == sizeof(*request), "reading a request of the disk, of %zd bytes,", n);
	return n > 0;
}

static inline void disk_send(int sock, const void *data, size_t len)
{
	while (len) {
		ssize_t n = send(sock, data, len, MSG_NOSIGNAL);

		REQUIRE(n > 0, "sending a reply of the disk");
		data = (const char *)data + n;
		len -= n;
	}
}

static inline void disk_serve(struct disk *disk, const struct nbd_request *request)
{
	static char data[DISK_MAX_REPLY];
	struct nbd_reply reply = { .magic = htobe32(NBD_REPLY_MAGIC) };
	size_t len = be32toh(request->len);
	int byte = 0;

	REQUIRE(be32toh(request->magic) == NBD_REQUEST_MAGIC, "recognising a request of the disk");
	REQUIRE(be32toh(request->type) == NBD_CMD_READ && len <= sizeof(data),
		"serving request %u of %zu bytes", be32toh(request->type), len);
	if (be64toh(request->from) == DISK_STALLED)
		byte = stalled_read_answer(&disk->read, len);
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

/* The disk has its size when the driver has started. */
static inline void disk_wait(const struct disk *disk)
{
	uint64_t size;

	do {
		REQUIRE(!ioctl(disk->control, BLKGETSIZE64, &size), "BLKGETSIZE64");
		sched_yield();
	} while (size != DISK_SIZE);
}

static inline void disk_open(struct disk *disk)
{
	*disk = (struct disk){ 0 };
	stalled_read_init(&disk->read, DISK_STALLED);
	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, disk->socks), "socketpair");
	disk->control = open(DISK_PATH, O_RDWR | O_CLOEXEC);
	REQUIRE(disk->control >= 0, "open of " DISK_PATH);
	REQUIRE(!ioctl(disk->control, NBD_SET_BLKSIZE, DISK_SECTOR), "NBD_SET_BLKSIZE");
	REQUIRE(!ioctl(disk->control, NBD_SET_SIZE_BLOCKS, DISK_SIZE / DISK_SECTOR),
		"NBD_SET_SIZE_BLOCKS");
	REQUIRE(!ioctl(disk->control, NBD_SET_SOCK, disk->socks[0]), "NBD_SET_SOCK");
	REQUIRE(!pthread_create(&disk->server, NULL, disk_server, disk), "pthread_create");
	REQUIRE(!pthread_create(&disk->driver, NULL, disk_driver, disk), "pthread_create");
	disk_wait(disk);
	disk->read.fd = open(DISK_PATH, O_RDONLY | O_DIRECT | O_CLOEXEC);
	REQUIRE(disk->read.fd >= 0, "open of " DISK_PATH " for direct I/O");
}

static inline void disk_close(struct disk *disk)
{
	REQUIRE(!close(disk->read.fd), "close of the disk");
	REQUIRE(!ioctl(disk->control, NBD_DISCONNECT), "NBD_DISCONNECT");
	REQUIRE(!pthread_join(disk->server, NULL), "pthread_join");
	/* Closing the other end makes the driver thread return. */
	REQUIRE(!close(disk->socks[1]), "close of the server's socket");
	REQUIRE(!pthread_join(disk->driver, NULL), "pthread_join");
	REQUIRE(!close(disk->control) && !close(disk->socks[0]), "close of the disk's control");
}

#endif
