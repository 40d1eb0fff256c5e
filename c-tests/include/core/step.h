/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one step of a case whose symptom is that the case, or the guest, does not come
 * out of it: `symptomEnding` in case.json.
 *
 *	step_enter("move");		all self-checks passed, nothing else left to fail
 *	err = ioctl(fd, UFFDIO_MOVE, &arg);
 *	step_leave("move");		the bug was not seen; judge as usual
 *
 * A hang or a splat counts as the symptom only between these two words. They stand
 * close around the dangerous call, and whatever is made ready is ready before. Needs
 * root, for the kernel log.
 */
#ifndef KWITNESS_STEP_H
#define KWITNESS_STEP_H

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

#include "core/procfile.h"

/* Milliseconds this process has lived; its time limit runs from its start. */
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

/* Where the output is a pipe, wait until who reads it has taken everything out. */
static inline void step_drain(void)
{
	struct stat st;
	int left;

	fflush(stdout);
	REQUIRE(!fstat(STDOUT_FILENO, &st), "fstat of the output");
	while (S_ISFIFO(st.st_mode) && !ioctl(STDOUT_FILENO, FIONREAD, &left) && left)
		sched_yield();
}

/* A line in the kernel log: a splat is the symptom's only if it stands below. */
static inline void step_log(const char *step)
{
	char text[128];
	int err;

	snprintf(text, sizeof(text), "<5>kwitness: entering %s\n", step);
	err = procfile_write_text("/dev/kmsg", text);
	if (err)
		ktap_bail("write to /dev/kmsg failed: %s", ktap_errno(err));
}

/* Say it, and be sure that it was heard. */
static inline void step_notify(const char *step)
{
	printf("# kwitness: entering %s after %lld ms\n", step, step_age_ms());
	step_drain();
}

/* Begin the step. Its name is of small letters, digits and `-`. */
static inline void step_enter(const char *step)
{
	step_notify(step);
	step_log(step);
}

/* Say that the step was come through. */
static inline void step_leave(const char *step)
{
	printf("# kwitness: left %s\n", step);
	fflush(stdout);
}

/* End the program in its step: who made it is gone, and the kernel log says of what. */
__attribute__((noreturn))
static inline void step_lost(void)
{
	fflush(stdout);
	_exit(KTAP_BROKEN);
}

#endif
