// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: one layout change ends while another one begins.
 *
 * While an event is unread UFFDIO_COPY must be refused (uffd-copy-vs-fork). Before
 * a759a909d42d the kernel kept a flag for this, which a change sets when it begins and
 * clears when it ends: if one ends just behind the instruction with which another one sets
 * the flag, the copy is let through. Since then the kernel counts them.
 *
 * A debugger lets one change end between two instructions of the begin of the other
 * (uffd-mmap-changing-atomic holds both instead, where none is there). Two more threads
 * serve the sides while they sleep: one makes the change that ends, on the CPU of the
 * second side; the monitor copies when the first side sleeps.
 *
 *	repro --schedule
 */
#include "core/need.h"
#include "mm/memory.h"
#include "mm/reserve.h"
#include "race/schedule.h"
#include "uffd/uffd_events.h"

static const char name[] = "a copy is refused while the event of a change is unread";
static size_t page_size;

/* The change that ends, the one that begins meanwhile, and the place that is filled. */
enum { ENDING, BEGINNING, PLACE, PAGES };

struct two_changes {
	int fd;
	char *area, *from;
	pthread_t ending, monitor;
	/* For the other change and its end, and for the monitor. */
	sem_t begin, ended, watch;
	/* Of the last copy: 0 or errno. */
	int err;
};

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

static char *page_at(const struct two_changes *s, int page)
{
	return s->area + page * page_size;
}

/* Map a page that is not registered, and register it. */
static void map_page(struct two_changes *s, int page)
{
	reserve_map(page_at(s, page), page_size);
	REQUIRE(!uffd_register(s->fd, page_at(s, page), page_size, UFFDIO_REGISTER_MODE_MISSING),
		"UFFDIO_REGISTER");
}

/*
 * The change that ends: munmap(), which waits last, when nothing is left to do that needs the
 * other CPU. A removal would flush the TLB behind its event if another one is under way.
 */
static void *make_ending(void *arg)
{
	struct two_changes *s = arg;

	schedule_take_cpu_at(1, SCHEDULE_BELOW);
	for (;;) {
		wait_for(&s->begin);
		REQUIRE(!munmap(page_at(s, ENDING), page_size), "munmap of the page that ends");
		sem_post(&s->ended);
	}
	return NULL;
}

/* Copy while the event of the change that began is unread. It runs when the first side sleeps. */
static void *make_monitor(void *arg)
{
	struct two_changes *s = arg;
	struct uffd_msg msg;

	schedule_take_cpu_at(0, SCHEDULE_BELOW);
	for (;;) {
		wait_for(&s->watch);
		while (schedule_block.second_ended != schedule_block.prepared)
			schedule_pause();
		uffd_readable(s->fd, -1);
		s->err = uffd_copy(s->fd, page_at(s, PLACE), s->from, page_size);
		msg = uffd_read(s->fd, UFFD_EVENT_REMOVE);
		REQUIRE(msg.arg.remove.start == (uintptr_t)page_at(s, BEGINNING),
			"reading the event of the change that began");
	}
	return NULL;
}

/* Begin the change that will end: its event is unread. */
static void prepare(void *arg)
{
	struct two_changes *s = arg;

	map_page(s, ENDING);
	REQUIRE(!uffd_unregister(s->fd, page_at(s, PLACE), page_size), "UFFDIO_UNREGISTER");
	REQUIRE(!munmap(page_at(s, PLACE), page_size), "munmap of the place");
	map_page(s, PLACE);
	sem_post(&s->begin);
	uffd_readable(s->fd, -1);
	sem_post(&s->watch);
}

static void begin_change(void *arg)
{
	struct two_changes *s = arg;

	REQUIRE(!madvise(page_at(s, BEGINNING), page_size, MADV_DONTNEED), "MADV_DONTNEED");
}

static void end_change(void *arg)
{
	struct two_changes *s = arg;
	struct uffd_msg msg;

	if (read(s->fd, &msg, sizeof(msg)) == sizeof(msg))
		wait_for(&s->ended);
}

static int judge(void *arg)
{
	struct two_changes *s = arg;

	return s->err && s->err != EAGAIN ? -s->err : !s->err;
}

static void open_area(struct two_changes *s, int fd)
{
	*s = (struct two_changes){ .fd = fd, .from = anonymous(page_size) };
	s->from[0] = 's';
	s->area = reserve(PAGES * page_size);
	map_page(s, BEGINNING);
	map_page(s, PLACE);
}

static void start_threads(struct two_changes *s)
{
	sem_init(&s->begin, 0, 0);
	sem_init(&s->ended, 0, 0);
	sem_init(&s->watch, 0, 0);
	REQUIRE(!pthread_create(&s->ending, NULL, make_ending, s), "pthread_create");
	REQUIRE(!pthread_create(&s->monitor, NULL, make_monitor, s), "pthread_create");
}

int main(int argc, char **argv)
{
	struct two_changes s;
	struct schedule schedule = {
		.arg = &s, .prepare = prepare, .first = begin_change, .second = end_change,
		.judge = judge,
	};
	int fd;

	need_root();
	need_cpus(2);
	fd = need_uffd(UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_UNMAP,
		       "UFFD_FEATURE_EVENT_REMOVE and UFFD_FEATURE_EVENT_UNMAP");
	page_size = sysconf(_SC_PAGESIZE);
	ktap_start(1);
	open_area(&s, fd);
	schedule.subject = page_at(&s, BEGINNING);
	if (schedule_asked(argc, argv))
		start_threads(&s);
	schedule_only(&schedule, argc, argv, name);
	return ktap_end();
}
