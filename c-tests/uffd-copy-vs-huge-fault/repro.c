// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: UFFDIO_COPY beside a fault that maps a huge page.
 *
 * UFFDIO_COPY refuses a page that is there with EEXIST, so that a monitor knows that it
 * came late. It reads the entry for a whole huge page first and gives the place a page
 * table where it is empty. A fault of another thread may fill the entry with a huge page
 * in between: then the kernel failed with EFAULT, as for a source that cannot be read,
 * which is no reason to go on. It also believed the entry that it read twice without a
 * lock, up to a BUG_ON() if a third thread empties it again. Since 71c186efc1b2
 * ("userfaultfd: fix checks for huge PMDs") it reads the entry once more behind the page
 * table and reports any page there with EEXIST.
 *
 * The place is registered for write protection, not for missing pages, so that a fault is
 * not the monitor's. One thread copies, the other one reads, which maps the huge page of
 * zeroes. Only a debugger places the fault inside the window, a few instructions wide.
 *
 *	repro --schedule
 */
#include "core/need.h"
#include "mm/memory.h"
#include "mm/thp.h"
#include "race/schedule.h"
#include "uffd/uffd.h"

static const char name[] = "UFFDIO_COPY reports a huge page that a fault maps meanwhile";

/* A range of two huge pages: the first one is the place, the second keeps the mapping. */
struct place {
	char *at, *from;
	size_t size;
	int fd;
	/* Of the last copy: 0 or errno. */
	int err;
};

/* Make the place new: without pages and without a page table. */
static void empty(void *arg)
{
	struct place *p = arg;

	REQUIRE(!munmap(p->at, p->size), "munmap of the place");
	reserve_map(p->at, p->size);
	REQUIRE(!madvise(p->at, p->size, MADV_HUGEPAGE), "MADV_HUGEPAGE");
	REQUIRE(!uffd_register(p->fd, p->at, p->size, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER for WP");
}

static void copy(void *arg)
{
	struct place *p = arg;

	p->err = uffd_copy(p->fd, p->at, p->from, sysconf(_SC_PAGESIZE));
}

static void fault(void *arg)
{
	struct place *p = arg;

	(void)*(volatile char *)p->at;
}

/* The page is there in any order, so a copy that did not fill it has one right answer. */
static int judge(void *arg)
{
	struct place *p = arg;

	if (p->err && p->err != EEXIST && p->err != EFAULT)
		return -p->err;
	return p->err == EFAULT;
}

static void open_place(struct place *p, int fd)
{
	*p = (struct place){ .fd = fd, .size = thp_size() };
	p->from = anonymous(sysconf(_SC_PAGESIZE));
	p->from[0] = 's';
	p->at = thp_area(p->size, 2);
	REQUIRE(!uffd_register(fd, p->at, 2 * p->size, UFFDIO_REGISTER_MODE_WP),
		"UFFDIO_REGISTER for WP");
	p->at[p->size] = 'k';
}

/* Self-check without a race: the three answers of UFFDIO_COPY, and that a read maps a huge page. */
static void check_answers(struct place *p)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *nothing = reserve(page);
	uint64_t last;

	empty(p);
	copy(p);
	REQUIRE(!p->err && *p->at == 's', "copy to an empty place (%s)", ktap_outcome(p->err));
	copy(p);
	REQUIRE(p->err == EEXIST, "copy to a page that is there (%s)", ktap_outcome(p->err));
	empty(p);
	REQUIRE(uffd_copy(p->fd, p->at, nothing, page) == EFAULT,
		"copy from memory that cannot be read");
	empty(p);
	fault(p);
	pagemap_entries(p->at + p->size - page, 1, &last);
	if (!(last & PAGEMAP_PRESENT))
		ktap_bail("a read of one page did not map a huge page");
	copy(p);
	REQUIRE(p->err == EEXIST, "copy to a huge page (%s)", ktap_outcome(p->err));
}

int main(int argc, char **argv)
{
	struct place p;
	struct schedule schedule = {
		.arg = &p, .prepare = empty, .first = copy, .second = fault, .judge = judge,
	};
	int fd;

	need_root();
	need_cpus(2);
	need_thp();
	fd = need_uffd(UFFD_FEATURE_PAGEFAULT_FLAG_WP, "UFFD_FEATURE_PAGEFAULT_FLAG_WP");
	ktap_start(1);
	open_place(&p, fd);
	check_answers(&p);
	schedule.subject = p.at;
	schedule_only(&schedule, argc, argv, name);
	return ktap_end();
}
