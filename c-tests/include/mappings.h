/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc/self tells of this process: sizes in kB, and where a mapping begins and ends. */
#ifndef KWITNESS_MAPPINGS_H
#define KWITNESS_MAPPINGS_H

#include <stdint.h>

#include "procfs.h"

/* The kB of a name such as "VmLck" in /proc/self/status. */
static inline long long proc_status_kib(const char *name)
{
	long kib = procfs_number("/proc/self/status", name);

	must(kib >= 0, "finding %s in /proc/self/status", name);
	return kib;
}

struct proc_mapping {
	uintptr_t start, end;
	/* Of its memory, in huge pages. */
	long long huge_kib;
};

/* The mapping that this address lies in; it must be one. */
static inline struct proc_mapping proc_mapping(const void *at)
{
	static const char HUGE_KEY[] = "AnonHugePages:";
	FILE *file = fopen("/proc/self/smaps", "re");
	struct proc_mapping mapping = { 0 };
	int inside = 0;
	char line[512];

	must(file, "open of /proc/self/smaps");
	while (fgets(line, sizeof(line), file)) {
		unsigned long start, end;

		/* Keys begin with a capital, the line of a mapping with a small hex digit. */
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			if (inside)
				break;
			inside = start <= (uintptr_t)at && (uintptr_t)at < end;
			mapping.start = start;
			mapping.end = end;
		} else if (inside && !strncmp(line, HUGE_KEY, strlen(HUGE_KEY))) {
			mapping.huge_kib = strtoull(line + strlen(HUGE_KEY), NULL, 10);
		}
	}
	fclose(file);
	must(inside, "finding %p in /proc/self/smaps", at);
	return mapping;
}

/* Whether one mapping, and no more than one, covers just this range. */
static inline int proc_is_one_mapping(const char *at, size_t len)
{
	struct proc_mapping mapping = proc_mapping(at);

	return mapping.start == (uintptr_t)at && mapping.end == (uintptr_t)at + len;
}

#endif
