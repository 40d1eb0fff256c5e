// SPDX-License-Identifier: GPL-2.0-only
/* Floods its output with 1 GB, or until it is killed. */
#include "core/ktap.h"

#define FLOOD (1ULL << 30)

int main(void)
{
	unsigned long long sent = 0;

	ktap_start(1);
	for (unsigned long long n = 0; sent < FLOOD; n++)
		sent += printf("# flood %llu %0200d\n", n, 0);
	ktap_result(0, "a result after the flood");
	return ktap_end();
}
