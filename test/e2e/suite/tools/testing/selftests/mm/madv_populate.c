// SPDX-License-Identifier: GPL-2.0-only
/* Does not link: the function does not exist. */
int not_there(void);

int main(void)
{
	return not_there();
}
