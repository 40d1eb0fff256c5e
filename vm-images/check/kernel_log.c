// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel logs while a case runs. Messages of user space are left out. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define MARK	"kwitness: "

static int fd = -1;
static unsigned long long next_record;

const char *kernel_log_open(void)
{
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		return strerror(errno);
	return NULL;
}

/* A record is "PRIORITY,NUMBER,MICROSECONDS,FLAGS...;TEXT\n KEY=VALUE\n". */
static void print_record(char *record)
{
	unsigned long long number, micro;
	char *text = strchr(record, ';');
	unsigned int priority;

	if (!text || sscanf(record, "%u,%llu,%llu", &priority, &number, &micro) != 3)
		return;
	text++;
	text[strcspn(text, "\n")] = 0;
	if (next_record && number > next_record)
		output_line("# kernel: ** %llu printk messages dropped **", number - next_record);
	next_record = number + 1;
	if (priority >> 3 && strncmp(text, MARK, strlen(MARK)))
		return;
	output_line("# kernel: [%5llu.%06llu] %s", micro / 1000000, micro % 1000000, text);
}

void kernel_log_print(void)
{
	char record[8192];

	while (fd >= 0) {
		ssize_t len = read(fd, record, sizeof(record) - 1);

		if (len < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (len <= 0)
			return;
		record[len] = 0;
		print_record(record);
	}
}
