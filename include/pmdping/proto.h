/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Protocols as bytes: addresses, checksum, Ethernet, ARP, IPv4, IPv6, ICMP for
 * both and neighbour discovery. Decoders read (bytes, length) through bounded
 * cursors, never write, and answer with a drop reason; builders write whole
 * frames. No clock, no allocation, no global state: callable from any thread.
 */
#ifndef PMDPING_PROTO_H
#define PMDPING_PROTO_H

#include <pmdping/base.h>
#include <pmdping/cksum.h>
#include <pmdping/drop.h>

/* ---- addresses ---------------------------------------------------------- */

/* One address type for both families: IPv4 is ::ffff:a.b.c.d (RFC 4291
 * section 2.5.5.2). Such an address in an IPv6 header is refused, so the two never
 * meet. Prefix lengths are those of the 128 bits: IPv4 /24 is 120. */
struct pp_addr {
	union {
		uint8_t b[16];
		uint64_t w[2];
	};
};

#define PP_ADDR_TEXT 46 /* INET6_ADDRSTRLEN */

static inline bool pp_addr_eq(const struct pp_addr *a, const struct pp_addr *b)
{
	return a->w[0] == b->w[0] && a->w[1] == b->w[1];
}

struct pp_addr pp_addr_from4(const uint8_t bytes[4]);
struct pp_addr pp_addr_from6(const uint8_t bytes[16]);
bool pp_addr_is4(const struct pp_addr *a);
/* All zero, or 0.0.0.0. */
bool pp_addr_is_any(const struct pp_addr *a);
/* Group address of either family; 255.255.255.255 counts as one. */
bool pp_addr_is_multicast(const struct pp_addr *a);
bool pp_addr_is_loopback(const struct pp_addr *a);
bool pp_addr_is_linklocal(const struct pp_addr *a);
/* May be the source of a packet on the wire: RFC 1122 3.2.1.3, RFC 4291 2.5.
 * Knows nothing of subnets: a subnet broadcast is the caller's to refuse. */
bool pp_addr_is_unicast(const struct pp_addr *a);
/* Whether the first `plen` (0..128) bits agree. */
bool pp_addr_in_prefix(const struct pp_addr *a, const struct pp_addr *prefix, unsigned int plen);
/* ff02::1:ffXX:XXXX of an IPv6 address (RFC 4291 2.7.1). */
struct pp_addr pp_addr_solicited_node(const struct pp_addr *a);
/* Numeric text only. 0 or -EINVAL; `ret_a` is untouched on failure. */
int pp_addr_parse(const char *text, struct pp_addr *ret_a);
/* "192.0.2.0/24", "2001:db8::/32"; without a slash the whole length. Host bits
 * are kept. 0, -EINVAL or -ERANGE (length); *ret_plen is 0..128. */
int pp_prefix_parse(const char *text, struct pp_addr *ret_a, unsigned int *ret_plen);
/* The first `len` bytes of text as addresses in a row: one, "A-B", or a prefix without the
 * addresses that no host of it has. 0, -EINVAL, -ERANGE (prefix length; B below A, or of
 * another family). */
int pp_addr_range_parse(const char *text, size_t len, struct pp_addr *ret_first,
			struct pp_addr *ret_last);
/* How many; UINT64_MAX when more than can be counted. */
uint64_t pp_addr_range_count(const struct pp_addr *first, const struct pp_addr *last);
/* One further (by = 1) or back (-1). */
void pp_addr_step(struct pp_addr *a, int by);
/* Canonical text (RFC 5952) into buf, which is also returned. */
const char *pp_addr_text(const struct pp_addr *a, char buf[PP_ADDR_TEXT]);

