/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that cause events for the monitor of a userfaultfd: fork, remove pages, read a
 * page, write a page. Such a thread stays in the kernel until the monitor has read its
 * message or resolved its fault.
 *
 * fork is the raw system call: libc's fork() holds the locks of malloc and stdio, so a
 * monitor that prints or allocates before it reads the event would hang.
 */
#ifndef KWITNESS_UFFD_EVENTS_H
#define KWITNESS_UFFD_EVENTS_H

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "uffd/uffd.h"

/* One thread that causes one event. */
struct uffd_event {
	pthread_t thread;
	sem_t started;
	pid_t tid;
	/* An eventfd, readable when the thread is done. */
	int done;
	/* The result of the system call: 0 or errno. */
	int err;
	/* For a fork: the pid of the child, and what it runs (raw calls only) before exit(0). */
	pid_t child;
	void (*in_child)(const char *at);
	/* The range that is removed, read or written, or passed to the child. */
	char *at;
	size_t len;
	char byte;
};

static inline void uffd_event_fork(struct uffd_event *event)
{
	event->child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!event->child) {
		if (event->in_child)
			event->in_child(event->at);
		_exit(0);
	}
	event->err = event->child < 0 ? errno : 0;
}

static inline void uffd_event_remove(struct uffd_event *event)
{
	event->err = madvise(event->at, event->len, MADV_DONTNEED) ? errno : 0;
}

static inline void uffd_event_read(struct uffd_event *event)
{
	event->byte = *(volatile char *)event->at;
}

static inline void uffd_event_write(struct uffd_event *event)
{
	*(volatile char *)event->at = 'w';
}

struct uffd_event_thread {
	struct uffd_event *event;
	void (*body)(struct uffd_event *event);
};

static inline void *uffd_event_main(void *arg)
{
	struct uffd_event_thread thread = *(struct uffd_event_thread *)arg;

	thread.event->tid = syscall(SYS_gettid);
	sem_post(&thread.event->started);
	thread.body(thread.event);
	eventfd_write(thread.event->done, 1);
	return NULL;
}

/* Start a thread with one of the bodies above. It is running when this returns. */
static inline void uffd_event_start(struct uffd_event *event,
				    void (*body)(struct uffd_event *event))
{
	struct uffd_event_thread thread = { event, body };

	event->done = eventfd(0, EFD_CLOEXEC);
	REQUIRE(event->done >= 0, "eventfd");
	sem_init(&event->started, 0, 0);
	REQUIRE(!pthread_create(&event->thread, NULL, uffd_event_main, &thread), "pthread_create");
	while (sem_wait(&event->started))
		;
}

/* Wait for the message about the event. Returns 0 if its thread finished without one. */
static inline int uffd_event_wait(int fd, const struct uffd_event *event)
{
	struct pollfd pollers[] = {
		{ .fd = fd, .events = POLLIN }, { .fd = event->done, .events = POLLIN },
	};

	REQUIRE(poll(pollers, 2, -1) > 0, "poll");
	return !pollers[1].revents;
}

/* Join the thread; bails out if its system call failed. */
static inline void uffd_event_join(struct uffd_event *event)
{
	pthread_join(event->thread, NULL);
	close(event->done);
	if (event->err)
		ktap_bail("the call that causes the event failed: %s", ktap_errno(event->err));
}

/* Reap the child of a joined fork. Returns its status as from waitpid(). */
static inline int uffd_event_reap(struct uffd_event *event)
{
	int status;

	REQUIRE(waitpid(event->child, &status, 0) == event->child, "waitpid");
	return status;
}

#endif
