/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer that a trigger pins while fork() copies its page table, laid out so that the two
 * meet on one of its pages. The frame numbers of its pages show the outcome.
 *
 * fork() goes from the lowest address up. A trigger that goes from the highest down meets
 * it in a buffer of adjacent pages:
 *
 *	fork ->  p p p p p p p p  <- trigger
 *
 * A trigger that also goes up must be overtaken by fork(), because behind fork() it finds
 * no page that it could pin without a lock. Page by page the trigger is faster, so each
 * page is followed by a gap of pages that the trigger pins and fork() skips:
 *
 *	fork ->  p - - - - p - - - - p - - - - p - - - - - - - -
 *		       trigger ->
 *
 * A fixed kernel undoes such a walk at its end; pages that fork() copies after that look as
 * if the trigger had not reached them. So the last gap is long, and fork() must finish
 * before the trigger can have reached its end.
 */
#ifndef KWITNESS_PIN_BUFFER_H
#define KWITNESS_PIN_BUFFER_H

#include "mm/memory.h"
#include "mm/pagemap.h"
#include "race/trigger.h"

#define PIN_BUFFER_MAX		512
/* Distance in pages between copied pages, for a trigger that fork() overtakes. */
#define PIN_BUFFER_GAP		128
/* The last gap is this many times as long. */
#define PIN_BUFFER_LAST_FACTOR	9

struct pin_buffer {
	const struct trigger *trigger;
	char *at;
	/* Pages that fork() copies, the distance between them, and all pages. */
	int pages, stride, all;
	int failed;
	/* Frames: before the fork, after it, and after a write. */
	uint64_t before[PIN_BUFFER_MAX], pinned[PIN_BUFFER_MAX], written[PIN_BUFFER_MAX];
};

static inline void pin_buffer_write(struct pin_buffer *b, char byte)
{
	for (int i = 0; i < b->pages; i++)
		*(volatile char *)(b->at + i * b->stride * TRIGGER_PAGE) = byte;
}

static inline void pin_buffer_frames(const struct pin_buffer *b, uint64_t *frames)
{
	pagemap_frames(b->at, b->pages, b->stride, frames);
}

static inline void pin_buffer_open(struct pin_buffer *b, const struct trigger *trigger,
				   int pages, int stride)
{
	size_t bytes;

	*b = (struct pin_buffer){
		.trigger = trigger, .pages = pages, .stride = stride,
		.all = (pages + (stride > 1 ? PIN_BUFFER_LAST_FACTOR - 1 : 0)) * stride,
	};
	bytes = b->all * TRIGGER_PAGE;
	/* Write to them, because fast GUP leaves pages that are not writable to slow GUP. */
	b->at = small_pages(bytes, 1);
	if (stride > 1) {
		REQUIRE(!madvise(b->at, bytes, MADV_DONTFORK), "MADV_DONTFORK");
		for (int i = 0; i < pages; i++)
			REQUIRE(!madvise(b->at + i * stride * TRIGGER_PAGE, TRIGGER_PAGE,
					 MADV_DOFORK), "MADV_DOFORK");
	}
	pin_buffer_frames(b, b->before);
}

/* Open a buffer in which this trigger and fork() can meet. */
static inline void pin_buffer_open_to_meet(struct pin_buffer *b, const struct trigger *trigger)
{
	pin_buffer_open(b, trigger, trigger->pages, trigger->ascending ? PIN_BUFFER_GAP : 1);
}

static inline void pin_buffer_close(struct pin_buffer *b)
{
	REQUIRE(!munmap(b->at, b->all * TRIGGER_PAGE), "munmap of the buffer");
}

/* Pin it, as an act of a race. */
static inline void pin_buffer_pin(void *arg)
{
	struct pin_buffer *b = arg;

	b->failed = b->trigger->pin(b->at, b->all);
}

static inline void pin_buffer_unpin(void *arg)
{
	struct pin_buffer *b = arg;

	REQUIRE(!b->failed, "pinning by %s (%s)", b->trigger->name, ktap_errno(-b->failed));
	b->trigger->unpin();
}

/*
 * How many pages were pinned before fork() reached them. The others were already shared
 * with the child, so pinning them for writing gave the parent new frames.
 */
static inline int pin_buffer_pinned_first(struct pin_buffer *b)
{
	int first = 0;

	pin_buffer_frames(b, b->pinned);
	for (int i = 0; i < b->pages; i++)
		first += b->pinned[i] == b->before[i];
	return first;
}

/* Write every page. Returns how many pinned pages this separated from their pin. */
static inline int pin_buffer_count_separated(struct pin_buffer *b, unsigned char byte)
{
	int hits = 0;

	pin_buffer_write(b, byte);
	pin_buffer_frames(b, b->written);
	for (int i = 0; i < b->pages; i++) {
		if (b->pinned[i] == b->written[i])
			continue;
		if (b->trigger->peek(i * b->stride) == byte)
			ktap_bail("page %d changed its frame, yet its pin reads the new byte", i);
		hits++;
	}
	return hits;
}

#endif
