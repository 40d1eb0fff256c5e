// SPDX-License-Identifier: GPL-2.0-only
/* Dies after its first result. */
#include <signal.h>
#include <stdio.h>

int main(void)
{
	printf("TAP version 13\n1..2\nok 1 before\n");
	raise(SIGSEGV);
	printf("ok 2 after\n");
	return 0;
}
