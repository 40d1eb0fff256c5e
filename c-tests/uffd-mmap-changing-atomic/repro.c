// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: the end of one layout change hides another one that is still in progress.
 *
 * While an event is unread UFFDIO_COPY must be refused (uffd-copy-vs-fork). Before
 * a759a909d42d the kernel kept a flag for this. Two changes at the same time shared the
 * flag, and the first one to end cleared it for both. Since then the kernel counts them.
 *
 * Two threads remove pages, so two events are pending. The program reads one and joins
 * its thread, so that change has certainly ended; the other event stays unread, so a copy
 * to a third place must still be refused. There is no race: a removal sets the flag
 * before its thread sleeps, and both threads sleep before the first event is read.
 */
#include "core/procfile.h"
#include "mm/memory.h"
#include "mm/pagemap.h"
#include "uffd/uffd_events.h"

static size_t page_size;

/* The state letter of a thread of this process, 0 if it has exited. */
static char thread_state(pid_t tid)
{
	char path[64], text[512], *end;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	if (procfile_read(path, text, sizeof(text)))
		return 0;
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

/*
 * Start a removal and wait until it sleeps. Only the wait for the monitor can put this
 * thread in state D: the mmap lock is free for readers and no page is read from a disk.
 */
static void start_removal(struct uffd_event *removal)
{
	char state;

	uffd_event_start(removal, uffd_event_remove);
	while ((state = thread_state(removal->tid)) != 'D') {
		REQUIRE(state, "making a removal wait until its event is read");
		sched_yield();
	}
}

int main(void)
{
	int fd = need_uffd(UFFD_FEATURE_EVENT_REMOVE, "UFFD_FEATURE_EVENT_REMOVE");
	struct uffd_event removals[2] = { 0 }, *first, *second;
	char *area, *to, *from;
	struct uffd_msg msg;
	int both, one, err;

	ktap_start(1);
	page_size = sysconf(_SC_PAGESIZE);
	from = anonymous(page_size);
	from[0] = 's';
	area = anonymous(5 * page_size);
	to = area + 4 * page_size;
	REQUIRE(!uffd_register(fd, area, 5 * page_size, UFFDIO_REGISTER_MODE_MISSING),
		"UFFDIO_REGISTER");
	for (int i = 0; i < 2; i++) {
		removals[i].at = area + 2 * i * page_size;
		removals[i].len = page_size;
		start_removal(&removals[i]);
	}

	/* Self-check: while both events are unread every kernel refuses the copy. */
	both = uffd_copy(fd, to, from, page_size);
	if (both != EAGAIN)
		ktap_bail("copy with two events unread: %s", ktap_outcome(both));

	msg = uffd_read(fd, UFFD_EVENT_REMOVE);
	first = &removals[msg.arg.remove.start != (uintptr_t)removals[0].at];
	second = first == &removals[0] ? &removals[1] : &removals[0];
	uffd_event_join(first);
	REQUIRE(uffd_readable(fd, 0), "finding the second event pending");
	one = uffd_copy(fd, to, from, page_size);

	msg = uffd_read(fd, UFFD_EVENT_REMOVE);
	REQUIRE(msg.arg.remove.start == (uintptr_t)second->at, "reading the second event");
	uffd_event_join(second);
	ktap_diag("copy with two events unread: %s; with one: %s", ktap_errno(both),
		  ktap_outcome(one));
	if (one) {
		/* Self-check: once no event is unread the copy succeeds. */
		if (one != EAGAIN)
			ktap_bail("copy with one event unread: %s", ktap_errno(one));
		err = uffd_copy(fd, to, from, page_size);
		if (err)
			ktap_bail("copy with no event unread: %s", ktap_errno(err));
	}
	REQUIRE(pagemap_present(to), "filling the page");
	ktap_result(!one, "a copy is refused while the second of two events is unread");
	return ktap_end();
}
