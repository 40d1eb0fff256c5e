// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loaded into QEMU (LD_PRELOAD), makes it a fork server: a QEMU that holds a guest ready, paused,
 * and forks a child for each attempt. The child goes on with what took the time: the process, the
 * devices, and the code that TCG translated. README.md says how, and what this relies on.
 *
 * Lines on descriptor 7, where FD is one of the process that started this QEMU:
 *
 *	check		can it fork now?
 *	fork ID FD FD	a child; log to the first FD, payload is the file of the second
 *	kill ID
 *
 * Answers: "ready" once unasked, "able" or "unable WHY", "forked ID PID" or "refused ID WHY", and
 * when a child is gone "ended ID code|signal N" or "ended ID lost". A child dials $KWITNESS_SOCKET
 * for its monitor, its agent and its stderr, and says "qmp ID", "agent ID" and "stderr ID" first.
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "server.h"

#define CONTROL		7
/* Real-time signals are QEMU's to use as little as anybody's: it blocks all in its threads. */
#define PARK		(SIGRTMIN + 7)
#define MAX_CHILDREN	64

/* The process that started this QEMU, and this QEMU. */
static pid_t owner, server;
static int is_child;
static int child_count;
static struct {
	int id, pidfd;
	pid_t pid;
} children[MAX_CHILDREN];

void child_fail(const char *what)
{
	dprintf(STDERR_FILENO, "a child of this QEMU failed at %s: %s\n", what, strerror(errno));
	_exit(1);
}

int is_pidfd(int fd)
{
	for (int i = 0; i < child_count; i++)
		if (children[i].pidfd == fd)
			return 1;
	return 0;
}

static void notify(const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(text)) {
		n = sizeof(text);
		text[n - 1] = '\n';
	}
	/* A reader that is gone takes this QEMU with it (pdeathsig). */
	if (TEMP_FAILURE_RETRY(write(CONTROL, text, n)) != n)
		_exit(1);
}

/* In the child, whose only thread is the one that forked. */
static void become_child(int id, int console, int payload_fd)
{
	is_child = 1;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		child_fail("dying with its server");
	/* A server that was gone before sends no signal any more. */
	if (getppid() != server)
		_exit(1);
	close(CONTROL);
	for (int i = 0; i < child_count; i++)
		close(children[i].pidfd);
	/* A child that has dialled needs nobody's files any more. */
	if (payload_replace(owner, payload_fd))
		child_fail("the payload");
	fds_replace(id, owner, console);
	if (sandbox_enter())
		child_fail("the sandbox");
	pages_fetch();
	threads_restart();
}

/* NULL, or why no child can be made now; with NULL all threads are parked. */
static const char *prepare(void)
{
	const char *why = child_count == MAX_CHILDREN ? "it has 64 children" : payload_check();

	if (!why)
		why = fds_learn();
	if (!why)
		why = pages_check();
	return why ? why : threads_park();
}

static void check(void)
{
	const char *why = prepare();

	if (why) {
		notify("unable %s\n", why);
		return;
	}
	threads_release();
	notify("able\n");
}

static void fork_guest(int id, int console, int payload_fd)
{
	const char *why = prepare();
	int pidfd = -1, err;
	pid_t pid;

	if (why) {
		notify("refused %d %s\n", id, why);
		return;
	}
	/* The bare call: what glibc's does in the child would throw away the other threads. */
	pid = syscall(SYS_clone, SIGCHLD | CLONE_PIDFD, 0, &pidfd, 0, 0);
	if (!pid) {
		become_child(id, console, payload_fd);
		return;
	}
	err = errno;
	threads_release();
	if (pid < 0) {
		notify("refused %d fork: %s\n", id, strerror(err));
		return;
	}
	/* Before Linux 5.2 the flag is ignored. */
	if (pidfd < 0) {
		kill(pid, SIGKILL);
		TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0));
		notify("refused %d this kernel has no pidfd\n", id);
		return;
	}
	children[child_count].id = id;
	children[child_count].pid = pid;
	children[child_count++].pidfd = pidfd;
	notify("forked %d %d\n", id, pid);
}

