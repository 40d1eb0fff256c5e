/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest agent: PID 1 of every guest. It mounts what a case may want, says
 * hello on its own serial port and then serves requests, one line each:
 *
 *	ping N
 *	run KEY TIMEOUT_MS CLOCK_NS SEED
 *
 * It answers in frames: a header line "KW <key> <type> <bytes>\n", that many
 * bytes, and a newline. A case's output goes through a pipe and is framed here,
 * so whatever a case prints cannot be taken for the agent's own word; and a case
 * that writes to the port itself does not know the key ("-" until one is given).
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

/* frame.c: the wire */
void frame_open(void);
int frame_fd(void);
/* The key of every frame from now on. */
void frame_key(const char *key);
void frame_send(const char *type, const void *data, size_t len);
/* Wait until all that was sent is on the wire. */
void frame_drain(void);
void frame_sendf(const char *type, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* One whole request line without its newline, or NULL when none is there yet. */
char *frame_line(void);

/* fwcfg.c: the payload QEMU hands in */

/* Lock the pages it comes through, while there is time. */
void fwcfg_prepare(void);
/* Read this item from its beginning. 0 or -errno; fwcfg_close() gives the ports back. */
int fwcfg_open(const char *name);
void fwcfg_close(void);
/*
 * Its next `len` bytes, at most FWCFG_MOST, good until the next call; NULL when QEMU refuses.
 * Behind the end of the item there are zeroes.
 */
const void *fwcfg_next(size_t len);
#define FWCFG_MOST	(16 * 4096UL)

/* cpio.c: unpack a newc archive below the current folder, piece by piece. 0 or -errno. */
#define CPIO_MOST	FWCFG_MOST
/* Gives the next `len` bytes of an archive, at most CPIO_MOST, or NULL when there are none. */
typedef const void *cpio_source(size_t len);
int cpio_unpack(cpio_source *next);

/* system.c: mounts, clock, random numbers, modules, the kernel log */
void system_mount(void);
/* Open what every request needs, while there is time. */
void system_prepare(void);
void system_clock(long long ns);
void system_reseed(const char *seed);
void system_load_modules(const char *dir);
void system_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
long long system_taint(void);

/* run.c: one case from exec to its last word */
void run_case(const struct request *req);
/* Answer what came on the port while a case runs. */
void serve_ping(const char *line);

#endif
