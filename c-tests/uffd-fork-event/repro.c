// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: the monitor is not notified of a fork.
 *
 * The child of a monitored process inherits the ranges, and pages that are missing in the
 * parent are missing in the child too. Without 893e26e61d04 the monitor gets no message,
 * nobody resolves the faults of the child, and it reads zeroes where the parent would
 * have got data. With it a monitor that requests the fork event gets a message with a new
 * userfaultfd for the child, and the fork waits until that message was read.
 *
 * The forking thread reports when its fork completed, so the program detects a missing
 * event without a timeout. A kernel without the feature has no event, which is what the
 * fix adds, so it counts as reproduced and is not skipped.
 */
#include "core/need.h"
#include "mm/memory.h"
#include "uffd/uffd_events.h"

#define SERVED	's'

static const char gets_event[] = "the monitor gets an event before the fork completes";
static const char gets_fault[] = "the monitor gets the fault of a page missing in the child";

/* The child exits with the byte it reads. */
static void exit_with_byte(const char *at)
{
	_exit(*(const volatile char *)at);
}

/* Fork with a new page registered. Returns whether an event arrived; it is unread. */
static int start_fork(int fd, struct uffd_event *fork)
{
	size_t size = sysconf(_SC_PAGESIZE);

	*fork = (struct uffd_event){ .in_child = exit_with_byte, .at = anonymous(size) };
	REQUIRE(!uffd_register(fd, fork->at, size, UFFDIO_REGISTER_MODE_MISSING),
		"UFFDIO_REGISTER");
	uffd_event_start(fork, uffd_event_fork);
	return uffd_event_wait(fd, fork);
}

static int exit_status(struct uffd_event *fork)
{
	int status = uffd_event_reap(fork);

	REQUIRE(WIFEXITED(status), "exiting in the child (0x%x)", status);
	return WEXITSTATUS(status);
}

/* Self-check: if no event was requested, none is sent and the child reads zero. */
static void control(void)
{
	struct uffd_event fork;
	int fd = uffd_open(0);

	REQUIRE(fd >= 0, "userfaultfd with no features");
	REQUIRE(!start_fork(fd, &fork), "forking without an event");
	uffd_event_join(&fork);
	REQUIRE(!exit_status(&fork), "reading zero in the child");
	REQUIRE(!uffd_readable(fd, 0), "forking without a message");
	close(fd);
}

/* Resolve the fault of the child with the descriptor that came with the event. */
static void serve(int fd, struct uffd_event *fork)
{
	size_t size = sysconf(_SC_PAGESIZE);
	char *page = anonymous(size);
	struct uffd_msg msg = uffd_read(fd, UFFD_EVENT_PAGEFAULT);

	REQUIRE(msg.arg.pagefault.address == (uintptr_t)fork->at,
		"getting a fault for the page that is read");
	page[0] = SERVED;
	REQUIRE(!uffd_copy(fd, fork->at, page, size), "UFFDIO_COPY into the child");
}

/* Wait for the fault of the child on its descriptor. Returns 0 if it exits without one. */
static int child_faults(int child_fd, const struct uffd_event *fork)
{
	struct pollfd pollers[] = {
		{ .fd = child_fd, .events = POLLIN },
		{ .fd = syscall(SYS_pidfd_open, fork->child, 0), .events = POLLIN },
	};

	REQUIRE(pollers[1].fd >= 0, "pidfd_open");
	REQUIRE(poll(pollers, 2, -1) > 0, "poll");
	close(pollers[1].fd);
	return !pollers[1].revents;
}

int main(void)
{
	struct uffd_event fork;
	int notified, faulted, byte, fd, child_fd = -1;

	need_root();
	close(need_uffd(0, "no features"));
	ktap_start(2);
	control();

	fd = uffd_open(UFFD_FEATURE_EVENT_FORK);
	if (fd < 0 && fd != -EINVAL)
		ktap_bail("UFFDIO_API with UFFD_FEATURE_EVENT_FORK: %s", ktap_errno(-fd));
	notified = fd >= 0 && start_fork(fd, &fork);
	if (notified)
		child_fd = uffd_read(fd, UFFD_EVENT_FORK).arg.fork.ufd;
	if (fd < 0)
		ktap_diag("UFFDIO_API with UFFD_FEATURE_EVENT_FORK: %s", ktap_errno(-fd));
	else
		uffd_event_join(&fork);
	ktap_result(!notified, gets_event);
	if (!notified) {
		ktap_skip(gets_fault, "no event, so no userfaultfd for the child");
		return ktap_end();
	}

	faulted = child_faults(child_fd, &fork);
	if (faulted)
		serve(child_fd, &fork);
	byte = exit_status(&fork);
	ktap_diag("the child read 0x%x, the monitor got %s fault", byte, faulted ? "a" : "no");
	if (faulted)
		REQUIRE(byte == SERVED, "reading the byte that the monitor copied");
	ktap_result(!faulted, gets_fault);
	return ktap_end();
}
