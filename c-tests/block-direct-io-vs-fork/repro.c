// SPDX-License-Identifier: GPL-2.0-only
/*
 * block: what a direct read brings is lost when its buffer's page is written after fork().
 *
 * A read with O_DIRECT holds the pages of its buffer until the disk has filled them. The
 * block layer took plain references to them, which fork() does not see: it shared such a
 * page with the child, and a write by the parent, to other bytes of the page, gave the
 * parent a copy, while the disk filled the page that was by now the child's alone. Since
 * a7e689dd1c06 the block layer pins the pages (FOLL_PIN), and fork() copies pinned pages
 * for the child at once.
 *
 * Here the disk is a network block device, and its server a thread of this program. While
 * it keeps a read waiting the parent forks and writes the last byte of the page whose
 * first sector is being read; then the answer is given. It must be in the parent's buffer.
 */
#include "core/need.h"
#include "io/nbd_disk.h"
#include "io/read_vs_fork.h"
#include "mm/kpageflags.h"

int main(void)
{
	struct disk disk;

	need_root();
	need_device(DISK_PATH, "nbd");
	need_kpageflags();

	ktap_start(1);
	disk_open(&disk);
	read_vs_fork_prove(&disk.read, DISK_SECTOR);
	ktap_result(read_vs_fork_loses(&disk.read, DISK_SECTOR),
		    "a direct read over fork() and a write comes into the reader's memory");
	disk_close(&disk);
	return ktap_end();
}
