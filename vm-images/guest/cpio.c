// SPDX-License-Identifier: GPL-2.0-only
/* Unpack a newc cpio archive: regular files and folders, nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define HEADER		110
#define ALIGN4(n)	(((n) + 3) & ~(size_t)3)

/*
 * Field n of the header, behind the six bytes of the magic: eight hex digits and nothing else, so
 * that no sum of two can wrap. 0 or -EINVAL.
 */
static int field(const char *head, int n, size_t *value)
{
	char text[9] = { 0 };

	memcpy(text, head + 6 + n * 8, 8);
	*value = strtoul(text, NULL, 16);
	return strspn(text, "0123456789abcdefABCDEF") == 8 ? 0 : -EINVAL;
}

static int write_file(const char *name, mode_t mode, const char *data, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode & 07777);
	int err = 0;

	if (fd < 0)
		return -errno;
	while (len && !err) {
		ssize_t n = write(fd, data, len);

		if (n < 0) {
			err = -errno;
		} else {
			data += n;
			len -= n;
		}
	}
	close(fd);
	return err;
}

int cpio_unpack(const void *archive, size_t len)
{
	const char *at = archive, *end = at + len;

	while (end - at >= HEADER) {
		const char *name = at + HEADER, *data;
		size_t mode, size, name_len;
		int err = 0;

		if (memcmp(at, "070701", 6))
			return -EINVAL;
		if (field(at, 1, &mode) || field(at, 6, &size) ||
		    field(at, 11, &name_len) || !name_len)
			return -EINVAL;
		if (ALIGN4(HEADER + name_len) + ALIGN4(size) > (size_t)(end - at))
			return -EINVAL;
		data = at + ALIGN4(HEADER + name_len);
		if (name[name_len - 1])
			return -EINVAL;
		if (!strcmp(name, "TRAILER!!!"))
			return 0;
		if (S_ISDIR(mode))
			err = mkdir(name, mode & 07777) && errno != EEXIST ? -errno : 0;
		else if (S_ISREG(mode))
			err = write_file(name, mode, data, size);
		if (err)
			return err;
		at = data + ALIGN4(size);
	}
	return -EINVAL;
}
