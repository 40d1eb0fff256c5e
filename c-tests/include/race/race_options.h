/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line that every race case accepts:
 *
 *	--seconds S	race for at most S seconds of guest time
 *	--trials N	race for at most N trials
 *	--spread F	draw offsets from a window F times as wide as overlapping needs
 *	--trigger NAME	use only this trigger, if the case has several
 *
 * A race always ends at its first hit.
 */
#ifndef KWITNESS_RACE_OPTIONS_H
#define KWITNESS_RACE_OPTIONS_H

#include <getopt.h>

#include "core/ktap.h"

struct race_options {
	double seconds, spread;
	unsigned long trials;
	/* NULL for the best one that works here. */
	const char *trigger;
};

/* The number in text, which must be above 0 and nothing else. */
static inline double race_number(const char *name, const char *text)
{
	char *end;
	double number = strtod(text, &end);

	if (*end || !(number > 0))
		ktap_bail("--%s takes a number above 0, not %s", name, text);
	return number;
}

/* Parse the command line of a case. Only a case with triggers accepts --trigger. */
static inline struct race_options race_options(int argc, char **argv, int has_triggers)
{
	static const struct option known[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "trials", required_argument, NULL, 'n' },
		{ "spread", required_argument, NULL, 'f' },
		{ "trigger", required_argument, NULL, 't' },
		{ 0 },
	};
	struct race_options options = { .seconds = 1, .spread = 1, .trials = 1000000 };
	int opt;

	while ((opt = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (opt == 's')
			options.seconds = race_number("seconds", optarg);
		else if (opt == 'n')
			options.trials = (unsigned long)race_number("trials", optarg) ?: 1;
		else if (opt == 'f')
			options.spread = race_number("spread", optarg);
		else if (opt == 't' && has_triggers)
			options.trigger = optarg;
		else
			ktap_bail("usage: %s [--seconds S] [--trials N] [--spread F]%s", argv[0],
				  has_triggers ? " [--trigger NAME]" : "");
	}
	if (optind < argc)
		ktap_bail("%s is not a valid option", argv[optind]);
	return options;
}

#endif
