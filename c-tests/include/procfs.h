/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc says of the own address space, and numbers written to files of the kernel. */
#ifndef KWITNESS_PROCFS_H
#define KWITNESS_PROCFS_H

#include <fcntl.h>
#include <stdint.h>

#include "ktap.h"

/* The number after this name in a file of "Name:  number kB" lines, -1 where it has none. */
static inline long procfs_number(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	char line[512];
	long found = -1;

	must(file, "open of %s", path);
	while (found < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			found = strtol(line + strlen(name) + 1, NULL, 10);
	fclose(file);
	return found;
}

/* Copy the line of this name that smaps has of the mapping at an address. */
static inline void smaps_line(const void *at, const char *name, char *copy, size_t size)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	unsigned long start, end;
	char line[512];
	int here = 0;

	must(file, "open of /proc/self/smaps");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start <= (uintptr_t)at && (uintptr_t)at < end;
		else if (here && !strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			break;
	}
	must(!feof(file), "finding %s of the mapping at %p in smaps", name, at);
	fclose(file);
	line[strcspn(line, "\n")] = 0;
	snprintf(copy, size, "%s", line + strlen(name) + 1);
}

/* Whether smaps names this flag, two letters, for the mapping at an address. */
static inline int smaps_flag(const void *at, const char *flag)
{
	char flags[512], *rest = flags, *word;

	smaps_line(at, "VmFlags", flags, sizeof(flags));
	while ((word = strsep(&rest, " ")))
		if (!strcmp(word, flag))
			return 1;
	return 0;
}

/* What smaps counts of this for the mapping at an address, in KiB. */
static inline long smaps_kib(const void *at, const char *name)
{
	char number[512];

	smaps_line(at, name, number, sizeof(number));
	return strtol(number, NULL, 10);
}

/* Write a number to a file of the kernel. Returns 0 or errno. */
static inline int kernel_write(const char *path, unsigned long number)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno;
	if (dprintf(fd, "%lu", number) < 0)
		err = errno;
	close(fd);
	return err;
}

/* The number that a file of the kernel begins with. */
static inline unsigned long kernel_read(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long number;

	must(file, "open of %s", path);
	must(fscanf(file, "%lu", &number) == 1, "a number in %s", path);
	fclose(file);
	return number;
}

#endif
