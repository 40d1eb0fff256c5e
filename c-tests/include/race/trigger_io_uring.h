/* SPDX-License-Identifier: GPL-2.0-only */
/* Trigger: pin pages as registered buffers of io_uring, one per page, highest address first. */
#ifndef KWITNESS_TRIGGER_IO_URING_H
#define KWITNESS_TRIGGER_IO_URING_H

#include "io/uring.h"
#include "race/trigger.h"

#define TRIGGER_URING_MAX	1024

static struct {
	struct uring ring;
	struct iovec buffers[TRIGGER_URING_MAX];
	int count;
} trigger_uring;

static inline const char *trigger_uring_open(void)
{
	static char why[64];
	int err = uring_open(&trigger_uring.ring);

	snprintf(why, sizeof(why), "io_uring_setup: %s", ktap_errno(-err));
	return err ? why : NULL;
}

static inline int trigger_uring_pin(char *at, int pages)
{
	struct iovec *buffer = trigger_uring.buffers;

	REQUIRE(pages <= TRIGGER_URING_MAX, "registering %d buffers", pages);
	trigger_uring.count = pages;
	for (int page = pages; page--; buffer++)
		*buffer = (struct iovec){ at + page * TRIGGER_PAGE, TRIGGER_PAGE };
	return uring_register(&trigger_uring.ring, trigger_uring.buffers, pages);
}

static inline unsigned char trigger_uring_peek(int page)
{
	int index = trigger_uring.count - 1 - page;

	return uring_peek(&trigger_uring.ring, index, trigger_uring.buffers[index].iov_base);
}

static inline void trigger_uring_unpin(void)
{
	uring_unregister(&trigger_uring.ring);
}

static inline void trigger_uring_close(void)
{
	uring_close(&trigger_uring.ring);
}

static const struct trigger trigger_io_uring = {
	.name = "io_uring",
	.pages = 64,
	.open = trigger_uring_open,
	.pin = trigger_uring_pin,
	.peek = trigger_uring_peek,
	.unpin = trigger_uring_unpin,
	.close = trigger_uring_close,
};

#endif
