/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test with a call that may not come back from the kernel, made by a child and watched
 * by its parent, who can say from outside what became of it:
 *
 *	hang_watch_enter();		in the test, close around the call
 *	err = ioctl(fd, UFFDIO_MOVE, &arg);
 *	hang_watch_leave();
 *
 *	ktap_start(1);			in main
 *	hang_watch_start(test);
 *	if (!hang_watch_done() && hang_watch_stuck()) {
 *		ktap_result(1, "...");
 *		return ktap_end();
 *	}
 *	return hang_watch_status();
 *
 * The child says the results and ends as main would; until it takes long the parent is
 * asleep and silent. What it then says is of that call alone, for all else a test does in
 * the kernel may take long too, and rests on turns, not on time: with each sched_yield()
 * all else that can run has one, so that a host that stands still makes an answer late,
 * and never wrong.
 */
#ifndef KWITNESS_HANG_WATCH_H
#define KWITNESS_HANG_WATCH_H

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "core/procfile.h"

/* More than the tests take on a kernel without their bug. Nothing is concluded from it. */
#define HANG_WATCH_MS	100
/* Turns for all else: a child that had none itself is stuck, one that used them all spins. */
#define HANG_STUCK_YIELDS	1000
#define HANG_SPIN_YIELDS	50
/* What a child that spins has run in the kernel meanwhile, in clock ticks of 10 ms. */
#define HANG_SPIN_TICKS	5

/* The one child there is, and what it tells its parent in memory they share. */
static pid_t hang_watch_pid;
static volatile struct {
	/* 1 more than the exit status of the test, once it said all. */
	int said;
	int inside;
} *hang_watch;

static inline sigset_t hang_watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return set;
}

/* Run test in a child. */
static inline void hang_watch_start(int (*test)(void))
{
	sigset_t set = hang_watch_signals();

	REQUIRE(!sigprocmask(SIG_BLOCK, &set, NULL), "sigprocmask");
	hang_watch = mmap(NULL, sizeof(*hang_watch), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(hang_watch != MAP_FAILED, "mmap");
	fflush(stdout);
	hang_watch_pid = fork();
	REQUIRE(hang_watch_pid >= 0, "fork");
	if (hang_watch_pid)
		return;
	hang_watch->said = 1 + test();
	exit(hang_watch->said - 1);
}

/* In the child: the call comes next. What was said so far is heard, whatever becomes of it. */
static inline void hang_watch_enter(void)
{
	fflush(stdout);
	hang_watch->inside = 1;
}

/* In the child: it came back. */
static inline void hang_watch_leave(void)
{
	hang_watch->inside = 0;
}

/* Wait until the test is through, but not long. Returns whether it is. */
static inline int hang_watch_done(void)
{
	struct timespec most = { .tv_nsec = HANG_WATCH_MS * 1000000L };
	sigset_t set = hang_watch_signals();

	sigtimedwait(&set, NULL, &most);
	return hang_watch->said;
}

/* Whether the child is dead. One that died of its death is nobody's child any more. */
static inline int hang_watch_dead(void)
{
	siginfo_t end = { .si_pid = 0 };
	int failed = waitid(P_PID, hang_watch_pid, &end, WEXITED | WNOHANG | WNOWAIT);

	REQUIRE(!failed || errno == ECHILD, "waitid");
	return failed || end.si_pid;
}

/* Wait until it is inside the call, however long it takes to come there. 0 if it is past it. */
static inline int hang_watch_wait_inside(void)
{
	while (!hang_watch->inside && !hang_watch->said && !hang_watch_dead())
		sched_yield();
	return hang_watch->inside && !hang_watch_dead();
}

/*
 * The exit status of the test, which is that of main, however long it takes. A child that
 * has said all and cannot end is not waited for.
 */
static inline int hang_watch_status(void)
{
	int status;

	if (!hang_watch->said)
		REQUIRE(waitpid(hang_watch_pid, &status, 0) == hang_watch_pid, "waitpid");
	if (!hang_watch->said)
		ktap_bail("the test ended without a word, with status 0x%x", status);
	return hang_watch->said - 1;
}

static inline void hang_watch_path(const char *name, char path[64])
{
	snprintf(path, 64, "/proc/%d/%s", hang_watch_pid, name);
}

/* Its state as ps shows it, and the clock ticks that it ran in the kernel. */
static inline char hang_watch_state(unsigned long *ticks)
{
	char path[64], text[1024], state;
	const char *at;

	hang_watch_path("stat", path);
	/* Field 3 is the state, 15 that time. */
	at = procfile_stat(path, 3, text, sizeof(text));
	REQUIRE(sscanf(at,
		"%c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu", &state, ticks) == 2,
		"finding state and time in %s", path);
	return state;
}

/* How often it had a turn. */
static inline long hang_watch_turns(void)
{
	char path[64];

	hang_watch_path("status", path);
	return procfile_kib(path, "voluntary_ctxt_switches") +
	       procfile_kib(path, "nonvoluntary_ctxt_switches");
}

/*
 * Whether it sleeps in the call where no signal reaches it, while all that could wake it
 * has its turns.
 */
static inline int hang_watch_stuck(void)
{
	unsigned long ticks;
	long before;

	if (!hang_watch_wait_inside())
		return 0;
	for (int turn = 0; hang_watch->inside && hang_watch_state(&ticks) != 'D'; turn++) {
		if (turn == HANG_STUCK_YIELDS)
			return 0;
		sched_yield();
	}
	before = hang_watch_turns();
	for (int turn = 0; turn < HANG_STUCK_YIELDS; turn++)
		sched_yield();
	return hang_watch->inside && hang_watch_state(&ticks) == 'D' &&
	       hang_watch_turns() == before;
}

/* Whether it runs in the kernel through all of its turns in the call. */
static inline int hang_watch_spins(void)
{
	unsigned long before, ticks = 0;

	if (!hang_watch_wait_inside())
		return 0;
	hang_watch_state(&before);
	for (int turn = 0; turn < HANG_SPIN_YIELDS || ticks - before < HANG_SPIN_TICKS; turn++) {
		if (hang_watch_state(&ticks) != 'R' || !hang_watch->inside)
			return 0;
		sched_yield();
	}
	return 1;
}

/* Where in the kernel it is, for the record; silent where the kernel does not tell. */
static inline void hang_watch_print_stack(void)
{
	char path[64], text[900];

	hang_watch_path("stack", path);
	if (!procfile_read(path, text, sizeof(text)))
		ktap_diag("%s", text);
}

#endif
