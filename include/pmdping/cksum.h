/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071, 1624). Ones-complement addition does not care about
 * byte order or word size, so bytes are added in native 64-bit words with the carries
 * kept. Two ways in: pp_cksum_* in network order for whoever writes or checks a field,
 * and pp_sum_* in the machine's own order for the hot path, which folds once.
 */
#ifndef PMDPING_CKSUM_H
#define PMDPING_CKSUM_H

#include <pmdping/base.h>

/* ---- native loads and stores, at any alignment ----------------------------- */

static inline uint16_t pp_load16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t pp_load32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t pp_load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void pp_store16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void pp_store32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void pp_store64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* ---- sums in native order ---------------------------------------------------- */

/* From this length on a call of the vectorised sum pays. */
#define PP_SUM_LONG 128

/* End-around carry: what leaves at the top comes in at the bottom. */
static inline uint64_t pp_sum_add(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* To 16 bits: 0 only where all that was added is zero. */
static inline uint16_t pp_sum_fold(uint64_t sum)
{
	sum += sum << 32 | sum >> 32;
	uint32_t half = (uint32_t)(sum >> 32);
	half += half << 16 | half >> 16;
	return (uint16_t)(half >> 16);
}

/* Whether data that contains its checksum is as it was: a fold to ffff. Of those the sum
 * is a multiple, and that is seen by one multiplication. */
static inline bool pp_sum_good(uint64_t sum)
{
	return sum != 0 && sum % 0xffff == 0;
}

/* Any length; an odd last byte counts as if a zero followed it. The widest code that
 * this CPU has, chosen at the first call. */
uint64_t pp_sum_long(const uint8_t *data, size_t len);

/* The last bytes, fewer than 8. */
static inline uint64_t pp_sum_tail(uint64_t sum, const uint8_t *p, size_t len)
{
	if (len & 4) {
		sum = pp_sum_add(sum, pp_load32(p));
		p += 4;
	}
	if (len & 2) {
		sum = pp_sum_add(sum, pp_load16(p));
		p += 2;
	}
	if (len & 1) {
		const uint8_t padded[2] = {p[0], 0};
		sum = pp_sum_add(sum, pp_load16(padded));
	}
	return sum;
}

/* The last `n` < 8 of a word's bytes, where the first ones would be. */
static inline uint64_t pp_sum_last(uint64_t word, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return word >> (7 - n) * 8 >> 8;
#else
	return word << (7 - n) * 8 << 8;
#endif
}

/* The sum so far, and the bytes of data: `sum` covers an even number of bytes. */
static inline uint64_t pp_sum(uint64_t sum, const uint8_t *data, size_t len)
{
	if (len >= PP_SUM_LONG)
		return pp_sum_add(sum, pp_sum_long(data, len));
	if (len < 8)
		return pp_sum_tail(sum, data, len);
	const uint8_t *end = data + len;
	for (; len >= 32; data += 32, len -= 32) {
		sum = pp_sum_add(sum, pp_load64(data));
		sum = pp_sum_add(sum, pp_load64(data + 8));
		sum = pp_sum_add(sum, pp_load64(data + 16));
		sum = pp_sum_add(sum, pp_load64(data + 24));
	}
	if (len & 16) {
		sum = pp_sum_add(sum, pp_load64(data));
		sum = pp_sum_add(sum, pp_load64(data + 8));
		data += 16;
	}
	if (len & 8)
		sum = pp_sum_add(sum, pp_load64(data));
	/* The last 8 bytes without those that are in already. */
	return pp_sum_add(sum, pp_sum_last(pp_load64(end - 8), len & 7));
}

/* ---- checksums in network order ------------------------------------------------ */

/* Adds the 16-bit words of data to sum, an odd last byte padded with zero on
 * the right. Words are taken in network order. May be chained on even lengths. */
uint32_t pp_cksum_add(uint32_t sum, const uint8_t *data, size_t len);
/* The field's value: folded and complemented. */
uint16_t pp_cksum_finish(uint32_t sum);
/* Sum of the pseudo-header of IPv6 (RFC 8200 8.1). */
uint32_t pp_cksum_pseudo6(const uint8_t src[16], const uint8_t dst[16], uint32_t len, uint8_t next);

/* The new checksum when one covered 16-bit word changes: ~(~HC + ~m + m'),
 * RFC 1624 equation 3, which is right where RFC 1141 gives the wrong zero. */
static inline uint16_t pp_cksum_update16(uint16_t check, uint16_t from, uint16_t to)
{
	uint32_t sum = (uint32_t)(uint16_t)~check + (uint16_t)~from + to;
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

#endif
