// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into every program of a suite, and run before its main(): what upstream's runners do
 * around a program by stdbuf, mount, echo and sudo. What fails is said; the program then judges
 * for itself.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef HUGE_PAGES
#define HUGE_PAGES	0
#endif
#ifndef HUGETLBFS
#define HUGETLBFS	""
#endif
#ifndef RUN_AS
#define RUN_AS		0
#endif

#define POOL		"/proc/sys/vm/nr_hugepages"

static void complain(const char *what)
{
	fprintf(stderr, "# kwitness: set-up: %s: %s\n", what, strerror(errno));
}

static void reserve(long pages)
{
	FILE *pool = fopen(POOL, "r+");
	long got = 0;

	if (!pool) {
		complain(POOL);
		return;
	}
	if (fprintf(pool, "%ld\n", pages) < 0 || fflush(pool))
		complain(POOL);
	rewind(pool);
	if (fscanf(pool, "%ld", &got) != 1 || got < pages)
		fprintf(stderr, "# kwitness: set-up: %ld of %ld huge pages\n", got, pages);
	fclose(pool);
}

static void __attribute__((constructor)) set_up(void)
{
	/* A line comes when it is said, and is not said again by every child. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getuid())
		return;
	if (HUGE_PAGES)
		reserve(HUGE_PAGES);
	if (*HUGETLBFS) {
		mkdir(HUGETLBFS, 0755);
		if (mount("none", HUGETLBFS, "hugetlbfs", 0, NULL))
			complain(HUGETLBFS);
	}
	if (RUN_AS && (setgid(RUN_AS) || setuid(RUN_AS)))
		complain("cannot become another user");
}
