// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagemap: a huge page of a file is reported as anonymous.
 *
 * Bit 61 of an entry in /proc/PID/pagemap means that the page belongs to a file or to
 * shared anonymous memory. The kernel set it only where the page table has an entry for
 * each small page; for a huge page of a file, mapped as one, the bit was missing. Since
 * 3f9f022e975d the kernel sets it there too.
 *
 * The program maps a file on a tmpfs with huge pages, and smaps must report it as mapped
 * by a huge page before the bits count. As self-checks, a small page of a file must have
 * the bit, and anonymous memory, small and huge, must not.
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/need.h"
#include "mm/pagemap.h"
#include "mm/reserve.h"
#include "mm/smaps.h"

#define HUGE		(2UL << 20)

/* Map an area of the size and alignment of a huge page. */
static char *map(int flags, int fd)
{
	return reserve_map_as(reserve_aligned(HUGE, HUGE), HUGE, flags, fd);
}

static char *file_of(const char *options)
{
	char folder[] = "/tmp/huge-XXXXXX";
	char *at;
	int fd;

	if (mkdir("/tmp", 0777) && errno != EEXIST)
		ktap_skip_all("mkdir of /tmp: %s", ktap_errno(errno));
	REQUIRE(mkdtemp(folder), "mkdtemp");
	if (mount("huge", folder, "tmpfs", 0, options))
		ktap_skip_all("mount of tmpfs with %s: %s", options, ktap_errno(errno));
	REQUIRE(!chdir(folder), "chdir");
	fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	REQUIRE(fd >= 0, "open of a file on the tmpfs");
	REQUIRE(!ftruncate(fd, HUGE), "ftruncate");
	at = map(MAP_SHARED, fd);
	at[0] = 'h';
	REQUIRE(!chdir("/"), "chdir");
	REQUIRE(!umount2(folder, MNT_DETACH), "umount");
	REQUIRE(!rmdir(folder), "rmdir");
	return at;
}

static int is_file_page(const char *at)
{
	REQUIRE(pagemap_present(at), "finding the page present");
	return pagemap_has(at, PAGEMAP_FILE);
}

int main(void)
{
	char *huge, *small, *anon;
	int first, last;

	need_root();
	need_page_size(4096);
	huge = file_of("huge=always");
	if (smaps_kib(huge, "ShmemPmdMapped") != 2048)
		ktap_skip_all("a tmpfs with huge=always gives no huge page: ShmemPmdMapped %ld kB",
			      smaps_kib(huge, "ShmemPmdMapped"));

	ktap_start(1);
	small = file_of("huge=never");
	REQUIRE(!smaps_kib(small, "ShmemPmdMapped"), "getting a file of small pages");
	REQUIRE(is_file_page(small), "finding the bit for a small page of a file");
	anon = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	anon[0] = 'a';
	REQUIRE(!is_file_page(anon), "finding no bit for anonymous memory");
	REQUIRE(!madvise(anon, HUGE, MADV_DONTNEED), "MADV_DONTNEED");
	if (!madvise(anon, HUGE, MADV_HUGEPAGE)) {
		anon[0] = 'a';
		REQUIRE(!is_file_page(anon), "finding no bit for a huge page of anonymous memory");
	}

	first = is_file_page(huge);
	last = is_file_page(huge + HUGE - sysconf(_SC_PAGESIZE));
	REQUIRE(smaps_kib(huge, "ShmemPmdMapped") == 2048, "keeping the huge page");
	ktap_diag("huge page of a file: bit 61 is %d at its start, %d at its end", first, last);
	REQUIRE(first == last, "finding the same bit in the whole huge page");
	ktap_result(!first, "a huge page of a file is reported as a file page");
	return ktap_end();
}
