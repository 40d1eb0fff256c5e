// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a page filled while a fork is under way reaches one side only.
 *
 * A fork of a monitored process copies the page tables and then waits until the
 * monitor has read the fork event. A monitor that does not know of the fork yet and
 * fills a page in that time fills it in the parent alone: the child waits for a page
 * that, to the monitor's knowledge, was delivered. Since df2cc96e7701 the kernel
 * refuses with EAGAIN from before the page tables are copied until the event was read
 * and the forking thread went on.
 *
 * That time is held open here by not reading the event, so there is no race: the event
 * can be polled, hence the rule is in force. Every ioctl that shares the rule is
 * asked. What the output field holds is another fix's matter (uffd-eagain-output).
 *
 * A kernel that grants the event and never sends it holds nothing open, and cannot be
 * asked. It is told from a slow one by the forking thread, not by a clock: clone() has
 * queued the event before it returns, and does not return before the event was read.
 */
#include "core/need.h"
#include "mm/memory.h"
#include "uffd/uffd_events.h"
#include "uffd/uffd_ioctls.h"

/* Read the event, give back the descriptor that comes with it, and see the fork done. */
static void finish(int fd, struct uffd_event *fork)
{
	struct uffd_msg msg = uffd_read(fd, UFFD_EVENT_FORK);

	REQUIRE(!close(msg.arg.fork.ufd), "close of the child's userfaultfd");
	uffd_event_join(fork);
	REQUIRE(!uffd_event_reap(fork), "the child's exit");
}

static void test(const struct uffd_ioctl *type)
{
	struct uffd_event fork = { 0 };
	struct uffd_page page;
	__s64 output = 0;
	int filled, err;
	char name[80];

	snprintf(name, sizeof(name), "%s is refused while a fork event is unread", type->name);
	err = uffd_page_open(&page, type, UFFD_FEATURE_EVENT_FORK);
	if (err) {
		ktap_skip(name, "UFFDIO_API with %s: %s", type->feature_name, ktap_errno(err));
		return;
	}
	REQUIRE(!(pagemap_entry(page.at) & type->filled_bits), "a page not there before");

	uffd_event_start(&fork, uffd_event_fork);
	REQUIRE(uffd_event_wait(page.fd, &fork), "waiting for the event by a fork");
	err = type->probe(&page, &output);
	filled = !!(pagemap_entry(page.at) & type->filled_bits);
	finish(page.fd, &fork);

	ktap_diag("event unread: %s%s", ktap_outcome(err),
		  !type->filled_bits ? "" : filled ? ", page filled" : ", page absent");
	if (err && err != EAGAIN)
		ktap_bail("%s: %s, neither done nor refused", type->name, ktap_errno(err));
	if (err) {
		/* Self-check: nothing but the fork stood in the way. */
		err = type->probe(&page, &output);
		if (err)
			ktap_bail("%s after the fork: %s", type->name, ktap_errno(err));
		REQUIRE(pagemap_has(page.at, type->filled_bits), "filling the page");
		ktap_result(filled, name);
	} else {
		ktap_result(1, name);
	}
	uffd_page_close(&page);
}

/* Skip the program where a fork of a process that asked for its event is done without one. */
static void need_fork_event(void)
{
	int fd = need_uffd(UFFD_FEATURE_EVENT_FORK, "UFFD_FEATURE_EVENT_FORK");
	size_t size = sysconf(_SC_PAGESIZE);
	struct uffd_event fork = { 0 };
	char *page = anonymous(size);

	REQUIRE(!uffd_register(fd, page, size, UFFDIO_REGISTER_MODE_MISSING), "UFFDIO_REGISTER");
	uffd_event_start(&fork, uffd_event_fork);
	if (!uffd_event_wait(fd, &fork)) {
		uffd_event_join(&fork);
		REQUIRE(!uffd_event_reap(&fork), "the child's exit");
		REQUIRE(!uffd_readable(fd, 0), "a fork that waits until its event is read");
		ktap_skip_all("the event of a fork is granted, but a fork was done without it");
	}
	finish(fd, &fork);
	close(fd);
	REQUIRE(!munmap(page, size), "munmap");
}

int main(void)
{
	need_root();
	need_fork_event();
	ktap_start(UFFD_IOCTLS);
	for (int i = 0; i < UFFD_IOCTLS; i++)
		test(&uffd_ioctls[i]);
	return ktap_end();
}