struct pp_mac {
	uint8_t b[6];
};
#define PP_MAC_TEXT 18
bool pp_mac_eq(const struct pp_mac *a, const struct pp_mac *b);
/* Not a group address and not all zero. */
bool pp_mac_is_unicast(const struct pp_mac *m);
int pp_mac_parse(const char *text, struct pp_mac *ret_mac);
const char *pp_mac_text(const struct pp_mac *m, char buf[PP_MAC_TEXT]);
/* Where a multicast IP address goes (RFC 1112 6.4, RFC 2464 7). */
struct pp_mac pp_mac_of_group(const struct pp_addr *group);
extern const struct pp_mac pp_mac_broadcast;

/* A broadcast domain as the engine sees it: a port and a VLAN on it. */
#define PP_VLAN_NONE 0 /* untagged, or priority-tagged (VID 0) */
struct pp_link {
	uint16_t port;
	uint16_t vlan; /* PP_VLAN_NONE or 1..4094 */
};
static inline bool pp_link_eq(struct pp_link a, struct pp_link b)
{
	return a.port == b.port && a.vlan == b.vlan;
}

/* ---- Ethernet ----------------------------------------------------------- */

#define PP_ETH_HLEN  14
#define PP_VLAN_HLEN 4
#define PP_ETH_MIN   60 /* without FCS */
#define PP_ETH_FCS   4
enum {
	PP_ETHER_IP4 = 0x0800,
	PP_ETHER_ARP = 0x0806,
	PP_ETHER_VLAN = 0x8100,
	PP_ETHER_IP6 = 0x86dd
};

struct pp_eth {
	struct pp_mac dst, src;
	uint16_t type; /* EtherType behind the tag, if any */
	uint16_t vlan; /* PP_VLAN_NONE or 1..4094 */
	uint16_t hlen; /* 14 or 18 */
	bool group;    /* sent to a broadcast or multicast MAC */
	struct pp_cur body;
};
/* 0, or why not: short, a second tag, 802.3 length, EtherType we do not speak, a
 * group address as source (an answer to it would go to many). */
enum pp_drop pp_eth_decode(const uint8_t *frame, size_t len, struct pp_eth *ret_eth);
/* Writes 14 or 18 bytes, returns how many. */
size_t pp_eth_put(uint8_t *frame, const struct pp_mac *dst, const struct pp_mac *src, uint16_t vlan,
		  uint16_t type);

/* ---- ARP (RFC 826, 5227) -------------------------------------------------- */

enum { PP_ARP_REQUEST = 1, PP_ARP_REPLY = 2 };
#define PP_ARP_LEN 28
struct pp_arp {
	uint16_t op; /* PP_ARP_REQUEST or PP_ARP_REPLY: others are dropped */
	struct pp_mac sha, tha;
	struct pp_addr spa, tpa;
};
enum pp_drop pp_arp_decode(struct pp_cur body, struct pp_arp *ret_arp);
/* A whole frame, padded with zeros to PP_ETH_MIN; `dst` is the Ethernet one. */
size_t pp_arp_build(uint8_t *frame, size_t room, const struct pp_mac *dst, uint16_t vlan,
		    const struct pp_arp *arp);

/* ---- IP, both families ---------------------------------------------------- */

enum { PP_IPPROTO_ICMP = 1, PP_IPPROTO_ICMP6 = 58 };
#define PP_IP4_HLEN 20
#define PP_IP6_HLEN 40
struct pp_ip {
	struct pp_addr src, dst;
	bool v6;
	uint8_t tos;   /* traffic class */
	uint8_t ttl;   /* hop limit */
	uint8_t proto; /* of the payload, behind extension headers */
	bool df;
	bool fragment;	   /* not atomic: reassembly would be needed */
	bool frag_header;  /* IPv6 fragment header, an atomic one included (RFC 6980) */
	bool options;	   /* IPv4 options or IPv6 extension headers were there */
	uint16_t id;	   /* IPv4 identification */
	size_t hlen;	   /* to the payload, extension headers included */
	struct pp_cur pay; /* cut to the IP length: Ethernet padding is gone */
};
/* Checks version, lengths, header checksum, options (walked, never acted on),
 * extension header chain (at most 8) and that the source may be one (RFC 1122
 * 3.2.1.3). Whether the destination is ours is the stack's question.
 * `type` is the EtherType. A fragment decodes, with .fragment set and .pay raw. */
