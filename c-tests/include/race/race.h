/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two threads that must meet in a narrow window, again and again.
 *
 * Side A runs on the calling thread, side B on a thread of its own, each bound to a CPU.
 * In every round they start at a random offset at which their time spans would overlap:
 *
 *	A	       |-------- a --------|
 *	B	 |-- b --|  ...  -->  ...  |-- b --|	start of B - start of A: from -b to a
 *
 * The first rounds run the sides one after the other and measure a and b, so the offsets
 * fit this kernel on this machine.
 *
 *	struct race race = {
 *		.a = { .name = "fork", .act = do_fork, .arg = &x },
 *		.b = { .name = "register", .act = do_register, .arg = &x },
 *		.options = race_options(argc, argv, 0),
 *	};
 *
 *	race_open(&race);
 *	while (race_continues(&race)) {
 *		prepare(&x);
 *		if (race_round(&race)) {
 *			race.trials++;
 *			race.hits += bug_seen(&x);
 *		}
 *		tidy_up(&x);
 *	}
 *	race_close(&race);
 *	race_report(&race);
 *
 * The loop ends at the first hit, after a number of trials or after a number of seconds. A
 * side only performs its act, because printing or checking would widen the window. The
 * child of an act that forks stays on the CPU of its side. Call need_cpus(2) first.
 *
 * The number of trials decides what a race without a hit is worth, so only rounds in which
 * the sides met may count. race_round() decides by the clock, since a busy host may
 * deschedule a virtual CPU and change the offset. If the sides leave evidence of how far B
 * was when A reached it, count by that instead, and use it to race_steer() the next rounds.
 */
#ifndef KWITNESS_RACE_H
#define KWITNESS_RACE_H

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

#include "core/ktap.h"
#include "race/race_options.h"
#include "race/race_sync.h"

/* Measuring rounds for each side. */
#define RACE_SAMPLES	9
/* At most this many rounds per trial, and this many times the seconds until the first trial. */
#define RACE_UNMET_FACTOR	10
/* A reply is prompt within this multiple of the fastest one; give up after so many calls. */
#define RACE_PROMPT_FACTOR	4
#define RACE_MAX_CALLS	5

struct race_side {
	const char *name;
	void (*act)(void *arg);
	void *arg;
	/* Measured, in ticks: start and end of its last act, and its duration alone. */
	int64_t begin, end, alone;
};

struct race {
	struct race_side a, b;
	struct race_options options;
	/* Counted by the caller. */
	unsigned long trials, hits;
	/* Measured. */
	uint32_t rounds, overlaps;
	double seconds, ticks_per_us;
	uint64_t seed;
	/* Internal state. */
	int64_t opened, b_begins, meeting, quickest;
	uint32_t called, called_out, answered, released, done;
	uint64_t random;
	double opened_at;
	cpu_set_t cpus;
	pthread_t thread;
	int steered, over;
};

/* A random number from the closed range, by xorshift64*. */
static inline int64_t race_random(struct race *race, int64_t from, int64_t to)
{
	race->random ^= race->random >> 12;
	race->random ^= race->random << 25;
	race->random ^= race->random >> 27;
	return from + (int64_t)(race->random * 0x2545f4914f6cdd1dULL % (uint64_t)(to - from + 1));
}

/* Bind the calling thread to the nth CPU that the race may use. */
static inline void race_take_cpu(const struct race *race, int nth)
{
	cpu_set_t one;
	int cpu = -1;

	while (nth >= 0 && ++cpu < CPU_SETSIZE)
		nth -= !!CPU_ISSET(cpu, &race->cpus);
	REQUIRE(cpu < CPU_SETSIZE, "finding two CPUs to run on");
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	REQUIRE(!sched_setaffinity(0, sizeof(one), &one), "sched_setaffinity to CPU %d", cpu);
}

static inline void race_act(struct race_side *side, int64_t begin)
{
	while (race_ticks() < begin)
		;
	side->begin = race_ticks();
	side->act(side->arg);
	side->end = race_ticks();
}

static inline void *race_thread_b(void *arg)
{
	struct race *race = arg;

	race_take_cpu(race, 1);
	for (uint32_t round = 1;; round++) {
		race_sleep_until(&race->called, round);
		if (race->over)
			return NULL;
		race_answer_until(&race->called_out, &race->answered, &race->released, round);
		race_act(&race->b, race->b_begins);
		race_wake(&race->done, round);
	}
}

/*
 * Wake side B and wait until both sides run. On a busy host one virtual CPU is often
 * descheduled while the other spins; a call that B answers as fast as its fastest shows
 * that both run. Returns the current time in ticks.
 */
static inline int64_t race_call_b(struct race *race)
{
	int64_t called, took;
	int tries = 0;

	race_wake(&race->called, ++race->rounds);
	do {
		called = race_ticks();
		__atomic_store_n(&race->called_out, race->called_out + 1, __ATOMIC_RELEASE);
		race_spin_until(&race->answered, race->called_out);
		took = race_ticks() - called;
		if (!race->quickest || took < race->quickest)
			race->quickest = took;
	} while (took > RACE_PROMPT_FACTOR * race->quickest && ++tries < RACE_MAX_CALLS);
	return race_ticks();
}

