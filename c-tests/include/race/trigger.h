/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Triggers: code paths to one place in the kernel. Which of them work depends on the
 * kernel, so a case has a table of them, the best one first, and uses the first that works:
 *
 *	static const struct trigger *const triggers[] = { &trigger_io_uring, ..., NULL };
 *
 *	trigger = trigger_choose(triggers, wanted, check);
 *	if (trigger) {
 *		ktap_trigger(trigger->name);
 *		...
 *		trigger->close();
 *	} else {
 *		ktap_skip(name, "%s", trigger_reasons());
 *	}
 *
 * The triggers here reach pin_user_pages_fast() with FOLL_WRITE | FOLL_LONGTERM. Each pins
 * one range of pages at a time.
 */
#ifndef KWITNESS_TRIGGER_H
#define KWITNESS_TRIGGER_H

#include "core/ktap.h"

#define TRIGGER_PAGE	4096UL

struct trigger {
	const char *name;
	/* How many pages to meet fork() on: more make meeting likelier and rounds longer. */
	int pages;
	/* Whether it pins the lowest address first; otherwise the highest. */
	int ascending;
	/* Whether it always pins by fast GUP; otherwise it may not do so on some kernels. */
	int by_fast_gup;
	/* Prepare. Returns NULL, or why it does not work here; then nothing stays open. */
	const char *(*open)(void);
	/* Pin pages for writing. Returns 0 or -errno. */
	int (*pin)(char *at, int pages);
	/* Read the first byte of a pinned page (0 is the lowest) through its pin. */
	unsigned char (*peek)(int page);
	void (*unpin)(void);
	void (*close)(void);
};

static char trigger_text[1024];

/* Why no trigger works, after trigger_choose() returned NULL. */
static inline const char *trigger_reasons(void)
{
	return trigger_text;
}

/*
 * Open the first trigger that works, or only the wanted one. A trigger that does not always
 * pin by fast GUP must also pass check(), which returns NULL or why not. Returns NULL if no
 * trigger works.
 */
static inline const struct trigger *
trigger_choose(const struct trigger *const *triggers, const char *wanted,
	       const char *(*check)(const struct trigger *))
{
	size_t used = 0;
	int known = 0;

	for (const struct trigger *t; (t = *triggers); triggers++) {
		int requested = !wanted || !strcmp(wanted, t->name);
		const char *why = requested ? t->open() : "not requested";

		known += requested;
		if (!why) {
			why = t->by_fast_gup ? NULL : check(t);
			if (!why)
				return t;
			t->close();
		}
		ktap_diag("trigger %s: %s", t->name, why);
		used += snprintf(trigger_text + used, sizeof(trigger_text) - used, "%s%s: %s",
				 used ? "; " : "", t->name, why);
		REQUIRE(used < sizeof(trigger_text), "storing the reasons of triggers");
	}
	if (!known)
		ktap_bail("there is no trigger %s", wanted);
	return NULL;
}

#endif
