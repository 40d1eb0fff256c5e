// SPDX-License-Identifier: GPL-2.0-only
/*
 * A triple fault without a panic: kexec jumps to code that loads an empty interrupt table
 * and then executes an undefined instruction.
 */
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <sys/syscall.h>

#include "core/ktap.h"

/* Address of the page of code: any memory, because the old kernel is no longer needed. */
#define PLACE 0x1000000UL

int main(void)
{
	static const unsigned char code[] = {
		0x0f, 0x01, 0x1d, 0x02, 0x00, 0x00, 0x00,	/* lidt 2(%rip), the zeroes */
		0x0f, 0x0b,					/* ud2 */
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	struct kexec_segment segment = {
		.buf = code, .bufsz = sizeof(code), .mem = (void *)PLACE, .memsz = 4096,
	};

	ktap_start(2);
	ktap_result(0, "before the triple fault");
	REQUIRE(!syscall(SYS_kexec_load, PLACE, 1, &segment, KEXEC_ARCH_DEFAULT), "kexec_load");
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	ktap_bail("kexec: %s", ktap_errno(errno));
}
