// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loaded into QEMU (LD_PRELOAD), makes it a fork server: a QEMU that holds a
 * guest ready, paused, and at a word becomes two, as fuzzers do it. The copy goes
 * on with what took the time: the process, the devices, and the code that TCG
 * translated. Guest RAM is a private mapping, so the kernel copies what is written.
 *
 * fork() takes along only the thread that calls it. The others are parked in a
 * signal handler first, so that in the copy each can be made anew with its old
 * stack, its old thread pointer and its old place to return to: what it held or
 * waited for, a lock or a futex, is in memory, and so copied as well.
 *
 * Lines on descriptor 7, where FD is one of the process that started this QEMU:
 *
 *	fork ID FD FD	copy; log to the first FD, payload is the file of the second
 *	kill ID
 *
 * Answers: "forked ID PID", "refused ID WHY", "ended ID code|signal N". A copy dials
 * $KWITNESS_SOCKET for its monitor, its agent and its stderr, and says "qmp ID", "agent ID"
 * and "stderr ID" first. What is open for one alone (eventfds) it makes anew.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "server.h"

#define CONTROL		7
/* Real-time signals are QEMU's to use as little as anybody's: it blocks all in its threads. */
#define PARK		(SIGRTMIN + 7)
#define MOST_COPIES	64
/* Only the first bytes of the payload's item are ever mapped to something. */
#define PAYLOAD_ROOM	(64UL << 20)

static char *payload;
static pid_t owner;
static int is_copy;
static int copy_count;
static struct {
	int id, pidfd;
	pid_t pid;
} copies[MOST_COPIES];

static void say(const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Who does not read any more is gone, and QEMU goes with it (pdeathsig). */
	if (write(CONTROL, text, n) != n)
		_exit(1);
}

/* Lay a file over the payload's item. 0 or -errno. */
static int lay_payload(int fd)
{
	const int over = MAP_PRIVATE | MAP_FIXED;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size > (off_t)PAYLOAD_ROOM)
		return -EFBIG;
	if (mmap(payload, PAYLOAD_ROOM, PROT_READ, over | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) !=
	    payload)
		return -errno;
	return mmap(payload, st.st_size, PROT_READ, over, fd, 0) == payload ? 0 : -errno;
}

/*
 * QEMU reads the file of -fw_cfg by this function of glib, once, and keeps what it got. The
 * payload's is a mapping of ours, so that each copy can have another one.
 */
int g_file_get_contents(const char *name, char **contents, size_t *len, void **error)
{
	int (*real)(const char *, char **, size_t *, void **) =
		dlsym(RTLD_NEXT, "g_file_get_contents");
	const char *ours = getenv("KWITNESS_PAYLOAD");
	int fd, err;

	if (payload || !ours || strcmp(name, ours))
		return real(name, contents, len, error);
	payload = mmap(NULL, PAYLOAD_ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	err = payload == MAP_FAILED || fd < 0 ? -errno : lay_payload(fd);
	close(fd);
	if (err)
		return real(name, contents, len, error);
	*contents = payload;
	*len = PAYLOAD_ROOM;
	return 1;
}

/* QEMU tells the kernel to leave guest RAM out of a fork; here it is what forking is for. */
int madvise(void *at, size_t len, int advice)
{
	return advice == MADV_DONTFORK ? 0 : syscall(SYS_madvise, at, len, advice);
}

/* A copy serves one guest: like any QEMU of ours it starts no process (-sandbox spawn=deny). */
static int forbid_spawn(void)
{
	/* The flags of clone3 cannot be looked at: without it glibc takes clone. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 7, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* In the copy, whose only thread is the one that forked. */
static void become_copy(int id, int console, int payload_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	is_copy = 1;
	close(CONTROL);
	for (int i = 0; i < copy_count; i++)
		close(copies[i].pidfd);
	/* When it has dialled, all is done that it needs others for. */
	errno = -lay_payload(fds_open(owner, payload_fd, O_RDONLY));
	if (errno)
		fds_give_up("the payload");
	fds_replace(id, owner, console);
	if (forbid_spawn())
		fds_give_up("the sandbox");
	pages_fetch();
	threads_restart();
}

static void fork_guest(int id, int console, int payload_fd)
{
	const char *why = copy_count < MOST_COPIES ? fds_learn() : "too many copies";
	pid_t pid;

	if (!payload)
		why = "QEMU did not ask for the payload";
	if (why) {
		say("refused %d %s\n", id, why);
		return;
	}
	threads_park();
	/* The bare call: what glibc's does in the child would throw away the other threads. */
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		become_copy(id, console, payload_fd);
		return;
	}
	threads_release();
	if (pid < 0) {
		say("refused %d fork: %s\n", id, strerror(errno));
		return;
	}
	copies[copy_count].id = id;
	copies[copy_count].pid = pid;
	copies[copy_count++].pidfd = syscall(SYS_pidfd_open, pid, 0);
	say("forked %d %d\n", id, pid);
}

static void reap(int which)
{
	int id = copies[which].id, status = 0;

	waitpid(copies[which].pid, &status, 0);
	close(copies[which].pidfd);
	copies[which] = copies[--copy_count];
	if (WIFSIGNALED(status))
		say("ended %d signal %d\n", id, WTERMSIG(status));
	else
		say("ended %d code %d\n", id, WEXITSTATUS(status));
}

static void obey(const char *line)
{
	int id, console, file;

	if (sscanf(line, "fork %d %d %d", &id, &console, &file) == 3)
		fork_guest(id, console, file);
	/* A process keeps its number until we reap it. */
	else if (sscanf(line, "kill %d", &id) == 1)
		for (int i = 0; i < copy_count; i++)
			if (copies[i].id == id) {
				pages_learn(copies[i].pid);
				kill(copies[i].pid, SIGKILL);
			}
}

static void listen_to_control(void)
{
	static char inbox[4096];
	static size_t len;
	ssize_t n = read(CONTROL, inbox + len, sizeof(inbox) - len);
	char *end;

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
		if (is_copy)
			return;
	}
}

/* QEMU's main loop waits here, holding no lock: the moment to look after what is ours. */
int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	static int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	struct pollfd all[n + 1 + MOST_COPIES];
	int ready, count = copy_count;

	if (!real)
		real = dlsym(RTLD_NEXT, "ppoll");
	if (!payload || is_copy || syscall(SYS_gettid) != getpid())
		return real(fds, n, timeout, mask);
	memcpy(all, fds, n * sizeof(*fds));
	all[n] = (struct pollfd){ .fd = CONTROL, .events = POLLIN };
	for (int i = 0; i < count; i++)
		all[n + 1 + i] = (struct pollfd){ .fd = copies[i].pidfd, .events = POLLIN };
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
		listen_to_control();
	}
	return ready;
}

__attribute__((constructor)) static void begin(void)
{
	owner = getppid();
	threads_begin(PARK);
}
