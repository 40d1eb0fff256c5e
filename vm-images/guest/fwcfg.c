// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a file from QEMU's fw_cfg device by DMA, from userspace.
 *
 * A restored guest has the memory of the snapshot, so the program must arrive after the
 * restore, without a driver and without a network. The interface is that of QEMU's
 * docs/specs/fw_cfg.rst: one command selects and reads, and its address is written to the
 * ports 0x514 (high) and 0x518 (low).
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent.h"

#define PAGE		4096UL
#define FW_CFG_DIR	0x19
#define DMA_ERROR	0x01
#define DMA_READ	0x02
#define DMA_SELECT	0x08

struct dma_command {
	uint32_t control;
	uint32_t length;
	uint64_t address;
};

struct dir_entry {
	uint32_t size;
	uint16_t select;
	uint16_t reserved;
	char name[56];
};

/* The page of the command, then those of the window; all are locked. */
#define WINDOW_PAGES	(FWCFG_MAX / PAGE)
#define PAGES		(1 + WINDOW_PAGES)

static char *pages;
static int pagemap = -1;
static uint64_t page_at[PAGES];

void fwcfg_prepare(void)
{
	pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
	if (pages == MAP_FAILED)
		pages = NULL;
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

/* Look up the physical addresses: locked pages may migrate. 0 or -EFAULT. */
static int locate(void)
{
	uint64_t entries[PAGES];

	if (!pages || pread(pagemap, entries, sizeof(entries), (uintptr_t)pages / PAGE * 8) !=
			      sizeof(entries))
		return -EFAULT;
	for (size_t i = 0; i < PAGES; i++) {
		if (!(entries[i] >> 63))
			return -EFAULT;
		page_at[i] = (entries[i] & ((1ULL << 55) - 1)) * PAGE;
	}
	return 0;
}

/* Read at most a page into the page with this number. 0 or -EIO. */
static int dma(uint32_t control, size_t page, size_t len)
{
	volatile struct dma_command *cmd = (void *)pages;

	cmd->control = htobe32(control | DMA_READ);
	cmd->length = htobe32(len);
	cmd->address = htobe64(page_at[page]);
	outl(htobe32(page_at[0] >> 32), 0x514);
	outl(htobe32(page_at[0] & 0xffffffff), 0x518);
	while (be32toh(cmd->control) & ~DMA_ERROR)
		;
	return cmd->control ? -EIO : 0;
}

/* The control word of the next read: the first read selects the item. */
static uint32_t control;

static void select_item(uint16_t item)
{
	control = (uint32_t)item << 16 | DMA_SELECT;
}

const void *fwcfg_next(size_t len)
{
	for (size_t page = 0; page * PAGE < len; page++) {
		size_t left = len - page * PAGE;

		if (dma(control, 1 + page, left < PAGE ? left : PAGE))
			return NULL;
		control = 0;
	}
	return pages + PAGE;
}

/* Select the item with this name in QEMU's directory. 0 or -errno. */
static int select_named(const char *name)
{
	const uint32_t *count;

	select_item(FW_CFG_DIR);
	count = fwcfg_next(sizeof(*count));
	for (uint32_t left = count ? be32toh(*count) : 0; left; left--) {
		const struct dir_entry *e = fwcfg_next(sizeof(*e));

		if (!e)
			return -EIO;
		if (strncmp(e->name, name, sizeof(e->name)))
			continue;
		select_item(be16toh(e->select));
		return 0;
	}
	return count ? -ENOENT : -EIO;
}

int fwcfg_open(const char *name)
{
	int err = locate();

	if (err)
		return err;
	if (iopl(3))
		return -errno;
	err = select_named(name);
	if (err)
		fwcfg_close();
	return err;
}

void fwcfg_close(void)
{
	iopl(0);
}
