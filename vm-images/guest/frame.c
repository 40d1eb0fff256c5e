// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends frames and receives request lines over one raw serial port, or, built with
 * AGENT_ON_STDIO, over the standard streams of a session of sshd.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "agent.h"

static int port = -1;
#ifdef AGENT_ON_STDIO
static int out_port = -1;
#else
#define out_port port
#endif
static char frames_key[32] = "-";
static char inbox[4096];
static size_t inbox_len;

#ifdef AGENT_ON_STDIO
void frame_open(void)
{
	/* The case gets standard streams of its own. */
	port = fcntl(0, F_DUPFD_CLOEXEC, 3);
	out_port = fcntl(1, F_DUPFD_CLOEXEC, 3);
	fcntl(port, F_SETFL, O_NONBLOCK);
}
#else
void frame_open(void)
{
	struct termios tio;

	port = open(AGENT_PORT, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (port < 0)
		return;
	tcgetattr(port, &tio);
	cfmakeraw(&tio);
	cfsetspeed(&tio, B115200);
	tio.c_cflag |= CLOCAL;
	tcsetattr(port, TCSANOW, &tio);
}
#endif

int frame_fd(void)
{
	return port;
}

void frame_key(const char *key)
{
	snprintf(frames_key, sizeof(frames_key), "%s", key);
}

static void write_all(const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(out_port, data, len);

		if (n > 0) {
			data += n;
			len -= n;
		} else if (n < 0 && errno == EAGAIN) {
			struct pollfd pfd = { .fd = out_port, .events = POLLOUT };

			poll(&pfd, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			return;
		}
	}
}

void frame_send(const char *type, const void *data, size_t len)
{
	char head[96];
	int n = snprintf(head, sizeof(head), "KW %s %s %zu\n", frames_key, type, len);

	write_all(head, n);
	write_all(data, len);
	write_all("\n", 1);
}

#ifdef AGENT_ON_STDIO
/* What was written lies in buffers of this guest until the other side says that it has it. */
void frame_drain(void)
{
	char *line;

	frame_send("sync", "", 0);
	do {
		struct pollfd pfd = { .fd = port, .events = POLLIN };

		poll(&pfd, 1, -1);
		line = frame_line();
		if (line)
			serve_ping(line);
	} while (!line || strcmp(line, "synced"));
}
#else
void frame_drain(void)
{
	tcdrain(port);
}
#endif

void frame_sendf(const char *type, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	frame_send(type, text, n);
}

char *frame_line(void)
{
	static char line[sizeof(inbox)];
	char *end;
	ssize_t n;

	n = read(port, inbox + inbox_len, sizeof(inbox) - inbox_len);
	if (n > 0)
		inbox_len += n;
#ifdef AGENT_ON_STDIO
	/* The session has ended. */
	else if (!n)
		exit(0);
#endif
	end = memchr(inbox, '\n', inbox_len);
	if (!end) {
		/* A line that fills the inbox is not a request: drop it. */
		if (inbox_len == sizeof(inbox))
			inbox_len = 0;
		return NULL;
	}
	n = end - inbox;
	memcpy(line, inbox, n);
	line[n] = '\0';
	inbox_len -= n + 1;
	memmove(inbox, end + 1, inbox_len);
	return line;
}
