/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kwitness-check: every reproducer in one static file, for the running kernel. It prints
 * KTAP: a head of "# name: value" lines, then for each case its own stream, indented by
 * two spaces, and lines of this program, not indented, so that no case can forge them.
 *
 * Three generations of processes leave nothing behind, whichever of the first two is
 * killed: the front is what the user started, the guard runs the cases and cleans up when
 * the front is gone, and the front cleans up when the guard is gone.
 */
#ifndef KWITNESS_CHECK_H
#define KWITNESS_CHECK_H

#include <stddef.h>
#include <sys/types.h>

#define CHECK_PROTOCOL	1
#define MAX_TUNABLES	48
#define MAX_NAME	128

/* One case of the catalogue, as case.json has it; build.ts writes the table. */
struct check_case {
	const char *id;
	int destructive, mounts, race;
	int timeout_seconds, memory_mib;
	/* Names of kernel modules, NULL at the end. */
	const char *const *modules;
	/* Its main(), which takes (int, char **) or nothing. */
	int (*main)();
};

extern const struct check_case check_cases[];
extern const int check_case_count;

struct options {
	/* Globs separated by commas; NULL for every case. */
	const char *cases;
	const char *seed;
	int allow_destructive;
	/* The end of standard input ends the program: the peer is gone. */
	int lifeline;
	/* Removed at the start: the file that a remote kwitness put here, and its folder. */
	const char *remove;
};

/* What was there before a case, in memory that front and guard share. */
struct tunable {
	char path[MAX_NAME];
	char value[64];
};

struct state {
	int count;
	struct tunable tunables[MAX_TUNABLES];
	/* The working directory of cases, and whether /tmp was made for them. */
	char folder[MAX_NAME];
	int made_tmp;
	/* A cgroup of our own, "" without one. */
	char cgroup[256];
	int taint_before;
};

/* How a case ended. */
struct ending {
	int status, timed_out, hung;
	double seconds;
	long long taint_before, taint_after;
	unsigned long long bytes, dropped;
	/* The output does not end with a newline; one was added. */
	int open_line;
};

/* output.c: standard output, given up when the reader is gone */
void output_lifelines(int front, int peer);
/* Whether front, peer and reader are all still there. */
int output_alive(void);
/* The descriptor that polls readable when the front is gone. */
int output_front(void);
int output_peer(void);
void output_raw(const char *data, size_t len);
void output_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* about.c: what machine this is */
void about_print(const struct options *options, const char *limits, const char *isolation);
/* Whether a driver or file system of this name is loaded or built in. */
int about_has_module(const char *name);

/* state.c: what cases change, and how it was */
void state_read(struct state *state);
/* Put back what differs. Returns how many could not be put back. */
int state_restore(const struct state *state);
void state_open_folder(struct state *state);
/* Remove everything in the folder of cases. */
void state_empty_folder(const struct state *state);
void state_close_folder(struct state *state);
long long state_taint(void);

/* limits.c: what a case may use */
const char *limits_open(struct state *state);
void limits_apply(const struct state *state, const struct check_case *one);
/* Kill what is in the cgroup. */
void limits_kill(const struct state *state);
void limits_close(struct state *state);
/* Give the calling process name spaces of its own. Returns NULL or why it cannot. */
const char *limits_isolate(void);

/* kernel_log.c: what the kernel says meanwhile */
/* Returns NULL, or why its log cannot be read. */
const char *kernel_log_open(void);
void kernel_log_print(void);

/* descendants.c: processes that a case leaves */
/* Become the parent of every orphan below. */
void descendants_adopt(void);
/* Kill and reap all children, orphans included. Returns how many do not die. */
int descendants_kill(const struct state *state);

/* run.c: one case */
void run_case(struct state *state, const struct check_case *one, const struct options *options,
	      struct ending *ending);

/* guard.c: all of them */
int guard_run(struct state *state, const struct options *options);
int guard_is_chosen(const struct check_case *one, const struct options *options);
void guard_clean(struct state *state);

#endif
