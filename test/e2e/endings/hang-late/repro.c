// SPDX-License-Identifier: GPL-2.0-only
/* Enters its step when more than half of its second has passed, and sleeps forever in it. */
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
