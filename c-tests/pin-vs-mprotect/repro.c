// SPDX-License-Identifier: GPL-2.0-only
/*
 * GUP: a pinned page is replaced when it is written after mprotect().
 *
 * Since 5.9 a write to a read-only mapped anonymous page copies it if anybody else holds
 * a reference. A pin is such a reference. So a process that pinned its own page, removed
 * its write permission and restored it lost the page with the next write: the device, or
 * io_uring, kept the old page and the process got the copy. PG_anon_exclusive
 * (6c287605fd56) records that a page belongs to one process only; such a page is written
 * in place, pinned or not.
 *
 * The program pins a page as a registered buffer of io_uring, makes it read-only and
 * writable again, writes to it, and reads it through the pin. It uses a small page,
 * because huge pages take another code path.
 */
#include "core/need.h"
#include "io/uring_pin.h"
#include "mm/kpageflags.h"
#include "mm/memory.h"

#define FILLED 1
#define WRITTEN 0x5a

/* Remove the write permission, check that it is gone, and restore it. */
static void forbid_and_allow(const struct uring_pin *pin, char *at, size_t size)
{
	REQUIRE(!mprotect(at, size, PROT_READ), "mprotect to read-only");
	REQUIRE(pread(pin->ring.file, at, 1, 0) == -1 && errno == EFAULT,
		"finding a write to a read-only page refused");
	REQUIRE(pagemap_frame(at) == pin->frame,
		"keeping the pinned page when it becomes read-only");
	REQUIRE(!mprotect(at, size, PROT_READ | PROT_WRITE), "mprotect to writable");
	REQUIRE(pagemap_frame(at) == pin->frame,
		"keeping the pinned page when it becomes writable");
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
