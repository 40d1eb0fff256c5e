// SPDX-License-Identifier: GPL-2.0-only
/* Processes that a case started: its orphans become ours, so that none is left. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* How long killed processes may take to exit before they count as stuck. */
#define REAP_MS		2000
#define PAUSE_MS	2

void descendants_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* The parent of a process: the second field after its name, which may hold anything. */
static pid_t parent_of(const char *pid)
{
	char path[64], text[512], *at;
	FILE *file;
	size_t len;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = 0;
	at = strrchr(text, ')');
	if (at)
		sscanf(at + 1, " %*c %d", &parent);
	return parent;
}

/* Kill our children. Returns how many there are. */
static int kill_children(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while (proc && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (parent_of(entry->d_name) != getpid())
			continue;
		kill(atoi(entry->d_name), SIGKILL);
		count++;
	}
	if (proc)
		closedir(proc);
	return count;
}

int descendants_kill(const struct state *state)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000 };

	limits_kill(state);
	for (int left = REAP_MS / PAUSE_MS; left > 0; left--) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return 0;
		kill_children();
		nanosleep(&pause, NULL);
	}
	return kill_children();
}
