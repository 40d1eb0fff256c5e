// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a page filled during a fork reaches only the parent.
 *
 * fork() of a monitored process copies the page tables and then waits until the monitor
 * has read the fork event. If the monitor fills a page in between, it does not know of
 * the fork yet and fills the page in the parent only: the child waits for a page that the
 * monitor considers delivered. Since df2cc96e7701 the kernel refuses such ioctls with
 * EAGAIN, from before it copies the page tables until the event was read and the forking
 * thread continued.
 *
 * The program keeps this window open by not reading the event, so there is no race: if
 * poll() reports the event, the ioctls must be refused. It probes every ioctl to which
 * the rule applies. What their output field contains is another fix (uffd-eagain-output).
 *
 * Skipped on a kernel that accepts UFFD_FEATURE_EVENT_FORK and never sends the event. The
 * forking thread shows that, not a clock: clone() queues the event before it returns, and
 * returns only after the event was read.
 */
#include "core/need.h"
#include "mm/memory.h"
#include "uffd/uffd_events.h"
#include "uffd/uffd_ioctls.h"

/* Read the event, close the descriptor that comes with it, and wait for the fork. */
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
	REQUIRE(!(pagemap_entry(page.at) & type->filled_bits), "finding the page absent");

	uffd_event_start(&fork, uffd_event_fork);
	REQUIRE(uffd_event_wait(page.fd, &fork), "making a fork wait until its event is read");
	err = type->probe(&page, &output);
	filled = !!(pagemap_entry(page.at) & type->filled_bits);
	finish(page.fd, &fork);

	ktap_diag("event unread: %s%s", ktap_outcome(err),
		  !type->filled_bits ? "" : filled ? ", page filled" : ", page absent");
	if (err && err != EAGAIN)
		ktap_bail("%s: %s, neither done nor EAGAIN", type->name, ktap_errno(err));
	if (err) {
		/* Self-check: only the fork was in the way. */
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

/* Skip the program if fork() completes without the event that was requested. */
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
		REQUIRE(!uffd_readable(fd, 0), "making a fork wait until its event is read");
		ktap_skip_all("UFFD_FEATURE_EVENT_FORK is accepted, but a fork sends no event");
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
