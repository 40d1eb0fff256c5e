// SPDX-License-Identifier: GPL-2.0-only
/* Sees its bug everywhere. */
#include "core/ktap.h"

int main(void)
{
	ktap_start(1);
	ktap_diag("seed %s", getenv("KWITNESS_SEED"));
	ktap_result(1, "the bug is here");
	return ktap_end();
}
