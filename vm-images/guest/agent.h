/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest agent: PID 1 of every guest. It mounts the file systems that a case may need,
 * sends hello on its own serial port and then serves requests, one line each:
 *
 *	ping N
 *	run KEY TIMEOUT_MS CLOCK_NS SEED
 *
 * It answers in frames: a header line "KW <key> <type> <bytes>\n", that many bytes, and a
 * newline. The output of a case goes through a pipe and is framed here, so a case cannot
 * forge a frame by printing; a case that writes to the port does not know the key ("-"
 * until a request sets one).
 */
#ifndef KWITNESS_AGENT_H
#define KWITNESS_AGENT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define AGENT_PROTOCOL	1
#define AGENT_PORT	"/dev/ttyS1"
#define CASE_DIR	"/case"

struct request {
	char key[32];
	long timeout_ms;
	long long clock_ns;
	char seed[32];
};

/* frame.c: the serial port */
void frame_open(void);
int frame_fd(void);
/* Set the key of all further frames. */
void frame_key(const char *key);
void frame_send(const char *type, const void *data, size_t len);
/* Wait until everything was transmitted. */
void frame_drain(void);
void frame_sendf(const char *type, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The next complete request line without its newline, or NULL if there is none yet. */
char *frame_line(void);

/* payload.c: what an attempt runs, in memory that QEMU maps from a file */
#define PAYLOAD_SIZE	(64UL << 20)
/* Map it, before the snapshot is taken; `address` is hexadecimal, or the path of a file. */
void payload_prepare(const char *address);
/* Start at its first byte. 0, or -errno of the mapping. */
int payload_open(void);
/* The next `len` bytes, or NULL beyond its end. Beyond the file they are zero. */
const void *payload_next(size_t len);

/* cpio.c: unpack a newc archive into the current folder, piece by piece. 0 or -errno. */
#define CPIO_MAX	(1UL << 20)
/* Returns the next `len` bytes of an archive, at most CPIO_MAX, or NULL if there are none. */
typedef const void *cpio_source(size_t len);
int cpio_unpack(cpio_source *next);

/* system.c: mounts, clock, random numbers, modules, the kernel log */
void system_mount(void);
/* Open the files that every request needs, before the snapshot is taken. */
void system_prepare(void);
void system_clock(long long ns);
void system_reseed(const char *seed);
void system_load_modules(const char *dir);
/* Load the modules that a file names, one a line, from the guest's own disk; none without it. */
void system_modprobe(const char *file);
void system_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
long long system_taint(void);

/* run.c: one case, from unpacking to its end frame */
void run_case(const struct request *req);
/* Answer a ping; the only request that is served while a case runs. */
void serve_ping(const char *line);

#endif
