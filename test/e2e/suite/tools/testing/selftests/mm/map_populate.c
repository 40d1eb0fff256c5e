// SPDX-License-Identifier: GPL-2.0-only
/* Says by its exit status that it cannot be asked. */
int main(void)
{
	return 4;
}
