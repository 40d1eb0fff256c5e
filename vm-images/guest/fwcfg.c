// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read a file from QEMU's fw_cfg device by DMA, from userspace.
 *
 * A restored guest has the memory of the saved one, so the program to run must
 * come in after the restore, by a road that needs no driver and no network.
 * The interface is the one of QEMU's docs/specs/fw_cfg.rst: select and read in
 * one command whose address goes to ports 0x514 (high) and 0x518 (low).
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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

/* The command's page comes first, the bounce page second: both locked. */
static char *pages;
static uint64_t cmd_at, page_at;

/* Find out where the two pages lie. 0 or -EFAULT. */
static int locate(void)
{
	uint64_t entries[2] = { 0 };
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -EFAULT;
	if (pread(fd, entries, sizeof(entries), (uintptr_t)pages / PAGE * 8) != sizeof(entries))
		entries[0] = 0;
	close(fd);
	if (!(entries[0] >> 63) || !(entries[1] >> 63))
		return -EFAULT;
	cmd_at = (entries[0] & ((1ULL << 55) - 1)) * PAGE;
	page_at = (entries[1] & ((1ULL << 55) - 1)) * PAGE;
	return 0;
}

static int dma(uint32_t control, size_t len)
{
	volatile struct dma_command *cmd = (void *)pages;

	cmd->control = htobe32(control);
	cmd->length = htobe32(len);
	cmd->address = htobe64(page_at);
	outl(htobe32(cmd_at >> 32), 0x514);
	outl(htobe32(cmd_at & 0xffffffff), 0x518);
	while (be32toh(cmd->control) & ~DMA_ERROR)
		;
	return cmd->control ? -EIO : 0;
}

static int read_item(uint16_t select, char *to, size_t len)
{
	uint32_t control = (uint32_t)select << 16 | DMA_SELECT | DMA_READ;

	while (len) {
		size_t part = len < PAGE ? len : PAGE;
		int err = dma(control, part);

		if (err)
			return err;
		memcpy(to, pages + PAGE, part);
		to += part;
		len -= part;
		control = DMA_READ;
	}
	return 0;
}

void *fwcfg_read(const char *name, size_t *len)
{
	struct dir_entry *dir = NULL;
	void *data = NULL;
	uint32_t count;
	int err;

	if (!pages) {
		pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
		if (pages == MAP_FAILED) {
			pages = NULL;
			return NULL;
		}
	}
	if (iopl(3))
		return NULL;
	err = locate();
	if (err)
		goto out;
	err = read_item(FW_CFG_DIR, (char *)&count, sizeof(count));
	count = be32toh(count);
	if (err || count > 1024)
		goto out;
	dir = malloc(sizeof(count) + count * sizeof(*dir));
	err = -ENOMEM;
	if (dir)
		err = read_item(FW_CFG_DIR, (char *)dir, sizeof(count) + count * sizeof(*dir));
	for (uint32_t i = 0; !err && i < count; i++) {
		struct dir_entry e;

		memcpy(&e, (char *)dir + sizeof(count) + i * sizeof(e), sizeof(e));
		if (strncmp(e.name, name, sizeof(e.name)))
			continue;
		*len = be32toh(e.size);
		data = malloc(*len);
		err = data ? read_item(be16toh(e.select), data, *len) : -ENOMEM;
		break;
	}
	if (!err && !data)
		err = -ENOENT;
out:
	iopl(0);
	free(dir);
	if (err) {
		free(data);
		errno = -err;
		return NULL;
	}
	return data;
}
