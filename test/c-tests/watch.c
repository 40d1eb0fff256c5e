// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests to be watched, by what their call does: "slow" is long in the kernel before it and
 * comes back at once, "spins" and "sleeps" until they are let go, "goes" not any more.
 */
#include "need.h"
#include "watched.h"

/* Longer than watched.h waits, and than its ticks of a child that spins. */
#define LONG_MS	400

static const char *what;
static int pipes[2];

/* A turn in the kernel. */
static void work(void)
{
	static char room[1 << 20];
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	must(read(fd, room, sizeof(room)) == sizeof(room) && !close(fd), "read of zeros");
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
		must(!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), "clock_gettime");
	}
}

/* Asleep where only a deadly signal reaches it: in vfork(), until its child ends. */
static void sleep_on(void)
{
	pid_t pid = vfork();

	must(pid >= 0, "vfork");
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
	watched_enter();
	if (!strcmp(what, "spins"))
		while (!is_let_go())
			work();
	if (!strcmp(what, "sleeps"))
		sleep_on();
	if (!strcmp(what, "goes"))
		raise(SIGKILL);
	watched_leave();
	ktap_result(0, "the call comes back");
	return ktap_end();
}

int main(int argc, char **argv)
{
	what = argc > 1 ? argv[1] : "";
	ktap_start(1);
	must(!pipe2(pipes, O_CLOEXEC | O_NONBLOCK), "pipe");
	watched_start(test);
	if (!watched_through()) {
		int seen = strcmp(what, "sleeps") ? watched_spins() : watched_stuck();

		must(write(pipes[1], "g", 1) == 1, "letting it go");
		if (seen)
			ktap_diag("does not come back");
	}
	return watched_status();
}
