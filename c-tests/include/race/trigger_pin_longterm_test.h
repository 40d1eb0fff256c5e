/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trigger: gup_test in debugfs (CONFIG_GUP_TEST; long-term pins since 6.2). It pins a range
 * in one call, lowest address first, and can only copy out all pinned pages at once.
 */
#ifndef KWITNESS_TRIGGER_PIN_LONGTERM_TEST_H
#define KWITNESS_TRIGGER_PIN_LONGTERM_TEST_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "mm/memory.h"
#include "race/trigger.h"

/* The kernel exports no header for this. */
struct gup_test_range {
	uint64_t at, bytes;
	uint32_t flags;
};

#define GUP_TEST_WRITE	1
#define GUP_TEST_FAST	2
#define GUP_TEST_START	_IOW('g', 7, struct gup_test_range)
#define GUP_TEST_STOP	_IO('g', 8)
#define GUP_TEST_READ	_IOW('g', 9, uint64_t)

static struct {
	int fd, count;
} trigger_gup_test;

static inline const char *trigger_gup_test_open(void)
{
	static const char path[] = "/sys/kernel/debug/gup_test";
	static char why[128];
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		snprintf(why, sizeof(why), "open of %s: %s", path, ktap_errno(errno));
		return why;
	}
	/* Succeeds without a pinned page, so it shows whether the kernel has the ioctl. */
	if (ioctl(fd, GUP_TEST_STOP)) {
		snprintf(why, sizeof(why), "PIN_LONGTERM_TEST_STOP: %s", ktap_errno(errno));
		close(fd);
		return why;
	}
	trigger_gup_test.fd = fd;
	return NULL;
}

static inline int trigger_gup_test_pin(char *at, int pages)
{
	struct gup_test_range range = {
		(uintptr_t)at, pages * TRIGGER_PAGE, GUP_TEST_WRITE | GUP_TEST_FAST,
	};

	trigger_gup_test.count = pages;
	return ioctl(trigger_gup_test.fd, GUP_TEST_START, &range) ? -errno : 0;
}

static inline unsigned char trigger_gup_test_peek(int page)
{
	size_t bytes = trigger_gup_test.count * TRIGGER_PAGE;
	char *copy = anonymous(bytes);
	uint64_t to = (uintptr_t)copy;
	unsigned char byte;

	REQUIRE(!ioctl(trigger_gup_test.fd, GUP_TEST_READ, &to), "PIN_LONGTERM_TEST_READ");
	byte = copy[page * TRIGGER_PAGE];
	REQUIRE(!munmap(copy, bytes), "munmap");
	return byte;
}

static inline void trigger_gup_test_unpin(void)
{
	REQUIRE(!ioctl(trigger_gup_test.fd, GUP_TEST_STOP), "PIN_LONGTERM_TEST_STOP");
}

static inline void trigger_gup_test_close(void)
{
	REQUIRE(!close(trigger_gup_test.fd), "close of gup_test");
}

static const struct trigger trigger_pin_longterm_test = {
	.name = "pin_longterm_test",
	.pages = 64,
	.ascending = 1,
	.by_fast_gup = 1,
	.open = trigger_gup_test_open,
	.pin = trigger_gup_test_pin,
	.peek = trigger_gup_test_peek,
	.unpin = trigger_gup_test_unpin,
	.close = trigger_gup_test_close,
};

#endif
