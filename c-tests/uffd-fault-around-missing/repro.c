// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a read maps the pages around it in a range registered for missing pages.
 *
 * "mm: Don't fault around userfaultfd-registered regions on reads" was posted in November
 * 2020 to disable fault-around in every registered range. The version merged later does
 * so only for write protection and minor faults (uffd-fault-around-wp,
 * uffd-fault-around-minor), so every kernel maps the neighbours here, by design: a page
 * in the page cache is not missing. The case shows which kernels carry the patch as
 * posted.
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
	REQUIRE(!uffd_readable(fd, 0), "reading a page of the page cache without a message");
	ktap_diag("registered for MISSING: %d present after reading one", present);
	ktap_result(present > 1, "a read in a range registered for MISSING maps only that page");
	return ktap_end();
}
