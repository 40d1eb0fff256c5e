// SPDX-License-Identifier: GPL-2.0-only
/* What a program may have that a child of it could not have for its own: each is refused. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "forkee.h"

static int go_on[2];

static void *wait_for_ever(void *arg)
{
	/* A signal that parks it ends a wait. */
	for (;;)
		pause();
	return arg;
}

static int other_thread(void *arg)
{
	wait_for_ever(arg);
	return 0;
}

static void *block_signals(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	eventfd_write(go_on[1], 1);
	return wait_for_ever(arg);
}

static void *hold_robust(void *arg)
{
	static pthread_mutex_t mutex;
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&mutex, &attr);
	pthread_mutex_lock(&mutex);
	eventfd_write(go_on[1], 1);
	return wait_for_ever(arg);
}

/* Make a thread, and wait until it has done its part. */
static void have_thread(void *(*routine)(void *))
{
	pthread_t thread;
	eventfd_t one;

	go_on[0] = go_on[1] = eventfd(0, 0);
	pthread_create(&thread, NULL, routine, NULL);
	eventfd_read(go_on[0], &one);
	close(go_on[0]);
}

/* The error of a process that has no descriptor left. */
static void have_no_pidfd(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_PIDFD, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EMFILE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static void have_timer(void)
{
	struct sigevent nothing = { .sigev_notify = SIGEV_NONE };
	timer_t timer;

	timer_create(CLOCK_MONOTONIC, &nothing, &timer);
}

static int add_one(const char *name)
{
	pthread_t thread;
	thrd_t other;
	int fds[2];

	if (!strcmp(name, "eventfd"))
		eventfd(0, 0);
	else if (!strcmp(name, "eventfd twice"))
		dup(eventfd(0, 0));
	else if (!strcmp(name, "pipe"))
		return pipe(fds);
	else if (!strcmp(name, "epoll"))
		epoll_create(1);
	else if (!strcmp(name, "shared memory"))
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	else if (!strcmp(name, "thread"))
		return pthread_create(&thread, NULL, wait_for_ever, NULL);
	else if (!strcmp(name, "unseen thread"))
		return thrd_create(&other, other_thread, NULL) == thrd_success ? 0 : -1;
	else if (!strcmp(name, "deaf thread"))
		have_thread(block_signals);
	else if (!strcmp(name, "robust mutex"))
		have_thread(hold_robust);
	else if (!strcmp(name, "signal"))
		signal(SIGRTMIN + 7, SIG_IGN);
	else if (!strcmp(name, "timer"))
		have_timer();
	else if (!strcmp(name, "alarm"))
		alarm(3600);
	else if (!strcmp(name, "unknown end"))
		signal(SIGCHLD, SIG_IGN);
	else if (!strcmp(name, "no pidfd"))
		have_no_pidfd();
	else
		return -1;
	return 0;
}

int trait_add(const char *name, int count)
{
	int err = 0;

	while (!err && count-- > 0)
		err = add_one(name);
	return err;
}
