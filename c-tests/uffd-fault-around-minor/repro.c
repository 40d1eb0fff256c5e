// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: fault-around takes minor faults away from their monitor.
 *
 * A range of shared memory registered for minor faults asks its monitor about each
 * page that is in the page cache but not mapped, before anybody reads it. Were
 * fault-around allowed there, a read would map the page and its neighbours at once and
 * nobody would be asked. c949b097ef2e brought these faults to shared memory and keeps
 * fault-around out of such ranges.
 *
 * A thread reads one page. Either it gets past, and the monitor was not asked; or a
 * message comes, the monitor lets this page in, and no other may come with it.
 */
#include "uffd/fault_around.h"
#include "uffd/uffd_events.h"

/* Let the page in that the message tells of. */
static void continue_page(int fd, const char *at)
{
	const char *page = at + AROUND_TOUCHED * sysconf(_SC_PAGESIZE);
	struct uffd_msg msg = uffd_read(fd, UFFD_EVENT_PAGEFAULT);

	REQUIRE(msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR, "a minor fault");
	REQUIRE(msg.arg.pagefault.address == (uintptr_t)page, "a fault on the page read");
	REQUIRE(!pagemap_count(at, AROUND_PAGES, PAGEMAP_PRESENT),
		"a fault before anything is present");
	REQUIRE(!uffd_continue(fd, page, sysconf(_SC_PAGESIZE)), "UFFDIO_CONTINUE");
}

int main(void)
{
	int fd = need_uffd(UFFD_FEATURE_MINOR_SHMEM, "UFFD_FEATURE_MINOR_SHMEM");
	struct uffd_event read = { 0 };
	int present, asked, file;
	char *at;

	ktap_start(2);
	file = around_file();
	around_control(file);

	at = around_map(file);
	REQUIRE(!uffd_register(fd, at, around_size(), UFFDIO_REGISTER_MODE_MINOR),
		"UFFDIO_REGISTER of shared memory for MINOR");
	read.at = at + AROUND_TOUCHED * sysconf(_SC_PAGESIZE);
	uffd_event_start(&read, uffd_event_read);
	asked = uffd_event_wait(fd, &read);
	if (asked)
		continue_page(fd, at);
	uffd_event_join(&read);
	REQUIRE(read.byte == 'p', "reading a page of the file");
	present = around_present(at);
	REQUIRE(present, "mapping the page that was read");

	ktap_result(!asked, "the monitor is asked before a read gets its page");
	ktap_diag("registered for MINOR: %d present after reading one", present);
	ktap_result(present > 1, "a read in a range registered for MINOR maps that page only");
	return ktap_end();
}
