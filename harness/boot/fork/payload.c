// SPDX-License-Identifier: GPL-2.0-only
/* The payload of a guest: a file that QEMU maps as memory. Each child has one of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "server.h"

static void *payload;
static size_t size;

/* Whether a line of /proc/self/maps is a mapping of this file; then it is the payload's. */
static int is_payload(const char *line, const struct stat *file)
{
	unsigned long start, end, inode;
	unsigned int major_number, minor_number;
	char may[5];

	if (sscanf(line, "%lx-%lx %4s %*x %x:%x %lu", &start, &end, may, &major_number,
		   &minor_number, &inode) != 6)
		return 0;
	if (inode != file->st_ino || makedev(major_number, minor_number) != file->st_dev)
		return 0;
	payload = (void *)start;
	size = end - start;
	return 1;
}

const char *payload_check(void)
{
	const char *name = getenv("KWITNESS_PAYLOAD");
	char *line = NULL;
	size_t room = 0;
	struct stat file;
	FILE *maps;

	if (payload)
		return NULL;
	maps = fopen("/proc/self/maps", "re");
	if (!maps || !name || stat(name, &file)) {
		if (maps)
			fclose(maps);
		return "its payload cannot be seen";
	}
	while (getline(&line, &room, maps) > 0 && !is_payload(line, &file))
		;
	free(line);
	fclose(maps);
	return payload ? NULL : "QEMU has not mapped the payload";
}

int payload_replace(pid_t owner, int fd)
{
	int own = fds_open(owner, fd, O_RDONLY), err = own < 0 ? errno : 0;
	struct stat file;

	if (!err && fstat(own, &file))
		err = errno;
	/* Beyond the end of a shorter file the guest's first read would kill this child. */
	if (!err && file.st_size != (off_t)size)
		err = EFBIG;
	if (!err && mmap(payload, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, own, 0) !=
			    payload)
		err = errno;
	if (own >= 0)
		close(own);
	errno = err;
	return err ? -1 : 0;
}
