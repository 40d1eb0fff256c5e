// SPDX-License-Identifier: GPL-2.0-only
/* Standard output of the guard. A reader that stops reading holds nothing up for ever. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

/* A pipe with room takes this much without blocking. */
#define CHUNK	512

static int front = -1, peer = -1, gone;

void output_lifelines(int to_front, int to_peer)
{
	front = to_front;
	peer = to_peer;
	signal(SIGPIPE, SIG_IGN);
}

int output_front(void)
{
	return front;
}

int output_peer(void)
{
	return peer;
}

/* Nobody writes to these: what makes them readable is their end. */
static int is_gone(short events)
{
	return events & (POLLIN | POLLHUP | POLLERR | POLLNVAL);
}

int output_alive(void)
{
	struct pollfd fds[] = {
		{ .fd = front, .events = POLLIN },
		{ .fd = peer, .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};

	if (!gone && poll(fds, 3, 0) > 0)
		gone = is_gone(fds[0].revents) || is_gone(fds[1].revents) ||
		       is_gone(fds[2].revents);
	return !gone;
}

void output_raw(const char *data, size_t len)
{
	while (len && !gone) {
		struct pollfd fds[] = {
			{ .fd = STDOUT_FILENO, .events = POLLOUT },
			{ .fd = front, .events = POLLIN },
			{ .fd = peer, .events = POLLIN },
		};
		ssize_t n;

		if (poll(fds, 3, -1) < 0)
			continue;
		if (is_gone(fds[1].revents) || is_gone(fds[2].revents)) {
			gone = 1;
			return;
		}
		n = write(STDOUT_FILENO, data, len < CHUNK ? len : CHUNK);
		if (n > 0) {
			data += n;
			len -= n;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			gone = 1;
		}
	}
}

void output_line(const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	if (len > (int)sizeof(text) - 2)
		len = sizeof(text) - 2;
	for (int n = 0; n < len; n++)
		if (text[n] == '\n' || text[n] == '\r')
			text[n] = ' ';
	text[len] = '\n';
	output_raw(text, len + 1);
}
