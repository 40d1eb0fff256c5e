// SPDX-License-Identifier: GPL-2.0-only
/*
 * mlock: memory that may be dropped is locked by mlockall(MCL_FUTURE).
 *
 * A mapping with MAP_DROPPABLE is one whose pages the kernel may throw away at any time:
 * mmap() refuses it together with MAP_LOCKED, and mlock() passes it over. But under an
 * mlockall(MCL_FUTURE) a new one became locked, and its pages were kept. Since
 * d239462787b0 it is passed over there too.
 *
 * Here one is mapped under such a lock, and smaps ("lo") and VmLck tell whether it is
 * locked. Plain memory must be locked by the same calls, and mlock() of a droppable
 * mapping must leave it as it was.
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

/* Whether smaps and the count of locked memory say that this mapping alone is locked. */
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

	/* Passed over, as special mappings are: no error. */
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
		"being refused MAP_DROPPABLE with MAP_LOCKED");
	/* Self-checks: plain memory is locked by the same calls. */
	REQUIRE(by_mlock(MAP_PRIVATE, "plain memory, mlock"), "locking plain memory");
	REQUIRE(by_mlockall(MAP_PRIVATE, "plain memory, mlockall"), "locking plain memory to come");

	REQUIRE(!by_mlock(MAP_DROPPABLE, "droppable memory, mlock"),
		"passing droppable memory over");
	ktap_result(by_mlockall(MAP_DROPPABLE, "droppable memory, mlockall"),
		    "mlockall does not lock droppable memory to come");
	return ktap_end();
}
