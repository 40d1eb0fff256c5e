// SPDX-License-Identifier: GPL-2.0-only
/*
 * PLACEHOLDER: the subsystem, a colon, and the bug in one line.
 *
 * PLACEHOLDER: one paragraph on what goes wrong, since when, and which commit fixed it; and
 * one on what this program does and observes.
 *
 * Unchanged, the program checks that a page reads back what was written to it.
 */
#include "core/need.h"
#include "mm/memory.h"

#define WRITTEN 0x5a

/* PLACEHOLDER: the oracle, which detects the bug. */
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

	/* PLACEHOLDER: what the program needs (core/need.h); without that it skips. */
	need_cpus(1);

	ktap_start(1);
	page = anonymous(size);

	/* PLACEHOLDER: a self-check, which shows that the oracle can detect the bug. */
	REQUIRE(count_wrong(page, size) == size, "detecting a page that was not written");

	memset(page, WRITTEN, size);
	wrong = count_wrong(page, size);
	ktap_diag("%zu of %zu bytes differ", wrong, size);
	ktap_result(wrong > 0, "a page reads back what was written");
	return ktap_end();
}
