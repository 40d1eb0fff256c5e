/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A userfaultfd seen from its monitor: open, register, wait for a message, read
 * it; and threads that do what it is told of: fork, remove pages, read one. Such a
 * thread stays in the kernel until its message is read or its page is there.
 *
 * fork() is called raw. libc's own holds the locks of malloc and stdio meanwhile,
 * and a monitor that prints or allocates before it reads the event hangs.
 */
#ifndef KWITNESS_UFFD_H
#define KWITNESS_UFFD_H

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "ktap.h"
#include "lapi_userfaultfd.h"
#include "memory.h"

/* A descriptor with these features, or -errno. O_NONBLOCK, or poll() does not work. */
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

/* The same before ktap_start(): skip the program where the kernel refuses. */
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

/* Whether a message waits; timeout in ms as for poll(), -1 waits for ever. */
static inline int uffd_readable(int fd, int timeout)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int n = poll(&poller, 1, timeout);

	must(n >= 0 && !(poller.revents & ~POLLIN), "poll of userfaultfd (0x%x)", poller.revents);
	return n;
}

/* Take one message, waiting for it. It must be this event. */
static inline struct uffd_msg uffd_read(int fd, int event)
{
	struct uffd_msg msg;

	uffd_readable(fd, -1);
	must(read(fd, &msg, sizeof(msg)) == sizeof(msg), "read of userfaultfd");
	if (msg.event != event)
		ktap_bail("userfaultfd says 0x%x where 0x%x is due", msg.event, event);
	return msg;
}

/* One thread that does one thing a monitor may be told of. */
struct uffd_cause {
	pthread_t thread;
	sem_t started;
	pid_t tid;
	/* An eventfd, readable once the thread is through. */
	int done;
	/* What the system call returned: 0 or errno. */
	int err;
	/* A fork leaves the child's pid. The child runs this, raw calls only, and exits 0. */
	pid_t child;
	void (*in_child)(const char *at);
	/* What a removal takes away, a read reads and a child is given. */
	char *at;
	size_t len;
	char byte;
};

static inline void uffd_cause_fork(struct uffd_cause *cause)
{
	cause->child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!cause->child) {
		if (cause->in_child)
			cause->in_child(cause->at);
		_exit(0);
	}
	cause->err = cause->child < 0 ? errno : 0;
}

static inline void uffd_cause_removal(struct uffd_cause *cause)
{
	cause->err = madvise(cause->at, cause->len, MADV_DONTNEED) ? errno : 0;
}

static inline void uffd_cause_read(struct uffd_cause *cause)
{
	cause->byte = *(volatile char *)cause->at;
}

struct uffd_thread {
	struct uffd_cause *cause;
	void (*body)(struct uffd_cause *cause);
};

static inline void *uffd_thread_main(void *arg)
{
	struct uffd_thread thread = *(struct uffd_thread *)arg;

	thread.cause->tid = syscall(SYS_gettid);
	sem_post(&thread.cause->started);
	thread.body(thread.cause);
	eventfd_write(thread.cause->done, 1);
	return NULL;
}

/* Start a thread with one of the three bodies above; it is running when this returns. */
static inline void uffd_start(struct uffd_cause *cause, void (*body)(struct uffd_cause *cause))
{
	struct uffd_thread thread = { cause, body };

	cause->done = eventfd(0, EFD_CLOEXEC);
	must(cause->done >= 0, "eventfd");
	sem_init(&cause->started, 0, 0);
	must(!pthread_create(&cause->thread, NULL, uffd_thread_main, &thread), "pthread_create");
	while (sem_wait(&cause->started))
		;
}

/* Wait for a message about the cause. Returns 0 when its thread is through, told or not. */
static inline int uffd_told(int fd, const struct uffd_cause *cause)
{
	struct pollfd pollers[] = {
		{ .fd = fd, .events = POLLIN }, { .fd = cause->done, .events = POLLIN },
	};

	must(poll(pollers, 2, -1) > 0, "poll");
	return !pollers[1].revents;
}

/* Join the thread. What it called must have worked. */
static inline void uffd_join(struct uffd_cause *cause)
{
	pthread_join(cause->thread, NULL);
	close(cause->done);
	if (cause->err)
		ktap_bail("the call that makes the event failed: %s", ktap_errno(cause->err));
}

/* Reap the child of a joined fork. Returns its status as waitpid() gives it. */
static inline int uffd_reap(struct uffd_cause *cause)
{
	int status;

	must(waitpid(cause->child, &status, 0) == cause->child, "waitpid");
	return status;
}

#endif
