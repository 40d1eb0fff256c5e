/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Roads to one place in the kernel. Which of them is open depends on the kernel, so a
 * case keeps a table of them, the best one first, and takes the first that can be used:
 *
 *	static const struct trigger *const triggers[] = { &trigger_io_uring, ..., NULL };
 *
 *	trigger = trigger_choose(triggers, wanted, usable);
 *	if (trigger) {
 *		ktap_trigger(trigger->name);
 *		...
 *		trigger->close();
 *	} else {
 *		ktap_skip(name, "%s", trigger_reasons());
 *	}
 *
 * These here lead to pin_user_pages_fast(), for writing and for long. Each holds one
 * range of pages at a time.
 */
#ifndef KWITNESS_TRIGGER_H
#define KWITNESS_TRIGGER_H

#include "core/ktap.h"

#define TRIGGER_PAGE	4096UL

struct trigger {
	const char *name;
	/* How many pages to meet fork() on: the more, the surer, and the longer it takes. */
	int pages;
	/* Whether it pins the lowest address first, and not the highest. */
	int ascending;
	/* Whether it is known to pin by fast GUP, or may do it in another way on some kernels. */
	int by_fast_gup;
	/* Get ready. Returns NULL, or why it cannot be used here; then nothing is left open. */
	const char *(*open)(void);
	/* Pin pages for writing. Returns 0 or -errno. */
	int (*pin)(char *at, int pages);
	/* The first byte of one of them, the lowest being 0, read through its pin. */
	unsigned char (*peek)(int page);
	void (*unpin)(void);
	void (*close)(void);
};

static char trigger_text[1024];

/* Why none of the triggers can be used, once trigger_choose() found none. */
static inline const char *trigger_reasons(void)
{
	return trigger_text;
}

/*
 * Open the first trigger that can be used, or the one that is wanted and no other. An
 * open trigger not known to pin by fast GUP is asked to_the_point() in addition, which
 * says why not or nothing. Returns NULL when none can be used.
 */
static inline const struct trigger *
trigger_choose(const struct trigger *const *triggers, const char *wanted,
	       const char *(*to_the_point)(const struct trigger *))
{
	size_t used = 0;
	int known = 0;

	for (const struct trigger *t; (t = *triggers); triggers++) {
		int asked = !wanted || !strcmp(wanted, t->name);
		const char *why = asked ? t->open() : "not asked for";

		known += asked;
		if (!why) {
			why = t->by_fast_gup ? NULL : to_the_point(t);
			if (!why)
				return t;
			t->close();
		}
		ktap_diag("trigger %s: %s", t->name, why);
		used += snprintf(trigger_text + used, sizeof(trigger_text) - used, "%s%s: %s",
				 used ? "; " : "", t->name, why);
		REQUIRE(used < sizeof(trigger_text), "keeping the reasons of triggers");
	}
	if (!known)
		ktap_bail("there is no trigger %s", wanted);
	return NULL;
}

#endif
