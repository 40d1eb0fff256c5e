/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc/self/smaps reports about the mapping at an address: its range, flags and sizes. */
#ifndef KWITNESS_SMAPS_H
#define KWITNESS_SMAPS_H

#include <stdint.h>

#include "core/ktap.h"

#define SMAPS_LINE	512

struct smaps_mapping {
	uintptr_t start, end;
};

/* Whether this is the first line of a mapping, the one that starts with its range. */
static inline int smaps_is_first(const char *line, struct smaps_mapping *mapping)
{
	unsigned long start, end;

	if (sscanf(line, "%lx-%lx ", &start, &end) != 2)
		return 0;
	*mapping = (struct smaps_mapping){ start, end };
	return 1;
}

/* Open the file and read up to the first line of the mapping that contains this address. */
static inline FILE *smaps_open(const void *at, struct smaps_mapping *mapping)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	char line[SMAPS_LINE];

	REQUIRE(file, "open of /proc/self/smaps");
	while (fgets(line, sizeof(line), file))
		if (smaps_is_first(line, mapping) && mapping->start <= (uintptr_t)at &&
		    (uintptr_t)at < mapping->end)
			return file;
	ktap_bail("%p is not in /proc/self/smaps", at);
}

/* The mapping that contains this address; bails out if there is none. */
static inline struct smaps_mapping smaps_mapping(const void *at)
{
	struct smaps_mapping mapping;

	fclose(smaps_open(at, &mapping));
	return mapping;
}

/* Whether exactly one mapping covers exactly this range. */
static inline int smaps_is_one(const char *at, size_t len)
{
	struct smaps_mapping mapping = smaps_mapping(at);

	return mapping.start == (uintptr_t)at && mapping.end == (uintptr_t)at + len;
}

/* Copy the value of a field of the mapping at an address; bails out if it has none. */
static inline void smaps_text(const void *at, const char *name, char *copy, size_t size)
{
	struct smaps_mapping mapping;
	FILE *file = smaps_open(at, &mapping);
	size_t len = strlen(name);
	char line[SMAPS_LINE];

	while (fgets(line, sizeof(line), file) && !smaps_is_first(line, &mapping)) {
		if (strncmp(line, name, len) || line[len] != ':')
			continue;
		fclose(file);
		line[strcspn(line, "\n")] = 0;
		snprintf(copy, size, "%s", line + len + 1);
		return;
	}
	ktap_bail("smaps has no %s of the mapping at %p", name, at);
}

/* Whether VmFlags of the mapping at an address contains this two-letter flag. */
static inline int smaps_flag(const void *at, const char *flag)
{
	char flags[SMAPS_LINE], *rest = flags, *word;

	smaps_text(at, "VmFlags", flags, sizeof(flags));
	while ((word = strsep(&rest, " ")))
		if (!strcmp(word, flag))
			return 1;
	return 0;
}

/* The value of a field of the mapping at an address, in KiB. */
static inline long smaps_kib(const void *at, const char *name)
{
	char number[SMAPS_LINE];

	smaps_text(at, name, number, sizeof(number));
	return strtol(number, NULL, 10);
}

#endif
