// SPDX-License-Identifier: GPL-2.0-only
/*
 * GUP: a pinned page is replaced when it is written after mprotect().
 *
 * Since 5.9 a write to an anonymous page that is mapped read-only copies it whenever
 * anybody else holds a reference. A pin is such a reference. So who pinned a page of its
 * own, took away its write permission and gave it back lost the page to the next write:
 * the device, or io_uring, went on with the old page and the process with the copy.
 * PG_anon_exclusive (6c287605fd56) remembers that a page belongs to one process alone,
 * and such a page is written in place, pinned or not.
 *
 * Here a page is pinned as a registered buffer of io_uring, made read-only and writable
 * again, written, and read through its pin. It is no huge page: those went another way.
 */
#include "core/need.h"
#include "io/uring_pin.h"
#include "mm/kpageflags.h"
#include "mm/memory.h"

#define FILLED 1
#define WRITTEN 0x5a

/* Take the write permission, see that it is gone, and give it back. */
static void forbid_and_allow(const struct uring_pin *pin, char *at, size_t size)
{
	REQUIRE(!mprotect(at, size, PROT_READ), "mprotect to read-only");
	REQUIRE(pread(pin->ring.file, at, 1, 0) == -1 && errno == EFAULT,
		"being refused a write to a read-only page");
	REQUIRE(pagemap_frame(at) == pin->frame, "keeping the pinned page when it turns read-only");
	REQUIRE(!mprotect(at, size, PROT_READ | PROT_WRITE), "mprotect to writable");
	REQUIRE(pagemap_frame(at) == pin->frame, "keeping the pinned page when it turns writable");
}

int main(void)
{
	size_t size = sysconf(_SC_PAGESIZE);
	struct uring_pin pin;
	char *at;

	need_root();
	need_kpageflags();
	need_uring();

	ktap_start(1);
	uring_pin_prove(small_pages(size, FILLED), size, 0);
	at = small_pages(size, FILLED);
	REQUIRE(!kpageflags_has(pagemap_frame(at), KPF_THP), "getting a small page");
	uring_pin_open(&pin, at);
	forbid_and_allow(&pin, at, size);
	ktap_result(uring_pin_lost(&pin, WRITTEN),
		    "a write after mprotect() goes to the pinned page");
	uring_pin_close(&pin);
	return ktap_end();
}
