// SPDX-License-Identifier: GPL-2.0-only
/* The front: reads the command line, starts the guard, and cleans up if the guard dies. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static const char usage[] =
	"usage: kwitness-check [--cases GLOBS] [--allow-destructive] [--seed N] [--list]\n"
	"Runs reproducers on the running kernel and prints KTAP: 'not ok' = the bug was seen.\n"
	"  --cases GLOBS        only these cases, separated by commas\n"
	"  --allow-destructive  also cases that may crash or hang an affected kernel\n"
	"  --seed N             seed of all that is random\n"
	"  --list               print the cases and stop\n"
	"  --lifeline           stop and clean up when standard input ends\n"
	"  --remove PATH        remove this file and its folder first\n"
	"Exit status: 0 no bug was seen, 1 a bug was seen, 2 usage, 3 a case failed.\n";

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = signal;
}

static void wake(int signal)
{
	(void)signal;
}

static int list_cases(void)
{
	for (int n = 0; n < check_case_count; n++)
		printf("%s%s\n", check_cases[n].id,
		       check_cases[n].destructive ? " (destructive)" : "");
	return 0;
}

/* Runs a reproducer in this fresh process. */
static int run_program(int argc, char **argv)
{
	for (int n = 0; n < check_case_count; n++)
		if (!strcmp(check_cases[n].id, argv[0]))
			return check_cases[n].main(argc, argv);
	return 127;
}

static int read_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "cases", required_argument, NULL, 'c' },
		{ "seed", required_argument, NULL, 's' },
		{ "remove", required_argument, NULL, 'r' },
		{ "allow-destructive", no_argument, NULL, 'd' },
		{ "lifeline", no_argument, NULL, 'l' },
		{ "list", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};

	for (int name; (name = getopt_long(argc, argv, "h", names, NULL)) >= 0;) {
		switch (name) {
		case 'c': options->cases = optarg; break;
		case 's': options->seed = optarg; break;
		case 'r': options->remove = optarg; break;
		case 'd': options->allow_destructive = 1; break;
		case 'l': options->lifeline = 1; break;
		case 'n': exit(list_cases());
		case 'h': exit(fputs(usage, stdout) < 0);
		default: return -1;
		}
	}
	return optind < argc ? -1 : 0;
}

/* The file goes at once, because nothing needs it once it runs: cases exec /proc/self/exe. */
static void remove_program(const char *path)
{
	char folder[4096], *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	unlink(folder);
	slash = strrchr(folder, '/');
	if (slash && slash > folder) {
		*slash = 0;
		rmdir(folder);
	}
}

/* Let the guard end by itself: it sees that the pipe's other end is closed. */
static int wait_for_guard(pid_t guard, int *lifeline, struct state *state)
{
	sigset_t none;
	int status;

	sigemptyset(&none);
	while (waitpid(guard, &status, WNOHANG) != guard) {
		if (stopped && *lifeline >= 0) {
			close(*lifeline);
			*lifeline = -1;
		}
		ppoll(NULL, 0, NULL, &none);
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	guard_clean(state);
	fputs("kwitness-check: its guard was killed; what the case changed is put back\n",
	      stderr);
	return 3;
}

int main(int argc, char **argv)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
	struct options options = { .seed = "1" };
	struct state *state;
	int fds[2], chosen = 0, status;
	sigset_t blocked;
	pid_t guard;

	if (argc > 1 && !strcmp(argv[1], "--run"))
		return run_program(argc - 2, argv + 2);
	if (read_options(argc, argv, &options)) {
		fputs(usage, stderr);
		return 2;
	}
	if (options.remove)
		remove_program(options.remove);
	for (int n = 0; n < check_case_count; n++)
		chosen += guard_is_chosen(&check_cases[n], &options);
	if (!chosen) {
		fprintf(stderr, "kwitness-check: no case matches %s; --list shows them\n",
			options.cases ? options.cases : "");
		return 2;
	}

	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (state == MAP_FAILED || pipe2(fds, O_CLOEXEC)) {
		fprintf(stderr, "kwitness-check: cannot start: %s\n", strerror(errno));
		return 3;
	}
	state_read(state);
	descendants_adopt();
	sigemptyset(&blocked);
	for (size_t n = 0; n < sizeof(signals) / sizeof(*signals); n++) {
		struct sigaction action = { .sa_handler = signals[n] == SIGCHLD ? wake : stop };

		sigaddset(&blocked, signals[n]);
		sigaction(signals[n], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	guard = fork();
	if (guard < 0) {
		fprintf(stderr, "kwitness-check: cannot start: %s\n", strerror(errno));
		return 3;
	}
	if (!guard) {
		close(fds[1]);
		output_lifelines(fds[0], options.lifeline ? STDIN_FILENO : -1);
		status = guard_run(state, &options);
		_exit(status);
	}
	close(fds[0]);
	status = wait_for_guard(guard, &fds[1], state);
	return stopped ? 128 + stopped : status;
}
