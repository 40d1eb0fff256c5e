// SPDX-License-Identifier: GPL-2.0-only
/*
 * Computes for some seconds. It counts rounds, not time, so that the CPU time of its QEMU
 * shows that it is running, on a slow host too.
 */
#include "core/ktap.h"

#define ROUNDS	1000000000UL

int main(void)
{
	ktap_start(1);
	for (volatile unsigned long n = 0; n < ROUNDS; n++)
		;
	ktap_result(0, "the rounds are done");
	return ktap_end();
}
