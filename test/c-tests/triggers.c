// SPDX-License-Identifier: GPL-2.0-only
/* A race case with everything of one but the race: options, triggers, a module of its own. */
#include "core/external_module.h"
#include "race/race_options.h"
#include "race/trigger.h"

static const char *open_never(void)
{
	return external_module_load("no_such_module");
}

static const char *open_always(void)
{
	return NULL;
}

static void close_said(void)
{
	ktap_diag("closed");
}

static const char *dead_end(const struct trigger *trigger)
{
	return strcmp(trigger->name, "astray") ? NULL : "leads elsewhere";
}

static const struct trigger never = { .name = "never", .open = open_never };
static const struct trigger astray = { .name = "astray", .open = open_always, .close = close_said };
static const struct trigger open_road = { .name = "open", .open = open_always };

int main(int argc, char **argv)
{
	static const struct trigger *const roads[] = { &never, &astray, &open_road, NULL };
	int none = argc > 1 && !strcmp(argv[1], "none");
	struct race_options options = race_options(argc - none, argv + none, !none);
	const struct trigger *trigger;

	ktap_start(1);
	ktap_diag("%g s, %lu trials, spread %g", options.seconds, options.trials, options.spread);
	trigger = trigger_choose(roads, options.trigger, dead_end);
	if (trigger) {
		ktap_trigger(trigger->name);
		ktap_trials(options.trials, 0);
		ktap_result(0, "road");
	} else {
		ktap_skip("road", "%s", trigger_reasons());
	}
	return ktap_end();
}
