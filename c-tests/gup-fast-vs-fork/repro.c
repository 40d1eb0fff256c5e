// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fast GUP against fork().
 *
 * fork() gives the child a copy of each page that is pinned for DMA and shares every
 * other page with it, write-protected in both. It asks whether a page is pinned before
 * it write-protects it. Fast GUP takes no lock: where it pins the page in between, the
 * page is pinned and shared, and the parent's next write moves the parent to a copy
 * while the kernel goes on with the page that was pinned.
 * Fixed by 57efa1fe5957 ("mm/gup: prevent gup_fast from racing with COW during fork"),
 * which has fast GUP give way to a fork of the same mm.
 *
 * Here fork() copies the page table of a buffer from its lowest address up while
 * io_uring registers the pages of the buffer one by one from the highest down, so the
 * two meet on one page. Then every page is written: a pinned page that changes its
 * frame was separated, and a read through the pin has to say so too. A trial is a fork
 * that found part of the buffer pinned and part not.
 *
 * Where io_uring pins under mmap_lock, which fork() holds, the two never meet. Whether
 * it does is asked of the running kernel.
 *
 *	repro [--seconds S] [--trials N]	how long to race at most
 */
#include <getopt.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "iouring.h"
#include "mmlock.h"
#include "need.h"
#include "pagemap.h"
#include "race.h"

#define PAGE	4096UL
/*
 * With more pages most forks meet the pinning, with fewer more forks fit into a second.
 * On a known-bad 6.12 from 40 to 256 made little difference.
 */
#define PAGES	64

static const char stays[] = "a page pinned during fork stays with the parent";

struct buffer {
	struct uring ring;
	int pages, registered;
	char *at;
	pid_t child;
	/* One buffer of one page each, the highest address first: the order of pinning. */
	struct iovec iov[PAGES];
	/* Frames in the order of addresses: before the fork, after it, and after a write. */
	uint64_t before[PAGES], pinned[PAGES], written[PAGES];
};

static void write_all(struct buffer *b, char byte)
{
	for (int i = 0; i < b->pages; i++)
		*(volatile char *)(b->at + i * PAGE) = byte;
}

static void open_buffer(struct buffer *b, int pages)
{
	b->pages = pages;
	b->at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	must(b->at != MAP_FAILED, "mmap");
	must(!madvise(b->at, pages * PAGE, MADV_NOHUGEPAGE), "MADV_NOHUGEPAGE");
	for (int i = 0; i < pages; i++)
		b->iov[i] = (struct iovec){ b->at + (pages - 1 - i) * PAGE, PAGE };
	/* Writable pages, or fast GUP leaves them to slow GUP. */
	write_all(b, 0);
	pagemap_frames(b->at, pages, b->before);
}

static void close_buffer(struct buffer *b)
{
	must(!munmap(b->at, b->pages * PAGE), "munmap");
}

static void register_pages(void *arg)
{
	struct buffer *b = arg;

	b->registered = uring_register(&b->ring, b->iov, b->pages);
}

static void unregister_pages(void *arg)
{
	struct buffer *b = arg;

	must(!b->registered, "IORING_REGISTER_BUFFERS (%s)", ktap_errno(-b->registered));
	uring_unregister(&b->ring);
}

