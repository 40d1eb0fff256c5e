// SPDX-License-Identifier: GPL-2.0-only
/*
 * The second side needs the first one: membarrier() sends an IPI to each CPU that runs this
 * process, and waits for its answer. Stopped by the debugger, the first side never answers.
 */
#include <linux/membarrier.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "core/need.h"
#include "race/schedule.h"

static pid_t child;
/* Page tables of the child are made for the first one, so that the window is short. */
static char *const below = (char *)(2UL << 20);
static char *const page = (char *)(2UL << 20) + 4 * SCHEDULE_PAGE;

static void prepare(void *unused)
{
	(void)unused;
	*page ^= 1;
}

static void first(void *unused)
{
	(void)unused;
	child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	for (; !child;)
		pause();
}

static void second(void *unused)
{
	(void)unused;
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

static int judge(void *unused)
{
	(void)unused;
	REQUIRE(!kill(child, SIGKILL) && waitpid(child, NULL, 0) == child, "end of the child");
	return 0;
}

int main(int argc, char **argv)
{
	const struct schedule schedule = {
		.subject = page, .prepare = prepare,
		.first = first, .second = second, .judge = judge,
	};
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

	(void)argc;
	(void)argv;
	need_root();
	ktap_start(1);
	REQUIRE(mmap(below, SCHEDULE_PAGE, PROT_READ | PROT_WRITE, flags, -1, 0) == below, "mmap");
	*below = 1;
	REQUIRE(mmap(page, SCHEDULE_PAGE, PROT_READ | PROT_WRITE, flags, -1, 0) == page, "mmap");
	REQUIRE(!syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0),
		"membarrier");
	schedule_result(&schedule, "nothing is seen");
	return ktap_end();
}
