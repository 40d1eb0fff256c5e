/* SPDX-License-Identifier: GPL-2.0-only */
/* Huge pages of 2 MiB for hugetlb: asked for before ktap_start(). */
#ifndef KWITNESS_HUGEPAGES_H
#define KWITNESS_HUGEPAGES_H

#include "procfile.h"

#define HUGE_SIZE	(2UL << 20)
#define HUGE_POOL	"/sys/kernel/mm/hugepages/hugepages-2048kB/"

/* Have so many free huge pages, or skip the program. */
static inline void need_huge_pages(unsigned long pages)
{
	int err = procfile_write(HUGE_POOL "nr_hugepages", pages);
	unsigned long have;

	if (err)
		ktap_skip_all("write to " HUGE_POOL "nr_hugepages: %s", ktap_errno(err));
	have = procfile_number(HUGE_POOL "free_hugepages");
	if (have < pages)
		ktap_skip_all("needs %lu free huge pages of 2 MiB, has %lu", pages, have);
}

#endif
