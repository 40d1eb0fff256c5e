// SPDX-License-Identifier: GPL-2.0-only
/* The clocks of the guest: both go forward, and a timer takes its time by both. */
#include <time.h>

#include "core/ktap.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define SLEEP_MS 200

static long long now_ms(clockid_t clock)
{
	struct timespec ts;

	REQUIRE(!clock_gettime(clock, &ts), "clock_gettime");
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

int main(void)
{
	const struct timespec sleep = { .tv_nsec = SLEEP_MS * 1000000 };
	long long wall, monotonic, wall_took, monotonic_took;
	char source[64] = "";
	FILE *file;

	ktap_start(2);
	file = fopen(CLOCKSOURCE, "re");
	REQUIRE(file && fgets(source, sizeof(source), file), "read " CLOCKSOURCE);
	fclose(file);
	source[strcspn(source, "\n")] = 0;
	wall = now_ms(CLOCK_REALTIME);
	monotonic = now_ms(CLOCK_MONOTONIC);
	ktap_diag("clocks: source=%s wall=%lld monotonic=%lld", source, wall, monotonic);
	REQUIRE(!nanosleep(&sleep, NULL), "nanosleep");
	wall_took = now_ms(CLOCK_REALTIME) - wall;
	monotonic_took = now_ms(CLOCK_MONOTONIC) - monotonic;
	ktap_diag("a sleep of %d ms took %lld ms by the wall clock, %lld ms by the monotonic one",
		  SLEEP_MS, wall_took, monotonic_took);
	ktap_result(monotonic_took < SLEEP_MS, "a timer takes its time");
	ktap_result(llabs(wall_took - monotonic_took) > SLEEP_MS / 2,
		    "both clocks measure the same");
	return ktap_end();
}
