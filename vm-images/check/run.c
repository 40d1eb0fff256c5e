// SPDX-License-Identifier: GPL-2.0-only
/* Runs one case in a fresh process and passes its output on. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define MAX_OUTPUT	(256 * 1024)
#define REAP_MS		2000
#define SLICE_MS	250

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

__attribute__((noreturn))
static void run_program(const struct state *state, const struct check_case *one,
			const struct options *options)
{
	char seed[64], id[MAX_NAME];
	/* A race gets the time that its self-checks and some thousand trials take. */
	char *const argv[] = {
		"kwitness-check", "--run", id, one->race ? "--seconds" : NULL, "2", NULL
	};
	char *const env[] = { seed, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };

	snprintf(id, sizeof(id), "%s", one->id);
	snprintf(seed, sizeof(seed), "KWITNESS_SEED=%s", options->seed);
	/* Before /tmp is hidden, which may hold the folder. */
	if (chdir(state->folder[0] ? state->folder : "/"))
		dprintf(1, "# cannot enter %s: %s\n", state->folder, strerror(errno));
	if (!limits_isolate())
		mount("kwitness", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64m,mode=1777");
	limits_apply(state, one);
	execve("/proc/self/exe", argv, env);
	dprintf(1, "Bail out! cannot run the reproducer: %s\n", strerror(errno));
	_exit(127);
}

static pid_t start(const struct state *state, const struct check_case *one,
		   const struct options *options, int out)
{
	pid_t guard = getpid(), pid = fork();
	sigset_t none;
	int null;

	if (pid)
		return pid;
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != guard)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int n = 1; n < NSIG; n++)
		signal(n, SIG_DFL);
	null = open("/dev/null", O_RDONLY);
	if (null != 0) {
		close(0);
		dup2(null, 0);
	}
	dup2(out, 1);
	dup2(out, 2);
	run_program(state, one, options);
}

/* Pass on what the pipe holds, two spaces before each line. Returns 0 at its end. */
static int forward(int from, struct ending *ending)
{
	char chunk[4096], text[2 * sizeof(chunk) + 2];
	ssize_t n = read(from, chunk, sizeof(chunk));
	size_t len = 0;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	for (ssize_t at = 0; at < n; at++) {
		if (ending->bytes >= MAX_OUTPUT && !ending->open_line) {
			ending->dropped += n - at;
			break;
		}
		if (!ending->open_line) {
			if (len + 4 > sizeof(text)) {
				output_raw(text, len);
				len = 0;
			}
			text[len++] = ' ';
			text[len++] = ' ';
		}
		if (len + 4 > sizeof(text)) {
			output_raw(text, len);
			len = 0;
		}
		text[len++] = chunk[at];
		ending->open_line = chunk[at] != '\n';
		ending->bytes++;
		/* A line without an end is cut, too. */
		if (ending->bytes >= 2 * MAX_OUTPUT) {
			ending->dropped += n - at - 1;
			break;
		}
	}
	if (len)
		output_raw(text, len);
	return 1;
}

void run_case(struct state *state, const struct check_case *one, const struct options *options,
	      struct ending *ending)
{
	long long begin, deadline;
	int fds[2], open = 1, reaped = 0;
	pid_t pid;

	*ending = (struct ending){ .taint_before = state_taint() };
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK)) {
		ending->status = -1;
		return;
	}
	fcntl(fds[1], F_SETFL, 0);
	begin = now_ms();
	deadline = begin + one->timeout_seconds * 1000LL;
	pid = start(state, one, options, fds[1]);
	close(fds[1]);
	while (!reaped && output_alive()) {
		struct pollfd pfds[] = {
			{ .fd = open ? fds[0] : -1, .events = POLLIN },
			{ .fd = output_front(), .events = POLLIN },
			{ .fd = output_peer(), .events = POLLIN },
			/* Polled for its error alone: nobody reads any more. */
			{ .fd = STDOUT_FILENO },
		};
		struct timespec wait = { 0, SLICE_MS * 1000000 };

		/* SIGCHLD is blocked but for this call, so its EINTR is never missed. */
		ppoll(pfds, 4, &wait, &(sigset_t){ 0 });
		open = open && forward(fds[0], ending);
		reaped = waitpid(pid, &ending->status, WNOHANG) == pid;
		if (reaped || now_ms() < deadline)
			continue;
		if (ending->timed_out) {
			ending->hung = 1;
			break;
		}
		ending->timed_out = 1;
		deadline = now_ms() + REAP_MS;
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	ending->seconds = (now_ms() - begin) / 1e3;
	ending->hung += descendants_kill(state) > 0 && !ending->hung;
	while (open && output_alive()) {
		struct pollfd pfd = { .fd = fds[0], .events = POLLIN };

		open = poll(&pfd, 1, 0) > 0 && forward(fds[0], ending);
	}
	close(fds[0]);
	ending->taint_after = state_taint();
}
