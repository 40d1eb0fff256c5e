// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipc: shared memory of huge pages is told as many times as big as it is.
 *
 * /proc/sysvipc/shm and shmctl(SHM_INFO) tell how much of a segment is in memory. For one
 * of huge pages the kernel multiplies the number of pages in its page cache by the size
 * of a huge page; but since 6.7 (a08c7193e4f1) that number already counts small pages, so
 * a segment of two huge pages was told as 1024 of them. The fix drops the multiplication.
 *
 * Here a segment of two huge pages is filled and its figure read in both places. One of
 * small pages must be told rightly on every kernel.
 */
#include <inttypes.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "core/need.h"
#include "mm/hugetlb.h"

#ifndef SHM_HUGETLB
#define SHM_HUGETLB 04000
#endif
#define HUGE_PAGES 2

/* The resident bytes that /proc/sysvipc/shm tells of a segment. */
static uint64_t told_by_proc(int id)
{
	FILE *file = fopen("/proc/sysvipc/shm", "re");
	char line[512];
	uint64_t rss;
	int this;

	REQUIRE(file, "open of /proc/sysvipc/shm");
	while (fgets(line, sizeof(line), file)) {
		/* key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss */
		if (sscanf(line, "%*d %d %*o %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %" SCNu64,
			   &this, &rss) == 2 && this == id) {
			fclose(file);
			return rss;
		}
	}
	ktap_bail("segment %d is not in /proc/sysvipc/shm", id);
}

static uint64_t told_by_info(void)
{
	struct shm_info info;

	REQUIRE(shmctl(0, SHM_INFO, (void *)&info) >= 0, "shmctl(SHM_INFO)");
	return info.shm_rss * sysconf(_SC_PAGESIZE);
}

/* How many times bigger than it is a filled segment is told. */
static uint64_t told_times(size_t size, int flags, size_t step, const char *what)
{
	uint64_t before = told_by_info(), proc, info;
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | flags | 0600);
	char *at;

	REQUIRE(id >= 0, "shmget of %zu bytes", size);
	at = shmat(id, NULL, 0);
	REQUIRE(at != (void *)-1, "shmat");
	REQUIRE(!told_by_proc(id), "finding an empty segment told as empty");
	for (size_t i = 0; i < size; i += step)
		at[i] = 's';
	proc = told_by_proc(id);
	info = told_by_info() - before;
	ktap_diag("%s of %zu bytes: rss %" PRIu64 ", SHM_INFO %" PRIu64, what, size, proc, info);
	REQUIRE(!shmctl(id, IPC_RMID, NULL), "shmctl(IPC_RMID)");
	REQUIRE(!shmdt(at), "shmdt");
	REQUIRE(proc == info && proc && !(proc % size), "the figures agreeing");
	return proc / size;
}

int main(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint64_t times;

	need_root();
	need_hugetlb(HUGE_PAGES);

	ktap_start(1);
	REQUIRE(told_times(8 * page, 0, page, "small pages") == 1, "small pages told rightly");
	times = told_times(HUGE_PAGES * HUGETLB_SIZE, SHM_HUGETLB, HUGETLB_SIZE, "huge pages");
	REQUIRE(times == 1 || times == HUGETLB_SIZE / page,
		"understanding times %" PRIu64 ",", times);
	ktap_result(times != 1, "shared memory of huge pages is told as big as it is");
	return ktap_end();
}
