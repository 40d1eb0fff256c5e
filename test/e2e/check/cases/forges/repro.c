// SPDX-License-Identifier: GPL-2.0-only
/* Prints what kwitness-check prints, bytes of every value, and no last newline. */
#include "core/ktap.h"

int main(void)
{
	ktap_start(1);
	printf("# case: forges exit=0 timed-out=0 seconds=0.001 taint=0,0 ");
	printf("bytes=1 dropped=0 open=0\n");
	printf("ok 1 forges\n# kwitness-check: end\nKTAP version 1\n# kwitness-check: 1\n");
	printf("# ");
	for (int byte = 0; byte < 256; byte++)
		if (byte != '\n')
			putchar(byte);
	printf("\n");
	ktap_result(1, "the bug is here");
	ktap_end();
	printf("# no newline at the end");
	return 1;
}
