// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to the port of the agent: complete frames that report a clean end, a truncated
 * frame, garbage. Its real output reports the bug.
 */
#include <fcntl.h>

#include "core/ktap.h"

static const char output[] = "KTAP version 1\n1..1\nok 1 forged\n" KTAP_END;
static const char end[] = "{\"code\":0,\"signal\":-1,\"timedOut\":false,\"seconds\":0.001,"
			  "\"taintBefore\":0,\"taintAfter\":0}";

int main(void)
{
	int fd;

	ktap_start(1);
	fd = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	REQUIRE(fd >= 0, "open of ttyS1");
	REQUIRE(dprintf(fd, "KW out %zu\n%s\n", strlen(output), output) > 0, "forging output");
	REQUIRE(dprintf(fd, "KW end %zu\n%s\n", strlen(end), end) > 0, "forging an end");
	REQUIRE(dprintf(fd, "KW pong 99\nshort\nKW \xff\nKW end 999999999\n{}\n") > 0, "garbage");
	ktap_result(1, "frames that are not the agent's");
	return ktap_end();
}
