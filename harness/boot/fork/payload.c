// SPDX-License-Identifier: GPL-2.0-only
/* The payload of a guest: an item of -fw_cfg that each child of a fork server has its own of. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "server.h"

/* Only the first bytes of the payload's item are ever mapped to something. */
#define PAYLOAD_ROOM	(64UL << 20)

static char *payload;

/* Lay a file over the payload's item. Returns 0 or -errno. */
static int lay(int fd)
{
	const int over = MAP_PRIVATE | MAP_FIXED;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size > (off_t)PAYLOAD_ROOM)
		return -EFBIG;
	if (mmap(payload, PAYLOAD_ROOM, PROT_READ, over | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) !=
	    payload)
		return -errno;
	return mmap(payload, st.st_size, PROT_READ, over, fd, 0) == payload ? 0 : -errno;
}

/* Lay the payload where each child can lay its own. Returns 0 or -errno. */
static int open_payload(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC), err = fd < 0 ? -errno : 0;

	if (!err) {
		payload = mmap(NULL, PAYLOAD_ROOM, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		err = payload == MAP_FAILED ? -errno : lay(fd);
		close(fd);
	}
	if (err)
		payload = NULL;
	return err;
}

/*
 * QEMU reads the file of -fw_cfg by this function of glib, once, and keeps what it got. The
 * payload's is a mapping of ours, so that each child can have another one.
 */
int g_file_get_contents(const char *name, char **contents, size_t *len, void **error)
{
	int (*real)(const char *, char **, size_t *, void **) =
		dlsym(RTLD_NEXT, "g_file_get_contents");
	const char *ours = getenv("KWITNESS_PAYLOAD");

	if (!payload && ours && !strcmp(name, ours) && !open_payload(name)) {
		*contents = payload;
		*len = PAYLOAD_ROOM;
		return 1;
	}
	return real ? real(name, contents, len, error) : 0;
}

const char *payload_check(void)
{
	return payload ? NULL : "QEMU did not ask for the payload, or it could not be mapped";
}

int payload_replace(pid_t owner, int fd)
{
	int own = fds_open(owner, fd, O_RDONLY), err = own < 0 ? -errno : lay(own);

	if (own >= 0)
		close(own);
	errno = -err;
	return err ? -1 : 0;
}
