// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a read maps pages around it into a range registered for missing pages.
 *
 * "mm: Don't fault around userfaultfd-registered regions on reads" was posted in
 * November 2020 to switch fault-around off in every registered range. What was merged
 * later does so for write protection and minor faults only (uffd-fault-around-wp,
 * uffd-fault-around-minor), so every kernel maps the neighbours here, by design: a
 * page in the page cache is not missing. The case tells which kernels carry the patch
 * as it was posted.
 */
#include "uffd/fault_around.h"

int main(void)
{
	int fd = need_uffd(UFFD_FEATURE_MISSING_SHMEM, "UFFD_FEATURE_MISSING_SHMEM");
	int file, present;

	ktap_start(1);
	file = around_file();
	around_control(file);
	present = around_registered(fd, file, UFFDIO_REGISTER_MODE_MISSING);
	REQUIRE(!uffd_readable(fd, 0), "reading a page of the cache without a message");
	ktap_diag("registered for MISSING: %d present after reading one", present);
	ktap_result(present > 1, "a read in a range registered for MISSING maps that page only");
	return ktap_end();
}
