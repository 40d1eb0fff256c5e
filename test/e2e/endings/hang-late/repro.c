// SPDX-License-Identifier: GPL-2.0-only
/* Enters its step when more than half of its second is over, and sleeps for ever there. */
#include "core/step.h"

int main(void)
{
	ktap_start(1);
	while (step_age_ms() < 700)
		;
	step_enter("sleep");
	for (;;)
		pause();
}
