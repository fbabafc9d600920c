/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses in a row: "192.0.2.1-192.0.2.9", "192.0.2.0/24", one alone.
 */
#include <pmdping/proto.h>

#include <errno.h>

#define ITEM_MAX (2 * PP_ADDR_TEXT)

/* Bits behind the prefix to all zeros or all ones. */
static struct pp_addr fill(struct pp_addr a, unsigned int plen, bool ones)
{
	for (unsigned int bit = plen; bit < 128; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);
		a.b[bit / 8] = (uint8_t)(ones ? a.b[bit / 8] | mask : a.b[bit / 8] & ~mask);
	}
	return a;
}

static int compare(const struct pp_addr *a, const struct pp_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

void pp_addr_step(struct pp_addr *a, int by)
{
	for (int i = 15; i >= 0; i--) {
		a->b[i] = (uint8_t)(a->b[i] + by);
		if (a->b[i] != (by > 0 ? 0 : 0xff))
			return;
	}
}

/* Without the addresses that no host has: network and broadcast of an IPv4 subnet
 * (RFC 1122 3.2.1.3, but RFC 3021), the routers' anycast address of an IPv6 one (RFC 4291
 * 2.6.1, but RFC 6164). */
static int parse_prefix(const char *text, struct pp_addr *ret_first, struct pp_addr *ret_last)
{
	struct pp_addr a;
	unsigned int plen;
	int err = pp_prefix_parse(text, &a, &plen);

	if (err)
		return err;
	*ret_first = fill(a, plen, false);
	*ret_last = fill(a, plen, true);
	if (plen > 126)
		return 0;
	pp_addr_step(ret_first, 1);
	if (pp_addr_is4(&a))
		pp_addr_step(ret_last, -1);
	return 0;
}

static int parse_span(char *text, char *dash, struct pp_addr *ret_first, struct pp_addr *ret_last)
{
	struct pp_addr first, last;

	*dash = '\0';
	if (pp_addr_parse(text, &first) || pp_addr_parse(dash + 1, &last))
		return -EINVAL;
	if (pp_addr_is4(&first) != pp_addr_is4(&last) || compare(&first, &last) > 0)
		return -ERANGE;
	*ret_first = first;
	*ret_last = last;
	return 0;
}

int pp_addr_range_parse(const char *text, size_t len, struct pp_addr *ret_first,
			struct pp_addr *ret_last)
{
	char item[ITEM_MAX];
	struct pp_addr a;

	if (len >= sizeof(item))
		return -EINVAL;
	memcpy(item, text, len);
	item[len] = '\0';
	char *dash = strchr(item, '-');
	if (dash)
		return parse_span(item, dash, ret_first, ret_last);
	if (strchr(item, '/'))
		return parse_prefix(item, ret_first, ret_last);
	if (pp_addr_parse(item, &a))
		return -EINVAL;
	*ret_first = *ret_last = a;
	return 0;
}

uint64_t pp_addr_range_count(const struct pp_addr *first, const struct pp_addr *last)
{
	uint64_t high = pp_get_be64(last->b) - pp_get_be64(first->b);
	uint64_t low = pp_get_be64(last->b + 8) - pp_get_be64(first->b + 8);
	bool borrow = pp_get_be64(last->b + 8) < pp_get_be64(first->b + 8);

	return high != borrow || low == UINT64_MAX ? UINT64_MAX : low + 1;
}
