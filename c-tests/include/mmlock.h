/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ask the running kernel whether an operation needs mmap_lock: try it while another
 * thread holds that lock for writing, in an mprotect() over many pages.
 *
 *	struct mmlock_probe probe = { .act = do_register, .undo = do_unregister, .arg = &x };
 *
 *	switch (mmlock_ask(&probe)) { ...
 *
 * Each round begins the operation a quarter into the mprotect and lets a canary follow:
 * mincore(), which takes mmap_lock for reading on every kernel. An operation that was
 * done at once, with the canary then waiting for the end of the mprotect, went on under
 * the lock. One that itself lasted until the mprotect ended, waited for the lock. The
 * canary tells a lock that was held from a thread that lost its CPU before it took it.
 * A round that shows neither says nothing. Call need_cpus(2) first.
 */
#ifndef KWITNESS_MMLOCK_H
#define KWITNESS_MMLOCK_H

#include <sys/mman.h>

#include "race.h"

enum mmlock { MMLOCK_UNCLEAR, MMLOCK_NOT_NEEDED, MMLOCK_NEEDED };

/*
 * The mprotect has to be long beside the operation, and beside waking a thread that
 * waited for it. How many pages that takes is found out: with more than it takes, a
 * slow machine would be busy for long.
 */
#define MMLOCK_LEAST	(16UL << 20)
#define MMLOCK_MOST	(64UL << 20)
#define MMLOCK_LONGER	50
/* How often each is timed. What it is disturbed by only ever adds, so the least counts. */
#define MMLOCK_SAMPLES	3
/*
 * So many rounds of one kind are an answer; for each of the other kind, which a busy
 * host can make up, it takes so many more.
 */
#define MMLOCK_ENOUGH	6
#define MMLOCK_ROUNDS	1000
#define MMLOCK_SECONDS	5.0

struct mmlock_probe {
	void (*act)(void *arg), (*undo)(void *arg);
	void *arg;
	/* Found: rounds in which it went on, in which it waited, and all. */
	unsigned long went_on, waited, rounds;
	/* Inner state. */
	char *region;
	size_t bytes;
	int prot;
	int64_t acted;
};

static inline void mmlock_hold(void *arg)
{
	struct mmlock_probe *probe = arg;

	/* There and back, so that each call has every page to change. */
	probe->prot ^= PROT_WRITE;
	must(!mprotect(probe->region, probe->bytes, probe->prot), "mprotect");
}

static inline void mmlock_try(void *arg)
{
	struct mmlock_probe *probe = arg;
	unsigned char in_core;

	probe->act(probe->arg);
	probe->acted = race_ticks();
	must(!mincore(probe->region, 1, &in_core), "mincore");
}

/* Did what ran from begin to end take most of what was left of the mprotect by then? */
static inline int mmlock_waited(const struct race *race, int64_t begin, int64_t end)
{
	int64_t left = race->a.end - begin;

	return left > race->a.alone / 8 && end - begin > left / 2;
}

static inline void mmlock_judge(struct mmlock_probe *probe, const struct race *race)
{
	int at_once = probe->acted - race->b.begin < race->a.alone / 8;

	probe->rounds++;
	if (at_once)
		probe->went_on += mmlock_waited(race, probe->acted, race->b.end);
	else
		probe->waited += mmlock_waited(race, race->b.begin, probe->acted);
}

static inline enum mmlock mmlock_verdict(const struct mmlock_probe *probe)
{
	if (probe->went_on >= MMLOCK_ENOUGH * (probe->waited + 1))
		return MMLOCK_NOT_NEEDED;
	if (probe->waited >= MMLOCK_ENOUGH * (probe->went_on + 1))
		return MMLOCK_NEEDED;
	return MMLOCK_UNCLEAR;
}

/* The time it takes, with nothing else going on. */
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

		probe->bytes = filled ? 2 * filled : MMLOCK_LEAST;
		memset(probe->region + filled, 1, probe->bytes - filled);
		race->a.alone = mmlock_time(mmlock_hold, mmlock_hold, probe);
	} while (race->a.alone < MMLOCK_LONGER * race->b.alone && probe->bytes < MMLOCK_MOST);
}

static inline enum mmlock mmlock_ask(struct mmlock_probe *probe)
{
	struct race race = {
		.a = { .name = "mprotect", .act = mmlock_hold, .arg = probe },
		.b = { .name = "operation", .act = mmlock_try, .arg = probe },
		.options = { .trials = MMLOCK_ROUNDS / RACE_PATIENCE, .seconds = MMLOCK_SECONDS },
	};

	probe->prot = PROT_READ | PROT_WRITE;
	probe->region = mmap(NULL, MMLOCK_MOST, probe->prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(probe->region != MAP_FAILED, "mmap");
	must(!madvise(probe->region, MMLOCK_MOST, MADV_NOHUGEPAGE), "MADV_NOHUGEPAGE");
	race_open(&race);
	mmlock_scale(probe, &race);
	while (race_goes_on(&race) && mmlock_verdict(probe) == MMLOCK_UNCLEAR) {
		if (race_round_at(&race, race.a.alone / 4))
			mmlock_judge(probe, &race);
		probe->undo(probe->arg);
	}
	race_close(&race);
	must(!munmap(probe->region, MMLOCK_MOST), "munmap");
	return mmlock_verdict(probe);
}

#endif
