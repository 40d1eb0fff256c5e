// SPDX-License-Identifier: GPL-2.0-only
/* What cases change on a machine: settings of the kernel, and files in one folder. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

/* In the order in which they are put back. */
static const char *const patterns[] = {
	"/sys/kernel/mm/ksm/pages_to_scan",
	"/sys/kernel/mm/ksm/sleep_millisecs",
	"/sys/kernel/mm/ksm/run",
	"/sys/kernel/mm/transparent_hugepage/enabled",
	"/sys/kernel/mm/transparent_hugepage/shmem_enabled",
	"/sys/kernel/mm/transparent_hugepage/defrag",
	"/sys/kernel/mm/transparent_hugepage/use_zero_page",
	"/sys/kernel/mm/hugepages/*/nr_hugepages",
	"/sys/kernel/mm/hugepages/*/nr_overcommit_hugepages",
	"/proc/sys/kernel/sched_rt_runtime_us",
	"/proc/sys/vm/unprivileged_userfaultfd",
	"/proc/sys/vm/overcommit_memory",
	"/proc/sys/vm/compact_memory",
	"/proc/sys/vm/max_map_count",
};

/* The value of a setting; of a choice such as "always [madvise] never" the chosen word. */
static int read_value(const char *path, char *value, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, value, size - 1);
	char *from, *to;

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return -1;
	value[len] = 0;
	value[strcspn(value, "\n")] = 0;
	from = strchr(value, '[');
	to = from ? strchr(from, ']') : NULL;
	if (to) {
		*to = 0;
		memmove(value, from + 1, to - from);
	}
	return 0;
}

void state_read(struct state *state)
{
	int count = 0;

	for (size_t n = 0; n < sizeof(patterns) / sizeof(*patterns); n++) {
		glob_t found;

		if (glob(patterns[n], 0, NULL, &found))
			continue;
		for (size_t i = 0; i < found.gl_pathc && count < MAX_TUNABLES; i++) {
			struct tunable *one = &state->tunables[count];

			snprintf(one->path, sizeof(one->path), "%s", found.gl_pathv[i]);
			count += !read_value(one->path, one->value, sizeof(one->value));
		}
		globfree(&found);
	}
	state->count = count;
}

int state_restore(const struct state *state)
{
	int failed = 0;

	for (int n = 0; n < state->count; n++) {
		const struct tunable *one = &state->tunables[n];
		char now[64];
		int fd;

		if (read_value(one->path, now, sizeof(now)) || !strcmp(now, one->value))
			continue;
		fd = open(one->path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, one->value, strlen(one->value)) < 0)
			failed++;
		else
			failed += read_value(one->path, now, sizeof(now)) ||
				  strcmp(now, one->value);
		if (fd >= 0)
			close(fd);
	}
	return failed;
}

void state_open_folder(struct state *state)
{
	const char *own = getenv("TMPDIR");
	const char *const places[] = {
		own ? own : "/tmp", "/tmp", "/var/tmp", "/dev/shm", "/run", "/"
	};

	/* Cases use /tmp, which a bare chroot may not have. */
	state->made_tmp = !mkdir("/tmp", 01777);
	for (size_t n = 0; n < sizeof(places) / sizeof(*places); n++) {
		char path[MAX_NAME];

		int len = snprintf(path, sizeof(path), "%s/kwitness-XXXXXX", places[n]);

		if (len >= (int)sizeof(path))
			continue;
		if (!mkdtemp(path))
			continue;
		strcpy(state->folder, path);
		return;
	}
	state->folder[0] = 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	if (at->level > 0)
		remove(path);
	return 0;
}

void state_empty_folder(const struct state *state)
{
	if (state->folder[0])
		nftw(state->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void state_close_folder(struct state *state)
{
	state_empty_folder(state);
	if (state->folder[0])
		rmdir(state->folder);
	if (state->made_tmp)
		rmdir("/tmp");
	state->folder[0] = 0;
	state->made_tmp = 0;
}

long long state_taint(void)
{
	char text[32];
	int fd = open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return -1;
	text[len] = 0;
	return atoll(text);
}
