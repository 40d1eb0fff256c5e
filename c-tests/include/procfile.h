/* SPDX-License-Identifier: GPL-2.0-only */
/* Short files of /proc and /sys: read and written as a whole. */
#ifndef KWITNESS_PROCFILE_H
#define KWITNESS_PROCFILE_H

#include <fcntl.h>

#include "ktap.h"

/* Read it into text, without the last newline. Returns 0 or errno. */
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

/* A number that must be there. */
static inline long procfile_number(const char *path)
{
	char text[64] = "", *end;
	long number;
	int err = procfile_read(path, text, sizeof(text));

	if (err)
		ktap_bail("read of %s failed: %s", path, ktap_errno(err));
	number = strtol(text, &end, 10);
	if (end == text || *end)
		ktap_bail("%s holds no number: %s", path, text);
	return number;
}

/* Returns 0 or errno. */
static inline int procfile_write(const char *path, long number)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		return errno;
	err = dprintf(fd, "%ld\n", number) < 0 ? errno : 0;
	close(fd);
	return err;
}

#endif
