// SPDX-License-Identifier: GPL-2.0-only
/* The descriptors of a fork server: what a copy must have for itself. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "server.h"

/* As every QEMU of ours inherits them (argv.ts). */
#define QMP		3
#define CONSOLE		4
#define AGENT		5
#define MOST_EVENTS	64

static int events[MOST_EVENTS];
static int event_count;
/* QEMU's own of the log port: it opened /dev/fd/4 anew. */
static int log_fd = -1;
static int is_known;

/* Kinds whose waiters would wake each other across processes, and which nobody can open anew. */
static const char *const shared_kinds[] = {
	"anon_inode:[eventpoll]",
	"anon_inode:[io_uring]",
	"anon_inode:[timerfd]",
	"anon_inode:[userfaultfd]",
};

void fds_give_up(const char *what)
{
	dprintf(2, "a copy of this QEMU failed at %s: %s\n", what, strerror(errno));
	_exit(1);
}

static int is_log(int fd, const struct stat *log)
{
	struct stat st;

	return fd != CONSOLE && !fstat(fd, &st) && st.st_dev == log->st_dev &&
	       st.st_ino == log->st_ino;
}

const char *fds_learn(void)
{
	struct dirent *entry;
	struct stat log;
	DIR *dir;

	if (is_known)
		return NULL;
	dir = opendir("/proc/self/fd");
	if (!dir || fstat(CONSOLE, &log))
		return "its descriptors cannot be seen";
	event_count = 0;
	while ((entry = readdir(dir))) {
		char path[300], kind[64] = "";
		int fd = atoi(entry->d_name);

		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		if (entry->d_name[0] == '.' || readlink(path, kind, sizeof(kind) - 1) < 0)
			continue;
		for (size_t i = 0; i < sizeof(shared_kinds) / sizeof(shared_kinds[0]); i++) {
			if (!strcmp(kind, shared_kinds[i])) {
				closedir(dir);
				return shared_kinds[i];
			}
		}
		if (!strcmp(kind, "anon_inode:[eventfd]") && event_count < MOST_EVENTS)
			events[event_count++] = fd;
		if (is_log(fd, &log))
			log_fd = fd;
	}
	closedir(dir);
	if (log_fd < 0)
		return "the log port is not where it should be";
	is_known = 1;
	return NULL;
}

/* Put `with` in the place of `fd`, which keeps its flags. */
static void replace(int fd, int with)
{
	int flags = fcntl(fd, F_GETFL);

	if (with < 0 || dup3(with, fd, O_CLOEXEC) < 0 || fcntl(fd, F_SETFL, flags))
		fds_give_up("replacing a descriptor");
	close(with);
}

/* What an eventfd counts, which reading it would take away. */
static unsigned int count_of(int fd)
{
	char path[64], text[512] = "";
	const char *count;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0 || read(info, text, sizeof(text) - 1) < 0)
		fds_give_up("reading an eventfd");
	close(info);
	count = strstr(text, "eventfd-count:");
	return count ? strtoul(count + strlen("eventfd-count:"), NULL, 16) : 0;
}

static int dial(const char *what, int id)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *path = getenv("KWITNESS_SOCKET");

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path ? path : "");
	if (fd < 0 || connect(fd, (void *)&to, sizeof(to)) || dprintf(fd, "%s %d\n", what, id) < 0)
		fds_give_up("dialling");
	return fd;
}

int fds_open(pid_t owner, int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", owner, fd);
	return open(path, flags | O_CLOEXEC);
}

void fds_replace(int id, pid_t owner, int console)
{
	for (int i = 0; i < event_count; i++)
		replace(events[i], eventfd(count_of(events[i]), EFD_CLOEXEC));
	replace(log_fd, fds_open(owner, console, O_WRONLY));
	replace(QMP, dial("qmp", id));
	replace(AGENT, dial("agent", id));
	replace(STDERR_FILENO, dial("stderr", id));
}
