/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the userfaultfd interface that reproducers use, for system headers that
 * lack it. Numbers from the uapi header of 7.3.
 */
#ifndef KWITNESS_LAPI_USERFAULTFD_H
#define KWITNESS_LAPI_USERFAULTFD_H

#include <linux/userfaultfd.h>

#ifndef UFFD_FEATURE_MINOR_SHMEM	/* since 5.14 */
#define UFFD_FEATURE_MINOR_SHMEM	(1 << 10)
#endif

#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM	/* since 5.19 */
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM	(1 << 12)
#endif

#ifndef UFFD_FEATURE_WP_UNPOPULATED	/* since 6.4 */
#define UFFD_FEATURE_WP_UNPOPULATED	(1 << 13)
#endif

#ifndef UFFDIO_CONTINUE			/* since 5.13 */
#define UFFDIO_REGISTER_MODE_MINOR	((__u64)1 << 2)
#define UFFD_PAGEFAULT_FLAG_MINOR	(1 << 2)
struct uffdio_continue {
	struct uffdio_range range;
	__u64 mode;
	__s64 mapped;
};
#define UFFDIO_CONTINUE			_IOWR(UFFDIO, 0x07, struct uffdio_continue)
#endif

#ifndef UFFDIO_POISON			/* since 6.6 */
#define UFFD_FEATURE_POISON		(1 << 14)
struct uffdio_poison {
	struct uffdio_range range;
	__u64 mode;
	__s64 updated;
};
#define UFFDIO_POISON			_IOWR(UFFDIO, 0x08, struct uffdio_poison)
#endif

#ifndef UFFD_FEATURE_WP_ASYNC		/* since 6.7 */
#define UFFD_FEATURE_WP_ASYNC		(1 << 15)
#endif

#ifndef UFFDIO_MOVE			/* since 6.8 */
#define UFFD_FEATURE_MOVE		(1 << 16)
struct uffdio_move {
	__u64 dst;
	__u64 src;
	__u64 len;
	__u64 mode;
	__s64 move;
};
#define UFFDIO_MOVE			_IOWR(UFFDIO, 0x05, struct uffdio_move)
#endif

#ifndef UFFDIO_RWPROTECT		/* since 7.3 */
#define UFFD_FEATURE_RWP		(1 << 17)
#define UFFDIO_REGISTER_MODE_RWP	((__u64)1 << 3)
#define UFFDIO_RWPROTECT_MODE_RWP	((__u64)1 << 0)
struct uffdio_rwprotect {
	struct uffdio_range range;
	__u64 mode;
};
#define UFFDIO_RWPROTECT		_IOWR(UFFDIO, 0x09, struct uffdio_rwprotect)
#endif

#endif
