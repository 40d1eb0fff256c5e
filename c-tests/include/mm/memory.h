/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of the usual kinds, at addresses that the kernel chooses (reserve.h: chosen ones). */
#ifndef KWITNESS_MEMORY_H
#define KWITNESS_MEMORY_H

#include <sys/mman.h>

#include "core/procfile.h"

/* Map private anonymous memory. */
static inline char *anonymous(size_t len)
{
	char *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(at != MAP_FAILED, "mmap of %zu bytes", len);
	return at;
}

/* The same in small pages, filled with byte. A kernel without huge pages gives EINVAL. */
static inline char *small_pages(size_t len, unsigned char byte)
{
	char *at = anonymous(len);

	REQUIRE(!madvise(at, len, MADV_NOHUGEPAGE) || errno == EINVAL, "MADV_NOHUGEPAGE");
	memset(at, byte, len);
	return at;
}

/* A memfd of len bytes, without any page yet. */
static inline int memory_file(size_t len)
{
	int fd = memfd_create("kwitness", MFD_CLOEXEC);

	REQUIRE(fd >= 0, "memfd_create");
	REQUIRE(!ftruncate(fd, len), "ftruncate to %zu", len);
	return fd;
}

/* Map a page of a memfd that starts with 'f', MAP_SHARED or MAP_PRIVATE; it is not present. */
static inline char *file_page(int flags)
{
	size_t size = sysconf(_SC_PAGESIZE);
	int fd = memory_file(size);
	char *at;

	REQUIRE(pwrite(fd, "f", 1, 0) == 1, "pwrite to the memfd");
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
	REQUIRE(at != MAP_FAILED, "mmap of the memfd");
	close(fd);
	return at;
}

/* The locked memory of this process, in KiB. */
static inline long locked_kib(void)
{
	return procfile_kib("/proc/self/status", "VmLck");
}

#endif
