// SPDX-License-Identifier: GPL-2.0-only
/* The threads of a fork server: parked before the fork, made anew in the copy. */
#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "server.h"

#define MOST_THREADS	64
/* How much of what lies at a thread pointer is searched for the number of its thread. */
#define REACH		4096

static struct thread {
	int used;
	pid_t tid;
	/* Its thread pointer, and where in what lies there the C library keeps its number. */
	char *pointer;
	long tid_at;
	/* Where it is parked. */
	jmp_buf place;
	/* The first steps of its copy, before it is on its own stack. */
	char stack[4096] __attribute__((aligned(16)));
} threads[MOST_THREADS];

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t at_exit;
static __thread struct thread *me;
static struct thread main_thread;
static int park_signal;
static atomic_int parked, round_number;

static void futex(atomic_int *at, int what, int value)
{
	syscall(SYS_futex, at, what | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static pid_t own_tid(void)
{
	return syscall(SYS_gettid);
}

/* The C library promises nothing about where it keeps the number of a thread: it is looked for. */
static void note_pointer(struct thread *t)
{
	t->tid = own_tid();
	t->pointer = __builtin_thread_pointer();
	t->tid_at = -1;
	for (long at = 0; at < REACH && t->tid_at < 0; at += sizeof(pid_t))
		if (*(pid_t *)(t->pointer + at) == t->tid)
			t->tid_at = at;
}

/* In a copy a thread has another number. */
static void renumber(struct thread *t)
{
	t->tid = own_tid();
	if (t->tid_at >= 0)
		*(pid_t *)(t->pointer + t->tid_at) = t->tid;
}

static void park(int signal)
{
	int round = round_number;

	(void)signal;
	if (_setjmp(me->place))
		return;
	parked++;
	futex(&parked, FUTEX_WAKE, 1);
	while (round_number == round)
		futex(&round_number, FUTEX_WAIT, round);
}

static void forget(void *thread)
{
	pthread_mutex_lock(&registry);
	((struct thread *)thread)->used = 0;
	pthread_mutex_unlock(&registry);
}

struct start {
	void *(*routine)(void *);
	void *arg;
	sem_t known;
};

static void *begin(void *given)
{
	struct start *start = given, own = *start;
	sigset_t set;

	for (int i = 0; i < MOST_THREADS && !me; i++)
		if (!threads[i].used)
			me = &threads[i];
	/* One that is not in the list would be missing in a copy. */
	if (!me)
		abort();
	me->used = 1;
	note_pointer(me);
	pthread_setspecific(at_exit, me);
	sigemptyset(&set);
	sigaddset(&set, park_signal);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	sem_post(&start->known);
	return own.routine(own.arg);
}

/* Who makes a thread holds the registry until it is known: no fork comes between. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*routine)(void *),
		   void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
		dlsym(RTLD_NEXT, "pthread_create");
	struct start start = { .routine = routine, .arg = arg };
	int err;

	sem_init(&start.known, 0, 0);
	pthread_mutex_lock(&registry);
	err = real(thread, attr, begin, &start);
	while (!err && sem_wait(&start.known))
		;
	pthread_mutex_unlock(&registry);
	return err;
}

void threads_begin(int signal)
{
	struct sigaction action = { .sa_handler = park, .sa_flags = SA_RESTART };

	park_signal = signal;
	pthread_key_create(&at_exit, forget);
	sigfillset(&action.sa_mask);
	sigaction(signal, &action, NULL);
	note_pointer(&main_thread);
}

void threads_park(void)
{
	int sent = 0, seen;

	/* Held until they go on, so that none comes or goes meanwhile. */
	pthread_mutex_lock(&registry);
	parked = 0;
	for (int i = 0; i < MOST_THREADS; i++)
		if (threads[i].used)
			sent += !syscall(SYS_tgkill, getpid(), threads[i].tid, park_signal);
	while ((seen = parked) < sent)
		futex(&parked, FUTEX_WAIT, seen);
}

void threads_release(void)
{
	round_number++;
	futex(&round_number, FUTEX_WAKE, MOST_THREADS);
	pthread_mutex_unlock(&registry);
}

static int step_in(void *thread)
{
	renumber(thread);
	_longjmp(((struct thread *)thread)->place, 1);
}

void threads_restart(void)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			  CLONE_SYSVSEM | CLONE_SETTLS | CLONE_CHILD_CLEARTID;

	renumber(&main_thread);
	for (int i = 0; i < MOST_THREADS; i++) {
		struct thread *t = &threads[i];
		/* Where the kernel tells those who join it that it is gone. */
		void *number = t->tid_at < 0 ? NULL : t->pointer + t->tid_at;

		if (t->used && clone(step_in, t->stack + sizeof(t->stack), flags, t, NULL,
				     t->pointer, number) < 0)
			fds_give_up("making its threads anew");
	}
	pthread_mutex_unlock(&registry);
}
