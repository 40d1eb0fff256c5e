// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests to be watched, by what their call does: "slow" is long in the kernel before it and
 * comes back at once, "spins" and "sleeps" until they are let go, "goes" not any more.
 */
#include "core/hang_watch.h"
#include "core/need.h"

/* Longer than hang_watch.h waits, and than its ticks of a child that spins. */
#define LONG_MS	400

static const char *what;
static int pipes[2];

/* A turn in the kernel. */
static void work(void)
{
	static char room[1 << 20];
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	REQUIRE(read(fd, room, sizeof(room)) == sizeof(room) && !close(fd), "read of zeros");
}

static int is_let_go(void)
{
	char byte;

	return read(pipes[0], &byte, 1) == 1;
}

static void work_long(void)
{
	struct timespec used = { 0 };

	while (used.tv_sec * 1000 + used.tv_nsec / 1000000 < LONG_MS) {
		work();
		REQUIRE(!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), "clock_gettime");
	}
}

/* Asleep where only a deadly signal reaches it: in vfork(), until its child ends. */
static void sleep_on(void)
{
	pid_t pid = vfork();

	REQUIRE(pid >= 0, "vfork");
	if (pid)
		return;
	while (!is_let_go())
		sched_yield();
	_exit(0);
}

static int test(void)
{
	if (!strcmp(what, "slow"))
		work_long();
	hang_watch_enter();
	if (!strcmp(what, "spins"))
		while (!is_let_go())
			work();
	if (!strcmp(what, "sleeps"))
		sleep_on();
	if (!strcmp(what, "goes"))
		raise(SIGKILL);
	hang_watch_leave();
	ktap_result(0, "the call comes back");
	return ktap_end();
}

int main(int argc, char **argv)
{
	what = argc > 1 ? argv[1] : "";
	ktap_start(1);
	REQUIRE(!pipe2(pipes, O_CLOEXEC | O_NONBLOCK), "pipe");
	hang_watch_start(test);
	if (!hang_watch_done()) {
		int seen = strcmp(what, "sleeps") ? hang_watch_spins() : hang_watch_stuck();

		REQUIRE(write(pipes[1], "g", 1) == 1, "letting it go");
		if (seen)
			ktap_diag("does not come back");
	}
	return hang_watch_status();
}
