/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum against a reference that adds one word after the other,
 * and the incremental update against the full one.
 */
#include "runner.h"
#include "frames.h"
#include "../../lib/proto/sum.h"

/* Ones-complement values: 0000 and ffff are the same number. */
static bool same_value(uint16_t a, uint16_t b)
{
	return a == b || (a % 0xffff == 0 && b % 0xffff == 0);
}

static uint16_t cksum(const uint8_t *p, size_t len)
{
	return pp_cksum_finish(pp_cksum_add(0, p, len));
}

static void fill_random(struct pp_prng *rng, uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)pp_prng_next(rng);
}

static void rfc1071_example(void)
{
	static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	static const uint8_t swapped[] = {0x01, 0x00, 0x03, 0xf2, 0xf5, 0xf4, 0xf7, 0xf6};

	CU_ASSERT_EQUAL(cksum(data, sizeof(data)), 0x220d);
	CU_ASSERT_EQUAL((uint16_t)~cksum(data, sizeof(data)), 0xddf2);
	CU_ASSERT_EQUAL((uint16_t)~cksum(swapped, sizeof(swapped)), 0xf2dd);
	CU_ASSERT_EQUAL(pp_cksum_finish(pp_cksum_add(pp_cksum_add(0, data, 4), data + 4, 4)),
			0x220d);
	CU_ASSERT_EQUAL(cksum(data, 7), naive_cksum(0, data, 7));
	CU_ASSERT_EQUAL((uint16_t)~cksum(data, 7), 0xdcfb);
	CU_ASSERT_EQUAL(cksum(NULL, 0), 0xffff);
}

