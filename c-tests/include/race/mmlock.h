/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probe whether an operation needs mmap_lock on the running kernel: try it while another
 * thread holds that lock for writing, in an mprotect() over many pages.
 *
 *	struct mmlock_probe probe = { .act = do_register, .undo = do_unregister, .arg = &x };
 *
 *	switch (mmlock_probe_run(&probe)) { ...
 *
 * Each round starts the operation a quarter into the mprotect. If it ends well before the
 * mprotect it did not need the lock; if it ends after the mprotect it waited. A round that
 * started at another offset, or ended close to the end of the mprotect, does not count. A
 * busy host may deschedule either thread anywhere, so a clear majority of rounds decides.
 * Call need_cpus(2) first.
 */
#ifndef KWITNESS_MMLOCK_H
#define KWITNESS_MMLOCK_H

#include <sys/mman.h>

#include "race/race.h"

enum mmlock { MMLOCK_UNCLEAR, MMLOCK_NOT_NEEDED, MMLOCK_NEEDED };

/*
 * The mprotect must take much longer than the operation. The region is doubled until it
 * does; a fixed large region would take too long on a slow machine.
 */
#define MMLOCK_MIN_BYTES	(16UL << 20)
#define MMLOCK_MAX_BYTES	(64UL << 20)
#define MMLOCK_RATIO	50
/* How often each is timed. Disturbance only adds time, so the minimum counts. */
#define MMLOCK_SAMPLES	3
/* Rounds of one kind that decide, and how many are needed for each round of the other kind. */
#define MMLOCK_MIN_ROUNDS	8
#define MMLOCK_MAJORITY	4
#define MMLOCK_MAX_ROUNDS	1000
#define MMLOCK_MAX_SECONDS	10.0

struct mmlock_probe {
	void (*act)(void *arg), (*undo)(void *arg);
	void *arg;
	/* Counted: rounds in which it did not wait, in which it waited, and all. */
	unsigned long went_on, waited, rounds;
	/* Internal state. */
	char *region;
	size_t bytes;
	int prot;
};

static inline void mmlock_hold(void *arg)
{
	struct mmlock_probe *probe = arg;

	/* Toggle, so that each call has to change every page. */
	probe->prot ^= PROT_WRITE;
	REQUIRE(!mprotect(probe->region, probe->bytes, probe->prot), "mprotect");
}

static inline void mmlock_judge(struct mmlock_probe *probe, const struct race *race)
{
	int64_t margin = race->a.alone / 8;

	if (race->b.begin < race->a.begin + margin || race->b.begin > race->a.end - 2 * margin)
		return;
	probe->rounds++;
	probe->went_on += race->b.end < race->a.end - margin;
	probe->waited += race->b.end > race->a.end;
}

static inline int mmlock_is_majority(unsigned long these, unsigned long others)
{
	return these >= MMLOCK_MIN_ROUNDS && these >= MMLOCK_MAJORITY * others;
}

static inline enum mmlock mmlock_verdict(const struct mmlock_probe *probe)
{
	if (mmlock_is_majority(probe->went_on, probe->waited))
		return MMLOCK_NOT_NEEDED;
	if (mmlock_is_majority(probe->waited, probe->went_on))
		return MMLOCK_NEEDED;
	return MMLOCK_UNCLEAR;
}

/* The time in ticks that it takes alone. */
static inline int64_t mmlock_time(void (*act)(void *), void (*undo)(void *), void *arg)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < MMLOCK_SAMPLES; i++) {
		int64_t begin = race_ticks(), took;

		act(arg);
		took = race_ticks() - begin;
		least = took < least ? took : least;
		undo(arg);
	}
	return least;
}

/* Double the region until the mprotect is long enough. */
static inline void mmlock_scale(struct mmlock_probe *probe, struct race *race)
{
	race->b.alone = mmlock_time(probe->act, probe->undo, probe->arg);
	probe->bytes = 0;
	do {
		size_t filled = probe->bytes;

		probe->bytes = filled ? 2 * filled : MMLOCK_MIN_BYTES;
		memset(probe->region + filled, 1, probe->bytes - filled);
		race->a.alone = mmlock_time(mmlock_hold, mmlock_hold, probe);
	} while (race->a.alone < MMLOCK_RATIO * race->b.alone && probe->bytes < MMLOCK_MAX_BYTES);
}

static inline enum mmlock mmlock_probe_run(struct mmlock_probe *probe)
{
	struct race race = {
		.a = { .name = "mprotect", .act = mmlock_hold, .arg = probe },
		.b = { .name = "operation", .act = probe->act, .arg = probe->arg },
		/* Nothing is counted as a trial, so race_continues() multiplies both limits. */
		.options = { .trials = MMLOCK_MAX_ROUNDS / RACE_UNMET_FACTOR,
			     .seconds = MMLOCK_MAX_SECONDS / RACE_UNMET_FACTOR },
	};

	probe->prot = PROT_READ | PROT_WRITE;
	probe->region = mmap(NULL, MMLOCK_MAX_BYTES, probe->prot, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
	REQUIRE(probe->region != MAP_FAILED, "mmap");
	REQUIRE(!madvise(probe->region, MMLOCK_MAX_BYTES, MADV_NOHUGEPAGE), "MADV_NOHUGEPAGE");
	race_open(&race);
	mmlock_scale(probe, &race);
	while (race_continues(&race) && mmlock_verdict(probe) == MMLOCK_UNCLEAR) {
		if (race_round_at(&race, race.a.alone / 4))
			mmlock_judge(probe, &race);
		probe->undo(probe->arg);
	}
	race_close(&race);
	REQUIRE(!munmap(probe->region, MMLOCK_MAX_BYTES), "munmap");
	return mmlock_verdict(probe);
}

#endif
