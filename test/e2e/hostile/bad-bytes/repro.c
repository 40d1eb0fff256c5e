// SPDX-License-Identifier: GPL-2.0-only
/* Prints bytes that are not valid UTF-8, in a diagnostic and in a name. */
#include "core/ktap.h"

int main(void)
{
	ktap_start(2);
	ktap_diag("cut \xf0\x9f\x92, half \xc3(, surrogate \xed\xa0\x80, never \xff\xfe");
	ktap_result(0, "before the damage");
	ktap_result(0, "a \xff\xfe name of \xc3( bytes");
	return ktap_end();
}
