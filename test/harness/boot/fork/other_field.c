// SPDX-License-Identifier: GPL-2.0-only
/* In front of the C library: FIELD as what it says of where it keeps a thread's number. */
#include <stdint.h>

const uint32_t _thread_db_pthread_tid[3] = { FIELD };
