/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transparent huge pages. The kernel may give one or not, so whoever judges by one shows
 * that it is there: mapped as a whole (smaps) and one page (kpageflags, frames in a row).
 */
#ifndef KWITNESS_ANON_HUGE_H
#define KWITNESS_ANON_HUGE_H

#include <sys/mman.h>

#include "kpageflags.h"
#include "pagemap.h"
#include "procfile.h"

#define THP_FOLDER	"/sys/kernel/mm/transparent_hugepage/"
#define THP_PAGES_MOST	512

/* SKIP where the kernel gives none, not even when it is asked to. Before ktap_start(). */
static inline void need_thp(void)
{
	char enabled[64];
	int err = procfile_read(THP_FOLDER "enabled", enabled, sizeof(enabled));

	if (err)
		ktap_skip_all("transparent huge pages: %s", ktap_errno(err));
	if (strstr(enabled, "[never]"))
		ktap_skip_all("transparent huge pages are off: %s", enabled);
	err = procfile_read(THP_FOLDER "hpage_pmd_size", enabled, sizeof(enabled));
	if (err)
		ktap_skip_all("their size: %s", ktap_errno(err));
}

/* Bytes of one, on x86-64 2 MiB. */
static inline size_t thp_size(void)
{
	return procfile_number(THP_FOLDER "hpage_pmd_size");
}

/* How much of the mapping that begins at this address is mapped as huge pages, in bytes. */
static inline size_t thp_mapped(const void *at)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	unsigned long begin, kib = 0;
	char line[512];
	int found = 0, ours = 0;

	must(smaps, "open of /proc/self/smaps");
	while (fgets(line, sizeof(line), smaps)) {
		/* A mapping's first line is the only one that begins with a number and a dash. */
		if (line[strspn(line, "0123456789abcdef")] == '-' &&
		    sscanf(line, "%lx-", &begin) == 1)
			ours = begin == (uintptr_t)at;
		else if (ours && sscanf(line, "AnonHugePages: %lu kB", &kib) == 1)
			found++;
	}
	fclose(smaps);
	must(found == 1, "finding one mapping that begins at %p", at);
	return kib << 10;
}

/* Show that a huge page is mapped there, as a whole. */
static inline void thp_prove(const void *at, size_t size)
{
	size_t pages = size / sysconf(_SC_PAGESIZE);
	uint64_t frames[THP_PAGES_MOST];

	must(pages <= THP_PAGES_MOST, "huge pages of %zu pages", pages);
	must(thp_mapped(at) == size, "finding a huge page mapped as a whole");
	pagemap_frames(at, pages, 1, frames);
	must(kpageflags_has(frames[0], KPF_THP) && kpageflags_has(frames[0], KPF_COMPOUND_HEAD),
	     "finding the head of a huge page in its first frame");
	for (size_t i = 1; i < pages; i++)
		must(frames[i] == frames[0] + i, "finding frame %zu in a row", i);
}

/*
 * A mapping of its own, filled with byte, that is one huge page. What is mapped on either
 * side of it cannot be joined with it: nothing may be done there.
 */
static inline char *thp_page(size_t size, unsigned char byte)
{
	char *room = mmap(NULL, 3 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at;

	must(room != MAP_FAILED, "mmap");
	at = (char *)(((uintptr_t)room + size) & -size);
	must(!mprotect(at, size, PROT_READ | PROT_WRITE), "mprotect");
	must(!madvise(at, size, MADV_HUGEPAGE), "MADV_HUGEPAGE");
	memset(at, byte, size);
	thp_prove(at, size);
	return at;
}

#endif
