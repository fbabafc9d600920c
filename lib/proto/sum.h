/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ways to add up long data, for pp_sum_long to choose from and for tests to compare.
 * Private to lib/proto.
 */
#ifndef PP_PROTO_SUM_H
#define PP_PROTO_SUM_H

#include <pmdping/cksum.h>

/* At most so many bytes in one call: 2^15 words of at most 2^15. */
#define PP_SUM_BLOCK ((size_t)1 << 16)

typedef uint64_t (*pp_sum_fn)(const uint8_t *data, size_t len);
struct pp_sum_variant {
	const char *name;
	bool (*supported)(void);
	pp_sum_fn sum;
};
/* Best first; the last one with a name works everywhere. */
extern const struct pp_sum_variant pp_sum_variants[];

#endif
