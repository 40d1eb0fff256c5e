// SPDX-License-Identifier: GPL-2.0-only
/* A race case without the race: options, triggers, an external module that does not exist. */
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

static void close_trigger(void)
{
	ktap_diag("closed");
}

static const char *check_trigger(const struct trigger *trigger)
{
	return strcmp(trigger->name, "astray") ? NULL : "leads elsewhere";
}

static const struct trigger never = { .name = "never", .open = open_never };
static const struct trigger astray = {
	.name = "astray", .open = open_always, .close = close_trigger,
};
static const struct trigger trigger_open = { .name = "open", .open = open_always };

int main(int argc, char **argv)
{
	static const struct trigger *const triggers[] = { &never, &astray, &trigger_open, NULL };
	int none = argc > 1 && !strcmp(argv[1], "none");
	struct race_options options = race_options(argc - none, argv + none, !none);
	const struct trigger *trigger;

	ktap_start(1);
	ktap_diag("%g s, %lu trials, spread %g", options.seconds, options.trials, options.spread);
	trigger = trigger_choose(triggers, options.trigger, check_trigger);
	if (trigger) {
		ktap_trigger(trigger->name);
		ktap_trials(options.trials, 0);
		ktap_result(0, "code path");
	} else {
		ktap_skip("code path", "%s", trigger_reasons());
	}
	return ktap_end();
}