static void reap(int which)
{
	int id = children[which].id, status = 0;
	pid_t pid = TEMP_FAILURE_RETRY(waitpid(children[which].pid, &status, 0));

	close(children[which].pidfd);
	children[which] = children[--child_count];
	if (pid < 0)
		notify("ended %d lost\n", id);
	else if (WIFSIGNALED(status))
		notify("ended %d signal %d\n", id, WTERMSIG(status));
	else
		notify("ended %d code %d\n", id, WEXITSTATUS(status));
}

static void kill_child(int id)
{
	for (int i = 0; i < child_count; i++) {
		if (children[i].id == id) {
			pages_learn(children[i].pid);
			/* A process keeps its number until we reap it. */
			kill(children[i].pid, SIGKILL);
		}
	}
}

static void obey(const char *line)
{
	int id, console, file;

	if (!strcmp(line, "check"))
		check();
	else if (sscanf(line, "fork %d %d %d", &id, &console, &file) == 3)
		fork_guest(id, console, file);
	else if (sscanf(line, "kill %d", &id) == 1)
		kill_child(id);
}

static void read_control(void)
{
	static char inbox[4096];
	static size_t len;
	ssize_t n = TEMP_FAILURE_RETRY(read(CONTROL, inbox + len, sizeof(inbox) - len));
	char *end;

	/* Its end, or a line longer than any of ours. */
	if (n <= 0)
		_exit(0);
	len += n;
	while ((end = memchr(inbox, '\n', len))) {
		char line[sizeof(inbox)];
		size_t size = end - inbox;

		memcpy(line, inbox, size);
		line[size] = '\0';
		len -= size + 1;
		memmove(inbox, end + 1, len);
		obey(line);
		if (is_child)
			return;
	}
}

/* Poll these and what is ours. Returns what poll() does for these alone. */
static int poll_all(int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *),
		    struct pollfd *fds, nfds_t n, const struct timespec *timeout,
		    const sigset_t *mask)
{
	struct pollfd all[n + 1 + MAX_CHILDREN];
	int ready, count = child_count;

	memcpy(all, fds, n * sizeof(*fds));
	all[n] = (struct pollfd){ .fd = CONTROL, .events = POLLIN };
	for (int i = 0; i < count; i++)
		all[n + 1 + i] = (struct pollfd){ .fd = children[i].pidfd, .events = POLLIN };
	ready = real(all, n + 1 + count, timeout, mask);
	memcpy(fds, all, n * sizeof(*fds));
	for (int i = count; ready > 0 && i-- > 0;) {
		if (all[n + 1 + i].revents) {
			ready--;
			reap(i);
		}
	}
	if (ready > 0 && all[n].revents) {
		ready--;
		read_control();
	}
	return ready;
}

/* QEMU's main loop waits here, holding no lock: the moment to look after what is ours. */
int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	static int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	static int is_ready;

	if (!real)
		real = dlsym(RTLD_NEXT, "ppoll");
	if (is_child || syscall(SYS_gettid) != server)
		return real(fds, n, timeout, mask);
	if (!is_ready) {
		is_ready = 1;
		notify("ready\n");
	}
	return poll_all(real, fds, n, timeout, mask);
}

struct io_uring;

/*
 * QEMU 11 waits for its descriptors in an io_uring, else an epoll, of which no child can have its
 * own. Without either it waits in ppoll(), as where the kernel has none.
 */
int io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags)
{
	(void)entries, (void)ring, (void)flags;
	return -ENOSYS;
}

int epoll_create1(int flags)
{
	(void)flags;
	errno = ENOSYS;
	return -1;
}

__attribute__((constructor)) static void begin(void)
{
	owner = getppid();
	server = getpid();
	fds_begin();
	threads_begin(PARK);
}
