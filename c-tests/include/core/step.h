/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one dangerous step of a case whose symptom is that the program or the guest does
 * not survive it (`symptomEnding` in case.json).
 *
 *	step_enter("move");		all self-checks passed, nothing else can fail
 *	err = ioctl(fd, UFFDIO_MOVE, &arg);
 *	step_leave("move");		survived: report the result as usual
 *
 * A hang or a splat counts as the symptom only between these two calls, so place them
 * close around the dangerous call and prepare everything before. Needs root, to write to
 * the kernel log.
 */
#ifndef KWITNESS_STEP_H
#define KWITNESS_STEP_H

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

#include "core/procfile.h"

/* Milliseconds since the process started, which is when its time limit started. */
static inline long long step_age_ms(void)
{
	unsigned long long started = 0;
	struct timespec now;
	char text[1024];
	const char *at = procfile_stat("/proc/self/stat", 22, text, sizeof(text));

	REQUIRE(sscanf(at, "%llu", &started) == 1, "finding the start time in /proc/self/stat");
	REQUIRE(!clock_gettime(CLOCK_BOOTTIME, &now), "clock_gettime");
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000 - started * 1000 / sysconf(_SC_CLK_TCK);
}

/* If the output is a pipe, wait until its reader has emptied it. */
static inline void step_drain(void)
{
	struct stat st;
	int left;

	fflush(stdout);
	REQUIRE(!fstat(STDOUT_FILENO, &st), "fstat of the output");
	while (S_ISFIFO(st.st_mode) && !ioctl(STDOUT_FILENO, FIONREAD, &left) && left)
		sched_yield();
}

/* Mark the kernel log: only a splat below this line can be the symptom. */
static inline void step_log(const char *step)
{
	char text[128];
	int err;

	snprintf(text, sizeof(text), "<5>kwitness: entering %s\n", step);
	err = procfile_write_text("/dev/kmsg", text);
	if (err)
		ktap_bail("write to /dev/kmsg failed: %s", ktap_errno(err));
}

/* Announce the step on the output and wait until the agent has read it. */
static inline void step_notify(const char *step)
{
	printf("# kwitness: entering %s after %lld ms\n", step, step_age_ms());
	step_drain();
}

/* Enter the step. Its name consists of small letters, digits and `-`. */
static inline void step_enter(const char *step)
{
	step_notify(step);
	step_log(step);
}

/* Report that the program survived the step. */
static inline void step_leave(const char *step)
{
	printf("# kwitness: left %s\n", step);
	fflush(stdout);
}

/* Exit inside the step: the task that entered it died, and the kernel log says why. */
__attribute__((noreturn))
static inline void step_abandon(void)
{
	fflush(stdout);
	_exit(KTAP_BROKEN);
}

#endif
