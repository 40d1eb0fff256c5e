// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a fork of a monitored process goes by unseen.
 *
 * The child of a monitored process has the same ranges, and pages are missing there
 * as they are in the parent. Without 893e26e61d04 the monitor is not told, nobody
 * serves the child, and it reads zeroes where the parent would have been given data.
 * With it a monitor that asks for the fork event gets a message, with a new userfaultfd
 * for the child, and the fork waits until that message was read.
 *
 * The forking thread says when its fork is done, so a missing event is seen as such
 * and not waited for. A kernel that does not know the feature has no event to give:
 * that is what the case asks for, so it counts as seen and not as a skip.
 */
#include "core/need.h"
#include "mm/memory.h"
#include "uffd/uffd_events.h"

#define SERVED	's'

static const char is_told[] = "the monitor is told of a fork before it is done";
static const char is_asked[] = "the monitor is asked for a page that is missing in the child";

/* The child's exit status is what it read. */
static void exit_with_byte(const char *at)
{
	_exit(*(const volatile char *)at);
}

/* Fork with a fresh page registered. Returns whether the monitor is told, the event unread. */
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

	REQUIRE(WIFEXITED(status), "the child's exit (0x%x)", status);
	return WEXITSTATUS(status);
}

/* Self-check: with no event asked for the fork goes by unseen and the child reads zero. */
static void control(void)
{
	struct uffd_event fork;
	int fd = uffd_open(0);

	REQUIRE(fd >= 0, "userfaultfd with no features");
	REQUIRE(!start_fork(fd, &fork), "going by unseen");
	uffd_event_join(&fork);
	REQUIRE(!exit_status(&fork), "reading zero in the child");
	REQUIRE(!uffd_readable(fd, 0), "staying silent");
	close(fd);
}

/* Serve the child's fault from the descriptor that came with the event. */
static void serve(int fd, struct uffd_event *fork)
{
	size_t size = sysconf(_SC_PAGESIZE);
	char *page = anonymous(size);
	struct uffd_msg msg = uffd_read(fd, UFFD_EVENT_PAGEFAULT);

	REQUIRE(msg.arg.pagefault.address == (uintptr_t)fork->at, "a fault on the page read");
	page[0] = SERVED;
	REQUIRE(!uffd_copy(fd, fork->at, page, size), "UFFDIO_COPY into the child");
}

/* Wait until the child's fault is reported on its descriptor. Returns 0 when it exits unasked. */
static int child_asks(int child_fd, const struct uffd_event *fork)
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
	int told, asked, byte, fd, child_fd = -1;

	need_root();
	close(need_uffd(0, "no features"));
	ktap_start(2);
	control();

	fd = uffd_open(UFFD_FEATURE_EVENT_FORK);
	if (fd < 0 && fd != -EINVAL)
		ktap_bail("UFFDIO_API with UFFD_FEATURE_EVENT_FORK: %s", ktap_errno(-fd));
	told = fd >= 0 && start_fork(fd, &fork);
	if (told)
		child_fd = uffd_read(fd, UFFD_EVENT_FORK).arg.fork.ufd;
	if (fd < 0)
		ktap_diag("UFFDIO_API with UFFD_FEATURE_EVENT_FORK: %s", ktap_errno(-fd));
	else
		uffd_event_join(&fork);
	ktap_result(!told, is_told);
	if (!told) {
		ktap_skip(is_asked, "no event, hence no userfaultfd for the child");
		return ktap_end();
	}

	asked = child_asks(child_fd, &fork);
	if (asked)
		serve(child_fd, &fork);
	byte = exit_status(&fork);
	ktap_diag("the child read 0x%x, the monitor was%s asked", byte, asked ? "" : " not");
	if (asked)
		REQUIRE(byte == SERVED, "reading what was served");
	ktap_result(!asked, is_asked);
	return ktap_end();
}