enum pp_drop pp_ip_decode(struct pp_cur body, uint16_t type, struct pp_ip *ret_ip);

/* ---- ICMP, both families (RFC 792, 4443, 4861) ---------------------------- */

enum pp_icmp_kind {
	PP_ICMP_ECHO_REQUEST,
	PP_ICMP_ECHO_REPLY,
	PP_ICMP_ERROR, /* unreachable, too big, time exceeded, parameter problem, IPv6 unknown < 128
			*/
	PP_ICMP_REDIRECT, /* IPv4 type 5; IPv6 137 */
	PP_ICMP_QUENCH,	  /* IPv4 type 4: never obeyed (RFC 6633) */
	PP_ICMP_NS,
	PP_ICMP_NA,
	PP_ICMP_OTHER, /* known to nobody here: silent (RFC 1122 3.2.2) */
};
#define PP_ICMP_HLEN 8
struct pp_icmp {
	enum pp_icmp_kind kind;
	bool v6;
	uint8_t type, code;
	uint16_t check;
	uint16_t id, seq;   /* echo only */
	uint32_t rest;	    /* bytes 4..7: MTU, pointer (IPv4: its high byte), gateway */
	struct pp_cur body; /* behind the 8 bytes */
};
/* Length and checksum (IPv6: with the pseudo-header) are checked. */
enum pp_drop pp_icmp_decode(const struct pp_ip *ip, struct pp_icmp *ret_icmp);

/* What an ICMP error says of the packet that caused it. Everything in here was
 * written by a stranger: match it before it is believed. */
struct pp_quote {
	struct pp_addr src, dst;
	bool v6;
	uint16_t ip_id;	       /* IPv4 identification */
	uint16_t id, seq;      /* of the quoted echo request */
	uint16_t check;	       /* ICMP checksum as quoted */
	struct pp_cur payload; /* echo payload, as much as was quoted, may be empty */
};
/* PP_OK when an echo request is quoted with all its 8 header bytes, else
 * PP_DROP_ICMP_QUOTE. Never looks past the quote. */
enum pp_drop pp_icmp_quote(const struct pp_icmp *icmp, struct pp_quote *ret_quote);

/* Neighbour solicitation or advertisement. */
struct pp_nd {
	bool advert;
	bool solicited, override, router; /* of an advertisement */
	bool has_lla;			  /* source (NS) or target (NA) link-layer address */
	struct pp_mac lla;
	struct pp_addr target;
};
/* Validity as RFC 4861 7.1.1 and 7.1.2 have it; unknown options are skipped. */
enum pp_drop pp_nd_decode(const struct pp_ip *ip, const struct pp_icmp *icmp, struct pp_nd *ret_nd);

/* ---- builders ------------------------------------------------------------- */

/* What is common to every packet that we start. */
struct pp_l3 {
	struct pp_mac dst_mac, src_mac;
	uint16_t vlan;
	struct pp_addr src, dst; /* one family */
	uint8_t tos, ttl;
	bool df;	/* IPv4 only */
	uint16_t ip_id; /* IPv4 only */
};
/* Echo request of `size` payload bytes, which the caller has written at the
 * place that pp_echo_payload_offset names. Writes headers and checksums, pads to
 * PP_ETH_MIN with zeros, returns the frame's length or 0 when `room` is short. */
size_t pp_echo_build(uint8_t *frame, size_t room, const struct pp_l3 *l3, uint16_t id, uint16_t seq,
		     size_t size);
size_t pp_echo_payload_offset(const struct pp_l3 *l3);
/* Bytes of such a frame with its tag, padding and FCS. */
size_t pp_echo_frame(bool v6, bool tagged, size_t size);
/* NS or NA as `nd` says, hop limit 255; returns the length or 0. */
size_t pp_nd_build(uint8_t *frame, size_t room, const struct pp_l3 *l3, const struct pp_nd *nd);

#endif
