// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipc: the resident size of hugetlb shared memory is reported 512 times too large.
 *
 * /proc/sysvipc/shm and shmctl(SHM_INFO) report how much of a segment is resident. For a
 * hugetlb segment the kernel multiplies the number of pages in its page cache by the size
 * of a huge page; but since 6.7 (a08c7193e4f1) that number already counts small pages, so
 * a segment of two huge pages was reported as 1024. The fix drops the multiplication.
 *
 * The program fills a segment of two huge pages and reads its size from both places. As a
 * self-check, the size of a segment of small pages must be correct on every kernel.
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

/* The resident bytes of a segment according to /proc/sysvipc/shm. */
static uint64_t rss_from_proc(int id)
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

static uint64_t rss_from_info(void)
{
	struct shm_info info;

	REQUIRE(shmctl(0, SHM_INFO, (void *)&info) >= 0, "shmctl(SHM_INFO)");
	return info.shm_rss * sysconf(_SC_PAGESIZE);
}

/* The ratio of the reported to the true size of a filled segment. */
static uint64_t rss_ratio(size_t size, int flags, size_t step, const char *what)
{
	uint64_t before = rss_from_info(), proc, info;
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | flags | 0600);
	char *at;

	REQUIRE(id >= 0, "shmget of %zu bytes", size);
	at = shmat(id, NULL, 0);
	REQUIRE(at != (void *)-1, "shmat");
	REQUIRE(!rss_from_proc(id), "finding an empty segment reported as empty");
	for (size_t i = 0; i < size; i += step)
		at[i] = 's';
	proc = rss_from_proc(id);
	info = rss_from_info() - before;
	ktap_diag("%s of %zu bytes: rss %" PRIu64 ", SHM_INFO %" PRIu64, what, size, proc, info);
	REQUIRE(!shmctl(id, IPC_RMID, NULL), "shmctl(IPC_RMID)");
	REQUIRE(!shmdt(at), "shmdt");
	REQUIRE(proc == info && proc && !(proc % size), "finding the same size in both places");
	return proc / size;
}

int main(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint64_t ratio;

	need_root();
	need_hugetlb(HUGE_PAGES);

	ktap_start(1);
	REQUIRE(rss_ratio(8 * page, 0, page, "small pages") == 1,
		"finding the correct size for small pages");
	ratio = rss_ratio(HUGE_PAGES * HUGETLB_SIZE, SHM_HUGETLB, HUGETLB_SIZE, "huge pages");
	REQUIRE(ratio == 1 || ratio == HUGETLB_SIZE / page,
		"expecting the ratio %" PRIu64 ",", ratio);
	ktap_result(ratio != 1, "hugetlb shared memory is reported with its true size");
	return ktap_end();
}
