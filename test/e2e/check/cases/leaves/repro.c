// SPDX-License-Identifier: GPL-2.0-only
/* Changes what it can of the machine, starts a process in a session of its own, and waits. */
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include "core/procfile.h"

int main(void)
{
	long before = procfile_number("/sys/kernel/mm/ksm/sleep_millisecs");

	ktap_start(1);
	if (!fork()) {
		setsid();
		if (fork())
			_exit(0);
		setsid();
		for (;;)
			pause();
	}
	ktap_diag("setting: %s",
		  ktap_outcome(procfile_write("/sys/kernel/mm/ksm/sleep_millisecs", before + 7)));
	REQUIRE(!mkdir("folder", 0700), "mkdir");
	close(open("folder/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	close(open("/tmp/kwitness-test-left", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	if (!geteuid()) {
		REQUIRE(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) >= 0, "shmget");
		REQUIRE(!mount("kwitness-test", "folder", "tmpfs", 0, NULL), "mount");
	}
	ktap_diag("everything is changed");
	for (;;)
		pause();
}
