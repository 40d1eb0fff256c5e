// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints text that could be mistaken for something else: a panic, HTML, terminal escapes
 * and characters that reverse a line, in diagnostics and in names. Its results are "ok".
 */
#include "core/ktap.h"

int main(void)
{
	ktap_start(3);
	printf("Kernel panic - not syncing: printed by a case\n");
	printf("[    0.000000] Linux version 9.9.9 (printed by a case)\n");
	ktap_diag("BUG: KASAN: use-after-free in printed_by_a_case");
	ktap_diag("<script>alert(1)</script> <img src=x onerror=alert(2)> &lt; \" ' `");
	ktap_result(0, "<script>alert(1)</script>");
	ktap_diag("\033[31mred\033[0m \033]0;title\007 \033[2J\033[H bell\a back\b\b\b");
	ktap_diag("carriage\rreturn");
	ktap_result(0, "\033[31mred\033[0m and back\b");
	ktap_diag("\xe2\x80\xae written backwards \xe2\x80\xac and \xe2\x80\x8b of no width");
	ktap_result(0, "a name \xe2\x80\xae written backwards");
	return ktap_end();
}
