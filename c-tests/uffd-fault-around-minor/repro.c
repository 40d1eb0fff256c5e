// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: fault-around maps pages without a minor fault for the monitor.
 *
 * In shared memory registered for minor faults the monitor must resolve the first access
 * to each page that is in the page cache but not mapped. Fault-around would let one read
 * map the page and its neighbours at once, without asking the monitor. c949b097ef2e
 * introduced minor faults for shared memory and disables fault-around in such ranges.
 *
 * A thread reads one page. If it continues without a message, the monitor was bypassed.
 * If a message arrives, the monitor resolves this one page, and no other page may be
 * mapped with it.
 */
#include "uffd/fault_around.h"
#include "uffd/uffd_events.h"

/* Resolve the fault that the message reports. */
static void continue_page(int fd, const char *at)
{
	const char *page = at + AROUND_TOUCHED * sysconf(_SC_PAGESIZE);
	struct uffd_msg msg = uffd_read(fd, UFFD_EVENT_PAGEFAULT);

	REQUIRE(msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR, "getting a minor fault");
	REQUIRE(msg.arg.pagefault.address == (uintptr_t)page,
		"getting a fault for the page that is read");
	REQUIRE(!pagemap_count(at, AROUND_PAGES, PAGEMAP_PRESENT),
		"getting the fault before a page is present");
	REQUIRE(!uffd_continue(fd, page, sysconf(_SC_PAGESIZE)), "UFFDIO_CONTINUE");
}

int main(void)
{
	int fd = need_uffd(UFFD_FEATURE_MINOR_SHMEM, "UFFD_FEATURE_MINOR_SHMEM");
	struct uffd_event read = { 0 };
	int present, notified, file;
	char *at;

	ktap_start(2);
	file = around_file();
	around_control(file);

	at = around_map(file);
	REQUIRE(!uffd_register(fd, at, around_size(), UFFDIO_REGISTER_MODE_MINOR),
		"UFFDIO_REGISTER of shared memory for MINOR");
	read.at = at + AROUND_TOUCHED * sysconf(_SC_PAGESIZE);
	uffd_event_start(&read, uffd_event_read);
	notified = uffd_event_wait(fd, &read);
	if (notified)
		continue_page(fd, at);
	uffd_event_join(&read);
	REQUIRE(read.byte == 'p', "reading a page of the file");
	present = around_present(at);
	REQUIRE(present, "mapping the page that was read");

	ktap_result(!notified, "the monitor resolves a fault before the read continues");
	ktap_diag("registered for MINOR: %d present after reading one", present);
	ktap_result(present > 1, "a read in a range registered for MINOR maps only that page");
	return ktap_end();
}
