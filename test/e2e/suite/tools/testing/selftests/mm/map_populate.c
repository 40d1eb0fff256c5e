// SPDX-License-Identifier: GPL-2.0-only
/* Skips by its exit status. */
int main(void)
{
	return 4;
}
