// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that a child will write: those that the first children of this server wrote. Each is
 * shared until then, and each fault is expensive (most of all where this host is a guest
 * itself), so later children ask for all of them at once.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "server.h"

#define MAX_RUNS	1024
/* Most children do not write what one alone wrote. */
#define LESSONS		2
#define AT_ONCE		4096UL

/* Linux, Documentation/admin-guide/mm/pagemap.rst */
#define PRESENT		(1ULL << 63)
#define OF_A_FILE	(1ULL << 61)
#define EXCLUSIVE	(1ULL << 56)

struct run {
	unsigned long start, end;
};

struct runs {
	struct run run[MAX_RUNS];
	int count;
};

static struct runs known;
static int lessons;

/* Runs that find no place are left to faults: it takes time, and is right all the same. */
static void add(struct runs *runs, unsigned long start, unsigned long end)
{
	struct run *last = runs->count ? &runs->run[runs->count - 1] : NULL;

	if (last && last->end == start)
		last->end = end;
	else if (runs->count < MAX_RUNS)
		runs->run[runs->count++] = (struct run){ start, end };
}

/* Those pages of one mapping that are the child's alone: it shares what it did not write. */
static void look_at(int pagemap, unsigned long at, unsigned long end, struct runs *runs)
{
	const uint64_t all = PRESENT | OF_A_FILE | EXCLUSIVE, own = PRESENT | EXCLUSIVE;
	static uint64_t entries[AT_ONCE];
	unsigned long page = sysconf(_SC_PAGESIZE);

	while (at < end) {
		unsigned long count = (end - at) / page;
		ssize_t size = (count < AT_ONCE ? count : AT_ONCE) * sizeof(*entries);

		size = pread(pagemap, entries, size, at / page * sizeof(*entries));
		if (size < (ssize_t)sizeof(*entries))
			return;
		for (ssize_t i = 0; i < size / (ssize_t)sizeof(*entries); i++, at += page)
			if ((entries[i] & all) == own)
				add(runs, at, at + page);
	}
}

static void look(pid_t child, struct runs *runs)
{
	unsigned long start, end;
	char path[64], may[5], *line = NULL;
	size_t room = 0;
	int pagemap;
	FILE *maps;

	runs->count = 0;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", child);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", child);
	maps = fopen(path, "re");
	while (pagemap >= 0 && maps && getline(&line, &room, maps) > 0)
		if (sscanf(line, "%lx-%lx %4s", &start, &end, may) == 3 && may[1] == 'w')
			look_at(pagemap, start, end, runs);
	free(line);
	if (maps)
		fclose(maps);
	if (pagemap >= 0)
		close(pagemap);
}

static void keep_common(struct runs *runs, const struct runs *with)
{
	static struct runs common;

	common.count = 0;
	for (int i = 0, j = 0; i < runs->count && j < with->count;) {
		const struct run *a = &runs->run[i], *b = &with->run[j];
		unsigned long start = a->start > b->start ? a->start : b->start;
		unsigned long end = a->end < b->end ? a->end : b->end;

		if (start < end)
			add(&common, start, end);
		if (a->end < b->end)
			i++;
		else
			j++;
	}
	*runs = common;
}

void pages_learn(pid_t child)
{
	static struct runs seen;

	if (lessons == LESSONS)
		return;
	look(child, &seen);
	/* A child that ended by itself shows nothing any more. */
	if (!seen.count)
		return;
	if (lessons++)
		keep_common(&known, &seen);
	else
		known = seen;
}

void pages_fetch(void)
{
	if (lessons < LESSONS)
		return;
	/* A kernel before 5.14 refuses, and then they come one by one. */
	for (int i = 0; i < known.count; i++)
		madvise((void *)known.run[i].start, known.run[i].end - known.run[i].start,
			MADV_POPULATE_WRITE);
}

const char *pages_check(void)
{
	const char *why = NULL, *may;
	char *line = NULL;
	size_t room = 0;
	FILE *maps;

	maps = fopen("/proc/self/maps", "re");
	if (!maps)
		return "its memory cannot be seen";
	/* Not by sscanf(): this is read at each fork. */
	while (!why && getline(&line, &room, maps) > 0) {
		may = strchr(line, ' ');
		if (may && may[2] == 'w' && may[4] == 's')
			why = "it has memory that its children would share";
	}
	free(line);
	fclose(maps);
	return why;
}

/* QEMU tells the kernel to leave guest RAM out of a fork; here it is what forking is for. */
int madvise(void *at, size_t len, int advice)
{
	return advice == MADV_DONTFORK ? 0 : syscall(SYS_madvise, at, len, advice);
}
