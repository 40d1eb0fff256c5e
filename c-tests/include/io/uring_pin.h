/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page pinned as a registered buffer of io_uring, and whether the page table still
 * maps it. Two oracles answer, the byte read through the pin and the frame number; if they
 * disagree the program is broken.
 *
 *	need_uring();					before ktap_start()
 *	uring_pin_prove(fresh, size, flags);		self-check, on a page of its own
 *	uring_pin_open(&pin, at);
 *	...
 *	lost = uring_pin_lost(&pin, byte);		writes the byte
 *	uring_pin_close(&pin);
 */
#ifndef KWITNESS_URING_PIN_H
#define KWITNESS_URING_PIN_H

#include "io/uring.h"
#include "mm/pagemap.h"

struct uring_pin {
	struct uring ring;
	volatile char *at;
	uint64_t frame;
};

/* Write a byte. Returns whether the pin reads another one: the mapped page is not pinned. */
static inline int uring_pin_lost(struct uring_pin *pin, unsigned char byte)
{
	unsigned char old = *pin->at, seen;
	uint64_t frame;

	REQUIRE(old != byte, "writing a new byte");
	*pin->at = byte;
	seen = uring_peek(&pin->ring, 0, (void *)pin->at);
	frame = pagemap_frame((void *)pin->at);
	ktap_diag("wrote 0x%02x, the pin reads 0x%02x; frame 0x%llx was 0x%llx when pinned", byte,
		  seen, (unsigned long long)frame, (unsigned long long)pin->frame);
	if ((seen != byte) != (frame != pin->frame))
		ktap_bail("the byte read through the pin contradicts the frame number");
	return seen != byte;
}

/* Pin the page at this address, which must be present, and check that it sees a write. */
static inline void uring_pin_open(struct uring_pin *pin, char *at)
{
	struct iovec iov = { at, sysconf(_SC_PAGESIZE) };
	uint64_t before = pagemap_frame(at);
	unsigned char was = *at;
	int err;

	REQUIRE(!uring_open(&pin->ring), "io_uring_setup");
	err = uring_register(&pin->ring, &iov, 1);
	if (err)
		ktap_bail("IORING_REGISTER_BUFFERS failed: %s", ktap_errno(-err));
	pin->at = at;
	pin->frame = pagemap_frame(at);
	REQUIRE(pin->frame == before, "pinning the mapped page");
	REQUIRE(uring_peek(&pin->ring, 0, at) == was, "reading the page through its pin");
	REQUIRE(!uring_pin_lost(pin, was ^ 0xff), "seeing a write through the pin");
}

static inline void uring_pin_close(struct uring_pin *pin)
{
	uring_unregister(&pin->ring);
	uring_close(&pin->ring);
}

/*
 * Self-check: map another page over a pinned one, and check that uring_pin_lost() detects
 * it. Unmaps the page at this address. flags: of mmap() for this kind of page.
 */
static inline void uring_pin_prove(char *at, size_t size, int flags)
{
	struct uring_pin pin;
	unsigned char was;

	uring_pin_open(&pin, at);
	was = *at;
	REQUIRE(mmap(at, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0) == at,
		"mmap over the page");
	REQUIRE(uring_pin_lost(&pin, was ^ 0x0f), "detecting that another page was mapped");
	REQUIRE(uring_peek(&pin.ring, 0, at) == was,
		"reading the pinned page after it was unmapped");
	uring_pin_close(&pin);
	REQUIRE(!munmap(at, size), "munmap");
}

#endif
