// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into every program of a suite, and run before its main(): does what upstream's runners
 * do around a program with stdbuf, mount, echo and sudo. Prints what fails; the program then
 * decides by itself.
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

#define HUGE_PAGE_POOL		"/proc/sys/vm/nr_hugepages"

static void print_error(const char *what)
{
	fprintf(stderr, "# kwitness: set-up: %s: %s\n", what, strerror(errno));
}

static void reserve_huge_pages(long pages)
{
	FILE *pool = fopen(HUGE_PAGE_POOL, "r+");
	long reserved = 0;

	if (!pool) {
		print_error(HUGE_PAGE_POOL);
		return;
	}
	if (fprintf(pool, "%ld\n", pages) < 0 || fflush(pool))
		print_error(HUGE_PAGE_POOL);
	rewind(pool);
	if (fscanf(pool, "%ld", &reserved) != 1 || reserved < pages)
		fprintf(stderr, "# kwitness: set-up: %ld of %ld huge pages\n", reserved, pages);
	fclose(pool);
}

static void __attribute__((constructor)) set_up(void)
{
	/* Write complete lines: a child must not print its parent's buffer again. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getuid())
		return;
	if (HUGE_PAGES)
		reserve_huge_pages(HUGE_PAGES);
	if (*HUGETLBFS) {
		mkdir(HUGETLBFS, 0755);
		if (mount("none", HUGETLBFS, "hugetlbfs", 0, NULL))
			print_error(HUGETLBFS);
	}
	if (RUN_AS && (setgid(RUN_AS) || setuid(RUN_AS)))
		print_error("cannot become another user");
}
