// SPDX-License-Identifier: GPL-2.0-only
/*
 * Print the rate of this host's time stamp counter in kHz. Under TCG a guest
 * reads the host's counter; on a loaded host the guest fails to calibrate it
 * against the PIT, loses its timer and hangs, so it gets the rate instead
 * (tsc_early_khz).
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define WINDOW_NS	20000000LL

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int main(void)
{
	unsigned long long best = 0, t0;
	long long n0, ns;

		/* Preemption makes a window too long, so the lowest of five rates counts. */
	for (int i = 0; i < 5; i++) {
		n0 = now();
		t0 = __rdtsc();
		while ((ns = now() - n0) < WINDOW_NS)
			;
		t0 = (__rdtsc() - t0) * 1000000 / ns;
		if (!best || t0 < best)
			best = t0;
	}
	printf("%llu\n", best);
	return 0;
}
