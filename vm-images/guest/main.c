// SPDX-License-Identifier: GPL-2.0-only
/* PID 1: set up the guest, send hello, serve requests. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

static void on_child(int sig)
{
	(void)sig;
}

void serve_ping(const char *line)
{
	if (!strncmp(line, "ping ", 5))
		frame_sendf("pong", "%s", line + 5);
}

static void hello(void)
{
	struct utsname name;
	struct sysinfo info;

	uname(&name);
	sysinfo(&info);
	frame_sendf("hello",
		    "{\"protocol\":%d,\"release\":\"%s\",\"build\":\"%s\","
		    "\"cpus\":%d,\"memoryKiB\":%lu,\"taint\":%lld}",
		    AGENT_PROTOCOL, name.release, name.version, get_nprocs(),
		    info.totalram * info.mem_unit / 1024, system_taint());
}

static void serve(const char *line)
{
	struct request req = { 0 };

	if (sscanf(line, "run %31s %ld %lld %31s",
		   req.key, &req.timeout_ms, &req.clock_ns, req.seed) == 4)
		run_case(&req);
	else
		serve_ping(line);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

int main(int argc, char **argv)
{
	sigset_t child;
	char *line;

#ifndef AGENT_ON_STDIO
	system_mount();
#endif
	system_prepare();
	/* The last argument: before it come words that the kernel does not know (nokaslr). */
	payload_prepare(argc > 1 ? argv[argc - 1] : NULL);
	if (chdir(CASE_DIR))
		system_log("agent: no " CASE_DIR);
	frame_open();
	if (frame_fd() < 0) {
		/* Without its port the agent can only write to the kernel log. */
		system_log("agent: no " AGENT_PORT);
		pause();
	}
	signal(SIGCHLD, on_child);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	/*
	 * The kernel patches its text when its random numbers are ready. Make that happen
	 * now, while nothing else runs: under TCG another CPU crashed on the int3 of a
	 * half-applied patch.
	 */
	system_reseed("boot");
	hello();
	for (;;) {
		struct pollfd pfd = { .fd = frame_fd(), .events = POLLIN };

		poll(&pfd, 1, -1);
		while ((line = frame_line()))
			serve(line);
	}
}
