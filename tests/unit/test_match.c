/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which session an answer belongs to: every field that has to agree, one at a time.
 */
#include "probe_fixture.h"

struct answer_case {
	const char *what;
	bool v6;
	uint16_t size;
	size_t offset; /* into the IP packet of the reply: the byte that is changed */
	bool found, corrupt;
};

/* Offsets: IPv4 addresses 12 and 16, id 24, sequence 26, payload 28; IPv6 8, 24, 44, 46,
 * 48. What is behind number and token is compared, the number is the prober's to judge. */
static const struct answer_case cases[] = {
	{"as it was sent", false, 56, SIZE_MAX, true, false},
	{"as it was sent", true, 56, SIZE_MAX, true, false},
	{"as it was sent, no payload behind the token", true, 16, SIZE_MAX, true, false},
	{"as it was sent, weak", true, 15, SIZE_MAX, true, false},
	{"as it was sent, empty", false, 0, SIZE_MAX, true, false},
	{"another source", false, 56, 15, false, false},
	{"another source", true, 56, 8, false, false},
	{"another destination", false, 56, 19, false, false},
	{"another destination", true, 56, 39, false, false},
	{"another id", false, 56, 24, false, false},
	{"another id", true, 56, 45, false, false},
	{"another sequence", false, 56, 27, true, false},
	{"another number", false, 56, 28, true, false},
	{"first byte of the token", false, 56, 36, false, false},
	{"last byte of the token", true, 56, 63, false, false},
	{"first byte behind the token", false, 56, 44, true, true},
	{"last byte of the payload", true, 56, 103, true, true},
	{"weak: another source", false, 15, 14, false, false},
	{"weak: another id", false, 15, 24, false, false},
	{"weak: first byte", false, 15, 28, true, true},
	{"weak: last byte", true, 15, 62, true, true},
};

static void check_case(const struct answer_case *c)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, c->v6);
	struct pp_receipt r = {.number = 77, .session = 77};
	struct pp_ip ip;
	struct pp_icmp icmp;

	spec.size = c->size;
	pp_session_ref ref = add_started(f, &spec);
	CU_ASSERT_EQUAL_FATAL(burst(f), 1);
	struct bytes reply = reply_to(f->frame[0]);
	if (c->offset != SIZE_MAX) {
		reply.b[c->offset] ^= 1;
		fix_sums(&reply);
	}
	CU_ASSERT_TRUE_FATAL(decode(&reply, &ip, &icmp));
	bool found = pp_sessions_match(f->table, &ip, &icmp, &r);
	if (found != c->found || (found ? r.session != ref : r.session != 77 || r.number != 77)) {
		printf("%s, IPv%d: found %d\n", c->what, c->v6 ? 6 : 4, found);
		CU_FAIL("match");
	}
	if (found && r.corrupt != c->corrupt) {
		printf("%s: corrupt %d\n", c->what, r.corrupt);
		CU_FAIL("payload");
	}
	teardown(f);
}

static void fields_of_an_answer(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(cases); i++)
		check_case(&cases[i]);
	CU_PASS("cases");
}

static void what_the_receipt_says(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);
	struct pp_receipt r = {0};
	struct pp_ip ip;
	struct pp_icmp icmp;

	spec.owner = 3;
	pp_session_ref ref = add_started(f, &spec);
	CU_ASSERT_EQUAL_FATAL(burst(f), 1);
	struct bytes reply = reply_to(f->frame[0]);
	reply.b[8] = 17;
	fix_sums(&reply);
	CU_ASSERT_TRUE_FATAL(decode(&reply, &ip, &icmp));
	CU_ASSERT_TRUE_FATAL(pp_sessions_match(f->table, &ip, &icmp, &r));
	CU_ASSERT_EQUAL(r.session, ref);
	CU_ASSERT_EQUAL(r.number, f->batch.base);
	CU_ASSERT_EQUAL(r.seq, 1);
	CU_ASSERT_EQUAL(r.bytes, 64);
	CU_ASSERT_EQUAL(r.ttl, 17);
	CU_ASSERT_EQUAL(r.owner, 3);
	CU_ASSERT_FALSE(r.corrupt);
	teardown(f);
}

/* A reply cut short of the token is nobody's; one cut behind it, or longer, is corrupt. */
static void lengths(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, true);
	struct pp_ip ip;
	struct pp_icmp icmp;

	add_started(f, &spec);
	CU_ASSERT_EQUAL_FATAL(burst(f), 1);
	for (size_t size = 0; size <= 100; size++) {
		struct bytes reply = reply_to(f->frame[0]);
		struct pp_receipt r = {0};
		reply.len = PP_IP6_HLEN + PP_ICMP_HLEN + size;
		memset(reply.b + PP_IP6_HLEN + PP_ICMP_HLEN + 56, 0, 100);
		pp_put_be16(reply.b + 4, (uint16_t)(PP_ICMP_HLEN + size));
		fix_sums(&reply);
		CU_ASSERT_TRUE_FATAL(decode(&reply, &ip, &icmp));
		bool found = pp_sessions_match(f->table, &ip, &icmp, &r);
		CU_ASSERT_EQUAL(found, size >= 16);
		CU_ASSERT_EQUAL(r.corrupt, found && size != 56);
	}
	teardown(f);
}

/* Each of 60 sessions with one id answers for itself alone. */
static void one_id_for_all(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = spec_of(f, false);
	struct pp_ip ip;
	struct pp_icmp icmp;

	spec.id = 7;
	for (unsigned int i = 0; i < 60; i++) {
		spec.token = (uint64_t)i << 48 | 1;
		add_started(f, &spec);
	}
	while (burst(f)) {
		for (unsigned int i = 0; i < f->batch.n; i++) {
			struct bytes reply = reply_to(f->frame[i]),
				     e = error_about(f->frame[i], 3, 1, 8);
			struct pp_receipt r = {0};
			struct pp_quote q;
			struct pp_error_receipt error = {0};
			CU_ASSERT_TRUE_FATAL(decode(&reply, &ip, &icmp));
			CU_ASSERT_TRUE(pp_sessions_match(f->table, &ip, &icmp, &r));
			CU_ASSERT_EQUAL(r.session, pp_batch_at(&f->batch, i).ref);
			CU_ASSERT_TRUE_FATAL(decode(&e, &ip, &icmp));
			CU_ASSERT_EQUAL_FATAL(pp_icmp_quote(&icmp, &q), PP_OK);
			CU_ASSERT_EQUAL(pp_sessions_match_quote(f->table, &q, &error),
					pp_batch_at(&f->batch, i).ref);
		}
	}
	teardown(f);
}

PP_TEST_MAIN("match", {"ICMP-09 every field that has to agree", fields_of_an_answer},
	     {"IP-09 what the receipt says", what_the_receipt_says},
	     {"answers cut short or drawn out", lengths},
	     {"sessions that share an id", one_id_for_all})
