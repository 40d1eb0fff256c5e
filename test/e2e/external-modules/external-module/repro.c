// SPDX-License-Identifier: GPL-2.0-only
/* Loads the external module and reads its device; skips with the reason if there is none. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "core/ktap.h"

#define NAME "told_version"

/* The first line of a file. */
static void read_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	REQUIRE(fd >= 0, "opening %s", path);
	got = read(fd, line, size - 1);
	REQUIRE(got > 0, "reading %s", path);
	line[got] = '\0';
	line[strcspn(line, "\n")] = '\0';
	close(fd);
}

int main(void)
{
	struct utsname uts;
	char line[256];
	int module = open(NAME ".ko", O_RDONLY | O_CLOEXEC);

	if (module < 0) {
		read_line(NAME ".missing", line, sizeof(line));
		ktap_skip_all("no module: %s", line);
	}
	REQUIRE(access(NAME ".missing", F_OK), "finding either a module or a reason");
	ktap_start(1);
	REQUIRE(!syscall(SYS_finit_module, module, "", 0), "loading the module");
	read_line("/dev/" NAME, line, sizeof(line));
	REQUIRE(!uname(&uts), "uname");
	ktap_diag("the module says %s", line);
	ktap_result(strcmp(line, uts.release), "the module is of this kernel");
	return ktap_end();
}
