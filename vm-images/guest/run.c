// SPDX-License-Identifier: GPL-2.0-only
/* Runs one case, from unpacking its payload to its end frame. */
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
/* How long a killed case may take to exit before it counts as hung, in guest ms. */
#define REAP_MS		2000
/*
 * How long to wait at a time, and how much of a wait counts against the time limit at
 * most, in guest ms. A guest that was stopped wakes up late, and time that the case could
 * not use must not make it look hung.
 */
#define SLICE_MS	250
#define MAX_COUNTED_MS		(2 * SLICE_MS)

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* The argument file holds one NUL-terminated string per argument. */
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
 * Forward the contents of the pipe. Returns 0 at its end, when every writer has closed it.
 * The data leaves the pipe only after it was transmitted: a case that finds its pipe empty
 * may crash the kernel without losing output.
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
 * Keep the pages of the program. In a forked guest QEMU has translated the code of the warm-up;
 * if the next program got those pages, every write to them would invalidate translations.
 */
static void hold_program(void)
{
	/* Fails if the case has removed the program, which does no harm. */
	open(PROGRAM, O_RDONLY | O_CLOEXEC);
}

static int unpack(void)
{
	int err = payload_open();

	return err ? err : cpio_unpack(payload_next);
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
		frame_sendf("error", "payload: %s%s", strerror(err ? -err : errno),
			    err == -ENOENT || err == -ENXIO ? " (CONFIG_DEVMEM is needed)" : "");
		return;
	}
	fcntl(fds[1], F_SETFL, 0);
	system_clock(req->clock_ns);
	system_reseed(req->seed);
	system_load_modules("modules");
	system_modprobe("modprobe");
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

		left -= now - last < MAX_COUNTED_MS ? now - last : MAX_COUNTED_MS;
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
		/* main.c blocks SIGCHLD except in ppoll(), so its EINTR is never missed. */
		wait_ms = left < SLICE_MS ? left : SLICE_MS;
		wait = (struct timespec){ wait_ms / 1000, wait_ms % 1000 * 1000000 };
		ppoll(pfds, 2, &wait, &(sigset_t){ 0 });
		open = open && forward(fds[0]);
		while ((line = frame_line()))
			serve_ping(line);
		reaped = waitpid(pid, &status, WNOHANG) == pid;
	}
	/* Children of the case may still hold the pipe: forward its contents, do not wait. */
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
