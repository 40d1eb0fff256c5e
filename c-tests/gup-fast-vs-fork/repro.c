// SPDX-License-Identifier: GPL-2.0-only
/*
 * mm/gup: fast GUP races with fork().
 *
 * fork() copies each page that is pinned for DMA for the child and shares every other
 * page, write-protected in both. It checks whether a page is pinned before it
 * write-protects it. Fast GUP takes no lock: if it pins the page in between, the page is
 * pinned and shared, so the next write of the parent goes to a copy while the kernel
 * keeps the pinned page. Since 57efa1fe5957 ("mm/gup: prevent gup_fast from racing with
 * COW during fork") fast GUP backs off during a fork of the same mm.
 *
 * In the race fork() copies the page table of a buffer while a trigger pins its pages by
 * fast GUP, so that the two meet on one page (pin_buffer.h). Then the program writes to
 * every page: a pinned page whose frame changes was separated, and a read through the pin
 * must agree. A trial is a fork that found part of the buffer pinned and part not.
 *
 * A trigger that pins under mmap_lock, which fork() holds, can never meet it. The program
 * probes the running kernel for that.
 *
 * With --schedule a debugger places the trigger between two instructions of fork()
 * (race/schedule.h). Then a trial is one page, and every trigger will do: one that waits
 * for fork() even where the fix is disabled shows by that that it takes another path.
 *
 *	repro [--seconds S] [--trials N] [--spread F] [--trigger NAME]	(race_options.h)
 *	repro --schedule
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "core/need.h"
#include "race/mmlock.h"
#include "race/pin_buffer.h"
#include "race/race.h"
#include "race/schedule.h"
#include "race/trigger_io_uring.h"
#include "race/trigger_pin_longterm_test.h"
#include "race/trigger_pin_pages.h"

static const char stays[] = "a page pinned during fork stays with the parent";

static const struct trigger *const triggers[] = {
	&trigger_io_uring, &trigger_pin_longterm_test, &trigger_pin_pages, NULL,
};

/* Fork a child that only waits. A raw system call, because libc's fork() does more. */
static void fork_child(void *arg)
{
	pid_t *child = arg;

	*child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (*child)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static void end_child(pid_t child)
{
	REQUIRE(child > 0, "clone");
	REQUIRE(!kill(child, SIGKILL), "kill of the child");
	REQUIRE(waitpid(child, NULL, 0) == child, "waitpid");
}

/* Self-check without a race: the oracle detects every kind of separation, and no other page. */
static void check_oracle(const struct trigger *trigger)
{
	enum { DROPPED, PINNED, SHARED, KINDS };
	struct pin_buffer b;
	int dropped, pinned;
	pid_t child;

	pin_buffer_open(&b, trigger, KINDS, 1);
	pin_buffer_write(&b, 'a');
	REQUIRE(!trigger->pin(b.at, SHARED), "pinning by %s", trigger->name);
	fork_child(&child);
	REQUIRE(!madvise(b.at + DROPPED * TRIGGER_PAGE, TRIGGER_PAGE, MADV_DONTNEED),
		"MADV_DONTNEED");
	pin_buffer_write(&b, 'b');
	pin_buffer_frames(&b, b.written);
	dropped = trigger->peek(DROPPED);
	pinned = trigger->peek(PINNED);
	trigger->unpin();
	end_child(child);

	if (b.written[SHARED] == b.before[SHARED])
		ktap_bail("a page shared by fork kept its frame when it was written");
	if (b.written[DROPPED] == b.before[DROPPED] || dropped != 'a')
		ktap_bail("a pinned page was dropped, yet its pin reads %#x", dropped);
	if (b.written[PINNED] != b.before[PINNED] || pinned != 'b')
		ktap_bail("fork separated a page pinned before it, as without 70e806e4e645");
	pin_buffer_close(&b);
}

/*
 * Whether the two met in the buffer. If fork() overtakes the trigger it must also finish
 * before an undisturbed trigger could have reached the end.
 */
static int met(const struct race *race, const struct pin_buffer *b, int first)
{
	int in_time = race->a.end < race->b.begin + race->b.alone;

	return first && first < b->pages && (!b->trigger->ascending || in_time);
}

static void run_race(const struct trigger *trigger, struct race_options options)
{
	struct pin_buffer b;
	pid_t child;
	struct race race = {
		.a = { .name = "fork", .act = fork_child, .arg = &child },
		.b = { .name = "pinning", .act = pin_buffer_pin, .arg = &b },
		.options = options,
	};

	pin_buffer_open_to_meet(&b, trigger);
	race_open(&race);
	while (race_continues(&race)) {
		int overlapped = race_round(&race);
		int first = pin_buffer_pinned_first(&b);
		int hits = pin_buffer_count_separated(&b, race.rounds);

		if (hits && !overlapped)
			ktap_bail("%d pages separated without a race between fork and pin", hits);
		if (overlapped) {
			race_steer(&race, (double)first * b.stride / b.all);
			/* If the hit is on the last page, all pages were pinned first. */
			race.trials += met(&race, &b, first) || hits;
			race.hits += hits > 0;
		}
		pin_buffer_unpin(&b);
		end_child(child);
		memcpy(b.before, b.written, sizeof(b.before));
	}
	race_close(&race);
	pin_buffer_close(&b);
	race_report(&race);
	/* Without two free host CPUs they hardly overlap: no trials, so no answer. */
	if (!race.trials && race.overlaps > 500)
		ktap_bail("fork and the pinning overlapped in time but never met in the buffer");
	ktap_result(race.hits, stays);
}

/* NULL if this trigger and fork() can meet, or why they cannot. */
static const char *never_meets(const struct trigger *trigger)
{
	static char why[256];
	struct pin_buffer b;
	struct mmlock_probe probe = {
		.act = pin_buffer_pin, .undo = pin_buffer_unpin, .arg = &b,
	};
	enum mmlock answer;

	pin_buffer_open(&b, trigger, 1, 1);
	answer = mmlock_probe_run(&probe);
	pin_buffer_close(&b);
	ktap_diag("%s during mprotect: %lu rounds, continued in %lu, waited in %lu",
		  trigger->name, probe.rounds, probe.went_on, probe.waited);
	if (answer == MMLOCK_UNCLEAR)
		ktap_bail("cannot tell whether %s takes mmap_lock", trigger->name);
	snprintf(why, sizeof(why), "pins under mmap_lock, which fork holds: "
		 "it waited for the end of an mprotect in %lu of %lu rounds",
		 probe.waited, probe.rounds);
	return answer == MMLOCK_NEEDED ? why : NULL;
}

/* In this order the first one that works pins by fast GUP, where any of them does. */
static const struct trigger *const scheduled[] = {
	&trigger_pin_pages, &trigger_pin_longterm_test, &trigger_io_uring, NULL,
};

/* The control decides: where the two cannot meet, disabling the fix brings no hit. */
static const char *may_meet(const struct trigger *trigger)
{
	(void)trigger;
	return NULL;
}

struct scheduled_pin {
	struct pin_buffer b;
	pid_t child;
	unsigned char byte;
};

/*
 * The page lies below all that the program maps, so fork() copies it early, and alone in
 * its VMA. A page below it has the child's page tables allocated before that.
 */
static void map_scheduled(struct pin_buffer *b, const struct trigger *trigger)
{
	char *below = (char *)(2UL << 20);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

	*b = (struct pin_buffer){ .trigger = trigger, .pages = 1, .stride = 1, .all = 1 };
	b->at = below + 4 * TRIGGER_PAGE;
	REQUIRE(mmap(below, TRIGGER_PAGE, PROT_READ | PROT_WRITE, flags, -1, 0) == below,
		"mmap of the page below");
	REQUIRE(mmap(b->at, TRIGGER_PAGE, PROT_READ | PROT_WRITE, flags, -1, 0) == b->at,
		"mmap of the page");
	*below = 'b';
}

static void prepare_scheduled(void *arg)
{
	struct scheduled_pin *s = arg;

	pin_buffer_write(&s->b, s->byte ^= 0x55);
	pin_buffer_frames(&s->b, s->b.before);
}

static void fork_scheduled(void *arg)
{
	struct scheduled_pin *s = arg;

	fork_child(&s->child);
}

static void pin_scheduled(void *arg)
{
	struct scheduled_pin *s = arg;

	pin_buffer_pin(&s->b);
}

static int judge_scheduled(void *arg)
{
	struct scheduled_pin *s = arg;
	int result = s->b.failed;

	if (!result) {
		pin_buffer_pinned_first(&s->b);
		result = pin_buffer_count_separated(&s->b, s->byte ^ 0x80);
		pin_buffer_unpin(&s->b);
	}
	end_child(s->child);
	return result;
}

static void run_schedule(const struct trigger *trigger)
{
	struct scheduled_pin s = { .byte = 'a' };
	const struct schedule schedule = {
		.arg = &s, .prepare = prepare_scheduled, .first = fork_scheduled,
		.second = pin_scheduled, .judge = judge_scheduled,
		.subject = (char *)(2UL << 20) + 4 * TRIGGER_PAGE,
	};

	map_scheduled(&s.b, trigger);
	schedule_result(&schedule, stays);
}

int main(int argc, char **argv)
{
	int is_scheduled = schedule_asked(argc, argv);
	struct race_options options = race_options(is_scheduled ? 1 : argc, argv, 1);
	const struct trigger *trigger;

	need_root();
	need_cpus(2);
	need_page_size(TRIGGER_PAGE);
	ktap_start(1);
	trigger = is_scheduled ? trigger_choose(scheduled, NULL, may_meet) :
				 trigger_choose(triggers, options.trigger, never_meets);
	if (trigger) {
		ktap_trigger(trigger->name);
		check_oracle(trigger);
		if (is_scheduled)
			run_schedule(trigger);
		else
			run_race(trigger, options);
		trigger->close();
	} else {
		ktap_skip(stays, "%s", trigger_reasons());
	}
	return ktap_end();
}
