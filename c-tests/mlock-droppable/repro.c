// SPDX-License-Identifier: GPL-2.0-only
/*
 * mlock: mlockall(MCL_FUTURE) locks droppable memory.
 *
 * The kernel may drop the pages of a mapping with MAP_DROPPABLE at any time: mmap()
 * refuses the flag together with MAP_LOCKED, and mlock() skips such a mapping. But under
 * mlockall(MCL_FUTURE) a new one was locked, and its pages were kept. Since d239462787b0
 * mlockall() skips it too.
 *
 * The program maps droppable memory under such a lock. smaps ("lo") and VmLck must agree
 * on whether it is locked. As self-checks, the same calls must lock plain memory, and
 * mlock() must skip a droppable mapping.
 */
#include "core/need.h"
#include "mm/memory.h"
#include "mm/smaps.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

static char *map(int flags)
{
	char *at = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			flags | MAP_ANONYMOUS, -1, 0);

	REQUIRE(at != MAP_FAILED, "mmap with flags 0x%x", flags);
	return at;
}

/* Whether this mapping is locked. smaps and the count of locked memory must agree. */
static int locked(const char *at, long before, const char *what)
{
	long grown = locked_kib() - before;
	int flag = smaps_flag(at, "lo");

	ktap_diag("%s: smaps says %slocked, VmLck grew by %ld kB", what, flag ? "" : "not ", grown);
	if (grown != (flag ? sysconf(_SC_PAGESIZE) / 1024 : 0))
		ktap_bail("smaps and VmLck disagree");
	return flag;
}

static int by_mlock(int flags, const char *what)
{
	char *at = map(flags);
	long before = locked_kib();
	int err = mlock(at, sysconf(_SC_PAGESIZE)) ? errno : 0, result;

	/* mlock() skips it without an error, like special mappings. */
	if (err)
		ktap_bail("mlock of %s: %s", what, ktap_errno(err));
	result = locked(at, before, what);
	REQUIRE(!munmap(at, sysconf(_SC_PAGESIZE)), "munmap");
	return result;
}

static int by_mlockall(int flags, const char *what)
{
	long before;
	int result;
	char *at;

	REQUIRE(!mlockall(MCL_FUTURE), "mlockall(MCL_FUTURE)");
	before = locked_kib();
	at = map(flags);
	result = locked(at, before, what);
	REQUIRE(!munmap(at, sysconf(_SC_PAGESIZE)), "munmap");
	REQUIRE(!munlockall(), "munlockall");
	return result;
}

int main(void)
{
	char *at = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			MAP_DROPPABLE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		ktap_skip_all("mmap with MAP_DROPPABLE: %s", ktap_errno(errno));
	need_root();

	ktap_start(1);
	REQUIRE(!munmap(at, sysconf(_SC_PAGESIZE)), "munmap");
	REQUIRE(mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		     MAP_DROPPABLE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) == MAP_FAILED,
		"finding MAP_DROPPABLE with MAP_LOCKED refused");
	/* Self-checks: the same calls lock plain memory. */
	REQUIRE(by_mlock(MAP_PRIVATE, "plain memory, mlock"), "locking plain memory");
	REQUIRE(by_mlockall(MAP_PRIVATE, "plain memory, mlockall"), "locking future plain memory");

	REQUIRE(!by_mlock(MAP_DROPPABLE, "droppable memory, mlock"),
		"skipping droppable memory");
	ktap_result(by_mlockall(MAP_DROPPABLE, "droppable memory, mlockall"),
		    "mlockall does not lock future droppable memory");
	return ktap_end();
}
