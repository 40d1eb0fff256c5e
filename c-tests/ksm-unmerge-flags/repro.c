// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm: madvise(MADV_UNMERGEABLE) clears the upper flags of a mapping.
 *
 * The flags of a mapping have 64 bits, and VM_MERGEABLE was an unsigned int: its
 * complement, widened, has no upper half. So clearing the flag also cleared bit 32 and
 * above, among them the flag of a userfaultfd registered for minor faults, whose monitor
 * got no more messages. f04aad36a07c made the constants unsigned long.
 *
 * The program registers private memory of a memfd for minor faults, makes it mergeable
 * and unmergeable again. Two oracles must agree: the flag in smaps ("ui"), and whether
 * the monitor gets a fault.
 */
#include "mm/memory.h"
#include "mm/smaps.h"
#include "uffd/uffd_events.h"

static int monitored(const char *at)
{
	return smaps_flag(at, "ui");
}

/* Fault on a page that the file has, and resolve it. Returns whether the monitor got it. */
static int notified_of_fault(int fd, char *at, size_t size)
{
	struct uffd_event read = { .at = at, .len = size };
	int notified;

	uffd_event_start(&read, uffd_event_read);
	notified = uffd_event_wait(fd, &read);
	if (notified) {
		uffd_read(fd, UFFD_EVENT_PAGEFAULT);
		REQUIRE(!uffd_unregister(fd, at, size), "UFFDIO_UNREGISTER");
		REQUIRE(!uffd_wake(fd, at, size), "UFFDIO_WAKE");
	}
	uffd_event_join(&read);
	REQUIRE(read.byte == 'f', "reading the contents of the file");
	return notified;
}

int main(void)
{
	int fd = need_uffd(UFFD_FEATURE_MINOR_SHMEM, "UFFD_FEATURE_MINOR_SHMEM");
	size_t size = sysconf(_SC_PAGESIZE);
	char *control = file_page(MAP_PRIVATE), *at = file_page(MAP_PRIVATE);
	int lost, notified;

	if (madvise(at, size, MADV_MERGEABLE))
		ktap_skip_all("madvise(MADV_MERGEABLE): %s", ktap_errno(errno));
	if (!smaps_flag(at, "mg"))
		ktap_skip_all("madvise(MADV_MERGEABLE) does not make this memory mergeable");
	REQUIRE(!madvise(at, size, MADV_UNMERGEABLE), "MADV_UNMERGEABLE before registering");

	ktap_start(1);
	/* Self-check: smaps and the monitor know a mapping that was never mergeable. */
	REQUIRE(!uffd_register(fd, control, size, UFFDIO_REGISTER_MODE_MINOR), "UFFDIO_REGISTER");
	REQUIRE(monitored(control), "finding a registered mapping in smaps");
	REQUIRE(notified_of_fault(fd, control, size), "getting a minor fault");
	REQUIRE(!monitored(control), "finding an unregistered mapping in smaps");

	REQUIRE(!uffd_register(fd, at, size, UFFDIO_REGISTER_MODE_MINOR), "UFFDIO_REGISTER");
	REQUIRE(!madvise(at, size, MADV_MERGEABLE), "MADV_MERGEABLE");
	REQUIRE(smaps_flag(at, "mg") && monitored(at), "making registered memory mergeable");
	REQUIRE(!madvise(at, size, MADV_UNMERGEABLE), "MADV_UNMERGEABLE");
	REQUIRE(!smaps_flag(at, "mg"), "making it unmergeable");
	lost = !monitored(at);
	notified = notified_of_fault(fd, at, size);
	ktap_diag("after MADV_UNMERGEABLE: %s in smaps, the monitor is %s of a fault",
		  lost ? "not registered" : "registered", notified ? "notified" : "not notified");
	if (lost == notified)
		ktap_bail("smaps and the monitor disagree");
	ktap_result(lost, "MADV_UNMERGEABLE keeps a registration for minor faults");
	return ktap_end();
}
