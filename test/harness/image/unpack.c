// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feed archives to the agent's unpacker: each comes on stdin behind its length (u32, this host's
 * order) and is unpacked into the current folder; what the unpacker gives is printed, a line each.
 * Built with sanitizers, each piece in memory of exactly its size, so a read past its end shows.
 *
 * cpio.c is compiled with open, unlink and mkdir renamed to these, which let nobody leave the
 * folder: a guest has nothing outside to lose, the host of a test has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

/* What is left of the archive: every piece is handed out in memory of exactly its size. */
static const char *at;
static size_t left;
static char *piece;

static const void *next(size_t len)
{
	if (len > CPIO_MAX)
		abort();
	if (len > left)
		return NULL;
	free(piece);
	piece = malloc(len);
	if (!piece)
		abort();
	memcpy(piece, at, len);
	at += len;
	left -= len;
	return piece;
}

/* A hang is a finding too: an archive takes a millisecond. */
#define MOST_SECONDS	60

static int leaves(const char *name)
{
	errno = EPERM;
	return name[0] == '/' || strstr(name, "..");
}

int guarded_open(const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return leaves(name) ? -1 : open(name, flags, mode);
}

int guarded_unlink(const char *name)
{
	return leaves(name) ? -1 : unlink(name);
}

int guarded_mkdir(const char *name, mode_t mode)
{
	return leaves(name) ? -1 : mkdir(name, mode);
}

int main(void)
{
	uint32_t len;

	while (fread(&len, sizeof(len), 1, stdin) == 1) {
		char *archive = malloc(len);

		alarm(MOST_SECONDS);
		if (!archive || fread(archive, 1, len, stdin) != len)
			return 2;
		at = archive;
		left = len;
		printf("%d\n", cpio_unpack(next));
		fflush(stdout);
		free(archive);
	}
	return 0;
}
