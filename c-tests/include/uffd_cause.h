/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the monitor of a userfaultfd is told of, done by a thread: fork, remove pages,
 * read one, write one. Such a thread stays in the kernel until its message is read or
 * its page is there.
 *
 * fork() is called raw. libc's own holds the locks of malloc and stdio meanwhile,
 * and a monitor that prints or allocates before it reads the event hangs.
 */
#ifndef KWITNESS_UFFD_CAUSE_H
#define KWITNESS_UFFD_CAUSE_H

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "uffd.h"

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
	/* What a removal takes away, a read or a write touches and a child is given. */
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

static inline void uffd_cause_write(struct uffd_cause *cause)
{
	*(volatile char *)cause->at = 'w';
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

/* Start a thread with one of the bodies above; it is running when this returns. */
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
