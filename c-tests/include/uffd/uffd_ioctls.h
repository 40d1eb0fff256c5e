/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of a userfaultfd that fill or protect a page, each with a page prepared for
 * it. One rule applies to all: they must fail with EAGAIN while the address space changes
 * and the monitor has not read the event.
 */
#ifndef KWITNESS_UFFD_IOCTLS_H
#define KWITNESS_UFFD_IOCTLS_H

#include "mm/memory.h"
#include "mm/pagemap.h"
#include "uffd/uffd.h"

struct uffd_page {
	int fd;
	/* The registered page, and the source of a copy or move into it. */
	char *at, *src;
	size_t size;
};

struct uffd_ioctl {
	const char *name;
	/* The feature to request with UFFDIO_API, and its name; 0 if every kernel has it. */
	__u64 feature;
	const char *feature_name;
	__u64 mode;
	enum { PAGE_ABSENT, PAGE_WRITTEN, PAGE_IN_FILE } page;
	/* pagemap bits that show that the page was filled, 0 if none do. */
	uint64_t filled_bits;
	/* Name of the output field with the progress, NULL if there is none. */
	const char *output;
	/* Returns 0 or errno. *output: the value of the output field, before and after. */
	int (*probe)(const struct uffd_page *page, __s64 *output);
};

static int probe_copy(const struct uffd_page *page, __s64 *output)
{
	struct uffdio_copy arg = {
		.dst = (uintptr_t)page->at, .src = (uintptr_t)page->src, .len = page->size,
		.copy = *output,
	};
	int err = ioctl(page->fd, UFFDIO_COPY, &arg) ? errno : 0;

	*output = arg.copy;
	return err;
}

static int probe_zeropage(const struct uffd_page *page, __s64 *output)
{
	struct uffdio_zeropage arg = {
		.range = { (uintptr_t)page->at, page->size }, .zeropage = *output,
	};
	int err = ioctl(page->fd, UFFDIO_ZEROPAGE, &arg) ? errno : 0;

	*output = arg.zeropage;
	return err;
}

static int probe_writeprotect(const struct uffd_page *page, __s64 *output)
{
	(void)output;
	return uffd_writeprotect(page->fd, page->at, page->size, 1);
}

static int probe_continue(const struct uffd_page *page, __s64 *output)
{
	struct uffdio_continue arg = {
		.range = { (uintptr_t)page->at, page->size }, .mapped = *output,
	};
	int err = ioctl(page->fd, UFFDIO_CONTINUE, &arg) ? errno : 0;

	*output = arg.mapped;
	return err;
}

static int probe_poison(const struct uffd_page *page, __s64 *output)
{
	struct uffdio_poison arg = {
		.range = { (uintptr_t)page->at, page->size }, .updated = *output,
	};
	int err = ioctl(page->fd, UFFDIO_POISON, &arg) ? errno : 0;

	*output = arg.updated;
	return err;
}

static int probe_move(const struct uffd_page *page, __s64 *output)
{
	struct uffdio_move arg = {
		.dst = (uintptr_t)page->at, .src = (uintptr_t)page->src, .len = page->size,
		.move = *output,
	};
	int err = ioctl(page->fd, UFFDIO_MOVE, &arg) ? errno : 0;

	*output = arg.move;
	return err;
}

static int probe_rwprotect(const struct uffd_page *page, __s64 *output)
{
	struct uffdio_rwprotect arg = {
		.range = { (uintptr_t)page->at, page->size }, .mode = UFFDIO_RWPROTECT_MODE_RWP,
	};

	(void)output;
	return ioctl(page->fd, UFFDIO_RWPROTECT, &arg) ? errno : 0;
}

#define FEATURE(name) UFFD_FEATURE_##name, "UFFD_FEATURE_" #name

static const struct uffd_ioctl uffd_ioctls[] = {
	{ "UFFDIO_COPY", 0, NULL, UFFDIO_REGISTER_MODE_MISSING,
	  PAGE_ABSENT, PAGEMAP_PRESENT, "copy", probe_copy },
	{ "UFFDIO_ZEROPAGE", 0, NULL, UFFDIO_REGISTER_MODE_MISSING,
	  PAGE_ABSENT, PAGEMAP_PRESENT, "zeropage", probe_zeropage },
	{ "UFFDIO_WRITEPROTECT", FEATURE(PAGEFAULT_FLAG_WP), UFFDIO_REGISTER_MODE_WP,
	  PAGE_WRITTEN, 0, NULL, probe_writeprotect },
	{ "UFFDIO_CONTINUE", FEATURE(MINOR_SHMEM), UFFDIO_REGISTER_MODE_MINOR,
	  PAGE_IN_FILE, PAGEMAP_PRESENT, "mapped", probe_continue },
	{ "UFFDIO_POISON", FEATURE(POISON), UFFDIO_REGISTER_MODE_MISSING,
	  PAGE_ABSENT, PAGEMAP_SWAP, "updated", probe_poison },
	{ "UFFDIO_MOVE", FEATURE(MOVE), UFFDIO_REGISTER_MODE_MISSING,
	  PAGE_ABSENT, PAGEMAP_PRESENT, "move", probe_move },
	{ "UFFDIO_RWPROTECT", FEATURE(RWP), UFFDIO_REGISTER_MODE_RWP,
	  PAGE_WRITTEN, 0, NULL, probe_rwprotect },
};

#undef FEATURE

#define UFFD_IOCTLS ((int)(sizeof(uffd_ioctls) / sizeof(uffd_ioctls[0])))

/*
 * Prepare a page for an ioctl, with a userfaultfd of its own for these events. Returns 0,
 * or the errno of UFFDIO_API if the kernel does not have the ioctl.
 */
static inline int uffd_page_open(struct uffd_page *page, const struct uffd_ioctl *type,
				 __u64 events)
{
	int err;

	page->fd = uffd_open(events | type->feature);
	if (page->fd < 0)
		return -page->fd;
	page->size = sysconf(_SC_PAGESIZE);
	page->src = anonymous(page->size);
	page->src[0] = 's';
	/* fork() would share the page, and a shared page cannot be moved. */
	REQUIRE(!madvise(page->src, page->size, MADV_DONTFORK), "madvise(MADV_DONTFORK)");
	page->at = type->page == PAGE_IN_FILE ? file_page(MAP_SHARED) : anonymous(page->size);
	if (type->page == PAGE_WRITTEN)
		page->at[0] = 'w';
	err = uffd_register(page->fd, page->at, page->size, type->mode);
	if (err)
		ktap_bail("UFFDIO_REGISTER for %s: %s", type->name, ktap_errno(err));
	return 0;
}

static inline void uffd_page_close(struct uffd_page *page)
{
	close(page->fd);
	munmap(page->at, page->size);
	munmap(page->src, page->size);
}

#endif
