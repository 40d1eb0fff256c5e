/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a reproducer needs of the machine, asked at run time of the kernel that
 * runs. case.json states the same needs so that the guest is made to fit; who
 * runs the program elsewhere gets a SKIP that names what is missing.
 * Call these before ktap_start().
 */
#ifndef KWITNESS_NEED_H
#define KWITNESS_NEED_H

#include <sys/sysinfo.h>

#include "core/ktap.h"

/* Root, for what a plain user is refused: fork events, frame numbers in pagemap. */
static inline void need_root(void)
{
	if (geteuid())
		ktap_skip_all("needs root, runs as uid %d", (int)geteuid());
}

/* CPUs that run at the same time. */
static inline void need_cpus(int cpus)
{
	if (get_nprocs() < cpus)
		ktap_skip_all("needs %d CPUs, %d online", cpus, get_nprocs());
}

/* Usable memory, in MiB. Firmware and kernel keep a part of what the machine has. */
static inline void need_memory(unsigned long mib)
{
	struct sysinfo info;
	unsigned long have;

	REQUIRE(!sysinfo(&info), "sysinfo");
	have = (unsigned long long)info.totalram * info.mem_unit >> 20;
	if (have < mib)
		ktap_skip_all("needs %lu MiB of memory, has %lu", mib, have);
}

/* Pages of this size, where a program counts in them. */
static inline void need_page_size(long bytes)
{
	if (sysconf(_SC_PAGESIZE) != bytes)
		ktap_skip_all("needs pages of %ld bytes, has %ld", bytes, sysconf(_SC_PAGESIZE));
}

#endif
