// SPDX-License-Identifier: GPL-2.0-only
/* A program of more than 4 MiB: a page of it that did not arrive, or arrived elsewhere, is seen. */
#include "core/ktap.h"

#define PAGES 1024
#define PAGE 4096

/* Each word of a page is its number. The assembler repeats it; an initializer takes long. */
__asm__(".section .rodata\n"
	".balign 4096\n"
	"content:\n"
	".set number, 0\n"
	".rept 1024\n"
	".fill 1024, 4, number\n"
	".set number, number + 1\n"
	".endr\n"
	".previous\n");

extern const unsigned int content[PAGES * (PAGE / sizeof(int))];

int main(void)
{
	size_t i, wrong = 0, words = sizeof(content) / sizeof(content[0]);

	ktap_start(1);
	for (i = 0; i < words; i++)
		wrong += content[i] != i / (PAGE / sizeof(int));
	ktap_diag("%zu words, %zu of them wrong", words, wrong);
	ktap_result(wrong != 0, "the program is what was sent");
	return ktap_end();
}
