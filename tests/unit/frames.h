/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes for decoder tests: packets written field by field, so that a builder's
 * mistake cannot hide a decoder's, and exactly sized copies, so that the address
 * sanitizer sees a read of one byte too many.
 */
#ifndef PMDPING_TEST_FRAMES_H
#define PMDPING_TEST_FRAMES_H

#include <pmdping/proto.h>

#include <stdlib.h>

struct bytes {
	uint8_t b[2048];
	size_t len;
};

static inline uint8_t *exact_copy(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len);

	if (!copy && len)
		abort();
	if (len)
		memcpy(copy, data, len);
	return copy;
}

static inline struct pp_addr addr_of(const char *text)
{
	struct pp_addr a = {0};

	if (pp_addr_parse(text, &a))
		abort();
	return a;
}

static inline struct pp_mac mac_of(const char *text)
{
	struct pp_mac m = {0};

	if (pp_mac_parse(text, &m))
		abort();
	return m;
}

/* The checksum as RFC 1071 spells it out: one 16-bit word after the other. */
static inline uint16_t naive_cksum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline void fix_ip4(uint8_t *h)
{
	size_t hlen = (h[0] & 0xfu) * 4;

	pp_put_be16(h + 10, 0);
	pp_put_be16(h + 10, naive_cksum(0, h, hlen));
}

/* len: of the ICMP message. */
static inline void fix_icmp4(uint8_t *icmp, size_t len)
{
	pp_put_be16(icmp + 2, 0);
	pp_put_be16(icmp + 2, naive_cksum(0, icmp, len));
}

/* ip: the IPv6 header whose addresses count, icmp anywhere behind it. */
static inline void fix_icmp6(const uint8_t *ip, uint8_t *icmp, size_t len)
{
	uint8_t pseudo[40] = {0};

	memcpy(pseudo, ip + 8, 32);
	pp_put_be32(pseudo + 32, (uint32_t)len);
	pseudo[39] = 58;
	pp_put_be16(icmp + 2, 0);
	uint32_t sum = (uint16_t)~naive_cksum(0, pseudo, sizeof(pseudo));
	pp_put_be16(icmp + 2, naive_cksum(sum, icmp, len));
}

/* IPv4 header of ihl words (options all NOP) from 192.0.2.1 to 192.0.2.2 in front
 * of len bytes already counted as payload; returns the header's length. */
static inline size_t put_ip4(uint8_t *h, unsigned int ihl, uint8_t proto, size_t len)
{
	static const uint8_t addresses[8] = {192, 0, 2, 1, 192, 0, 2, 2};

	memset(h, 1, ihl * 4);
	memset(h, 0, ihl * 4 < 20 ? ihl * 4 : 20);
	h[0] = (uint8_t)(0x40 | ihl);
	pp_put_be16(h + 2, (uint16_t)(ihl * 4 + len));
	pp_put_be16(h + 4, 0x1234);
	h[8] = 64;
	h[9] = proto;
	memcpy(h + 12, addresses, sizeof(addresses));
	fix_ip4(h);
	return ihl * 4;
}

/* IPv6 header from 2001:db8::1 to 2001:db8::2. */
static inline size_t put_ip6(uint8_t *h, uint8_t next, size_t len)
{
	memset(h, 0, PP_IP6_HLEN);
	h[0] = 0x60;
	pp_put_be16(h + 4, (uint16_t)len);
	h[6] = next;
	h[7] = 255;
	pp_put_be32(h + 8, 0x20010db8);
	h[23] = 1;
	pp_put_be32(h + 24, 0x20010db8);
	h[39] = 2;
	return PP_IP6_HLEN;
}

/* An ICMP echo header, id 0xbeef, seq 0x0102, and `size` counting bytes; the
 * checksum is left to fix_icmp4 or fix_icmp6. */
static inline size_t put_echo(uint8_t *icmp, uint8_t type, size_t size)
{
	memset(icmp, 0, PP_ICMP_HLEN);
	icmp[0] = type;
	pp_put_be16(icmp + 4, 0xbeef);
	pp_put_be16(icmp + 6, 0x0102);
	for (size_t i = 0; i < size; i++)
		icmp[PP_ICMP_HLEN + i] = (uint8_t)i;
	return PP_ICMP_HLEN + size;
}

/* A whole IPv4 packet with an ICMP message of that type. */
static inline struct bytes echo4(unsigned int ihl, uint8_t type, size_t size)
{
	struct bytes p;
	size_t hlen = put_ip4(p.b, ihl, PP_IPPROTO_ICMP, PP_ICMP_HLEN + size);

	p.len = hlen + put_echo(p.b + hlen, type, size);
	fix_icmp4(p.b + hlen, PP_ICMP_HLEN + size);
	return p;
}

static inline struct bytes echo6(uint8_t type, size_t size)
{
	struct bytes p;
	size_t hlen = put_ip6(p.b, PP_IPPROTO_ICMP6, PP_ICMP_HLEN + size);

	p.len = hlen + put_echo(p.b + hlen, type, size);
	fix_icmp6(p.b, p.b + hlen, PP_ICMP_HLEN + size);
	return p;
}

/* Puts an extension header behind the IPv6 header, in front of what is there. The
 * ICMP checksum does not cover it. */
static inline void insert_ext6(struct bytes *p, uint8_t kind, const uint8_t *ext, size_t len)
{
	memmove(p->b + PP_IP6_HLEN + len, p->b + PP_IP6_HLEN, p->len - PP_IP6_HLEN);
	memcpy(p->b + PP_IP6_HLEN, ext, len);
	p->b[PP_IP6_HLEN] = p->b[6];
	p->b[6] = kind;
	p->len += len;
	pp_put_be16(p->b + 4, (uint16_t)(p->len - PP_IP6_HLEN));
}

/* An IP packet, wrapped in an untagged Ethernet frame. */
static inline struct bytes frame_of(const struct bytes *packet, uint16_t type)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	struct bytes f = {.len = PP_ETH_HLEN + packet->len};

	memcpy(f.b, macs, sizeof(macs));
	pp_put_be16(f.b + 12, type);
	memcpy(f.b + PP_ETH_HLEN, packet->b, packet->len);
	return f;
}

#endif
