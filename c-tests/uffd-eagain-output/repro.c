// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: an ioctl that is refused leaves its output field as it was.
 *
 * While an event is unread the ioctls that fill pages give EAGAIN, and the monitor
 * is to look at the output field to learn how far they got. Before 95567729173e the
 * field was not written on that path: a monitor that did not clear it read whatever
 * was there, "one byte copied" say, and went on from a wrong place.
 *
 * Here a removal's event is left unread and the field filled with 1, which no kernel
 * ever answers: it must become -EAGAIN.
 */
#include "mm/memory.h"
#include "uffd/uffd_events.h"
#include "uffd/uffd_ioctls.h"

#define PREFILLED 1

/* Ask while the removal of another page waits for its event to be read. */
static int probe_while_removing(const struct uffd_ioctl *type, const struct uffd_page *page,
			      __s64 *output)
{
	struct uffd_event removal = { .len = page->size };
	int err;

	removal.at = anonymous(page->size);
	REQUIRE(!uffd_register(page->fd, removal.at, page->size, UFFDIO_REGISTER_MODE_MISSING),
		"UFFDIO_REGISTER");
	uffd_event_start(&removal, uffd_event_remove);
	REQUIRE(uffd_event_wait(page->fd, &removal), "waiting for the event by a removal");
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

	snprintf(name, sizeof(name), "%s says -EAGAIN in its field %s", type->name, type->output);
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
		/* Self-check: the field is where this program looks. */
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
	int asked = 0;

	close(need_uffd(UFFD_FEATURE_EVENT_REMOVE, "UFFD_FEATURE_EVENT_REMOVE"));
	for (int i = 0; i < UFFD_IOCTLS; i++)
		asked += !!uffd_ioctls[i].output;
	ktap_start(asked);
	for (int i = 0; i < UFFD_IOCTLS; i++)
		if (uffd_ioctls[i].output)
			test(&uffd_ioctls[i]);
	return ktap_end();
}
