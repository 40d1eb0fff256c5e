// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a refused ioctl does not write its output field.
 *
 * While an event is unread the ioctls that fill pages fail with EAGAIN, and the monitor
 * reads from the output field how far they got. Before 95567729173e the kernel did not
 * write the field on this path: a monitor that did not clear it read a stale value, such
 * as "one byte copied", and continued at a wrong address.
 *
 * The program leaves the event of a removal unread and prefills the field with 1, a value
 * that no kernel writes. It must become -EAGAIN.
 */
#include "mm/memory.h"
#include "uffd/uffd_events.h"
#include "uffd/uffd_ioctls.h"

#define PREFILLED 1

/* Probe the ioctl while the removal of another page waits until its event is read. */
static int probe_while_removing(const struct uffd_ioctl *type, const struct uffd_page *page,
			      __s64 *output)
{
	struct uffd_event removal = { .len = page->size };
	int err;

	removal.at = anonymous(page->size);
	REQUIRE(!uffd_register(page->fd, removal.at, page->size, UFFDIO_REGISTER_MODE_MISSING),
		"UFFDIO_REGISTER");
	uffd_event_start(&removal, uffd_event_remove);
	REQUIRE(uffd_event_wait(page->fd, &removal),
		"making a removal wait until its event is read");
	err = type->probe(page, output);
	uffd_read(page->fd, UFFD_EVENT_REMOVE);
	uffd_event_join(&removal);
	munmap(removal.at, page->size);
	return err;
}

static void test(const struct uffd_ioctl *type)
{
	__s64 refused = PREFILLED, done = PREFILLED;
	struct uffd_page page;
	char name[80];
	int err;

	snprintf(name, sizeof(name), "%s writes -EAGAIN to its field %s", type->name, type->output);
	err = uffd_page_open(&page, type, UFFD_FEATURE_EVENT_REMOVE);
	if (err) {
		ktap_skip(name, "UFFDIO_API with %s: %s", type->feature_name, ktap_errno(err));
		return;
	}
	err = probe_while_removing(type, &page, &refused);
	if (err != EAGAIN) {
		ktap_skip(name, "not refused with EAGAIN while an event is unread: %s",
			  ktap_outcome(err));
	} else {
		/* Self-check: this program reads the right field. */
		err = type->probe(&page, &done);
		if (err || done != (__s64)page.size)
			ktap_bail("%s after the removal: %s, %s=%lld", type->name,
				  ktap_outcome(err), type->output, done);
		if (refused != PREFILLED && refused != -EAGAIN)
			ktap_bail("%s refused: %s=%lld", type->name, type->output, refused);
		ktap_diag("refused: %s=%lld; done: %s=%lld", type->output, refused,
			  type->output, done);
		ktap_result(refused != -EAGAIN, name);
	}
	uffd_page_close(&page);
}

int main(void)
{
	int planned = 0;

	close(need_uffd(UFFD_FEATURE_EVENT_REMOVE, "UFFD_FEATURE_EVENT_REMOVE"));
	for (int i = 0; i < UFFD_IOCTLS; i++)
		planned += !!uffd_ioctls[i].output;
	ktap_start(planned);
	for (int i = 0; i < UFFD_IOCTLS; i++)
		if (uffd_ioctls[i].output)
			test(&uffd_ioctls[i]);
	return ktap_end();
}
