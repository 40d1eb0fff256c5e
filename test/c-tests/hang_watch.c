// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests for hang_watch.h, by what their call does: "slow" spends long in the kernel before
 * the call, which returns at once; "spins" and "sleeps" return when the parent releases
 * them; "dies" never returns.
 */
#include "core/hang_watch.h"
#include "core/need.h"

/* More than HANG_WATCH_MS and HANG_SPIN_TICKS. */
#define LONG_MS	400

static const char *what;
static int pipes[2];

/* Spend some time in the kernel. */
static void work(void)
{
	static char buffer[1 << 20];
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	REQUIRE(read(fd, buffer, sizeof(buffer)) == sizeof(buffer) && !close(fd), "read of zeroes");
}

static int is_released(void)
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

/* Sleep in vfork(), which only a fatal signal can interrupt, until its child exits. */
static void sleep_in_vfork(void)
{
	pid_t pid = vfork();

	REQUIRE(pid >= 0, "vfork");
	if (pid)
		return;
	while (!is_released())
		sched_yield();
	_exit(0);
}

static int test(void)
{
	if (!strcmp(what, "slow"))
		work_long();
	hang_watch_enter();
	if (!strcmp(what, "spins"))
		while (!is_released())
			work();
	if (!strcmp(what, "sleeps"))
		sleep_in_vfork();
	if (!strcmp(what, "dies"))
		raise(SIGKILL);
	hang_watch_leave();
	ktap_result(0, "the call returns");
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

		REQUIRE(write(pipes[1], "g", 1) == 1, "releasing the call");
		if (seen)
			ktap_diag("does not return");
	}
	return hang_watch_status();
}
