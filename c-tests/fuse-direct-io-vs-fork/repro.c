// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuse: the data of a direct read is lost if its page is written to after fork().
 *
 * A direct read holds the pages of its buffer until the file system answers. FUSE took
 * plain references to them, which fork() does not recognise: it shared such a page with
 * the child, and a write by the parent to other bytes of the page gave the parent a copy.
 * The answer then went to the original page, which only the child mapped by then. Since
 * 738adade96b2 FUSE pins the pages (FOLL_PIN), and fork() copies pinned pages for the
 * child.
 *
 * The file system is a thread of this program. While it stalls a read, the parent forks
 * and writes the last byte of the page whose first bytes are being read; then the file
 * system answers. The data must be in the buffer of the parent.
 */
#include "core/need.h"
#include "io/fuse_file.h"
#include "io/read_vs_fork.h"
#include "mm/kpageflags.h"

#define LEN	64

int main(void)
{
	struct fuse_file file;

	need_root();
	need_fuse();
	need_kpageflags();

	ktap_start(1);
	fuse_file_open(&file);
	read_vs_fork_prove(&file.read, LEN);
	ktap_result(read_vs_fork_loses(&file.read, LEN),
		    "a direct read across fork() and a write arrives in the reader's memory");
	fuse_file_close(&file);
	return ktap_end();
}