static void any_length_any_alignment(void)
{
	struct pp_prng rng;
	unsigned int wrong = 0;

	pp_prng_seed(&rng, pp_test_seed());
	for (size_t len = 0; len <= 2048; len++) {
		size_t shift = len % 16;
		uint8_t *buf = malloc(shift + len);
		CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
		fill_random(&rng, buf, shift + len);
		for (size_t at = 0; at <= shift; at++)
			wrong += cksum(buf + at, shift + len - at) !=
				 naive_cksum(0, buf + at, shift + len - at);
		free(buf);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static void extreme_bytes(void)
{
	static const uint8_t values[] = {0x00, 0x01, 0x80, 0xff};
	uint8_t *buf = malloc(65515);

	CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
	for (size_t v = 0; v < PP_ARRAY_LEN(values); v++) {
		memset(buf, values[v], 65515);
		for (size_t len = 65515; len >= 65450; len--)
			CU_ASSERT_EQUAL(cksum(buf, len), naive_cksum(0, buf, len));
	}
	free(buf);
}

static uint16_t checksum_by(const struct pp_sum_variant *v, const uint8_t *data, size_t len)
{
	uint16_t check = (uint16_t)~pp_sum_fold(v->sum(data, len));
	uint8_t wire[2];

	memcpy(wire, &check, sizeof(check));
	return pp_get_be16(wire);
}

/* Each way that this CPU has: every length, several alignments, and extreme words in the
 * longest block. What is behind the data is not there to be read. */
static void each_vector_width(void)
{
	static const uint8_t values[] = {0x00, 0x7f, 0x80, 0xff};
	uint8_t *longest = malloc(PP_SUM_BLOCK);
	struct pp_prng rng;

	CU_ASSERT_PTR_NOT_NULL_FATAL(longest);
	pp_prng_seed(&rng, pp_test_seed());
	for (const struct pp_sum_variant *v = pp_sum_variants; v->name; v++) {
		unsigned int wrong = 0;
		if (!v->supported()) {
			printf("this CPU has no %s\n", v->name);
			continue;
		}
		for (size_t len = 1; len < 700; len++) {
			size_t shift = len % 7;
			uint8_t *buf = malloc(shift + len);
			fill_random(&rng, buf, shift + len);
			for (size_t at = 0; at <= shift; at++)
				wrong += checksum_by(v, buf + at, shift + len - at) !=
					 naive_cksum(0, buf + at, shift + len - at);
			free(buf);
		}
		for (size_t i = 0; i < PP_ARRAY_LEN(values); i++) {
			memset(longest, values[i], PP_SUM_BLOCK);
			wrong += checksum_by(v, longest, PP_SUM_BLOCK) !=
				 naive_cksum(0, longest, PP_SUM_BLOCK);
		}
		CU_ASSERT_EQUAL(wrong, 0);
	}
	free(longest);
}

/* Longer than one block of the vector code. */
static void megabytes(void)
{
	size_t len = 20 * PP_SUM_BLOCK + 12345;
	uint8_t *data = malloc(len);
	struct pp_prng rng;

	CU_ASSERT_PTR_NOT_NULL_FATAL(data);
	pp_prng_seed(&rng, pp_test_seed());
	fill_random(&rng, data, len);
	CU_ASSERT_EQUAL(cksum(data, len), naive_cksum(0, data, len));
	free(data);
}

/* A chain must not lose what is carried out of 32 bits. */
static void chained_sums(void)
{
	static const uint32_t sums[] = {0, 1, 0xffff, 0x10000, 0xfffeffff, 0xffff0000, 0xffffffff};
	uint8_t data[64];
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	fill_random(&rng, data, sizeof(data));
	for (size_t i = 0; i < PP_ARRAY_LEN(sums); i++) {
		uint32_t folded = (sums[i] & 0xffff) + (sums[i] >> 16);
		CU_ASSERT_EQUAL(pp_cksum_finish(pp_cksum_add(sums[i], data, sizeof(data))),
				naive_cksum(folded, data, sizeof(data)));
	}
}

static void verify_includes_the_field(void)
{
	struct pp_prng rng;
	unsigned int wrong = 0;

	pp_prng_seed(&rng, pp_test_seed());
	for (size_t len = 2; len <= 1500; len++) {
		uint8_t data[1500];
		fill_random(&rng, data, len);
		pp_put_be16(data, 0);
		pp_put_be16(data, cksum(data, len));
		wrong += cksum(data, len) != 0;
		data[len - 1] ^= 0x10;
		wrong += cksum(data, len) == 0;
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static void verify_longest(void)
{
	uint8_t *data = malloc(65515);
	struct pp_prng rng;

	CU_ASSERT_PTR_NOT_NULL_FATAL(data);
	pp_prng_seed(&rng, pp_test_seed());
	for (size_t len = 65514; len <= 65515; len++) {
		fill_random(&rng, data, len);
		pp_put_be16(data, 0);
		pp_put_be16(data, cksum(data, len));
		CU_ASSERT_EQUAL(cksum(data, len), 0);
	}
	free(data);
}

static void rfc1624_example(void)
{
	CU_ASSERT_EQUAL(pp_cksum_update16(0xdd2f, 0x5555, 0x3285), 0x0000);
}

/* Where the rest of the data sums to ffff, the field may hold either zero. */
static void both_zeros(void)
{
	uint8_t data[6] = {0, 0, 0x12, 0x34, 0xed, 0xcb};

	CU_ASSERT_EQUAL(cksum(data, sizeof(data)), 0);
	pp_put_be16(data, 0xffff);
	CU_ASSERT_EQUAL(cksum(data, sizeof(data)), 0);
	pp_put_be16(data, 1);
	CU_ASSERT_NOT_EQUAL(cksum(data, sizeof(data)), 0);
}

/* The checksum of {rest, word} as the sender computes it. */
static uint16_t check_of(uint16_t rest, uint16_t word)
{
	uint32_t sum = (uint32_t)rest + word;
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

/* Every value of the changed word, from every one of several packets, to several
 * others; and every packet with random words. */
static void update16_exhaustive(void)
{
	struct pp_prng rng;
	unsigned int wrong = 0;

	pp_prng_seed(&rng, pp_test_seed());
	for (uint32_t word = 0; word <= 0xffff; word++) {
		for (int i = 0; i < 64; i++) {
			uint64_t r = pp_prng_next(&rng);
			uint16_t rest = i == 0 ? 0 : i == 1 ? 0xffff : (uint16_t)r;
			uint16_t to = i == 2 ? 0 : i == 3 ? 0xffff : (uint16_t)(r >> 16);
			uint16_t from = (uint16_t)word;
			wrong += !same_value(pp_cksum_update16(check_of(rest, from), from, to),
					     check_of(rest, to));
			/* `word` as what does not change, and as what it changes to */
			from = (uint16_t)(r >> 32);
			wrong += !same_value(
				pp_cksum_update16(check_of((uint16_t)word, from), from, to),
				check_of((uint16_t)word, to));
			wrong += !same_value(
				pp_cksum_update16(check_of(rest, from), from, (uint16_t)word),
				check_of(rest, (uint16_t)word));
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/* Words against checks all over both ranges: the equation itself in plain arithmetic mod
 * 65535, in which HC' = HC + m - m'. */
static void update16_pairs(void)
{
	static const uint16_t to[] = {0x0000, 0x0001, 0x8000, 0xffff};
	unsigned int wrong = 0;

	for (uint32_t check = 0; check <= 0xffff; check += 37)
		for (uint32_t from = check % 3; from <= 0xffff; from += 3)
			for (size_t i = 0; i < PP_ARRAY_LEN(to); i++) {
				uint16_t got =
					pp_cksum_update16((uint16_t)check, (uint16_t)from, to[i]);
				wrong += got % 0xffff != (check + from + 0xffff - to[i]) % 0xffff;
			}
	CU_ASSERT_EQUAL(wrong, 0);
}

/* What the engine patches per probe: id, TTL word, address halves, seq, payload.
 * The patched field verifies, and is what a full computation gives. */
static void update_packets(void)
{
	struct pp_prng rng;
	unsigned int wrong = 0;

	pp_prng_seed(&rng, pp_test_seed());
	for (int n = 0; n < 2000; n++) {
		uint8_t p[128];
		size_t len = 20 + pp_prng_below(&rng, 54) * 2;
		fill_random(&rng, p, len);
		pp_put_be16(p + 10, 0);
		uint16_t check = cksum(p, len);
		for (int patch = 0; patch < 8; patch++) {
			size_t at = pp_prng_below(&rng, len / 2) * 2;
			if (at == 10)
				continue;
			uint16_t to = (uint16_t)pp_prng_next(&rng);
			check = pp_cksum_update16(check, pp_get_be16(p + at), to);
			pp_put_be16(p + at, to);
		}
		wrong += !same_value(check, cksum(p, len));
		pp_put_be16(p + 10, check);
		wrong += cksum(p, len) != 0;
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static void pseudo_header(void)
{
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	for (int n = 0; n < 1000; n++) {
		uint8_t h[40] = {0};
		fill_random(&rng, h, 36);
		h[39] = (uint8_t)pp_prng_next(&rng);
		CU_ASSERT_EQUAL(
			pp_cksum_finish(pp_cksum_pseudo6(h, h + 16, pp_get_be32(h + 32), h[39])),
			naive_cksum(0, h, sizeof(h)));
	}
}

PP_TEST_MAIN("cksum", {"CK-01 the example of RFC 1071", rfc1071_example},
	     {"CK-01 any length and alignment as the reference", any_length_any_alignment},
	     {"CK-01 each vector width that this CPU has", each_vector_width},
	     {"CK-01 longer than a block", megabytes},
	     {"CK-01 longest data of extreme bytes", extreme_bytes},
	     {"CK-01 chained sums keep their carries", chained_sums},
	     {"CK-02 the sum with the field is ffff", verify_includes_the_field},
	     {"CK-02 up to 65515 bytes", verify_longest},
	     {"CK-03 the example of RFC 1624", rfc1624_example},
	     {"CK-04 0000 and ffff are both taken", both_zeros},
	     {"CK-05 every changed word as a full computation", update16_exhaustive},
	     {"CK-05 pairs as arithmetic modulo 65535", update16_pairs},
	     {"CK-05 patched packets verify", update_packets},
	     {"pseudo-header of IPv6", pseudo_header})
