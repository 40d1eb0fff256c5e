// SPDX-License-Identifier: GPL-2.0-only
/* Passes by its exit status alone. */
int main(void)
{
	return 0;
}
