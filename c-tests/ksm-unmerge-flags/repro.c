// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm: madvise(MADV_UNMERGEABLE) takes the upper flags of a mapping away.
 *
 * The flags of a mapping are 64 bits wide, and VM_MERGEABLE was an unsigned int: its
 * complement, widened, has no upper half. So taking the flag away also took those of bit
 * 32 and above, among them that of a userfaultfd registered for minor faults, whose
 * monitor was told of nothing from then on. f04aad36a07c made the constants long.
 *
 * Here private memory of a memfd is registered for minor faults, made mergeable and not
 * mergeable again; smaps tells the flag ("ui") and the monitor whether it hears of a fault.
 */
#include "mm/memory.h"
#include "mm/smaps.h"
#include "uffd/uffd_events.h"

static int monitored(const char *at)
{
	return smaps_flag(at, "ui");
}

/* A fault on a page that is in the file: whether the monitor is told. It is let go on. */
static int told_of_fault(int fd, char *at, size_t size)
{
	struct uffd_event read = { .at = at, .len = size };
	int told;

	uffd_event_start(&read, uffd_event_read);
	told = uffd_event_wait(fd, &read);
	if (told) {
		uffd_read(fd, UFFD_EVENT_PAGEFAULT);
		REQUIRE(!uffd_unregister(fd, at, size), "UFFDIO_UNREGISTER");
		REQUIRE(!uffd_wake(fd, at, size), "UFFDIO_WAKE");
	}
	uffd_event_join(&read);
	REQUIRE(read.byte == 'f', "reading what the file holds");
	return told;
}

int main(void)
{
	int fd = need_uffd(UFFD_FEATURE_MINOR_SHMEM, "UFFD_FEATURE_MINOR_SHMEM");
	size_t size = sysconf(_SC_PAGESIZE);
	char *control = file_page(MAP_PRIVATE), *at = file_page(MAP_PRIVATE);
	int lost, told;

	if (madvise(at, size, MADV_MERGEABLE))
		ktap_skip_all("madvise(MADV_MERGEABLE): %s", ktap_errno(errno));
	if (!smaps_flag(at, "mg"))
		ktap_skip_all("madvise(MADV_MERGEABLE) does not make this memory mergeable");
	REQUIRE(!madvise(at, size, MADV_UNMERGEABLE), "MADV_UNMERGEABLE before registering");

	ktap_start(1);
	/* Self-check: one that stays unmerged keeps its flag, and its monitor is told. */
	REQUIRE(!uffd_register(fd, control, size, UFFDIO_REGISTER_MODE_MINOR), "UFFDIO_REGISTER");
	REQUIRE(monitored(control), "seeing in smaps that a mapping is registered");
	REQUIRE(told_of_fault(fd, control, size), "being told of a minor fault");
	REQUIRE(!monitored(control), "seeing in smaps that a mapping is not registered");

	REQUIRE(!uffd_register(fd, at, size, UFFDIO_REGISTER_MODE_MINOR), "UFFDIO_REGISTER");
	REQUIRE(!madvise(at, size, MADV_MERGEABLE), "MADV_MERGEABLE");
	REQUIRE(smaps_flag(at, "mg") && monitored(at), "making registered memory mergeable");
	REQUIRE(!madvise(at, size, MADV_UNMERGEABLE), "MADV_UNMERGEABLE");
	REQUIRE(!smaps_flag(at, "mg"), "making it unmergeable");
	lost = !monitored(at);
	told = told_of_fault(fd, at, size);
	ktap_diag("after MADV_UNMERGEABLE: %s in smaps, the monitor is %s of a fault",
		  lost ? "not registered" : "registered", told ? "told" : "not told");
	if (lost == told)
		ktap_bail("smaps and the monitor disagree");
	ktap_result(lost, "MADV_UNMERGEABLE leaves a registration for minor faults");
	return ktap_end();
}
