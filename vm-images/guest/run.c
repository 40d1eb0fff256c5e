// SPDX-License-Identifier: GPL-2.0-only
/* One case, from unpacking its payload to its last word. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define PROGRAM		"./repro"
#define ARGS_FILE	"args"
/* How long a killed case may take to go before it is called hung, in guest ms. */
#define REAP_MS		2000
/*
 * How long to wait at a time, and for how much of its time a wait counts at most, in
 * guest ms. A guest that stood still wakes up late: what it slept through was not the
 * case's to use, and must not make a hang of it.
 */
#define SLICE_MS	250
#define MOST_MS		(2 * SLICE_MS)

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* The argument file holds one NUL-ended string per argument. */
static void read_args(char **argv, int max)
{
	static char text[8192];
	int fd = open(ARGS_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	int n = 1;

	for (char *at = text; at < text + len && n < max - 1; at += strlen(at) + 1)
		argv[n++] = at;
	argv[n] = NULL;
	if (fd >= 0)
		close(fd);
}

static pid_t start(const struct request *req, int out)
{
	char *argv[64] = { PROGRAM };
	sigset_t none;
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv("KWITNESS_SEED", req->seed, 1);
	null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	read_args(argv, 64);
	execv(PROGRAM, argv);
	dprintf(2, "Bail out! cannot run the reproducer: %s\n", strerror(errno));
	_exit(127);
}

/*
 * Forward what is in the pipe. Returns 0 at its end, which comes when every holder is gone.
 * It is copied out and taken out only when it is on the wire: a case that sees its pipe
 * empty may crash the kernel, and was heard nevertheless.
 */
static int forward(int from)
{
	static int copy[2] = { -1, -1 };
	char chunk[4096];
	ssize_t n;

	if (copy[0] < 0 && pipe2(copy, O_CLOEXEC))
		return 0;
	n = tee(from, copy[1], sizeof(chunk), SPLICE_F_NONBLOCK);
	if (n > 0 && read(copy[0], chunk, n) == n) {
		frame_send("out", chunk, n);
		frame_drain();
		n = read(from, chunk, n);
	}
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/*
 * Keep the pages of the program for ever. A guest that is forked ran a rehearsal, whose code QEMU
 * has translated: were its pages given to the next program, each write to them had to undo that.
 */
static void hold_program(void)
{
	/* A case may have removed it; then there is nothing to be had. */
	open(PROGRAM, O_RDONLY | O_CLOEXEC);
}

static int unpack(void)
{
	int err = fwcfg_open("opt/kwitness/payload");

	if (err)
		return err;
	err = cpio_unpack(fwcfg_next);
	/* The case shall not inherit the ports. */
	fwcfg_close();
	return err;
}

void run_case(const struct request *req)
{
	long long begin, last, left, taint = system_taint();
	int fds[2], status = 0, timed_out = 0, reaped = 0, open = 1;
	pid_t pid;
	int err;

	frame_key(req->key);
	err = unpack();
	if (err || pipe2(fds, O_CLOEXEC | O_NONBLOCK)) {
		frame_sendf("error", "payload: %s", strerror(err ? -err : errno));
		return;
	}
	fcntl(fds[1], F_SETFL, 0);
	system_clock(req->clock_ns);
	system_reseed(req->seed);
	system_load_modules("modules");
	system_log("begin %s", req->seed);

	begin = last = now_ms();
	left = req->timeout_ms;
	pid = start(req, fds[1]);
	close(fds[1]);
	while (!reaped) {
		struct pollfd pfds[] = {
			{ .fd = open ? fds[0] : -1, .events = POLLIN },
			{ .fd = frame_fd(), .events = POLLIN },
		};
		long long now = now_ms(), wait_ms;
		struct timespec wait;
		char *line;

		left -= now - last < MOST_MS ? now - last : MOST_MS;
		last = now;

		if (left <= 0 && timed_out) {
			frame_sendf("hung", "{\"seconds\":%.3f}", (now_ms() - begin) / 1e3);
			return;
		}
		if (left <= 0) {
			timed_out = 1;
			left = REAP_MS;
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			continue;
		}
		/* SIGCHLD comes only in here (main.c blocks it), so its EINTR is never missed. */
		wait_ms = left < SLICE_MS ? left : SLICE_MS;
		wait = (struct timespec){ wait_ms / 1000, wait_ms % 1000 * 1000000 };
		ppoll(pfds, 2, &wait, &(sigset_t){ 0 });
		open = open && forward(fds[0]);
		while ((line = frame_line()))
			serve_ping(line);
		reaped = waitpid(pid, &status, WNOHANG) == pid;
	}
	/* Children the case left may hold the pipe: take what is there, don't wait for them. */
	kill(-pid, SIGKILL);
	for (int more = 1; more;) {
		struct pollfd pfd = { .fd = fds[0], .events = POLLIN };

		more = open && poll(&pfd, 1, 0) > 0 && forward(fds[0]);
	}
	close(fds[0]);
	hold_program();
	system_log("end %s", req->seed);
	frame_sendf("end",
		    "{\"code\":%d,\"signal\":%d,\"timedOut\":%s,\"seconds\":%.3f,"
		    "\"taintBefore\":%lld,\"taintAfter\":%lld}",
		    WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		    WIFSIGNALED(status) ? WTERMSIG(status) : -1,
		    timed_out ? "true" : "false", (now_ms() - begin) / 1e3, taint, system_taint());
}
