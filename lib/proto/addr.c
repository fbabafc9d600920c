/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses and prefixes of both families in one 128-bit type, and MAC addresses:
 * what kind they are, and their text.
 */
#include <pmdping/proto.h>

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>

static_assert(sizeof(struct pp_addr) == 16, "compared and copied as 16 bytes");
static_assert(sizeof(struct pp_mac) == 6, "copied from the wire");

#define MAPPED_PLEN 96 /* bits before the IPv4 address in ::ffff:a.b.c.d */

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};
const struct pp_mac pp_mac_broadcast = {.b = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

struct pp_addr pp_addr_from4(const uint8_t bytes[4])
{
	struct pp_addr a;

	memcpy(a.b, mapped_prefix, sizeof(mapped_prefix));
	memcpy(a.b + 12, bytes, 4);
	return a;
}

struct pp_addr pp_addr_from6(const uint8_t bytes[16])
{
	struct pp_addr a;

	memcpy(a.b, bytes, sizeof(a.b));
	return a;
}

bool pp_addr_is4(const struct pp_addr *a)
{
	return memcmp(a->b, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

bool pp_addr_is_any(const struct pp_addr *a)
{
	if (pp_addr_is4(a))
		return pp_get_be32(a->b + 12) == 0;
	return (a->w[0] | a->w[1]) == 0;
}

bool pp_addr_is_multicast(const struct pp_addr *a)
{
	if (pp_addr_is4(a))
		return (a->b[12] & 0xf0) == 0xe0 || pp_get_be32(a->b + 12) == 0xffffffff;
	return a->b[0] == 0xff;
}

bool pp_addr_is_loopback(const struct pp_addr *a)
{
	if (pp_addr_is4(a))
		return a->b[12] == 127;
	return a->w[0] == 0 && pp_get_be64(a->b + 8) == 1;
}

bool pp_addr_is_linklocal(const struct pp_addr *a)
{
	if (pp_addr_is4(a))
		return a->b[12] == 169 && a->b[13] == 254;
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* IPv4: not 0/8, 127/8, class D or class E. IPv6: not ::, ::1 or ff00::/8. */
bool pp_addr_is_unicast(const struct pp_addr *a)
{
	if (pp_addr_is4(a))
		return a->b[12] != 0 && a->b[12] != 127 && a->b[12] < 0xe0;
	return a->b[0] != 0xff && !pp_addr_is_any(a) && !pp_addr_is_loopback(a);
}

bool pp_addr_in_prefix(const struct pp_addr *a, const struct pp_addr *prefix, unsigned int plen)
{
	unsigned int bytes = plen / 8, bits = plen % 8;

	if (memcmp(a->b, prefix->b, bytes) != 0)
		return false;
	return bits == 0 || (a->b[bytes] ^ prefix->b[bytes]) >> (8 - bits) == 0;
}

struct pp_addr pp_addr_solicited_node(const struct pp_addr *a)
{
	struct pp_addr group = {.b = {0xff, 0x02, [11] = 1, [12] = 0xff}};

	memcpy(group.b + 13, a->b + 13, 3);
	return group;
}

/* The mapped form is how IPv4 looks inside, not how it is written: as text it
 * would be a second name for the same address. */
int pp_addr_parse(const char *text, struct pp_addr *ret_a)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		*ret_a = pp_addr_from4(bytes);
		return 0;
	}
	if (inet_pton(AF_INET6, text, bytes) != 1)
		return -EINVAL;
	struct pp_addr a = pp_addr_from6(bytes);
	if (pp_addr_is4(&a))
		return -EINVAL;
	*ret_a = a;
	return 0;
}

/* A prefix length is plain decimal digits: no sign, no 0x. */
static int parse_plen(const char *text, unsigned int max, unsigned int *ret_plen)
{
	int64_t value;

	if (strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	int err = pp_parse_int(text, 0, max, &value);
	if (!err)
		*ret_plen = (unsigned int)value;
	return err;
}

int pp_prefix_parse(const char *text, struct pp_addr *ret_a, unsigned int *ret_plen)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char word[PP_ADDR_TEXT];
	struct pp_addr a;
	unsigned int plen;

	if (len >= sizeof(word))
		return -EINVAL;
	memcpy(word, text, len);
	word[len] = '\0';
	if (pp_addr_parse(word, &a))
		return -EINVAL;
	unsigned int base = pp_addr_is4(&a) ? MAPPED_PLEN : 0;
	plen = 128 - base;
	int err = slash ? parse_plen(slash + 1, plen, &plen) : 0;
	if (err)
		return err;
	*ret_a = a;
	*ret_plen = base + plen;
	return 0;
}

const char *pp_addr_text(const struct pp_addr *a, char buf[PP_ADDR_TEXT])
{
	if (pp_addr_is4(a))
		inet_ntop(AF_INET, a->b + 12, buf, PP_ADDR_TEXT);
	else
		inet_ntop(AF_INET6, a->b, buf, PP_ADDR_TEXT);
	return buf;
}

bool pp_mac_eq(const struct pp_mac *a, const struct pp_mac *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool pp_mac_is_unicast(const struct pp_mac *m)
{
	static const struct pp_mac zero;

	return !(m->b[0] & 1) && !pp_mac_eq(m, &zero);
}

/* Six pairs of digits with ':' between all of them, or '-' between all. */
int pp_mac_parse(const char *text, struct pp_mac *ret_mac)
{
	struct pp_mac mac;

	if (strlen(text) != PP_MAC_TEXT - 1 || (text[2] != ':' && text[2] != '-'))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(mac.b); i++) {
		const char pair[3] = {text[3 * i], text[3 * i + 1]};
		char after = text[3 * i + 2];
		if (strlen(pair) != 2 || pp_parse_hex(pair, &mac.b[i], 1) != 1)
			return -EINVAL;
		if (after != (i + 1 < sizeof(mac.b) ? text[2] : '\0'))
			return -EINVAL;
	}
	*ret_mac = mac;
	return 0;
}

const char *pp_mac_text(const struct pp_mac *m, char buf[PP_MAC_TEXT])
{
	const uint8_t *b = m->b;

	snprintf(buf, PP_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		 b[5]);
	return buf;
}

struct pp_mac pp_mac_of_group(const struct pp_addr *group)
{
	const uint8_t *b = group->b;

	if (!pp_addr_is4(group))
		return (struct pp_mac){.b = {0x33, 0x33, b[12], b[13], b[14], b[15]}};
	if (pp_get_be32(b + 12) == 0xffffffff)
		return pp_mac_broadcast;
	return (struct pp_mac){.b = {0x01, 0x00, 0x5e, b[13] & 0x7f, b[14], b[15]}};
}
