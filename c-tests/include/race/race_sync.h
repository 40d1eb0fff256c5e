/* SPDX-License-Identifier: GPL-2.0-only */
/* A clock finer than the shortest window, and how the two sides of a race synchronise. */
#ifndef KWITNESS_RACE_SYNC_H
#define KWITNESS_RACE_SYNC_H

#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/ktap.h"

/*
 * The finest clock, a counter that all CPUs share. Not clock_gettime(): without a
 * clocksource a guest counts in jiffies of 4 ms.
 */
static inline int64_t race_ticks(void)
{
#if defined(__x86_64__)
	uint32_t low, high;

	__asm__ __volatile__("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (int64_t)((uint64_t)high << 32 | low);
#elif defined(__aarch64__)
	int64_t ticks;

	__asm__ __volatile__("isb; mrs %0, cntvct_el0; isb" : "=r"(ticks) : : "memory");
	return ticks;
#else
#error "race_sync.h has no clock for this architecture"
#endif
}

static inline double race_clock(void)
{
	struct timespec ts;

	REQUIRE(!clock_gettime(CLOCK_MONOTONIC, &ts), "clock_gettime");
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/*
 * Between rounds a side sleeps. If it spun, each TLB flush of the other side would have to
 * interrupt it, for which the host may first have to schedule its virtual CPU.
 */
static inline void race_sleep_until(const uint32_t *counter, uint32_t value)
{
	uint32_t seen;

	while ((seen = __atomic_load_n(counter, __ATOMIC_ACQUIRE)) != value)
		syscall(SYS_futex, counter, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static inline void race_wake(uint32_t *counter, uint32_t value)
{
	__atomic_store_n(counter, value, __ATOMIC_RELEASE);
	syscall(SYS_futex, counter, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Just before a window both sides spin, because a wakeup takes longer than most windows. */
static inline void race_spin_until(const uint32_t *counter, uint32_t value)
{
	while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) != value)
		;
}

/* Spin likewise, and answer each number in called_out by storing it in answered. */
static inline void race_answer_until(const uint32_t *called_out, uint32_t *answered,
				     const uint32_t *counter, uint32_t value)
{
	uint32_t number;

	while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) != value) {
		number = __atomic_load_n(called_out, __ATOMIC_ACQUIRE);
		if (number != *answered)
			__atomic_store_n(answered, number, __ATOMIC_RELEASE);
	}
}

#endif
