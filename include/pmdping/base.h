/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Base: time as types, parsing of units, seeded random numbers, a bounded
 * byte cursor. Needs libc only. Nothing here reads a clock or allocates.
 */
#ifndef PMDPING_BASE_H
#define PMDPING_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PP_ARRAY_LEN(a)	      (sizeof(a) / sizeof((a)[0]))
#define PP_CACHE_LINE	      64
#define PP_CACHE_ALIGNED      __attribute__((aligned(PP_CACHE_LINE)))
#define PP_INLINE	      static inline __attribute__((always_inline)) /* of a loop's body */
#define PP_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* Two numbers compared where one is a constant: never evaluates twice. */
static inline uint64_t pp_min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- time ---------------------------------------------------------------
 * Three clocks, three types. Only lib/dp/clock converts between them. */

/* Nanoseconds: a duration, or a point on the engine's monotonic time line. */
typedef struct {
	int64_t v;
} pp_ns;

/* Cycles of the CPU's time-stamp counter. */
typedef struct {
	uint64_t v;
} pp_tsc;

/* A port's own clock, in the unit that port counts in. */
typedef struct {
	uint64_t v;
} pp_nictime;

#define PP_NS(x)    ((pp_ns){.v = (int64_t)(x)})
#define PP_US(x)    PP_NS((int64_t)(x)*1000)
#define PP_MS(x)    PP_NS((int64_t)(x)*1000000)
#define PP_SEC(x)   PP_NS((int64_t)(x)*1000000000)
#define PP_NS_NEVER PP_NS(INT64_MAX)

static inline pp_ns pp_ns_add(pp_ns a, pp_ns b)
{
	return PP_NS(a.v + b.v);
}

static inline pp_ns pp_ns_sub(pp_ns a, pp_ns b)
{
	return PP_NS(a.v - b.v);
}

static inline bool pp_ns_before(pp_ns a, pp_ns b)
{
	return a.v < b.v;
}

static inline pp_ns pp_ns_min(pp_ns a, pp_ns b)
{
	return a.v < b.v ? a : b;
}

/* An event happened no earlier than `from` and no later than `to`. */
struct pp_span {
	pp_ns from;
	pp_ns to;
};

/* ---- units --------------------------------------------------------------
 * All parsers take a NUL-terminated word, accept the whole word or nothing,
 * and return 0, -EINVAL (not of the form) or -ERANGE (outside [min, max], or
 * of int64_t). Outputs are untouched on failure. */

/* Decimal or 0x-prefixed integer; no sign but a leading '-', no exponent. */
int pp_parse_int(const char *word, int64_t min, int64_t max, int64_t *ret_value);

/* "200ns" "1.5us" "20ms" "1s" "2min"; a bare number means seconds when
 * bare_seconds, else -EINVAL. Decimal point only, never negative. */
int pp_parse_time(const char *word, bool bare_seconds, pp_ns *ret_time);

/* A packet rate or a bit rate, as a user gives it. */
enum pp_rate_unit { PP_RATE_PPS, PP_RATE_BPS, PP_RATE_BPSL1, PP_RATE_PERCENT };
struct pp_rate {
	double value; /* > 0, in packets/s, bits/s, or percent */
	enum pp_rate_unit unit;
};
/* "1000pps" "1kpps" "1.5Mpps" "100Mbps" "1Gbpsl1" "50%"; case is ignored, k/M/G
 * are powers of 1000. A bare number is -EINVAL. */
int pp_parse_rate(const char *word, struct pp_rate *ret_rate);

/* What a frame takes on the line beyond its own bytes: preamble, delimiter, gap. */
#define PP_L1_BYTES 20
/* What one packet a second is in a unit: `frame` is the mean frame with its FCS, in bytes,
 * link_bps the line's bits a second, 0 when unknown. 0: percent of an unknown link. */
double pp_rate_each(enum pp_rate_unit unit, double frame, double link_bps);
/* "14.881Mpps": six digits, as pp_parse_rate takes it; returns buf. */
#define PP_RATE_TEXT 32
const char *pp_rate_text(struct pp_rate rate, char buf[PP_RATE_TEXT]);

/* Hexadecimal digits, 1 to max bytes ("dead" is two bytes, an odd digit at the
 * end stands alone as ping has it). Returns the count or -EINVAL/-ERANGE. */
int pp_parse_hex(const char *word, uint8_t *ret_bytes, size_t max);

/* ---- random -------------------------------------------------------------
 * xoshiro256** with splitmix64 seeding: fast and repeatable, for schedules,
 * simulations and identifiers in tests. Secrets (session tokens) come from
 * getrandom(2), not from here. */
struct pp_prng {
	uint64_t s[4];
};
void pp_prng_seed(struct pp_prng *rng, uint64_t seed);
uint64_t pp_prng_next(struct pp_prng *rng);
/* Uniform in [0, bound), without modulo bias; bound > 0. */
uint64_t pp_prng_below(struct pp_prng *rng, uint64_t bound);
/* Uniform in [0, 1). */
double pp_prng_unit(struct pp_prng *rng);

/* ---- bounded cursor -----------------------------------------------------
 * Reads a byte string front to back. Taking more than is left sets `fail`,
 * yields NULL or 0 for this and every later call, and never reads outside. */
struct pp_cur {
	const uint8_t *at;
	size_t left;
	bool fail;
};

static inline struct pp_cur pp_cur(const uint8_t *data, size_t len)
{
	return (struct pp_cur){.at = data, .left = len};
}

/* n bytes and past them; NULL when fewer are left. */
static inline const uint8_t *pp_cur_take(struct pp_cur *c, size_t n)
{
	if (c->fail || n > c->left) {
		c->fail = true;
		return NULL;
	}
	const uint8_t *at = c->at;
	c->at += n;
	c->left -= n;
	return at;
}

static inline uint8_t pp_get_u8(const uint8_t *p)
{
	return p[0];
}

/* Network order loads and stores, at any alignment. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PP_BE16(v) __builtin_bswap16(v)
#define PP_BE32(v) __builtin_bswap32(v)
#define PP_BE64(v) __builtin_bswap64(v)
#else
#define PP_BE16(v) (v)
#define PP_BE32(v) (v)
#define PP_BE64(v) (v)
#endif

static inline uint16_t pp_get_be16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return PP_BE16(v);
}

static inline uint32_t pp_get_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return PP_BE32(v);
}

static inline uint64_t pp_get_be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return PP_BE64(v);
}

static inline void pp_put_be16(uint8_t *p, uint16_t v)
{
	v = PP_BE16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void pp_put_be32(uint8_t *p, uint32_t v)
{
	v = PP_BE32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void pp_put_be64(uint8_t *p, uint64_t v)
{
	v = PP_BE64(v);
	memcpy(p, &v, sizeof(v));
}

#endif
