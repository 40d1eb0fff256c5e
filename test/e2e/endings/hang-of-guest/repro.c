// SPDX-License-Identifier: GPL-2.0-only
/* Occupies the only CPU forever in its step, so that the agent cannot run. */
#include "core/step.h"

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text);
}

int main(void)
{
	const char *server = "/sys/kernel/debug/sched/fair_server/cpu0/runtime";
	struct sched_param highest = { .sched_priority = 99 };

	ktap_start(1);
	REQUIRE(put("/proc/sys/kernel/sched_rt_runtime_us", "-1"), "switching RT throttling off");
	/* Since 6.12 a deadline server gives ordinary tasks 50 ms of each second. */
	REQUIRE(access(server, W_OK) || put(server, "0"), "write to %s", server);
	step_enter("spin");
	REQUIRE(!sched_setscheduler(0, SCHED_FIFO, &highest), "sched_setscheduler");
	for (;;)
		;
}
