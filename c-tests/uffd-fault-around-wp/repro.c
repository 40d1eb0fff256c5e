// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a read maps the pages around it in a write-protected range.
 *
 * A monitor that tracks writes to shared memory registers it for write protection. A read
 * fault used to map up to 16 pages of the page cache at once, which made pages accessible
 * that nobody had touched and about which the monitor got no message. Since 9c28a205c061
 * fault-around is disabled in such ranges: a read maps only its own page.
 */
#include "uffd/fault_around.h"

#define FEATURES (UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM)

int main(void)
{
	int fd = need_uffd(FEATURES, "UFFD_FEATURE_PAGEFAULT_FLAG_WP|WP_HUGETLBFS_SHMEM");
	int file, present;

	ktap_start(1);
	file = around_file();
	around_control(file);
	present = around_registered(fd, file, UFFDIO_REGISTER_MODE_WP);
	ktap_diag("registered for WP: %d present after reading one", present);
	ktap_result(present > 1, "a read in a range registered for WP maps only that page");
	return ktap_end();
}
