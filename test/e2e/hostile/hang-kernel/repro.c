// SPDX-License-Identifier: GPL-2.0-only
/*
 * Occupies every CPU forever: a real-time task spins on each, after the time that the
 * scheduler reserves for others was removed. The agent cannot run, so for the host the
 * kernel hangs.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/sysinfo.h>

#include "core/ktap.h"

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* Since 6.12 a deadline server gives ordinary tasks 50 ms of each second. */
static void stop_fair_server(int cpu)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/debug/sched/fair_server/cpu%d/runtime", cpu);
	if (!access(path, W_OK))
		REQUIRE(!put(path, "0"), "write to %s", path);
}

static void spin_on(int cpu)
{
	struct sched_param highest = { .sched_priority = 99 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	REQUIRE(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity to CPU %d", cpu);
	REQUIRE(!sched_setscheduler(0, SCHED_FIFO, &highest), "sched_setscheduler");
	for (;;)
		;
}

int main(void)
{
	int cpus = get_nprocs();

	ktap_start(2);
	ktap_result(0, "before the hang");
	REQUIRE(!put("/proc/sys/kernel/sched_rt_runtime_us", "-1"), "switching RT throttling off");
	for (int cpu = 0; cpu < cpus; cpu++)
		stop_fair_server(cpu);
	/* This task occupies CPU 0 last, when the others have started. */
	for (int cpu = cpus - 1; cpu > 0; cpu--) {
		pid_t pid = fork();

		REQUIRE(pid >= 0, "fork");
		if (!pid)
			spin_on(cpu);
	}
	spin_on(0);
}
