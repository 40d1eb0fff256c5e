// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feed archives to the agent's unpacker. Each comes on stdin behind its length (u32, host byte
 * order) and is unpacked into the current folder; the result of each is printed on a line.
 * Built with sanitizers, and each piece has memory of exactly its size, so that they detect a
 * read past its end.
 *
 * cpio.c is compiled with open, unlink and mkdir renamed to the functions here, which refuse
 * paths outside the folder, because this runs on the host of the test.
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

/* The rest of the archive. */
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

/* An archive takes a millisecond: a later alarm reports a hang. */
#define TIMEOUT_SECONDS	60

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

		alarm(TIMEOUT_SECONDS);
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