/* Leave a child that does nothing. Not libc's fork(), which does more than fork. */
static void fork_child(void *arg)
{
	struct buffer *b = arg;

	b->child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (b->child)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static void end_child(struct buffer *b)
{
	must(b->child > 0, "clone");
	must(!kill(b->child, SIGKILL), "kill of the child");
	must(waitpid(b->child, NULL, 0) == b->child, "waitpid");
}

/* Self-check, with no race: the oracle sees every kind of separation, and nothing else. */
static void check_oracle(struct buffer *b)
{
	enum { SHARED, DROPPED, PINNED, KINDS };
	int dropped, pinned;

	open_buffer(b, KINDS);
	write_all(b, 'a');
	/* The iovecs begin with the highest page. */
	must(!uring_register(&b->ring, b->iov, 2), "IORING_REGISTER_BUFFERS");
	fork_child(b);
	must(!madvise(b->at + DROPPED * PAGE, PAGE, MADV_DONTNEED), "MADV_DONTNEED");
	write_all(b, 'b');
	pagemap_frames(b->at, KINDS, b->written);
	pinned = uring_peek(&b->ring, 0, b->iov[0].iov_base);
	dropped = uring_peek(&b->ring, 1, b->iov[1].iov_base);
	uring_unregister(&b->ring);
	end_child(b);

	if (b->written[SHARED] == b->before[SHARED])
		ktap_bail("a page shared by fork was written and kept its frame");
	if (b->written[DROPPED] == b->before[DROPPED] || dropped != 'a')
		ktap_bail("a pinned page was dropped, yet its pin reads %#x", dropped);
	if (b->written[PINNED] != b->before[PINNED] || pinned != 'b')
		ktap_bail("fork separated a page pinned before it, as without 70e806e4e645");
	close_buffer(b);
}

/*
 * How many pages were pinned before fork() came to them. The others were shared with
 * the child by then, so that pinning them for writing gave the parent new frames.
 */
static int pinned_first(struct buffer *b)
{
	int first = 0;

	pagemap_frames(b->at, b->pages, b->pinned);
	for (int i = 0; i < b->pages; i++)
		first += b->pinned[i] == b->before[i];
	return first;
}

/* Write every page. Returns how many of them, all pinned, this separated from their pin. */
static int separated(struct buffer *b, unsigned char byte)
{
	int hits = 0;

	write_all(b, byte);
	pagemap_frames(b->at, b->pages, b->written);
	for (int i = 0; i < b->pages; i++) {
		int index = b->pages - 1 - i;

		if (b->pinned[i] == b->written[i])
			continue;
		if (uring_peek(&b->ring, index, b->iov[index].iov_base) == byte)
			ktap_bail("page %d changed its frame, yet its pin reads the new byte", i);
		hits++;
	}
	return hits;
}

static void run_race(struct buffer *b, double seconds, unsigned long trials)
{
	struct race race = {
		.a = { .name = "fork", .act = fork_child, .arg = b },
		.b = { .name = "registering", .act = register_pages, .arg = b },
		.max_trials = trials, .max_seconds = seconds,
	};

	open_buffer(b, PAGES);
	race_open(&race);
	while (race_goes_on(&race)) {
		int overlapped = race_round(&race);
		int first = pinned_first(b);
		int hits = separated(b, race.rounds);

		if (hits && !overlapped)
			ktap_bail("%d pages separated with no race between fork and pin", hits);
		if (overlapped) {
			race_steer(&race, (double)first / PAGES);
			/* A hit on the last page leaves none that was not pinned first. */
			race.trials += (first && first < PAGES) || hits;
			race.hits += hits > 0;
		}
		unregister_pages(b);
		end_child(b);
		memcpy(b->before, b->written, sizeof(b->before));
	}
	race_close(&race);
	close_buffer(b);
	race_report(&race);
	/* On a host with no two CPUs to spare they hardly overlap: no trials, and no verdict. */
	if (!race.trials && race.overlaps > 500)
		ktap_bail("fork and the pinning overlapped in time and never met in the buffer");
	ktap_result(race.hits, stays);
}

/* Can fast GUP and fork() meet here? Reports the skip if they cannot. */
static int can_meet(struct buffer *b)
{
	struct mmlock_probe probe = {
		.act = register_pages, .undo = unregister_pages, .arg = b,
	};
	enum mmlock answer;

	open_buffer(b, 1);
	answer = mmlock_ask(&probe);
	close_buffer(b);
	ktap_diag("IORING_REGISTER_BUFFERS during mprotect: "
		  "%lu rounds, went on in %lu, waited in %lu",
		  probe.rounds, probe.went_on, probe.waited);
	if (answer == MMLOCK_UNCLEAR)
		ktap_bail("cannot tell whether IORING_REGISTER_BUFFERS takes mmap_lock");
	if (answer == MMLOCK_NEEDED)
		ktap_skip(stays, "IORING_REGISTER_BUFFERS takes mmap_lock, which fork holds: "
			  "it waited for the end of an mprotect in %lu of %lu rounds",
			  probe.waited, probe.rounds);
	return answer == MMLOCK_NOT_NEEDED;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "trials", required_argument, NULL, 't' },
		{ 0 },
	};
	unsigned long trials = 1000000;
	static struct buffer b;
	double seconds = 1.0;
	int opt, err;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 's')
			seconds = strtod(optarg, NULL);
		else if (opt == 't')
			trials = strtoul(optarg, NULL, 10);
		else
			ktap_bail("usage: %s [--seconds S] [--trials N]", argv[0]);
	}
	if (seconds <= 0 || !trials)
		ktap_bail("--seconds and --trials take a number above 0");
	need_root();
	need_cpus(2);
	need_page_size(PAGE);
	err = uring_open(&b.ring);
	if (err)
		ktap_skip_all("io_uring_setup: %s", ktap_errno(-err));
	ktap_start(1);
	check_oracle(&b);
	if (can_meet(&b))
		run_race(&b, seconds, trials);
	uring_close(&b.ring);
	return ktap_end();
}
