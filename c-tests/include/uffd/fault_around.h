/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault-around: a read fault on a file mapping also maps the pages around it that are in
 * the page cache, 64 KiB by default. A case maps a file that is entirely in the page
 * cache, reads one page and counts the pages that are present then.
 */
#ifndef KWITNESS_FAULT_AROUND_H
#define KWITNESS_FAULT_AROUND_H

#include "mm/memory.h"
#include "mm/pagemap.h"
#include "mm/reserve.h"
#include "uffd/uffd.h"

/* Two windows of 64 KiB with pages of 4 KiB, and a page in the middle of the first. */
#define AROUND_PAGES	32
#define AROUND_TOUCHED	5
#define AROUND_ALIGN	65536UL

static inline size_t around_size(void)
{
	return AROUND_PAGES * sysconf(_SC_PAGESIZE);
}

/* A memfd with every page in the page cache. */
static inline int around_file(void)
{
	int fd = memory_file(around_size());

	for (int i = 0; i < AROUND_PAGES; i++)
		REQUIRE(pwrite(fd, "p", 1, i * sysconf(_SC_PAGESIZE)) == 1, "pwrite to the memfd");
	return fd;
}

/* Map the file shared, with no page present. */
static inline char *around_map(int fd)
{
	size_t size = around_size();
	/* Aligned, so that the mapping contains the whole window. */
	char *at = reserve_map_as(reserve_aligned(size, AROUND_ALIGN), size, MAP_SHARED, fd);

	REQUIRE(!pagemap_count(at, AROUND_PAGES, PAGEMAP_PRESENT),
		"mapping the file with no page present");
	return at;
}

/* Read the touched page. */
static inline void around_touch(const char *at)
{
	const volatile char *page = at + AROUND_TOUCHED * sysconf(_SC_PAGESIZE);

	REQUIRE(*page == 'p', "reading a page of the file");
}

static inline int around_present(const char *at)
{
	return pagemap_count(at, AROUND_PAGES, PAGEMAP_PRESENT);
}

/* Self-check: in an unregistered mapping of the same file, neighbours are mapped too. */
static inline void around_control(int fd)
{
	const char *at = around_map(fd);
	int present;

	around_touch(at);
	present = around_present(at);
	if (present < 2)
		ktap_bail("an unregistered mapping got %d page: fault-around is off here", present);
	ktap_diag("unregistered mapping: %d pages present after reading one", present);
}

/* Register a new mapping and read a page of it. Returns how many pages are present then. */
static inline int around_registered(int fd, int file, __u64 mode)
{
	char *at = around_map(file);
	int present;

	REQUIRE(!uffd_register(fd, at, around_size(), mode), "UFFDIO_REGISTER of shared memory");
	around_touch(at);
	present = around_present(at);
	REQUIRE(present, "mapping the page that was read");
	return present;
}

#endif
