// SPDX-License-Identifier: GPL-2.0-only
/* What a case may use: a cgroup where the machine lets us make one, else limits of processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define MAX_PROCESSES	64
#define MIB		(1024ull * 1024)

static int write_to(const char *folder, const char *name, const char *text)
{
	char path[320];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	return err;
}

/* The folder of our own cgroup of version 2, "" where that is not mounted. */
static void own_cgroup(char *path, size_t size)
{
	char mounted[160] = "", own[200] = "", line[1024];
	FILE *file = fopen("/proc/self/mounts", "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %159s cgroup2 ", mounted) == 1 && strstr(line, " cgroup2 "))
			break;
		else
			mounted[0] = 0;
	if (file)
		fclose(file);
	file = fopen("/proc/self/cgroup", "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "0::%199s", own) == 1)
			break;
	if (file)
		fclose(file);
	path[0] = 0;
	if (mounted[0])
		snprintf(path, size, "%s%s", mounted, strcmp(own, "/") ? own : "");
}

/* Make a cgroup below folder. Returns 0 if its controllers limit memory and processes. */
static int make_cgroup(struct state *state, const char *folder)
{
	char text[32];

	snprintf(state->cgroup, sizeof(state->cgroup), "%s/kwitness-check-%d", folder,
		 (int)getpid());
	if (mkdir(state->cgroup, 0755)) {
		state->cgroup[0] = 0;
		return -1;
	}
	snprintf(text, sizeof(text), "%d", MAX_PROCESSES);
	if (!write_to(state->cgroup, "pids.max", text) &&
	    !write_to(state->cgroup, "memory.max", "max"))
		return 0;
	rmdir(state->cgroup);
	state->cgroup[0] = 0;
	return 1;
}

const char *limits_open(struct state *state)
{
	static char why[160];
	char own[200], parent[200];
	char *slash;

	state->cgroup[0] = 0;
	own_cgroup(own, sizeof(own));
	if (!own[0])
		return "of processes (no cgroup v2 is mounted)";
	/* Our own cgroup cannot pass controllers on while we are in it; its parent may. */
	strcpy(parent, own);
	slash = strrchr(parent, '/');
	if (slash)
		*slash = 0;
	if (!make_cgroup(state, own) || (slash > parent && !make_cgroup(state, parent)))
		return "cgroup (memory, processes, time)";
	snprintf(state->cgroup, sizeof(state->cgroup), "%s/kwitness-check-%d", own,
		 (int)getpid());
	if (!mkdir(state->cgroup, 0755))
		return "of processes, in a cgroup that is killed (it has no controllers)";
	snprintf(why, sizeof(why), "of processes (no cgroup can be made: %s)", strerror(errno));
	state->cgroup[0] = 0;
	return why;
}

/* Processes of this user now: RLIMIT_NPROC counts them all. */
static int count_processes(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct stat st;
	int count = 0;

	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    !fstatat(dirfd(proc), entry->d_name, &st, 0))
			count += st.st_uid == getuid();
	if (proc)
		closedir(proc);
	return count;
}

static void limit(int what, unsigned long long most)
{
	struct rlimit now;

	if (getrlimit(what, &now))
		return;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < most)
		most = now.rlim_max;
	now.rlim_cur = now.rlim_max = most;
	setrlimit(what, &now);
}

void limits_apply(const struct state *state, const struct check_case *one)
{
	char text[32];

	if (state->cgroup[0]) {
		snprintf(text, sizeof(text), "%llu", one->memory_mib * MIB);
		write_to(state->cgroup, "memory.max", text);
		write_to(state->cgroup, "cgroup.procs", "0");
	}
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_DATA, one->memory_mib * MIB);
	limit(RLIMIT_FSIZE, one->memory_mib * MIB);
	limit(RLIMIT_NPROC, count_processes() + MAX_PROCESSES);
	limit(RLIMIT_CPU, 2 * one->timeout_seconds);
	/* The first to go when memory runs out. */
	write_to("/proc/self", "oom_score_adj", "1000");
}

void limits_kill(const struct state *state)
{
	if (state->cgroup[0])
		write_to(state->cgroup, "cgroup.kill", "1");
}

void limits_close(struct state *state)
{
	if (state->cgroup[0] && (!rmdir(state->cgroup) || errno == ENOENT))
		state->cgroup[0] = 0;
}

const char *limits_isolate(void)
{
	static char why[128];

	if (geteuid())
		return "none (not root)";
	if (unshare(CLONE_NEWIPC | CLONE_NEWNS)) {
		snprintf(why, sizeof(why), "none (unshare: %s)", strerror(errno));
		return why;
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		snprintf(why, sizeof(why), "ipc (mounts cannot be made private: %s)",
			 errno == EINVAL ? "the root is not a mount point" : strerror(errno));
		return why;
	}
	return NULL;
}
