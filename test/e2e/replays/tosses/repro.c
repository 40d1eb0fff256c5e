// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports its bug at every odd microsecond of the clock, the one input that neither a
 * snapshot nor a seed reproduces.
 */
#include <time.h>

#include "core/ktap.h"

int main(void)
{
	struct timespec now;

	ktap_start(1);
	REQUIRE(!clock_gettime(CLOCK_REALTIME, &now), "clock_gettime");
	ktap_diag("%ld ns", now.tv_nsec);
	ktap_result(now.tv_nsec / 1000 % 2, "the microsecond is even");
	return ktap_end();
}
