// SPDX-License-Identifier: GPL-2.0-only
/* The threads of a fork server: parked before the fork, made again in the child. */

/* With it _longjmp() takes the way to another stack, which is what it is for here, as an error. */
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "server.h"
#include "thread.h"

#define MAX_THREADS	64
/* Milliseconds; both together are less than kwitness waits for an answer (children.ts). */
#define PARK_MS		4000
#define EXIT_MS		1000

static struct thread {
	int used;
	struct thread_state state;
	/* The round that it is parked in. */
	atomic_int round;
	jmp_buf place;
	/* The first steps in a child, before it is on its own stack. */
	char stack[4096] __attribute__((aligned(16)));
} threads[MAX_THREADS];

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t at_exit;
static __thread struct thread *me __attribute__((tls_model("initial-exec")));
static struct thread_state main_thread;
static int park_signal;
/* Odd while threads are to be parked: one that comes late must not wait for a release. */
static atomic_int round_number;
/* Changes whenever a thread is parked. */
static atomic_int parked;
/* Threads that found no place in the table. */
static int unlisted;
/* What is wrong with this process, or NULL: none of it goes away again. */
static const char *flaw;

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void futex(atomic_int *at, int what, int value, const struct timespec *timeout)
{
	syscall(SYS_futex, at, what | FUTEX_PRIVATE_FLAG, value, timeout, NULL, 0);
}

static void park(int signal)
{
	int round = round_number, saved = errno;

	(void)signal;
	if (!(round & 1))
		return;
	if (!_setjmp(me->place)) {
		me->round = round;
		parked++;
		futex(&parked, FUTEX_WAKE, 1, NULL);
		while (round_number == round)
			futex(&round_number, FUTEX_WAIT, round, NULL);
	}
	errno = saved;
}

static void forget(void *thread)
{
	pthread_mutex_lock(&registry);
	if (thread == &unlisted)
		unlisted--;
	else
		((struct thread *)thread)->used = 0;
	pthread_mutex_unlock(&registry);
}

struct start {
	void *(*routine)(void *);
	void *arg;
	sem_t known;
};

/* Its maker holds the registry meanwhile. */
static void enter(void)
{
	const char *why = NULL;
	sigset_t set;

	for (int i = 0; i < MAX_THREADS && !me; i++)
		if (!threads[i].used)
			me = &threads[i];
	if (me) {
		me->used = 1;
		why = thread_learn(&me->state);
	} else {
		unlisted++;
	}
	sigemptyset(&set);
	sigaddset(&set, park_signal);
	if (pthread_setspecific(at_exit, me ? (void *)me : &unlisted) ||
	    (me && pthread_sigmask(SIG_UNBLOCK, &set, NULL)))
		why = "a thread could not be prepared";
	if (why)
		flaw = why;
}

static void *begin(void *given)
{
	struct start *start = given, own = *start;

	enter();
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

	if (!real || sem_init(&start.known, 0, 0))
		return EAGAIN;
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
	sigfillset(&action.sa_mask);
	if (pthread_key_create(&at_exit, forget) || sigaction(signal, &action, NULL))
		flaw = "the library could not prepare itself";
	else
		flaw = thread_learn(&main_thread);
}

static int is_listed(pid_t tid)
{
	for (int i = 0; i < MAX_THREADS; i++)
		if (threads[i].used && threads[i].state.tid == tid)
			return 1;
	return tid == main_thread.tid;
}

/* Whether all threads that the kernel knows are in the table. */
static int all_are_listed(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int all = dir != NULL;

	while (all && (entry = readdir(dir)))
		all = entry->d_name[0] == '.' || is_listed(atoi(entry->d_name));
	if (dir)
		closedir(dir);
	return all;
}

/* NULL, or what makes these threads such that they cannot be made again. */
static const char *find_obstacle(void)
{
	const struct timespec wait = { .tv_nsec = 1000000 };
	const long began = milliseconds();
	struct sigaction action;

	if (flaw)
		return flaw;
	if (unlisted)
		return "it has more than 64 threads";
	if (sigaction(park_signal, NULL, &action) || action.sa_handler != park)
		return "it has taken the signal that parks its threads";
	/* One that ends leaves the table a moment before it is gone. */
	while (!all_are_listed()) {
		if (milliseconds() - began > EXIT_MS)
			return "it has a thread that pthread_create() did not make";
		nanosleep(&wait, NULL);
	}
	return NULL;
}

static int all_are_parked(void)
{
	for (int i = 0; i < MAX_THREADS; i++)
		if (threads[i].used && threads[i].round != round_number)
			return 0;
	return 1;
}

static int hold_robust(void)
{
	int held = thread_holds_robust(&main_thread);

	for (int i = 0; i < MAX_THREADS; i++)
		held |= threads[i].used && thread_holds_robust(&threads[i].state);
	return held;
}

/* Have all of them parked, in a round that has begun. NULL, or why not. */
static const char *gather(void)
{
	const struct timespec wait = { .tv_nsec = 1000000 };
	const long began = milliseconds();
	pid_t pid = getpid();

	for (int i = 0; i < MAX_THREADS; i++)
		if (threads[i].used && syscall(SYS_tgkill, pid, threads[i].state.tid, park_signal))
			return "a thread could not be asked to park";
	while (!all_are_parked()) {
		int seen = parked;

		if (milliseconds() - began > PARK_MS)
			return "a thread did not park";
		if (!all_are_parked())
			futex(&parked, FUTEX_WAIT, seen, &wait);
	}
	return hold_robust() ? "a thread holds a robust mutex" : NULL;
}

const char *threads_park(void)
{
	const char *why;

	/* Held until they go on, so that none comes or goes meanwhile. */
	pthread_mutex_lock(&registry);
	why = find_obstacle();
	if (why) {
		pthread_mutex_unlock(&registry);
		return why;
	}
	round_number++;
	why = gather();
	if (why)
		threads_release();
	return why;
}

void threads_release(void)
{
	round_number++;
	futex(&round_number, FUTEX_WAKE, MAX_THREADS, NULL);
	pthread_mutex_unlock(&registry);
}

static int step_in(void *given)
{
	struct thread *thread = given;

	thread_adopt(&thread->state);
	_longjmp(thread->place, 1);
}

void threads_restart(void)
{
	/* The kernel writes the number of each before the thread runs, as for pthread_create(). */
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			  CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
			  CLONE_CHILD_CLEARTID;

	round_number++;
	thread_renumber(&main_thread);
	for (int i = 0; i < MAX_THREADS; i++) {
		struct thread *t = &threads[i];

		if (t->used && clone(step_in, t->stack + sizeof(t->stack), flags, t,
				     t->state.number, t->state.pointer, t->state.cleared) < 0)
			child_fail("making its threads again");
	}
	pthread_mutex_unlock(&registry);
}
