/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071) in network order: the sum in the machine's own,
 * turned once at the end.
 */
#include <pmdping/cksum.h>

static uint32_t to_network_order(uint16_t sum)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap16(sum);
#else
	return sum;
#endif
}

uint32_t pp_cksum_add(uint32_t sum, const uint8_t *data, size_t len)
{
	uint64_t total = (uint64_t)sum + to_network_order(pp_sum_fold(pp_sum(0, data, len)));

	return (uint32_t)total + (uint32_t)(total >> 32);
}

uint16_t pp_cksum_finish(uint32_t sum)
{
	return (uint16_t)~pp_sum_fold(sum);
}

uint32_t pp_cksum_pseudo6(const uint8_t src[16], const uint8_t dst[16], uint32_t len, uint8_t next)
{
	uint32_t sum = pp_cksum_add(pp_cksum_add(0, src, 16), dst, 16);
	return sum + (len >> 16) + (len & 0xffff) + next;
}
