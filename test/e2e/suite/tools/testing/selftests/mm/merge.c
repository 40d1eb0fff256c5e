// SPDX-License-Identifier: GPL-2.0-only
/* KTAP inside KTAP. */
#include <stdio.h>

int main(void)
{
	printf("KTAP version 1\n1..2\n");
	printf("  KTAP version 1\n  1..2\n  ok 1 left\n  ok 2 right\nok 1 sides\n");
	printf("ok 2 whole\n");
	return 0;
}
