// SPDX-License-Identifier: GPL-2.0-only
/* The guard: runs the chosen cases one after the other, and puts everything back. */
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* Exit statuses of reproducers (core/ktap.h). */
enum { NOT_SEEN = 0, SEEN = 1, SKIPPED = 4 };

int guard_is_chosen(const struct check_case *one, const struct options *options)
{
	char globs[4096];

	if (!options->cases)
		return 1;
	snprintf(globs, sizeof(globs), "%s", options->cases);
	for (char *glob = strtok(globs, ","); glob; glob = strtok(NULL, ","))
		if (!strcmp(glob, "all") || !fnmatch(glob, one->id, 0))
			return 1;
	return 0;
}

/* The module that a case needs and this machine does not have loaded, NULL for none. */
static const char *missing_module(const struct check_case *one)
{
	for (const char *const *name = one->modules; *name; name++)
		if (!about_has_module(*name))
			return *name;
	return NULL;
}

static void print_head(void)
{
	output_line("  KTAP version 1");
}

/* Print the stream of a case that is not run, in the form of one that skips. */
static void print_skip(const char *why, const char *detail)
{
	print_head();
	output_line("  1..0 # SKIP %s%s", why, detail);
	output_line("  # kwitness: end of tests");
}

/* Whether the case is not run here, its stream printed. */
static int is_refused(const struct check_case *one, const struct options *options,
		      int has_mounts)
{
	const char *module = missing_module(one);

	if (access("/proc/self/stat", F_OK))
		print_skip("needs /proc, which is not mounted here", "");
	else if (one->destructive && !options->allow_destructive)
		print_skip("destructive: it may crash or hang an affected kernel; "
			   "--allow-destructive runs it", "");
	else if (module)
		print_skip("needs a module that is not loaded, and a check loads none: ", module);
	else if (one->mounts && !has_mounts && !geteuid())
		print_skip("mounts file systems, which needs a mount name space of its own", "");
	else
		return 0;
	return 1;
}

static void print_end(const struct check_case *one, const struct ending *ending)
{
	char how[64];

	if (ending->hung)
		snprintf(how, sizeof(how), "hung=1");
	else if (WIFSIGNALED(ending->status))
		snprintf(how, sizeof(how), "signal=%d", WTERMSIG(ending->status));
	else
		snprintf(how, sizeof(how), "exit=%d", WEXITSTATUS(ending->status));
	output_line("# case: %s %s timed-out=%d seconds=%.3f taint=%lld,%lld "
		    "bytes=%llu dropped=%llu open=%d",
		    one->id, how, ending->timed_out, ending->seconds, ending->taint_before,
		    ending->taint_after, ending->bytes, ending->dropped, ending->open_line);
}

/* Print the result of a case, and return the exit status it means. */
static int print_result(int number, const struct check_case *one, const struct ending *ending)
{
	int status = WIFEXITED(ending->status) ? WEXITSTATUS(ending->status) : -1;

	if (ending->hung || ending->timed_out)
		output_line("not ok %d %s # TIMEOUT", number, one->id);
	else if (status == SKIPPED)
		output_line("ok %d %s # SKIP", number, one->id);
	else if (status == SEEN || status == NOT_SEEN)
		output_line("%sok %d %s", status == SEEN ? "not " : "", number, one->id);
	else
		output_line("not ok %d %s # ERROR", number, one->id);
	if (status == SEEN && !ending->timed_out)
		return 1;
	return status == SKIPPED || status == NOT_SEEN ? 0 : 3;
}

void guard_clean(struct state *state)
{
	descendants_kill(state);
	state_restore(state);
	state_close_folder(state);
	limits_close(state);
}

/* The name spaces of cases, tried in a child, because there is no way back. */
static const char *try_isolation(void)
{
	static char why[128];
	const char *found;
	int fds[2];
	ssize_t len;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return "none";
	pid = fork();
	if (!pid) {
		found = limits_isolate();
		if (found && write(fds[1], found, strlen(found)) < 0)
			_exit(1);
		_exit(0);
	}
	close(fds[1]);
	len = read(fds[0], why, sizeof(why) - 1);
	close(fds[0]);
	waitpid(pid, NULL, 0);
	why[len > 0 ? len : 0] = 0;
	return why[0] ? why : NULL;
}

int guard_run(struct state *state, const struct options *options)
{
	const char *limits, *isolation, *no_log;
	int status = 0, number = 0, chosen = 0;

	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	descendants_adopt();
	for (int n = 0; n < check_case_count; n++)
		chosen += guard_is_chosen(&check_cases[n], options);
	state_open_folder(state);
	limits = limits_open(state);
	isolation = try_isolation();
	no_log = kernel_log_open();

	output_line("KTAP version 1");
	about_print(options, limits, isolation);
	output_line("# kernel-log: %s", no_log ? no_log : "read");
	output_line("1..%d", chosen);
	for (int n = 0; n < check_case_count && output_alive(); n++) {
		const struct check_case *one = &check_cases[n];
		struct ending ending = { .status = SKIPPED << 8 };
		int own;

		if (!guard_is_chosen(one, options))
			continue;
		ending.taint_before = ending.taint_after = state_taint();
		if (!is_refused(one, options, !isolation)) {
			state_read(state);
			run_case(state, one, options, &ending);
			if (ending.open_line)
				output_raw("\n", 1);
			if (state_restore(state))
				output_line("# left: a setting cannot be put back after %s",
					    one->id);
			state_empty_folder(state);
		}
		kernel_log_print();
		print_end(one, &ending);
		own = print_result(++number, one, &ending);
		if (own == 3 || (own && !status))
			status = own;
		/* A process that cannot be killed may be in the way of every later case. */
		if (ending.hung) {
			output_line("# left: %s hangs in the kernel and cannot be killed", one->id);
			break;
		}
	}
	if (number == chosen && output_alive())
		output_line("# kwitness-check: end");
	guard_clean(state);
	return output_alive() ? status : 3;
}
