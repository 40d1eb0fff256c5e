/* SPDX-License-Identifier: GPL-2.0-only */
/* Short files of /proc and /sys, read and written in one call. */
#ifndef KWITNESS_PROCFILE_H
#define KWITNESS_PROCFILE_H

#include <fcntl.h>

#include "core/ktap.h"

/* Read a file into text, without the last newline. Returns 0 or errno. */
static inline int procfile_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;
	int err;

	if (fd < 0)
		return errno;
	len = read(fd, text, size - 1);
	err = errno;
	close(fd);
	if (len < 0)
		return err;
	text[len] = 0;
	if (len && text[len - 1] == '\n')
		text[len - 1] = 0;
	return 0;
}

/*
 * Read /proc/PID/stat into text. Returns the text from this field on, 3 (the state) or later.
 * Fields are counted from the end of field 2, the name, which may contain anything.
 */
static inline const char *procfile_stat(const char *path, int field, char *text, size_t size)
{
	int err = procfile_read(path, text, size);
	char *at;

	if (err)
		ktap_bail("read of %s failed: %s", path, ktap_errno(err));
	at = strrchr(text, ')');
	for (int before = 2; at && before < field; before++)
		at = strchr(at + 1, ' ');
	REQUIRE(at, "finding field %d in %s", field, path);
	return at + 1;
}

/* The number that the file holds; bails out if it holds anything else. */
static inline long procfile_number(const char *path)
{
	char text[64] = "", *end;
	long number;
	int err = procfile_read(path, text, sizeof(text));

	if (err)
		ktap_bail("read of %s failed: %s", path, ktap_errno(err));
	number = strtol(text, &end, 10);
	if (end == text || *end)
		ktap_bail("%s is not a number: %s", path, text);
	return number;
}

/* The value of a line such as "VmLck:  16 kB", by its name; bails out if there is none. */
static inline long procfile_kib(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	size_t len = strlen(name);
	char line[512];
	long kib = -1;

	REQUIRE(file, "open of %s", path);
	while (kib < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == ':')
			kib = strtol(line + len + 1, NULL, 10);
	fclose(file);
	REQUIRE(kib >= 0, "finding %s in %s", name, path);
	return kib;
}

/* Returns 0 or errno. Not dprintf(), because it seeks and /dev/kmsg cannot. */
static inline int procfile_write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;
	ssize_t len = strlen(text), written;

	if (fd < 0)
		return errno;
	written = write(fd, text, len);
	if (written < 0)
		err = errno;
	close(fd);
	return err || written == len ? err : EIO;
}

/* Returns 0 or errno. */
static inline int procfile_write(const char *path, long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld\n", number);
	return procfile_write_text(path, text);
}

#endif
