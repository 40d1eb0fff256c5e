// SPDX-License-Identifier: GPL-2.0-only
/*
 * Oopses on purpose while the kernel keeps running: a child dies in the kernel, and this
 * program continues and reports "ok", which must not count.
 *
 * The oops is a division by zero without a lock held: the scheduler's debugfs accepts any
 * minimal granularity, and a write to its scaling divides by it. Kernels 5.13 to 6.5 have
 * that file; elsewhere the case skips.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "core/ktap.h"

#define SCHED "/sys/kernel/debug/sched/"

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	REQUIRE(fd >= 0, "open of %s", path);
	REQUIRE(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "write to %s", path);
	close(fd);
}

int main(void)
{
	int status;
	pid_t pid;

	if (access(SCHED "min_granularity_ns", W_OK))
		ktap_skip_all(SCHED "min_granularity_ns: %s", ktap_errno(errno));
	ktap_start(1);
	pid = fork();
	REQUIRE(pid >= 0, "fork");
	if (!pid) {
		put(SCHED "min_granularity_ns", "0");
		put(SCHED "tunable_scaling", "0");
		_exit(0);
	}
	REQUIRE(waitpid(pid, &status, 0) == pid, "waitpid");
	if (!WIFSIGNALED(status))
		ktap_bail("the child outlived its oops (0x%x)", status);
	ktap_diag("the child died of signal %d", WTERMSIG(status));
	ktap_result(0, "a result after an oops");
	return ktap_end();
}
