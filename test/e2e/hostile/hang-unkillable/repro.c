// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hangs where SIGKILL has no effect: in state D, waiting for the mutex of a pipe. The
 * holder writes a page to the pipe whose fault goes to a userfaultfd without a monitor, so
 * the write never ends. It runs in a session of its own, so that a kill of this program's
 * process group does not reach it.
 */
#include <pthread.h>

#include "mm/memory.h"
#include "uffd/uffd.h"

struct stuck_write {
	int pipe;
	char *page;
	size_t size;
};

static void *write_missing_page(void *arg)
{
	struct stuck_write *stuck = arg;

	return (void *)write(stuck->pipe, stuck->page, stuck->size);
}

/* Hold the mutex of the pipe forever, and report that through `ready`. */
static void hold_pipe(int pipe, int ready)
{
	struct stuck_write stuck = { .pipe = pipe, .size = sysconf(_SC_PAGESIZE) };
	int fd = uffd_open(0);
	pthread_t thread;

	REQUIRE(setsid() > 0, "setsid");
	REQUIRE(fd >= 0, "userfaultfd");
	stuck.page = anonymous(stuck.size);
	REQUIRE(!uffd_register(fd, stuck.page, stuck.size, UFFDIO_REGISTER_MODE_MISSING),
		"UFFDIO_REGISTER");
	REQUIRE(!pthread_create(&thread, NULL, write_missing_page, &stuck), "pthread_create");
	uffd_readable(fd, -1);
	REQUIRE(write(ready, "r", 1) == 1, "write");
	for (;;)
		pause();
}

int main(void)
{
	int held[2], ready[2];
	pid_t pid;
	char byte;

	ktap_start(2);
	REQUIRE(!pipe(held) && !pipe(ready), "pipe");
	pid = fork();
	REQUIRE(pid >= 0, "fork");
	if (!pid)
		hold_pipe(held[1], ready[1]);
	REQUIRE(read(ready[0], &byte, 1) == 1, "read");
	ktap_result(0, "before the hang");
	read(held[0], &byte, 1);
	ktap_bail("the pipe was not held");
}
