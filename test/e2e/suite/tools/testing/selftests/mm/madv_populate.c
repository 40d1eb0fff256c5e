// SPDX-License-Identifier: GPL-2.0-only
/* Does not build: there is no such function. */
int not_there(void);

int main(void)
{
	return not_there();
}
