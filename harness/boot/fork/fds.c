// SPDX-License-Identifier: GPL-2.0-only
/* The descriptors and timers of a fork server: what a child must have for itself. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>

#include "server.h"

/* As every QEMU of ours inherits them (argv.ts); the last one is this library. */
#define QMP		3
#define CONSOLE		4
#define AGENT		5
#define CONTROL		7
#define LAST_INHERITED	8
#define MAX_EVENTS	64

static struct {
	int fd;
	unsigned long id;
} events[MAX_EVENTS];
static int event_count;
/* QEMU's own of the log port: it opened /dev/fd/4 again. */
static int log_fd;
static char reason[96];

void fds_begin(void)
{
	/* A kernel before 5.9 cannot: then a descriptor of a kind unknown here is a refusal. */
	syscall(SYS_close_range, LAST_INHERITED + 1, ~0U, 0);
}

/* One field of /proc/self/fdinfo, or -1 when it is not there. Reading an eventfd would empty it. */
static long info_of(int fd, const char *field, int base)
{
	char path[64], text[512];
	const char *at;
	ssize_t size;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	size = read(info, text, sizeof(text) - 1);
	close(info);
	if (size < 0)
		return -1;
	text[size] = '\0';
	at = strstr(text, field);
	return at ? strtol(at + strlen(field), NULL, base) : -1;
}

/* An eventfd has an id since Linux 5.2; before, one that is open twice goes unseen. */
static const char *add_event(int fd)
{
	long id = info_of(fd, "eventfd-id:", 10);

	if (event_count == MAX_EVENTS)
		return "it has more than 64 eventfds";
	for (int i = 0; id >= 0 && i < event_count; i++)
		if (events[i].id == (unsigned long)id)
			return "one of its eventfds is open twice";
	events[event_count].fd = fd;
	events[event_count++].id = id;
	return NULL;
}

/* Timers of its own, which a fork loses. A kernel without the file tells of some alone. */
static int has_timers(void)
{
	struct itimerval timer = { .it_value.tv_sec = 0 };
	int fd = open("/proc/self/timers", O_RDONLY | O_CLOEXEC), has = 0;
	char byte;

	if (fd >= 0) {
		has = read(fd, &byte, 1) > 0;
		close(fd);
	}
	return has || (!getitimer(ITIMER_REAL, &timer) &&
		       (timer.it_value.tv_sec || timer.it_value.tv_usec));
}

static int is_replaced(int fd)
{
	return fd == STDERR_FILENO || fd == QMP || fd == CONSOLE || fd == AGENT || fd == CONTROL;
}

/* Files and devices may be shared; what has waiters may not, for they would wake each other. */
static const char *judge(int fd, const struct stat *log)
{
	char path[64], kind[64] = "";
	struct stat st;

	if (is_replaced(fd) || is_pidfd(fd))
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, kind, sizeof(kind) - 1) < 0 || fstat(fd, &st))
		return "one of its descriptors cannot be seen";
	if (!strcmp(kind, "anon_inode:[eventfd]"))
		return add_event(fd);
	/* Reads the signals of the process that reads, whoever made it (signalfd(2)). */
	if (!strcmp(kind, "anon_inode:[signalfd]"))
		return NULL;
	if (st.st_dev == log->st_dev && st.st_ino == log->st_ino) {
		if (log_fd >= 0)
			return "its log port is open twice";
		log_fd = fd;
		return NULL;
	}
	if (strncmp(kind, "anon_inode:", strlen("anon_inode:")) &&
	    (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode) || S_ISDIR(st.st_mode)))
		return NULL;
	snprintf(reason, sizeof(reason), "it has a descriptor of a kind unknown here: %s", kind);
	return reason;
}

const char *fds_learn(void)
{
	const char *why = NULL;
	struct dirent *entry;
	struct stat log;
	DIR *dir;

	if (has_timers())
		return "it has timers, which a child would not have";
	dir = opendir("/proc/self/fd");
	if (!dir)
		return "its descriptors cannot be seen";
	event_count = 0;
	log_fd = -1;
	if (fstat(CONSOLE, &log))
		why = "it has no log port";
	while (!why && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir))
			why = judge(atoi(entry->d_name), &log);
	closedir(dir);
	if (!why && log_fd < 0)
		why = "the log port is not where it should be";
	return why;
}

/* Put `with` in the place of `fd`, which keeps its flags. */
static void replace(int fd, int with)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || with < 0 || dup3(with, fd, O_CLOEXEC) < 0 || fcntl(fd, F_SETFL, flags))
		child_fail("replacing a descriptor");
	close(with);
}

static int same_event(int fd)
{
	long count = info_of(fd, "eventfd-count:", 16);
	/* Linux says it since 6.5; QEMU has none of that kind. */
	int semaphore = info_of(fd, "eventfd-semaphore:", 10) == 1 ? EFD_SEMAPHORE : 0;

	if (count < 0 || count != (unsigned int)count) {
		errno = ERANGE;
		child_fail("reading an eventfd");
	}
	return eventfd(count, EFD_CLOEXEC | semaphore);
}

static int dial(const char *what, int id)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *path = getenv("KWITNESS_SOCKET");

	if (!path || strlen(path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		child_fail("finding whom to call");
	}
	strcpy(to.sun_path, path);
	if (fd < 0 || connect(fd, (void *)&to, sizeof(to)) || dprintf(fd, "%s %d\n", what, id) < 0)
		child_fail("calling");
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
		replace(events[i].fd, same_event(events[i].fd));
	replace(log_fd, fds_open(owner, console, O_WRONLY));
	replace(QMP, dial("qmp", id));
	replace(AGENT, dial("agent", id));
	replace(STDERR_FILENO, dial("stderr", id));
}
