/* SPDX-License-Identifier: GPL-2.0-only */
/* Trigger: the external module pin_pages pins pages one by one, highest address first. */
#ifndef KWITNESS_TRIGGER_PIN_PAGES_H
#define KWITNESS_TRIGGER_PIN_PAGES_H

#include <sys/uio.h>

#include "core/external_module.h"
#include "race/trigger.h"

static int trigger_pin_pages_fd;

static inline const char *trigger_pin_pages_open(void)
{
	const char *why = external_module_load("pin_pages");

	if (why)
		return why;
	trigger_pin_pages_fd = open("/dev/pin_pages", O_RDWR | O_CLOEXEC);
	REQUIRE(trigger_pin_pages_fd >= 0, "open of /dev/pin_pages");
	return NULL;
}

static inline int trigger_pin_pages_pin(char *at, int pages)
{
	struct iovec range = { at, pages * TRIGGER_PAGE };

	return write(trigger_pin_pages_fd, &range, sizeof(range)) < 0 ? -errno : 0;
}

static inline unsigned char trigger_pin_pages_peek(int page)
{
	unsigned char byte;

	REQUIRE(pread(trigger_pin_pages_fd, &byte, 1, page * TRIGGER_PAGE) == 1,
		"pread of /dev/pin_pages");
	return byte;
}

static inline void trigger_pin_pages_unpin(void)
{
	REQUIRE(!trigger_pin_pages_pin(NULL, 0), "unpinning by /dev/pin_pages");
}

static inline void trigger_pin_pages_close(void)
{
	REQUIRE(!close(trigger_pin_pages_fd), "close of /dev/pin_pages");
	external_module_unload("pin_pages");
}

static const struct trigger trigger_pin_pages = {
	.name = "pin_pages",
	.pages = 256,
	.by_fast_gup = 1,
	.open = trigger_pin_pages_open,
	.pin = trigger_pin_pages_pin,
	.peek = trigger_pin_pages_peek,
	.unpin = trigger_pin_pages_unpin,
	.close = trigger_pin_pages_close,
};

#endif
