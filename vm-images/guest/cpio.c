// SPDX-License-Identifier: GPL-2.0-only
/* Unpack a newc cpio archive as a stream: only regular files and folders. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define HEADER		110
#define MAX_NAME	256
#define ALIGN4(n)	(((n) + 3) & ~(size_t)3)

/*
 * Field n of the header, after the six bytes of the magic. Only eight hex digits are valid, so
 * the sum of two fields cannot overflow. 0 or -EINVAL.
 */
static int field(const char *head, int n, size_t *value)
{
	char text[9] = { 0 };

	memcpy(text, head + 6 + n * 8, 8);
	*value = strtoul(text, NULL, 16);
	return strspn(text, "0123456789abcdefABCDEF") == 8 ? 0 : -EINVAL;
}

/* Write the next `len` bytes of the archive to `fd`, or skip them if it is < 0. 0 or -errno. */
static int copy(cpio_source *next, int fd, size_t len)
{
	while (len) {
		size_t part = len < CPIO_MAX ? len : CPIO_MAX;
		const char *data = next(part);

		if (!data)
			return -EINVAL;
		len -= part;
		while (fd >= 0 && part) {
			ssize_t n = write(fd, data, part);

			if (n < 0)
				return -errno;
			data += n;
			part -= n;
		}
	}
	return 0;
}

static int unpack_file(cpio_source *next, const char *name, mode_t mode, size_t len)
{
	int fd, err;

	/* Create a new file: an earlier request may still hold the old one open. */
	unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 07777);
	if (fd < 0)
		return -errno;
	err = copy(next, fd, len);
	close(fd);
	return err;
}

int cpio_unpack(cpio_source *next)
{
	for (;;) {
		char name[MAX_NAME];
		size_t mode, size, name_len;
		const char *at = next(HEADER);
		int err = 0;

		if (!at || memcmp(at, "070701", 6))
			return -EINVAL;
		if (field(at, 1, &mode) || field(at, 6, &size) ||
		    field(at, 11, &name_len) || !name_len || name_len > sizeof(name))
			return -EINVAL;
		at = next(ALIGN4(HEADER + name_len) - HEADER);
		if (!at || at[name_len - 1])
			return -EINVAL;
		memcpy(name, at, name_len);
		if (!strcmp(name, "TRAILER!!!"))
			return 0;
		if (S_ISREG(mode))
			err = unpack_file(next, name, mode, size);
		else if (S_ISDIR(mode) && mkdir(name, mode & 07777) && errno != EEXIST)
			err = -errno;
		if (!err)
			err = copy(next, -1, S_ISREG(mode) ? ALIGN4(size) - size : ALIGN4(size));
		if (err)
			return err;
	}
}
