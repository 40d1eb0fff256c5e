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
 *	watched_start(test);
 *	if (!watched_through() && watched_stuck()) {
 *		ktap_result(1, "...");
 *		return ktap_end();
 *	}
 *	return watched_status();
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

/* The one child there is, and what it tells its parent in memory they share. */
static pid_t watched_pid;
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
static inline void watched_start(int (*test)(void))
{
	sigset_t set = watched_signals();

	must(!sigprocmask(SIG_BLOCK, &set, NULL), "sigprocmask");
	watched = mmap(NULL, sizeof(*watched), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	must(watched != MAP_FAILED, "mmap");
	fflush(stdout);
	watched_pid = fork();
	must(watched_pid >= 0, "fork");
	if (watched_pid)
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
static inline int watched_through(void)
{
	struct timespec most = { .tv_nsec = WATCHED_MS * 1000000L };
	sigset_t set = watched_signals();

	sigtimedwait(&set, NULL, &most);
	return watched->said;
}

/* Whether the child is dead. One that died of its death is nobody's child any more. */
static inline int watched_dead(void)
{
	siginfo_t end = { .si_pid = 0 };
	int failed = waitid(P_PID, watched_pid, &end, WEXITED | WNOHANG | WNOWAIT);

	must(!failed || errno == ECHILD, "waitid");
	return failed || end.si_pid;
}

/* Wait until it is inside the call, however long it takes to come there. 0 if it is past it. */
static inline int watched_inside(void)
{
	while (!watched->inside && !watched->said && !watched_dead())
		sched_yield();
	return watched->inside && !watched_dead();
}

/*
 * The exit status of the test, which is that of main, however long it takes. A child that
 * has said all and cannot end is not waited for.
 */
static inline int watched_status(void)
{
	int status;

	if (!watched->said)
		must(waitpid(watched_pid, &status, 0) == watched_pid, "waitpid");
	if (!watched->said)
		ktap_bail("the test ended without a word, with status 0x%x", status);
	return watched->said - 1;
}

static inline void watched_path(const char *name, char path[64])
{
	snprintf(path, 64, "/proc/%d/%s", watched_pid, name);
}

/* Its state as ps shows it, and the clock ticks that it ran in the kernel. */
static inline char watched_state(unsigned long *ticks)
{
	char path[64], text[1024], state;
	const char *at;

	watched_path("stat", path);
	/* Field 3 is the state, 15 that time. */
	at = procfile_stat(path, 3, text, sizeof(text));
	must(sscanf(at, "%c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu", &state, ticks) == 2,
	     "finding state and time in %s", path);
	return state;
}

/* How often it had a turn. */
static inline long watched_turns(void)
{
	char path[64];

	watched_path("status", path);
	return procfile_kib(path, "voluntary_ctxt_switches") +
	       procfile_kib(path, "nonvoluntary_ctxt_switches");
}

/*
 * Whether it sleeps in the call where no signal reaches it, while all that could wake it
 * has its turns.
 */
static inline int watched_stuck(void)
{
	unsigned long ticks;
	long before;

	if (!watched_inside())
		return 0;
	for (int turn = 0; watched->inside && watched_state(&ticks) != 'D'; turn++) {
		if (turn == WATCHED_IDLE)
			return 0;
		sched_yield();
	}
	before = watched_turns();
	for (int turn = 0; turn < WATCHED_IDLE; turn++)
		sched_yield();
	return watched->inside && watched_state(&ticks) == 'D' && watched_turns() == before;
}

/* Whether it runs in the kernel through all of its turns in the call. */
static inline int watched_spins(void)
{
	unsigned long before, ticks = 0;

	if (!watched_inside())
		return 0;
	watched_state(&before);
	for (int turn = 0; turn < WATCHED_BUSY || ticks - before < WATCHED_TICKS; turn++) {
		if (watched_state(&ticks) != 'R' || !watched->inside)
			return 0;
		sched_yield();
	}
	return 1;
}

/* Where in the kernel it is, for the record; silent where the kernel does not tell. */
static inline void watched_tell(void)
{
	char path[64], text[900];

	watched_path("stack", path);
	if (!procfile_read(path, text, sizeof(text)))
		ktap_diag("%s", text);
}

#endif
