/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a test whose call may never return from the kernel in a child. The parent observes
 * the child from outside:
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
 * The child prints the results and exits as main() would; the parent only acts when that
 * takes longer than HANG_WATCH_MS. It judges the marked call alone, because other calls of
 * the test may be slow too. It counts scheduler yields, not elapsed time: a loaded host
 * delays the answer but cannot make it wrong.
 */
#ifndef KWITNESS_HANG_WATCH_H
#define KWITNESS_HANG_WATCH_H

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "core/procfile.h"

/* How long the parent waits before it looks, in ms. Nothing is concluded from this time. */
#define HANG_WATCH_MS	100
/* Yields to other tasks: a child that never ran meanwhile is stuck, one that always ran spins. */
#define HANG_STUCK_YIELDS	1000
#define HANG_SPIN_YIELDS	50
/* Kernel time that a spinning child uses meanwhile, in clock ticks of 10 ms. */
#define HANG_SPIN_TICKS	5

/* The only child, and its status in memory shared with the parent. */
static pid_t hang_watch_pid;
static volatile struct {
	/* The exit status of the test plus 1, set when it has printed everything. */
	int finished;
	int inside;
} *hang_watch;

static inline sigset_t hang_watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return set;
}

/* Run the test in a child. */
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
	hang_watch->finished = 1 + test();
	exit(hang_watch->finished - 1);
}

/* In the child: the call comes next. Flush the output, in case the call never returns. */
static inline void hang_watch_enter(void)
{
	fflush(stdout);
	hang_watch->inside = 1;
}

/* In the child: the call returned. */
static inline void hang_watch_leave(void)
{
	hang_watch->inside = 0;
}

/* Wait up to HANG_WATCH_MS for the test to finish. Returns whether it did. */
static inline int hang_watch_done(void)
{
	struct timespec most = { .tv_nsec = HANG_WATCH_MS * 1000000L };
	sigset_t set = hang_watch_signals();

	sigtimedwait(&set, NULL, &most);
	return hang_watch->finished;
}

/* Whether the child is dead. ECHILD means that it died and was reaped. */
static inline int hang_watch_dead(void)
{
	siginfo_t end = { .si_pid = 0 };
	int failed = waitid(P_PID, hang_watch_pid, &end, WEXITED | WNOHANG | WNOWAIT);

	REQUIRE(!failed || errno == ECHILD, "waitid");
	return failed || end.si_pid;
}

/* Wait until the child is inside the call, without a time limit. Returns 0 if it is past it. */
static inline int hang_watch_wait_inside(void)
{
	while (!hang_watch->inside && !hang_watch->finished && !hang_watch_dead())
		sched_yield();
	return hang_watch->inside && !hang_watch_dead();
}

/*
 * The exit status of the test, for main() to return. Waits for it without a time limit,
 * but not for a child that printed everything and cannot exit.
 */
static inline int hang_watch_status(void)
{
	int status;

	if (!hang_watch->finished)
		REQUIRE(waitpid(hang_watch_pid, &status, 0) == hang_watch_pid, "waitpid");
	if (!hang_watch->finished)
		ktap_bail("the test ended without a result, with status 0x%x", status);
	return hang_watch->finished - 1;
}

static inline void hang_watch_path(const char *name, char path[64])
{
	snprintf(path, 64, "/proc/%d/%s", hang_watch_pid, name);
}

/* The state letter of the child as ps shows it, and its kernel time in clock ticks. */
static inline char hang_watch_state(unsigned long *ticks)
{
	char path[64], text[1024], state;
	const char *at;

	hang_watch_path("stat", path);
	/* Field 3 is the state, field 15 the kernel time. */
	at = procfile_stat(path, 3, text, sizeof(text));
	REQUIRE(sscanf(at,
		"%c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu", &state, ticks) == 2,
		"finding state and time in %s", path);
	return state;
}

/* How often the child was scheduled: its context switches. */
static inline long hang_watch_switches(void)
{
	char path[64];

	hang_watch_path("status", path);
	return procfile_kib(path, "voluntary_ctxt_switches") +
	       procfile_kib(path, "nonvoluntary_ctxt_switches");
}

/*
 * Whether the child sleeps uninterruptibly in the call and never runs while other tasks,
 * which could wake it, do.
 */
static inline int hang_watch_stuck(void)
{
	unsigned long ticks;
	long before;

	if (!hang_watch_wait_inside())
		return 0;
	for (int n = 0; hang_watch->inside && hang_watch_state(&ticks) != 'D'; n++) {
		if (n == HANG_STUCK_YIELDS)
			return 0;
		sched_yield();
	}
	before = hang_watch_switches();
	for (int n = 0; n < HANG_STUCK_YIELDS; n++)
		sched_yield();
	return hang_watch->inside && hang_watch_state(&ticks) == 'D' &&
	       hang_watch_switches() == before;
}

/* Whether the child keeps running in the kernel, inside the call. */
static inline int hang_watch_spins(void)
{
	unsigned long before, ticks = 0;

	if (!hang_watch_wait_inside())
		return 0;
	hang_watch_state(&before);
	for (int n = 0; n < HANG_SPIN_YIELDS || ticks - before < HANG_SPIN_TICKS; n++) {
		if (hang_watch_state(&ticks) != 'R' || !hang_watch->inside)
			return 0;
		sched_yield();
	}
	return 1;
}

/* Print the kernel stack of the child as diagnostics, if the kernel provides it. */
static inline void hang_watch_print_stack(void)
{
	char path[64], text[900];

	hang_watch_path("stack", path);
	if (!procfile_read(path, text, sizeof(text)))
		ktap_diag("%s", text);
}

#endif
