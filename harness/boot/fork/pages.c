// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that a copy will write: those that the first copies of this server wrote. Each
 * is shared until then, and a fault for each is dear (most of all where this host is a
 * guest itself), so that a later copy asks for all of them at once.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

#include "server.h"

#define MOST_RUNS	1024
/* What one copy alone wrote would be copied in vain by most. */
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
	struct run run[MOST_RUNS];
	int count;
};

static struct runs known;
static int lessons;

/* What more there is than fits is left to faults. */
static void add(struct runs *runs, unsigned long start, unsigned long end)
{
	struct run *last = runs->count ? &runs->run[runs->count - 1] : NULL;

	if (last && last->end == start)
		last->end = end;
	else if (runs->count < MOST_RUNS)
		runs->run[runs->count++] = (struct run){ start, end };
}

/* Those pages of one mapping that are the copy's alone: what it did not write it shares. */
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

static void look(pid_t copy, struct runs *runs)
{
	unsigned long start, end;
	char path[64], line[512], may[5];
	int pagemap;
	FILE *maps;

	runs->count = 0;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", copy);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", copy);
	maps = fopen(path, "re");
	while (pagemap >= 0 && maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %4s", &start, &end, may) == 3 && may[1] == 'w')
			look_at(pagemap, start, end, runs);
	if (maps)
		fclose(maps);
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

void pages_learn(pid_t copy)
{
	static struct runs seen;

	if (lessons == LESSONS)
		return;
	look(copy, &seen);
	/* One that went by itself shows nothing any more. */
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
	/* A kernel before 5.14 cannot, and then they come one by one. */
	for (int i = 0; i < known.count; i++)
		madvise((void *)known.run[i].start, known.run[i].end - known.run[i].start,
			MADV_POPULATE_WRITE);
}
