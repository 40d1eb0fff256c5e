/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test with a call that may not come back from the kernel, made by a child and watched
 * by its parent, who can say from outside what became of it:
 *
 *	watched_enter();		in the test, close around the call
 *	err = ioctl(fd, UFFDIO_MOVE, &arg);
 *	watched_leave();
 *
 *	ktap_start(1);			in main
 *	watched_start(&child, test);
 *	if (!watched_through(&child) && watched_stuck(&child)) {
 *		ktap_result(1, "...");
 *		return ktap_end();
 *	}
 *	return watched_status(&child);
 *
 * The child says the results and ends as main would; until it takes long the parent is
 * asleep and silent. What it then says is of that call alone, for all else a test does in
 * the kernel may take long too, and rests on turns, not on time: with each sched_yield()
 * all else that can run has one, so that a host that stands still makes an answer late,
 * and never wrong.
 */
#ifndef KWITNESS_WATCHED_H
#define KWITNESS_WATCHED_H

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "procfile.h"

/* More than the tests take on a kernel without their bug. Nothing is concluded from it. */
#define WATCHED_MS	100
/* Turns for all else: a child that had none itself is stuck, one that used them all spins. */
#define WATCHED_IDLE	1000
#define WATCHED_BUSY	50
/* What a child that spins has run in the kernel meanwhile, in clock ticks of 10 ms. */
#define WATCHED_TICKS	5

struct watched {
	pid_t pid;
};

/* Of the one child there is; shared with it. */
static volatile struct {
	/* 1 more than the exit status of the test, once it said all. */
	int said;
	int inside;
} *watched;

static inline sigset_t watched_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return set;
}

/* Run test in a child. */
static inline void watched_start(struct watched *child, int (*test)(void))
{
	sigset_t set = watched_signals();

	must(!sigprocmask(SIG_BLOCK, &set, NULL), "sigprocmask");
	watched = mmap(NULL, sizeof(*watched), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	must(watched != MAP_FAILED, "mmap");
	fflush(stdout);
	child->pid = fork();
	must(child->pid >= 0, "fork");
	if (child->pid)
		return;
	watched->said = 1 + test();
	exit(watched->said - 1);
}

/* In the child: the call comes next. What was said so far is heard, whatever becomes of it. */
static inline void watched_enter(void)
{
	fflush(stdout);
	watched->inside = 1;
}

/* In the child: it came back. */
static inline void watched_leave(void)
{
	watched->inside = 0;
}

/* Wait until the test is through, but not long. Returns whether it is. */
static inline int watched_through(const struct watched *child)
{
	struct timespec most = { .tv_nsec = WATCHED_MS * 1000000L };
	sigset_t set = watched_signals();

	(void)child;
	sigtimedwait(&set, NULL, &most);
	return watched->said;
}

/* Wait until it is inside the call, however long it takes to come there. 0 if it is past it. */
static inline int watched_inside(const struct watched *child)
{
	siginfo_t end = { .si_pid = 0 };

	while (!watched->inside && !watched->said && !end.si_pid) {
		must(!waitid(P_PID, child->pid, &end, WEXITED | WNOHANG | WNOWAIT), "waitid");
		sched_yield();
	}
	return watched->inside && !end.si_pid;
}

/*
 * The exit status of the test, which is that of main, however long it takes. A child that
 * has said all and cannot end is not waited for.
 */
static inline int watched_status(const struct watched *child)
{
	int status;

	if (!watched->said)
		must(waitpid(child->pid, &status, 0) == child->pid, "waitpid");
	if (!watched->said)
		ktap_bail("the test ended without a word, with status 0x%x", status);
	return watched->said - 1;
}

static inline void watched_path(const struct watched *child, const char *name, char path[64])
{
	snprintf(path, 64, "/proc/%d/%s", child->pid, name);
}

/* Its state as ps shows it, and the clock ticks that it ran in the kernel. */
static inline char watched_state(const struct watched *child, unsigned long *ticks)
{
	char path[64], text[1024], *at, state;
	int err;

	watched_path(child, "stat", path);
	err = procfile_read(path, text, sizeof(text));
	if (err)
		ktap_bail("read of %s failed: %s", path, ktap_errno(err));
	/* Behind the name, which may hold anything: field 3 is the state, 15 that time. */
	at = strrchr(text, ')');
	must(at && sscanf(at, ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu",
			  &state, ticks) == 2, "finding state and time in %s", path);
	return state;
}

/* How often it had a turn. */
static inline long watched_turns(const struct watched *child)
{
	char path[64];

	watched_path(child, "status", path);
	return procfile_kib(path, "voluntary_ctxt_switches") +
	       procfile_kib(path, "nonvoluntary_ctxt_switches");
}

/*
 * Whether it sleeps in the call where no signal reaches it, while all that could wake it
 * has its turns.
 */
static inline int watched_stuck(const struct watched *child)
{
	unsigned long ticks;
	long before;

	if (!watched_inside(child))
		return 0;
	for (int turn = 0; watched->inside && watched_state(child, &ticks) != 'D'; turn++) {
		if (turn == WATCHED_IDLE)
			return 0;
		sched_yield();
	}
	before = watched_turns(child);
	for (int turn = 0; turn < WATCHED_IDLE; turn++)
		sched_yield();
	return watched->inside && watched_state(child, &ticks) == 'D' &&
	       watched_turns(child) == before;
}

/* Whether it runs in the kernel through all of its turns in the call. */
static inline int watched_spins(const struct watched *child)
{
	unsigned long before, ticks = 0;

	if (!watched_inside(child))
		return 0;
	watched_state(child, &before);
	for (int turn = 0; turn < WATCHED_BUSY || ticks - before < WATCHED_TICKS; turn++) {
		if (watched_state(child, &ticks) != 'R' || !watched->inside)
			return 0;
		sched_yield();
	}
	return 1;
}

/* Where in the kernel it is, for the record; silent where the kernel does not tell. */
static inline void watched_tell(const struct watched *child)
{
	char path[64], text[900];

	watched_path(child, "stack", path);
	if (!procfile_read(path, text, sizeof(text)))
		ktap_diag("%s", text);
}

#endif
