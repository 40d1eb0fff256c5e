// SPDX-License-Identifier: GPL-2.0-only
/*
 * secretmem: more memory than RLIMIT_MEMLOCK allows stays locked.
 *
 * Pages of memfd_secret() cannot be reclaimed, so they count as locked memory. The kernel
 * counted them per mapping: after munmap() the count went down although the file kept the
 * pages, so an unprivileged process could lock all memory, part by part. Since
 * 97d34aa65c29 each page counts for as long as the file has it, and a fault beyond the
 * limit raises SIGBUS.
 *
 * In a child without privileges and with a limit of a few pages, the program maps, fills
 * and unmaps twice as many, one after the other. The contents of each page must still be
 * there afterwards.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "core/need.h"

#define LIMIT	4
#define PAGES	(2 * LIMIT)
#define NOBODY	65534

/* Exit status of the child: all pages kept their contents, or a step failed. */
enum { ALL_KEPT = 10, FAILED = 20 };

static char *map_page(int fd, int page, int count)
{
	size_t size = sysconf(_SC_PAGESIZE);

	return mmap(NULL, count * size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, page * size);
}

/* As a plain user: fill this many pages, one mapped at a time, and then check each one. */
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

/* The same in a child. Returns its status as from waitpid(). */
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
	/* Self-check: every kernel allows as many pages as the limit. */
	status = fill_in_child(LIMIT);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != ALL_KEPT)
		ktap_bail("filling %d pages with a limit of %d: status 0x%x", LIMIT, LIMIT, status);

	status = fill_in_child(PAGES);
	kept = WIFEXITED(status) && WEXITSTATUS(status) == ALL_KEPT;
	if (!kept && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS))
		ktap_bail("filling %d pages with a limit of %d: status 0x%x", PAGES, LIMIT, status);
	ktap_diag("filling %d pages with a limit of %d: %s", PAGES, LIMIT,
		  kept ? "all are kept" : "SIGBUS");
	ktap_result(kept, "pages of a memfd_secret() count for as long as the file has them");
	return ktap_end();
}
