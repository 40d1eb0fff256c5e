// SPDX-License-Identifier: GPL-2.0-only
/*
 * Works for some seconds, counted in rounds and not by the clock: who watches the processor
 * time of its QEMU knows that it is under way, on a slow or loaded host too.
 */
#include "core/ktap.h"

#define ROUNDS	2000000000UL

int main(void)
{
	ktap_start(1);
	for (volatile unsigned long n = 0; n < ROUNDS; n++)
		;
	ktap_result(0, "the rounds are done");
	return ktap_end();
}
