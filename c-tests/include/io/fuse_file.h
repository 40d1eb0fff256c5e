/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file whose reads complete when this program decides: a FUSE file system with one file,
 * served by a thread, for direct I/O only. Its one read is file.read (stalled_read.h).
 *
 *	need_fuse();					before ktap_start()
 *	fuse_file_open(&file);
 *	stalled_read_begin(&file.read, at, len);
 *	...
 *	stalled_read_end(&file.read, byte);
 *	fuse_file_close(&file);
 */
#ifndef KWITNESS_FUSE_FILE_H
#define KWITNESS_FUSE_FILE_H

#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/kernel_module.h"
#include "io/stalled_read.h"

/* The longest write request; the kernel requires a buffer of at least twice this size. */
#define FUSE_FILE_WRITE	4096
#define FUSE_FILE_SIZE	4096
#define FUSE_FILE_MINOR	31

struct fuse_file {
	int dev;
	char name[32];
	pthread_t server;
	/* Posted when the kernel has released the file. */
	sem_t released;
	struct stalled_read read;
};

/* Skip if there is no FUSE. Call it before ktap_start(). */
static inline void need_fuse(void)
{
	need_device("/dev/fuse", "fuse");
}

/* Answer a request with an error, or with len bytes of data. */
static inline void fuse_file_answer(struct fuse_file *file, uint64_t unique, int error,
				    const void *data, size_t len)
{
	static char text[sizeof(struct fuse_out_header) + FUSE_FILE_SIZE];
	struct fuse_out_header head = {
		.len = sizeof(head) + len, .error = -error, .unique = unique,
	};

	REQUIRE(head.len <= sizeof(text), "answering %zu bytes", len);
	memcpy(text, &head, sizeof(head));
	memcpy(text + sizeof(head), data, len);
	REQUIRE(write(file->dev, text, head.len) == (ssize_t)head.len, "answering FUSE");
}

static inline void fuse_file_attributes(struct fuse_file *file, uint64_t unique)
{
	struct fuse_attr_out out = {
		.attr_valid = 1000000,
		.attr = { .ino = FUSE_ROOT_ID, .size = FUSE_FILE_SIZE, .mode = S_IFREG | 0600,
			  .nlink = 1, .blksize = FUSE_FILE_SIZE },
	};

	fuse_file_answer(file, unique, 0, &out, sizeof(out));
}

/* Answer a read when stalled_read_end() allows it. */
static inline void fuse_file_stall(struct fuse_file *file, uint64_t unique, uint32_t len)
{
	char data[FUSE_FILE_SIZE];

	REQUIRE(len <= sizeof(data), "serving a read of %u bytes", len);
	memset(data, stalled_read_answer(&file->read, len), len);
	fuse_file_answer(file, unique, 0, data, len);
}

static inline void fuse_file_serve(struct fuse_file *file, const struct fuse_in_header *in)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = FUSE_FILE_MINOR,
		.max_write = FUSE_FILE_WRITE, .time_gran = 1,
	};
	struct fuse_open_out open = { .fh = 1, .open_flags = FOPEN_DIRECT_IO };

	switch (in->opcode) {
	case FUSE_INIT:
		fuse_file_answer(file, in->unique, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		fuse_file_attributes(file, in->unique);
		break;
	case FUSE_OPEN:
		fuse_file_answer(file, in->unique, 0, &open, sizeof(open));
		break;
	case FUSE_READ:
		fuse_file_stall(file, in->unique, ((const struct fuse_read_in *)(in + 1))->size);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	case FUSE_RELEASE:
		fuse_file_answer(file, in->unique, 0, NULL, 0);
		REQUIRE(!sem_post(&file->released), "sem_post");
		break;
	default:
		fuse_file_answer(file, in->unique, ENOSYS, NULL, 0);
	}
}

static inline void *fuse_file_server(void *arg)
{
	static union {
		struct fuse_in_header in;
		char bytes[FUSE_MIN_READ_BUFFER + FUSE_FILE_WRITE];
	} request;
	struct fuse_file *file = arg;
	ssize_t n;
	int err;

	while ((n = read(file->dev, &request, sizeof(request))) > 0) {
		REQUIRE(n >= (ssize_t)sizeof(request.in), "reading a request of %zd bytes", n);
		fuse_file_serve(file, &request.in);
	}
	/* read() fails with ENODEV when the file system is unmounted. */
	err = errno;
	REQUIRE(n == -1 && err == ENODEV,
		"read of requests, which ended with %s,", ktap_errno(err));
	return NULL;
}

static inline void fuse_file_open(struct fuse_file *file)
{
	char options[80];
	int fd;

	*file = (struct fuse_file){ .name = "fuse-XXXXXX" };
	stalled_read_init(&file->read, 0);
	REQUIRE(!sem_init(&file->released, 0, 0), "sem_init");
	/* A mount namespace of its own, so that the mount ends with the program. */
	REQUIRE(!unshare(CLONE_NEWNS), "unshare of mounts");
	REQUIRE(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "making mounts private");
	fd = mkstemp(file->name);
	REQUIRE(fd >= 0, "mkstemp");
	close(fd);
	file->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	REQUIRE(file->dev >= 0, "open of /dev/fuse");
	/* The file is the root of the file system. */
	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=0,group_id=0", file->dev,
		 S_IFREG | 0600);
	REQUIRE(!mount("kwitness", file->name, "fuse", MS_NOSUID | MS_NODEV, options),
		"mount of fuse");
	REQUIRE(!pthread_create(&file->server, NULL, fuse_file_server, file), "pthread_create");
	file->read.fd = open(file->name, O_RDONLY | O_CLOEXEC);
	REQUIRE(file->read.fd >= 0, "open of the file in FUSE");
}

static inline void fuse_file_close(struct fuse_file *file)
{
	REQUIRE(!close(file->read.fd), "close of the file in FUSE");
	/* The kernel does not wait for this answer and accepts none after the unmount. */
	REQUIRE(!sem_wait(&file->released), "sem_wait");
	REQUIRE(!umount2(file->name, 0), "umount");
	REQUIRE(!pthread_join(file->server, NULL), "pthread_join");
	REQUIRE(!close(file->dev), "close of /dev/fuse");
	REQUIRE(!unlink(file->name), "unlink of %s", file->name);
}

#endif
