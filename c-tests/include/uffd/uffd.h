/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A userfaultfd, as its monitor uses it: open it, register memory, wait for messages and
 * read them, and the ioctls that answer, each as a function that returns 0 or errno.
 */
#ifndef KWITNESS_UFFD_H
#define KWITNESS_UFFD_H

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "core/ktap.h"
#include "uffd/lapi_userfaultfd.h"

/* A descriptor with these features, or -errno. O_NONBLOCK, because poll() needs it. */
static inline int uffd_open(__u64 features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	int err = errno;

	if (fd < 0)
		return -err;
	if (!ioctl(fd, UFFDIO_API, &api))
		return fd;
	err = errno;
	close(fd);
	return -err;
}

/* The same, but skip the program if the kernel refuses. Call it before ktap_start(). */
static inline int need_uffd(__u64 features, const char *names)
{
	int fd = uffd_open(0);

	if (fd < 0)
		ktap_skip_all("userfaultfd: %s", ktap_errno(-fd));
	close(fd);
	fd = uffd_open(features);
	if (fd < 0)
		ktap_skip_all("UFFDIO_API with %s: %s", names, ktap_errno(-fd));
	return fd;
}

/* 0 or errno. */
static inline int uffd_register(int fd, void *at, size_t len, __u64 mode)
{
	struct uffdio_register arg = { .range = { (uintptr_t)at, len }, .mode = mode };

	return ioctl(fd, UFFDIO_REGISTER, &arg) ? errno : 0;
}

/* 0 or errno. */
static inline int uffd_unregister(int fd, const void *at, size_t len)
{
	struct uffdio_range range = { (uintptr_t)at, len };

	return ioctl(fd, UFFDIO_UNREGISTER, &range) ? errno : 0;
}

/* Wake the threads that wait for a page of this range. 0 or errno. */
static inline int uffd_wake(int fd, const void *at, size_t len)
{
	struct uffdio_range range = { (uintptr_t)at, len };

	return ioctl(fd, UFFDIO_WAKE, &range) ? errno : 0;
}

/* Fill missing pages with the contents of others. 0 or errno. */
static inline int uffd_copy(int fd, void *to, const void *from, size_t len)
{
	struct uffdio_copy arg = { .dst = (uintptr_t)to, .src = (uintptr_t)from, .len = len };

	return ioctl(fd, UFFDIO_COPY, &arg) ? errno : 0;
}

/* Fill missing pages with zeroes. 0 or errno. */
static inline int uffd_zeropage(int fd, const void *at, size_t len)
{
	struct uffdio_zeropage arg = { .range = { (uintptr_t)at, len } };

	return ioctl(fd, UFFDIO_ZEROPAGE, &arg) ? errno : 0;
}

/* Map pages that the file already has. 0 or errno. */
static inline int uffd_continue(int fd, const void *at, size_t len)
{
	struct uffdio_continue arg = { .range = { (uintptr_t)at, len } };

	return ioctl(fd, UFFDIO_CONTINUE, &arg) ? errno : 0;
}

/* Move pages. 0, or errno if none moved; bails out if only some did. */
static inline int uffd_move(int fd, void *to, const void *from, size_t len)
{
	struct uffdio_move arg = {
		.dst = (uintptr_t)to, .src = (uintptr_t)from, .len = len,
	};
	int err = ioctl(fd, UFFDIO_MOVE, &arg) ? errno : 0;

	if (arg.move > 0 && (size_t)arg.move != len)
		ktap_bail("UFFDIO_MOVE moved %lld of %zu bytes", (long long)arg.move, len);
	return err;
}

/* Write-protect a range or remove the protection. 0 or errno. */
static inline int uffd_writeprotect(int fd, const void *at, size_t len, int protect)
{
	struct uffdio_writeprotect arg = {
		.range = { (uintptr_t)at, len },
		.mode = protect ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(fd, UFFDIO_WRITEPROTECT, &arg) ? errno : 0;
}

/* Whether a message is pending; timeout in ms as for poll(), -1 for none. */
static inline int uffd_readable(int fd, int timeout)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int n = poll(&poller, 1, timeout);

	REQUIRE(n >= 0 && !(poller.revents & ~POLLIN),
		"poll of userfaultfd (0x%x)", poller.revents);
	return n;
}

/* Wait for a message and read it; bails out if it is another event. */
static inline struct uffd_msg uffd_read(int fd, int event)
{
	struct uffd_msg msg;

	uffd_readable(fd, -1);
	REQUIRE(read(fd, &msg, sizeof(msg)) == sizeof(msg), "read of userfaultfd");
	if (msg.event != event)
		ktap_bail("userfaultfd reports event 0x%x, expected 0x%x", msg.event, event);
	return msg;
}

#endif
