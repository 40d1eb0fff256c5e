// SPDX-License-Identifier: GPL-2.0-only
/*
 * PLACEHOLDER: the subsystem, a colon, and the bug in one line.
 *
 * PLACEHOLDER: one paragraph, what goes wrong and since when, which two things meet,
 * and which commit ended it; and one on what this program observes of it.
 *
 * As it stands it witnesses this: a page reads back what was written to it.
 */
#include "core/need.h"
#include "mm/memory.h"

#define WRITTEN 0x5a

/* PLACEHOLDER: the oracle, which tells the bug from its absence. */
static size_t count_wrong(const char *page, size_t size)
{
	size_t wrong = 0;

	for (size_t i = 0; i < size; i++)
		wrong += ((const volatile char *)page)[i] != WRITTEN;
	return wrong;
}

int main(void)
{
	size_t size = sysconf(_SC_PAGESIZE), wrong;
	char *page;

	/* PLACEHOLDER: what it takes (need.h); without that it is skipped, not passed. */
	need_cpus(1);

	ktap_start(1);
	page = anonymous(size);

	/* PLACEHOLDER: a self-check, which shows that the oracle sees the bug when it is there. */
	REQUIRE(count_wrong(page, size) == size, "telling a fresh page from a written one");

	memset(page, WRITTEN, size);
	wrong = count_wrong(page, size);
	ktap_diag("%zu of %zu bytes differ", wrong, size);
	ktap_result(wrong > 0, "a page reads back what was written");
	return ktap_end();
}