static inline void race_release_b(struct race *race, int64_t begin)
{
	race->b_begins = begin;
	__atomic_store_n(&race->released, race->rounds, __ATOMIC_RELEASE);
}

/* Wait for side B. Bails out if its clock is not that of side A, which offsets rely on. */
static inline void race_join_b(struct race *race, int64_t called)
{
	race_sleep_until(&race->done, race->rounds);
	REQUIRE(race->b.begin >= called && race->b.end <= race_ticks(),
		"comparing the clocks of two CPUs");
}

static inline void race_open(struct race *race)
{
	const char *seed = getenv("KWITNESS_SEED");

	REQUIRE(!sched_getaffinity(0, sizeof(race->cpus), &race->cpus), "sched_getaffinity");
	race->opened_at = race_clock();
	race->opened = race_ticks();
	race->seed = seed ? strtoull(seed, NULL, 10) : (uint64_t)race->opened;
	/* xorshift never leaves the state zero. */
	race->random = race->seed ? race->seed : 1;
	REQUIRE(!pthread_create(&race->thread, NULL, race_thread_b, race), "pthread_create");
	race_take_cpu(race, 0);
}

/* Stop side B and restore the CPU affinity of the calling thread. */
static inline void race_close(struct race *race)
{
	race->seconds = race_clock() - race->opened_at;
	race->ticks_per_us = (race_ticks() - race->opened) / (race->seconds * 1e6);
	race->over = 1;
	race_wake(&race->called, race->rounds + 1);
	REQUIRE(!pthread_join(race->thread, NULL), "pthread_join");
	REQUIRE(!sched_setaffinity(0, sizeof(race->cpus), &race->cpus), "sched_setaffinity");
}

/* Whether to run another round: no hit yet, and trials, rounds and guest seconds left. */
static inline int race_continues(const struct race *race)
{
	double seconds = race->options.seconds * (race->trials ? 1 : RACE_UNMET_FACTOR);

	return !race->hits && race->trials < race->options.trials &&
	       race->rounds / RACE_UNMET_FACTOR < race->options.trials &&
	       race_clock() - race->opened_at < seconds;
}

/* Run one round at this offset in ticks. Returns whether the sides overlapped in time. */
static inline int race_round_at(struct race *race, int64_t offset)
{
	int64_t now = race_call_b(race);

	race_release_b(race, offset > 0 ? now + offset : now);
	race_act(&race->a, offset < 0 ? now - offset : now);
	race_join_b(race, now);
	return race->a.begin < race->b.end && race->b.begin < race->a.end;
}

/*
 * Run one side after the other and time the first. Only the host disturbs it, which always
 * adds time, so the minimum counts.
 */
static inline void race_round_apart(struct race *race, int b_first)
{
	struct race_side *first = b_first ? &race->b : &race->a;
	int64_t now;

	if (!b_first)
		race_act(&race->a, 0);
	now = race_call_b(race);
	race_release_b(race, now);
	race_join_b(race, now);
	if (b_first)
		race_act(&race->a, 0);
	if (!first->alone || first->end - first->begin < first->alone)
		first->alone = first->end - first->begin;
}

/* Run the next round. Returns whether the sides overlapped; measuring rounds never do. */
static inline int race_round(struct race *race)
{
	int64_t from = -race->b.alone, to = race->a.alone, wider;
	int overlapped;

	if (race->rounds < 2 * RACE_SAMPLES) {
		race_round_apart(race, race->rounds % 2);
		return 0;
	}
	if (race->steered) {
		to = race->meeting;
		from = to - race->b.alone;
	}
	wider = (race->options.spread - 1) * (to - from) / 2;
	overlapped = race_round_at(race, race_random(race, from - wider, to + wider));
	race->overlaps += overlapped;
	return overlapped;
}

/*
 * Adjust the next rounds by the last one: share is the part of its act, from 0 to 1, that
 * side B had done when side A reached it. 0 means that B was late and 1 that it was early,
 * by an unknown amount, so these only move the offset in their own direction.
 */
static inline void race_steer(struct race *race, double share)
{
	int64_t most = race->b.alone, error;

	if (!race->steered)
		race->meeting = race->a.alone / 2;
	race->steered = 1;
	error = race->b.begin - race->a.begin + (int64_t)(share * race->b.alone) - race->meeting;
	if ((share <= 0 && error > 0) || (share >= 1 && error < 0))
		return;
	race->meeting += (error > most ? most : error < -most ? -most : error) / 2;
}

static inline void race_report(const struct race *race)
{
	uint32_t raced = race->rounds > 2 * RACE_SAMPLES ? race->rounds - 2 * RACE_SAMPLES : 0;

	ktap_diag("alone %s takes %.0f us, %s %.0f us",
		  race->a.name, race->a.alone / race->ticks_per_us,
		  race->b.name, race->b.alone / race->ticks_per_us);
	ktap_diag("%u of %u raced rounds overlapped (%.1f %%), %lu met: %.0f trials/s in %.2f s",
		  race->overlaps, raced, raced ? 100.0 * race->overlaps / raced : 0, race->trials,
		  race->trials / race->seconds, race->seconds);
	ktap_diag("seed %llu", (unsigned long long)race->seed);
	ktap_trials(race->trials, race->hits);
}

#endif
