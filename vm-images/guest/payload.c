// SPDX-License-Identifier: GPL-2.0-only
/*
 * The payload of an attempt: memory of the guest, behind its RAM, that QEMU maps from a file.
 *
 * A restored guest has the memory of the snapshot, so the program must arrive after the
 * restore, without a driver and without a network. The kernel does not use this memory (mem=
 * ends before it), and its address is the argument of init. It is mapped before the snapshot
 * is taken, so a request only reads. A guest that its own disk has booted has no such memory:
 * it gets a file, by SFTP. Ports would do too, but not everywhere: arm64 has none,
 * and under KVM on an emulated CPU they faulted after a restore.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent.h"

static const char *payload;
static size_t at, size = PAYLOAD_SIZE;
static int error = ENODEV;

void payload_prepare(const char *address)
{
	int is_file = address && *address == '/';
	int fd = open(is_file ? address : "/dev/mem", O_RDONLY | O_CLOEXEC);
	void *map = MAP_FAILED;

	if (fd >= 0 && is_file)
		size = lseek(fd, 0, SEEK_END);
	if (fd >= 0 && address)
		map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd,
			   is_file ? 0 : strtoull(address, NULL, 16));
	error = map == MAP_FAILED ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (error)
		return;
	/* A fork would copy its page tables, all of them, for each case. */
	madvise(map, size, MADV_DONTFORK);
	payload = map;
}

int payload_open(void)
{
	at = 0;
	return payload ? 0 : -error;
}

const void *payload_next(size_t len)
{
	const char *here = payload + at;

	if (len > size - at)
		return NULL;
	at += len;
	return here;
}
