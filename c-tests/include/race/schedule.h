/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A race that a debugger decides instead of chance: two sides, each on a CPU of its own,
 * and places where kwitness stops them (case.json, "schedule"). The program makes one
 * trial after the other for as long as the debugger asks for one:
 *
 *	static const struct schedule schedule = {
 *		.subject = page, .arg = &state,
 *		.prepare = ..., .first = ..., .second = ..., .judge = ...,
 *	};
 *
 *	schedule_result(&schedule, name);
 *
 * Without a debugger it would wait for ever, so a case does this with --schedule alone
 * (schedule_asked()), or leaves it to schedule_only(). It calls need_root() and need_cpus(2)
 * first.
 */
#ifndef KWITNESS_SCHEDULE_H
#define KWITNESS_SCHEDULE_H

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/io.h>
#include <sys/syscall.h>

#include "core/ktap.h"

#define SCHEDULE_PAGE	4096UL
/* More than an act uses. */
#define SCHEDULE_STACK	(4 * SCHEDULE_PAGE)

struct schedule {
	/* The object of the race: what case.json calls "subject". */
	const void *subject;
	void *arg;
	/* Before a trial, alone. */
	void (*prepare)(void *arg);
	/* The two sides, on CPU 0 and CPU 1. */
	void (*first)(void *arg);
	void (*second)(void *arg);
	/* After both have ended, alone: whether the bug was seen, or -errno of a failure. */
	int (*judge)(void *arg);
};

enum { SCHEDULE_TRIAL = 1, SCHEDULE_DISABLED = 2, SCHEDULE_QUIT = 3 };

/* What the debugger reads and writes; harness/schedule/program.ts knows this layout. */
static struct {
	char magic[8];
	uint64_t subject;
	/*
	 * Written by the debugger: the last trial that the first side may begin, that in which the
	 * second one may act, and what kind they are.
	 */
	volatile uint64_t begin, go, command;
	/* The trial that can begin; the last one that each side has ended; judge() of that. */
	volatile uint64_t prepared, first_ended, second_ended;
	volatile int64_t result;
} schedule_block = { .magic = { 'k', 'w', 's', 'c', 'h', 'e', 'd', '1' } };

static struct {
	const struct schedule *schedule;
	/* The trial for which the second side may wake up, and for which it has. */
	volatile uint32_t wake;
	volatile uint64_t ready;
	/* What the second side may write to of its own: its stack, and glibc's data above it. */
	volatile uintptr_t stack, thread;
	unsigned long hits;
} schedule_state;

static inline void schedule_pause(void)
{
#if defined(__x86_64__)
	__asm__ __volatile__("pause" : : : "memory");
#else
	__asm__ __volatile__("yield" : : : "memory");
#endif
}

/* The port of QEMU's debug console. A byte tells the debugger to look. */
#define SCHEDULE_PORT	0xe9

static inline void schedule_tell(void)
{
#if defined(__x86_64__)
	__asm__ __volatile__("outb %%al, %0" : : "N"(SCHEDULE_PORT) : "memory");
#endif
}

/* Of the two sides. A thread that only works while a side sleeps runs below it. */
enum { SCHEDULE_PRIORITY = 50, SCHEDULE_BELOW = 40 };

/* Take a CPU, at a priority that leaves it to nobody below. */
static inline void schedule_take_cpu_at(int cpu, int priority)
{
	struct sched_param param = { .sched_priority = priority };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	REQUIRE(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity to CPU %d", cpu);
	REQUIRE(!sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param), "SCHED_FIFO");
}

/* Leave it to nobody: a switch in the middle of the window is not its path. */
static inline void schedule_take_cpu(int cpu)
{
	schedule_take_cpu_at(cpu, SCHEDULE_PRIORITY);
}

static inline void *schedule_second(void *unused)
{
	const struct schedule *s = schedule_state.schedule;

	schedule_take_cpu(1);
	schedule_state.stack = (uintptr_t)__builtin_frame_address(0) - SCHEDULE_STACK;
	schedule_state.thread = (uintptr_t)pthread_self();
	for (uint64_t trial = 1;; trial++) {
		/* Asleep between trials, or others on this CPU would starve, RCU's readers too. */
		while (schedule_state.wake != (uint32_t)trial)
			syscall(SYS_futex, &schedule_state.wake, FUTEX_WAIT_PRIVATE,
				(uint32_t)trial - 1, NULL, NULL, 0);
		schedule_state.ready = trial;
		while (schedule_block.go != trial)
			schedule_pause();
		if (schedule_block.command == SCHEDULE_QUIT)
			return unused;
		s->second(s->arg);
		schedule_block.second_ended = trial;
		schedule_tell();
	}
}

