// SPDX-License-Identifier: GPL-2.0-only
/*
 * block: the data of a direct read is lost if its page is written to after fork().
 *
 * A read with O_DIRECT holds the pages of its buffer until the disk has filled them. The
 * block layer took plain references to them, which fork() does not recognise: it shared
 * such a page with the child, and a write by the parent to other bytes of the page gave
 * the parent a copy, while the disk filled the page that only the child mapped by then.
 * Since a7e689dd1c06 the block layer pins the pages (FOLL_PIN), and fork() copies pinned
 * pages for the child.
 *
 * The disk is a network block device whose server is a thread of this program. While it
 * stalls a read, the parent forks and writes the last byte of the page whose first sector
 * is being read; then the server replies. The data must be in the buffer of the parent.
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
		    "a direct read across fork() and a write arrives in the reader's memory");
	disk_close(&disk);
	return ktap_end();
}
