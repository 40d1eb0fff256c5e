/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a reproducer needs from the machine, checked at run time. case.json states the
 * same needs, so that the guest is built to fit; elsewhere the program skips and names
 * what is missing. Call these before ktap_start().
 */
#ifndef KWITNESS_NEED_H
#define KWITNESS_NEED_H

#include <sys/sysinfo.h>

#include "core/ktap.h"

/* Skip unless root: a plain user gets no fork events and no frame numbers from pagemap. */
static inline void need_root(void)
{
	if (geteuid())
		ktap_skip_all("needs root, runs as uid %d", (int)geteuid());
}

/* Skip unless this many CPUs are online. */
static inline void need_cpus(int cpus)
{
	if (get_nprocs() < cpus)
		ktap_skip_all("needs %d CPUs, %d online", cpus, get_nprocs());
}

/* Skip unless this many MiB are usable: total memory less what firmware and kernel keep. */
static inline void need_memory(unsigned long mib)
{
	struct sysinfo info;
	unsigned long have;

	REQUIRE(!sysinfo(&info), "sysinfo");
	have = (unsigned long long)info.totalram * info.mem_unit >> 20;
	if (have < mib)
		ktap_skip_all("needs %lu MiB of memory, has %lu", mib, have);
}

/* Skip unless base pages have this size in bytes. */
static inline void need_page_size(long bytes)
{
	if (sysconf(_SC_PAGESIZE) != bytes)
		ktap_skip_all("needs pages of %ld bytes, has %ld", bytes, sysconf(_SC_PAGESIZE));
}

#endif
