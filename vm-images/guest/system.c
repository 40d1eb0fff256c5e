// SPDX-License-Identifier: GPL-2.0-only
/* Sets up the guest's system: mounts, clock, random numbers, modules, kernel log. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

static const struct {
	const char *type, *at;
} mounts[] = {
	{ "devtmpfs", "/dev" },
	{ "proc", "/proc" },
	{ "sysfs", "/sys" },
	{ "debugfs", "/sys/kernel/debug" },
	{ "tmpfs", "/tmp" },
	{ "tmpfs", "/dev/shm" },
	{ "tmpfs", CASE_DIR },
};

void system_mount(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].at, 0755);
		/* A kernel may lack debugfs; a case that needs it checks. */
		mount(mounts[i].type, mounts[i].at, mounts[i].type, 0, NULL);
	}
}

static int urandom = -1, kmsg = -1, tainted = -1;

void system_prepare(void)
{
	urandom = open("/dev/urandom", O_RDWR | O_CLOEXEC);
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	tainted = open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
}

void system_clock(long long ns)
{
	struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	clock_settime(CLOCK_REALTIME, &ts);
}

void system_reseed(const char *seed)
{
	struct {
		struct rand_pool_info info;
		char bytes[64];
	} pool = { .info = { .entropy_count = 256, .buf_size = sizeof(pool.bytes) } };

	for (size_t i = 0; i < sizeof(pool.bytes); i++)
		pool.bytes[i] = seed[i % strlen(seed)] + i;
	ioctl(urandom, RNDADDENTROPY, &pool);
	ioctl(urandom, RNDRESEEDCRNG, 0);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* The names of the files sort in load order. A failure goes to the output of the case. */
void system_load_modules(const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, visible, by_name);

	for (int i = 0; i < n; i++) {
		char path[300];
		int fd;

		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			frame_sendf("out", "# agent: module %s did not load: %s\n",
				    list[i]->d_name, strerror(errno));
		close(fd);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

void system_modprobe(const char *file)
{
	FILE *names = fopen(file, "re");
	char name[64];

	while (names && fscanf(names, "%63s", name) == 1) {
		int status = 0;
		pid_t pid = fork();

		if (!pid) {
			execlp("modprobe", "modprobe", "-q", name, NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			frame_sendf("out", "# agent: module %s did not load\n", name);
	}
	if (names)
		fclose(names);
}

void system_log(const char *fmt, ...)
{
	char text[256] = "<5>kwitness: ";
	size_t used = strlen(text);
	va_list ap;

	if (kmsg < 0)
		return;
	va_start(ap, fmt);
	vsnprintf(text + used, sizeof(text) - used - 1, fmt, ap);
	va_end(ap);
	/* Without a newline the record stays open for a continuation and is not printed. */
	strcat(text, "\n");
	if (write(kmsg, text, strlen(text)) < 0)
		frame_sendf("error", "kmsg: %s", strerror(errno));
}

long long system_taint(void)
{
	char text[32] = "";

	/* -1, which is not a valid taint, if it cannot be read. */
	return pread(tainted, text, sizeof(text) - 1, 0) > 0 ? atoll(text) : -1;
}
