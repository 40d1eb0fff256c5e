/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transparent huge pages: whether this kernel makes them, places for them, and proof
 * from /proc/self/pagemap and /proc/kpageflags that what was got is one.
 */
#ifndef KWITNESS_THP_H
#define KWITNESS_THP_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

#include "need.h"
#include "pagemap.h"

#define KPAGE_THP	(1ULL << 22)
#define KPAGE_ZERO	(1ULL << 24)

/* Bytes of a huge page, before ktap_start(): skip the program where there are none. */
static inline size_t need_thp(void)
{
	const char *folder = "/sys/kernel/mm/transparent_hugepage";
	char path[128], text[128];
	unsigned long size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/enabled", folder);
	file = fopen(path, "re");
	if (!file)
		ktap_skip_all("transparent huge pages: %s", ktap_errno(errno));
	must(fgets(text, sizeof(text), file), "read of %s", path);
	fclose(file);
	if (strstr(text, "[never]"))
		ktap_skip_all("transparent huge pages are off (a guest of less than 512 MiB?)");
	snprintf(path, sizeof(path), "%s/hpage_pmd_size", folder);
	file = fopen(path, "re");
	must(file, "open of %s", path);
	must(fscanf(file, "%lu", &size) == 1 && size, "read of %s", path);
	fclose(file);
	return size;
}

/* Address space for n huge pages, aligned to one, with nothing in it. */
static inline char *thp_area(size_t huge, int n)
{
	char *at = mmap(NULL, (n + 1) * huge, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *aligned;

	must(at != MAP_FAILED, "mmap of %d huge pages", n + 1);
	aligned = (char *)(((uintptr_t)at + huge - 1) / huge * huge);
	/* What is left over would be a neighbour that a huge page could reach into. */
	must(aligned == at || !munmap(at, aligned - at), "munmap below");
	must(aligned == at + huge || !munmap(aligned + n * huge, at + huge - aligned),
	     "munmap above");
	must(!madvise(aligned, n * huge, MADV_HUGEPAGE), "madvise(MADV_HUGEPAGE)");
	return aligned;
}

/* What the kernel says of a page frame. */
static inline uint64_t thp_frame_flags(uint64_t frame)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t flags = 0;

	must(fd >= 0, "open of /proc/kpageflags");
	must(pread(fd, &flags, sizeof(flags), frame * sizeof(flags)) == sizeof(flags),
	     "read of /proc/kpageflags");
	close(fd);
	return flags;
}

/*
 * The first frame of the huge page mapped at this aligned address, 0 where there is
 * none: all its pages are present in frames that follow each other from an aligned
 * one, and the kernel calls them huge.
 */
static inline uint64_t thp_frame(const char *at, size_t huge)
{
	size_t page = sysconf(_SC_PAGESIZE), pages = huge / page;
	uint64_t entries[pages], first;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	must(fd >= 0, "open of /proc/self/pagemap");
	must(pread(fd, entries, sizeof(entries), (uintptr_t)at / page * sizeof(*entries)) ==
	     (ssize_t)sizeof(entries), "read of pagemap");
	close(fd);
	if (!(entries[0] & PAGEMAP_PRESENT))
		return 0;
	first = entries[0] & PAGEMAP_FRAME;
	must(first, "being told frame numbers");
	for (size_t i = 1; i < pages; i++)
		if (!(entries[i] & PAGEMAP_PRESENT) || (entries[i] & PAGEMAP_FRAME) != first + i)
			return 0;
	return first % pages == 0 && (thp_frame_flags(first) & KPAGE_THP) ? first : 0;
}

#endif