/* Wake the second side up for a trial. */
static inline void schedule_wake(uint64_t trial)
{
	schedule_state.wake = (uint32_t)trial;
	syscall(SYS_futex, &schedule_state.wake, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	while (schedule_state.ready != trial)
		schedule_pause();
}

/* Write to each page from the one with the first byte to that with the last one. */
static inline void schedule_touch(uintptr_t first, uintptr_t last)
{
	for (uintptr_t at = first & -SCHEDULE_PAGE; at <= last; at += SCHEDULE_PAGE)
		__atomic_fetch_or((char *)at, 0, __ATOMIC_RELAXED);
}

/*
 * If an act forks, it leaves the memory of both sides write-protected. A side that wrote to
 * its stack or to a variable in the next trial would fault there, and wait for the other.
 */
static inline void schedule_settle(void)
{
	extern char data_start[], _end[];

	schedule_touch((uintptr_t)data_start, (uintptr_t)_end - 1);
	schedule_touch(schedule_state.stack, schedule_state.thread);
}

/* A thread that never sleeps must not be throttled. */
static inline void schedule_no_throttling(void)
{
	int fd = open("/proc/sys/kernel/sched_rt_runtime_us", O_WRONLY | O_CLOEXEC);

	REQUIRE(fd >= 0 && write(fd, "-1", 2) == 2, "sched_rt_runtime_us");
	close(fd);
}

/* Make the trials that the debugger asks for. */
static inline void schedule_run(const struct schedule *s)
{
	unsigned long trials = 0;
	pthread_t second;

	schedule_block.subject = (uintptr_t)s->subject;
	schedule_state.schedule = s;
	REQUIRE(!ioperm(SCHEDULE_PORT, 1, 1), "ioperm");
	schedule_no_throttling();
	ktap_diag("kwitness: schedule=%lx", (unsigned long)&schedule_block);
	/* At a priority that leaves the agent its turn: it still has to pass this on. */
	while (!schedule_block.begin)
		schedule_pause();
	/* The new thread begins on either CPU, so this one takes its own when that has moved. */
	REQUIRE(!pthread_create(&second, NULL, schedule_second, NULL), "pthread_create");
	while (!schedule_state.stack || !schedule_state.thread)
		usleep(100);
	schedule_take_cpu(0);
	for (uint64_t trial = 1;; trial++) {
		s->prepare(s->arg);
		schedule_wake(trial);
		schedule_settle();
		schedule_block.prepared = trial;
		schedule_tell();
		while (schedule_block.begin != trial)
			schedule_pause();
		if (schedule_block.command == SCHEDULE_QUIT)
			break;
		s->first(s->arg);
		while (schedule_block.second_ended != trial)
			schedule_pause();
		schedule_block.result = s->judge(s->arg);
		schedule_block.first_ended = trial;
		/* Leave this CPU to others for a moment, RCU's threads too. */
		usleep(50);
		if (schedule_block.command == SCHEDULE_TRIAL && schedule_block.result >= 0) {
			trials++;
			schedule_state.hits += schedule_block.result > 0;
		}
	}
	schedule_block.go = schedule_block.begin;
	REQUIRE(!pthread_join(second, NULL), "pthread_join");
	ktap_trials(trials, schedule_state.hits);
}

/* Whether a debugger is there: the only argument is --schedule. */
static inline int schedule_asked(int argc, char **argv)
{
	return argc == 2 && !strcmp(argv[1], "--schedule");
}

/* Make the trials: the bug was seen on the kernel as it is, or not. */
static inline void schedule_result(const struct schedule *s, const char *name)
{
	schedule_run(s);
	ktap_result(schedule_state.hits > 0, name);
}

/* The same for a case that has nothing to try by chance: it is skipped without a debugger. */
static inline void schedule_only(const struct schedule *s, int argc, char **argv, const char *name)
{
	if (schedule_asked(argc, argv))
		schedule_result(s, name);
	else
		ktap_skip(name, "only a debugger finds the window (--schedule)");
}

#endif
