// SPDX-License-Identifier: GPL-2.0-only
/*
 * secretmem: more memory than RLIMIT_MEMLOCK allows stays locked.
 *
 * Pages of memfd_secret() cannot be reclaimed, so they are to count as locked memory.
 * They were counted by mapping: once it was unmapped the count went down although the
 * file kept the pages, and a process without privileges could lock all memory, part by
 * part. Since 97d34aa65c29 each page counts for as long as the file has it, and a fault
 * beyond the limit gets SIGBUS.
 *
 * Here a plain user with a limit of a few pages maps, fills and unmaps twice as many, one
 * after the other, in a child. What was written to each must still be there afterwards.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "core/need.h"

#define LIMIT	4
#define PAGES	(2 * LIMIT)
#define NOBODY	65534

/* How a child may end beside SIGBUS: all pages hold what was written, or a step failed. */
enum { ALL_KEPT = 10, FAILED = 20 };

static char *map_page(int fd, int page, int count)
{
	size_t size = sysconf(_SC_PAGESIZE);

	return mmap(NULL, count * size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, page * size);
}

/* As a plain user: fill so many pages, one mapped at a time, and look at each again. */
static int fill(int pages)
{
	size_t size = sysconf(_SC_PAGESIZE);
	struct rlimit limit = { LIMIT * size, LIMIT * size };
	volatile char *at;
	int fd;

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return FAILED;
	fd = syscall(SYS_memfd_secret, 0);
	if (fd < 0 || ftruncate(fd, PAGES * size))
		return FAILED + 1;
	for (int round = 0; round < 2; round++) {
		for (int page = 0; page < pages; page++) {
			at = map_page(fd, page, 1);
			if (at == MAP_FAILED)
				return FAILED + 2;
			if (!round)
				*at = page + 1;
			else if (*at != page + 1)
				return FAILED + 3;
			if (munmap((void *)at, size))
				return FAILED + 4;
		}
	}
	return ALL_KEPT;
}

/* The same in a child. Returns its status as waitpid() gives it. */
static int fill_in_child(int pages)
{
	int status;
	pid_t child = fork();

	REQUIRE(child >= 0, "fork");
	if (!child)
		_exit(fill(pages));
	REQUIRE(waitpid(child, &status, 0) == child, "waitpid");
	return status;
}

int main(void)
{
	int fd = syscall(SYS_memfd_secret, 0), status, kept;

	if (fd < 0)
		ktap_skip_all("memfd_secret: %s", ktap_errno(errno));
	close(fd);
	need_root();

	ktap_start(1);
	/* Self-check: as many as the limit allows can be had on any kernel. */
	status = fill_in_child(LIMIT);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != ALL_KEPT)
		ktap_bail("filling %d pages with a limit of %d: status 0x%x", LIMIT, LIMIT, status);

	status = fill_in_child(PAGES);
	kept = WIFEXITED(status) && WEXITSTATUS(status) == ALL_KEPT;
	if (!kept && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS))
		ktap_bail("filling %d pages with a limit of %d: status 0x%x", PAGES, LIMIT, status);
	ktap_diag("filling %d pages with a limit of %d: %s", PAGES, LIMIT,
		  kept ? "all are kept" : "SIGBUS");
	ktap_result(kept, "pages of a secret file count as long as it has them");
	return ktap_end();
}
