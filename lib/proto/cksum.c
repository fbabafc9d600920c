/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071). Ones-complement addition does not care about
 * byte order or word size, so the data is added in native 64-bit words with the
 * carries kept, folded, and turned into network order once at the end.
 */
#include <pmdping/proto.h>

/* End-around carry: what leaves at the top comes in at the bottom. */
static inline uint64_t add_carry(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint16_t load16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t fold16(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

/* Fewer than 8 bytes. */
static inline uint64_t add_tail(uint64_t sum, const uint8_t *p, size_t len)
{
	if (len & 4) {
		sum = add_carry(sum, load32(p));
		p += 4;
	}
	if (len & 2) {
		sum = add_carry(sum, load16(p));
		p += 2;
	}
	if (len & 1) {
		const uint8_t padded[2] = {p[0], 0};
		sum = add_carry(sum, load16(padded));
	}
	return sum;
}

static uint32_t to_network_order(uint32_t sum16)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap16((uint16_t)sum16);
#else
	return sum16;
#endif
}

uint32_t pp_cksum_add(uint32_t sum, const uint8_t *data, size_t len)
{
	/* Four chains: an addition waits for the carry of the one before it. */
	uint64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;

	for (; len >= 32; data += 32, len -= 32) {
		s0 = add_carry(s0, load64(data));
		s1 = add_carry(s1, load64(data + 8));
		s2 = add_carry(s2, load64(data + 16));
		s3 = add_carry(s3, load64(data + 24));
	}
	for (; len >= 8; data += 8, len -= 8)
		s0 = add_carry(s0, load64(data));
	s0 = add_carry(add_carry(s0, s1), add_carry(s2, s3));
	s0 = add_tail(s0, data, len);
	uint64_t total = (uint64_t)sum + to_network_order(fold16(s0));
	return (uint32_t)total + (uint32_t)(total >> 32);
}

uint16_t pp_cksum_finish(uint32_t sum)
{
	return (uint16_t)~fold16(sum);
}

uint32_t pp_cksum_pseudo6(const uint8_t src[16], const uint8_t dst[16], uint32_t len, uint8_t next)
{
	uint32_t sum = pp_cksum_add(pp_cksum_add(0, src, 16), dst, 16);
	return sum + (len >> 16) + (len & 0xffff) + next;
}
