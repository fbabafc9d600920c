/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet headers: types, tags, and what is not Ethernet II.
 */
#include "runner.h"
#include "frames.h"

static struct bytes header(uint16_t vlan, uint16_t type)
{
	const struct pp_mac dst = mac_of("02:00:00:00:00:02"), src = mac_of("02:00:00:00:00:01");
	struct bytes f = {.len = 0};

	f.len = pp_eth_put(f.b, &dst, &src, vlan, type) + 46;
	return f;
}

static void check(const struct bytes *f, enum pp_drop want)
{
	uint8_t *copy = exact_copy(f->b, f->len);
	struct pp_eth eth, before;

	memset(&eth, 0x5a, sizeof(eth));
	before = eth;
	CU_ASSERT_STRING_EQUAL(pp_drop_name(pp_eth_decode(copy, f->len, &eth)), pp_drop_name(want));
	if (want)
		CU_ASSERT_EQUAL(memcmp(&eth, &before, sizeof(eth)), 0);
	free(copy);
}

static void our_types(void)
{
	static const uint16_t types[] = {PP_ETHER_IP4, PP_ETHER_ARP, PP_ETHER_IP6};

	for (size_t i = 0; i < PP_ARRAY_LEN(types); i++) {
		struct bytes f = header(PP_VLAN_NONE, types[i]);
		struct pp_eth eth;
		CU_ASSERT_EQUAL(pp_eth_decode(f.b, f.len, &eth), PP_OK);
		CU_ASSERT_EQUAL(eth.type, types[i]);
		CU_ASSERT_EQUAL(eth.vlan, PP_VLAN_NONE);
		CU_ASSERT_EQUAL(eth.hlen, 14);
		CU_ASSERT_EQUAL(eth.dst.b[5], 2);
		CU_ASSERT_EQUAL(eth.src.b[5], 1);
		CU_ASSERT_FALSE(eth.group);
		CU_ASSERT_PTR_EQUAL(eth.body.at, f.b + 14);
		CU_ASSERT_EQUAL(eth.body.left, 46);
		CU_ASSERT_FALSE(eth.body.fail);
	}
}

/* Every EtherType ends in one of four ways, with and without a tag. */
static void all_types(void)
{
	for (uint32_t type = 0; type <= 0xffff; type++) {
		bool ours = type == 0x0800 || type == 0x0806 || type == 0x86dd;
		bool tag = type == 0x8100 || type == 0x88a8;
		enum pp_drop want = type < 0x600 ? PP_DROP_ETH_8023 : PP_DROP_ETH_TYPE;
		struct bytes f = header(5, (uint16_t)type);
		struct pp_eth eth;
		CU_ASSERT_EQUAL(pp_eth_decode(f.b, f.len, &eth), ours  ? PP_OK
								 : tag ? PP_DROP_VLAN_STACKED
								       : want);
		f = header(PP_VLAN_NONE, (uint16_t)type);
		memset(f.b + 14, 0xff, 4);
		if (type != 0x8100)
			CU_ASSERT_EQUAL(pp_eth_decode(f.b, f.len, &eth), ours ? PP_OK : want);
	}
}

static void snap(void)
{
	static const uint8_t llc[] = {0xaa, 0xaa, 3, 0, 0, 0, 8, 0};
	struct bytes f = header(PP_VLAN_NONE, 0x0026);

	memcpy(f.b + 14, llc, sizeof(llc));
	check(&f, PP_DROP_ETH_8023);
	f = header(7, 0x05dc);
	check(&f, PP_DROP_ETH_8023);
	f = header(PP_VLAN_NONE, 0x05ff);
	check(&f, PP_DROP_ETH_8023);
}

static void group_flag(void)
{
	static const char *const macs[] = {"ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01",
					   "33:33:ff:00:00:01"};

	for (size_t i = 0; i < PP_ARRAY_LEN(macs); i++) {
		struct bytes f = header(PP_VLAN_NONE, PP_ETHER_IP4);
		struct pp_mac m = mac_of(macs[i]);
		struct pp_eth eth;
		memcpy(f.b, m.b, 6);
		CU_ASSERT_EQUAL(pp_eth_decode(f.b, f.len, &eth), PP_OK);
		CU_ASSERT_TRUE(eth.group);
	}
}

static void group_source(void)
{
	struct bytes f = header(PP_VLAN_NONE, PP_ETHER_IP4);

	memset(f.b + 6, 0xff, 6);
	check(&f, PP_DROP_ETH_SOURCE);
	f = header(9, PP_ETHER_IP4);
	f.b[6] = 0x33;
	check(&f, PP_DROP_ETH_SOURCE);
}

static void tags(void)
{
	static const uint16_t tcis[] = {0x0001, 0x0ffe, 0xe005, 0x1064, 0x0000, 0xe000};

	for (size_t i = 0; i < PP_ARRAY_LEN(tcis); i++) {
		struct bytes f = header(1, PP_ETHER_ARP);
		struct pp_eth eth;
		pp_put_be16(f.b + 14, tcis[i]);
		CU_ASSERT_EQUAL(pp_eth_decode(f.b, f.len, &eth), PP_OK);
		CU_ASSERT_EQUAL(eth.vlan, tcis[i] & 0xfff);
		CU_ASSERT_EQUAL(eth.hlen, 18);
		CU_ASSERT_EQUAL(eth.type, PP_ETHER_ARP);
		CU_ASSERT_PTR_EQUAL(eth.body.at, f.b + 18);
	}
}

static void bad_tags(void)
{
	struct bytes f = header(0xfff, PP_ETHER_IP4);

	check(&f, PP_DROP_VLAN_OTHER);
	f = header(5, PP_ETHER_VLAN);
	check(&f, PP_DROP_VLAN_STACKED);
	f = header(5, PP_ETHER_IP4);
	for (f.len = 14; f.len < 18; f.len++)
		check(&f, PP_DROP_VLAN_SHORT);
	check(&f, PP_OK);
}

static void runts(void)
{
	struct bytes f = header(PP_VLAN_NONE, PP_ETHER_IP4);

	for (f.len = 0; f.len < 14; f.len++)
		check(&f, PP_DROP_ETH_SHORT);
	check(&f, PP_OK);
}

static void put_sizes(void)
{
	struct pp_mac m = mac_of("02:00:00:00:00:01");
	uint8_t b[20];

	memset(b, 0x5a, sizeof(b));
	CU_ASSERT_EQUAL(pp_eth_put(b, &pp_mac_broadcast, &m, PP_VLAN_NONE, 0x0806), 14);
	CU_ASSERT_EQUAL(memcmp(b, "\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x01\x08\x06\x5a", 15), 0);
	CU_ASSERT_EQUAL(pp_eth_put(b, &pp_mac_broadcast, &m, 100, 0x86dd), 18);
	CU_ASSERT_EQUAL(memcmp(b + 12, "\x81\x00\x00\x64\x86\xdd\x5a", 7), 0);
}

PP_TEST_MAIN("eth", {"ETH-01 our EtherTypes", our_types},
	     {"ETH-01 every EtherType has one fate", all_types},
	     {"ETH-02 a length is never read as a type", snap},
	     {"ETH-03 group frames are flagged", group_flag},
	     {"a group address is no source", group_source}, {"tags", tags}, {"bad tags", bad_tags},
	     {"runts of 0 to 13 bytes", runts}, {"headers of 14 and 18 bytes", put_sizes})
