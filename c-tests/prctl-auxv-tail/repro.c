// SPDX-License-Identifier: GPL-2.0-only
/*
 * prctl: a shorter auxiliary vector keeps the tail of the previous one.
 *
 * PR_SET_MM_AUXV replaces the vector that /proc/PID/auxv shows. The kernel copies it to a
 * zeroed array, so that a shorter vector ends with AT_NULL, but then stored only the
 * given bytes: a vector without a terminator continued with the rest of the old one.
 * Since 5146e0688d86 the kernel stores the whole array.
 *
 * The program sets a vector of one entry without a terminator and reads it back.
 */
#include <elf.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include "core/need.h"

#define ENTRIES	128
#define MARK	0x5eed

static int read_auxv(Elf64_auxv_t *entries)
{
	int fd = open("/proc/self/auxv", O_RDONLY | O_CLOEXEC);
	ssize_t bytes;

	REQUIRE(fd >= 0, "open of /proc/self/auxv");
	bytes = read(fd, entries, ENTRIES * sizeof(*entries));
	REQUIRE(bytes > 0 && !(bytes % sizeof(*entries)), "read of auxv, %zd bytes,", bytes);
	close(fd);
	return bytes / sizeof(*entries);
}

/* Returns 0 or errno. */
static int set_auxv(const Elf64_auxv_t *entries, int count)
{
	return prctl(PR_SET_MM, PR_SET_MM_AUXV, entries, count * sizeof(*entries), 0) ? errno : 0;
}

int main(void)
{
	Elf64_auxv_t old[ENTRIES], now[ENTRIES];
	Elf64_auxv_t one[] = { { AT_IGNORE, { MARK } }, { AT_NULL, { 0 } } };
	int before, after, err;
	size_t tail;

	need_root();
	before = read_auxv(old);
	/* Also a self-check: a vector with a terminator is read back unchanged. */
	err = set_auxv(one, 2);
	if (err)
		ktap_skip_all("PR_SET_MM_AUXV: %s", ktap_errno(err));

	ktap_start(1);
	REQUIRE(before > 3 && old[before - 1].a_type == AT_NULL, "finding an auxiliary vector");
	after = read_auxv(now);
	REQUIRE(after == 2 && !memcmp(now, one, sizeof(one)),
		"reading back a vector of two entries");
	/* Restore the old vector, so that there is a tail. */
	REQUIRE(!set_auxv(old, before), "setting the old vector");
	after = read_auxv(now);
	REQUIRE(after == before && !memcmp(now, old, before * sizeof(*old)),
		"reading back the old vector");

	tail = (before - 1) * sizeof(*old);
	REQUIRE(!set_auxv(one, 1), "setting one entry");
	after = read_auxv(now);
	REQUIRE(!memcmp(now, one, sizeof(*one)), "finding the entry at the start");
	REQUIRE(now[after - 1].a_type == AT_NULL, "finding the end of the vector");
	ktap_diag("old vector: %d entries; one entry set: %d read back", before, after);
	if (after != 2 && (after != before || memcmp(now + 1, old + 1, tail)))
		ktap_bail("read back neither the entry alone nor the entry with the old tail");
	ktap_result(after != 2, "a vector of one entry ends after that entry");
	return ktap_end();
}
