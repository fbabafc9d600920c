/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums of long data for the Internet checksum, in the widest registers that the CPU
 * has: 512 bits with VNNI, 256, or what every CPU of its kind has. The choice is made
 * at the first call, and is the same whoever makes it.
 *
 * The vector code adds signed 16-bit products with 1, pairs of them into 32 bits; words
 * are unsigned, so each is taken as itself less 0x8000, and what that took away is given
 * back at the end. A block is so short that the sum of all fits 32 bits.
 */
#include "sum.h"

#include <stdatomic.h>

/* Four chains: an addition waits for the carry of the one before it. */
static uint64_t sum_words(const uint8_t *data, size_t len)
{
	uint64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;

	for (; len >= 32; data += 32, len -= 32) {
		s0 = pp_sum_add(s0, pp_load64(data));
		s1 = pp_sum_add(s1, pp_load64(data + 8));
		s2 = pp_sum_add(s2, pp_load64(data + 16));
		s3 = pp_sum_add(s3, pp_load64(data + 24));
	}
	for (; len >= 8; data += 8, len -= 8)
		s0 = pp_sum_add(s0, pp_load64(data));
	s0 = pp_sum_add(pp_sum_add(s0, s1), pp_sum_add(s2, s3));
	return pp_sum_tail(s0, data, len);
}

#if defined(__x86_64__)
#include <immintrin.h>

#define WORD_OFFSET 0x8000 /* what each 16-bit word is short of, taken as signed */

__attribute__((target("avx2"))) static int32_t add_lanes(__m256i lanes)
{
	__m128i x =
		_mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));

	x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4e));
	x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xb1));
	return _mm_cvtsi128_si32(x);
}

__attribute__((target("avx2"))) static uint64_t sum_avx2(const uint8_t *data, size_t len)
{
	const __m256i flip = _mm256_set1_epi16(INT16_MIN), one = _mm256_set1_epi16(1);
	const __m256i_u *v = (const __m256i_u *)data, *end = v + len / 64 * 2;
	__m256i a = _mm256_setzero_si256(), b = a;

	for (; v < end; v += 2) {
		__m256i x = _mm256_xor_si256(_mm256_loadu_si256(v), flip);
		__m256i y = _mm256_xor_si256(_mm256_loadu_si256(v + 1), flip);
		a = _mm256_add_epi32(a, _mm256_madd_epi16(x, one));
		b = _mm256_add_epi32(b, _mm256_madd_epi16(y, one));
	}
	int64_t sum = add_lanes(_mm256_add_epi32(a, b)) + (int64_t)(len / 64 * 32) * WORD_OFFSET;
	return pp_sum_add((uint64_t)sum, sum_words(data + len / 64 * 64, len % 64));
}

/* The lowest n bits, n <= 64. */
static uint64_t low_bits(size_t n)
{
	return n ? ~UINT64_C(0) >> (64 - n) : 0;
}

/* What is not there to be loaded is zero, and has its offset given back too. */
__attribute__((target("avx512bw,avx512vnni"))) static uint64_t sum_avx512(const uint8_t *data,
									  size_t len)
{
	const __m512i flip = _mm512_set1_epi16(INT16_MIN), one = _mm512_set1_epi16(1);
	__m512i a = _mm512_setzero_si512(), b = a;
	int64_t words = (int64_t)(len / 128 + 1) * 64;

	for (; len >= 128; data += 128, len -= 128) {
		__m512i x = _mm512_loadu_si512(data), y = _mm512_loadu_si512(data + 64);
		a = _mm512_dpwssd_epi32(a, _mm512_xor_si512(x, flip), one);
		b = _mm512_dpwssd_epi32(b, _mm512_xor_si512(y, flip), one);
	}
	size_t half = len < 64 ? len : 64;
	__m512i x = _mm512_maskz_loadu_epi8(low_bits(half), data);
	__m512i y = _mm512_maskz_loadu_epi8(low_bits(len - half), data + half);
	a = _mm512_dpwssd_epi32(a, _mm512_xor_si512(x, flip), one);
	b = _mm512_dpwssd_epi32(b, _mm512_xor_si512(y, flip), one);
	a = _mm512_add_epi32(a, b);
	int32_t sum = add_lanes(
		_mm256_add_epi32(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1)));
	return (uint64_t)(sum + words * WORD_OFFSET);
}
#endif

/* ---- which of them ---------------------------------------------------------------- */

static bool always(void)
{
	return true;
}

#if defined(__x86_64__)
static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

/* Those that have VNNI do not slow down for 512-bit integers. */
static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni");
}
#endif

const struct pp_sum_variant pp_sum_variants[] = {
#if defined(__x86_64__)
	{"avx512", has_avx512, sum_avx512},
	{"avx2", has_avx2, sum_avx2},
#endif
	{"words", always, sum_words},
	{NULL, NULL, NULL},
};

static uint64_t choose(const uint8_t *data, size_t len);
static pp_sum_fn _Atomic chosen = choose;

static uint64_t choose(const uint8_t *data, size_t len)
{
	const struct pp_sum_variant *v = pp_sum_variants;

	while (!v->supported())
		v++;
	atomic_store_explicit(&chosen, v->sum, memory_order_relaxed);
	return v->sum(data, len);
}

uint64_t pp_sum_long(const uint8_t *data, size_t len)
{
	pp_sum_fn sum = atomic_load_explicit(&chosen, memory_order_relaxed);
	uint64_t total = 0;

	for (; len > PP_SUM_BLOCK; data += PP_SUM_BLOCK, len -= PP_SUM_BLOCK)
		total = pp_sum_add(total, sum(data, PP_SUM_BLOCK));
	return pp_sum_add(total, sum(data, len));
}
