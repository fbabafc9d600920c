/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many probes and many sessions: sequence numbers that wrap, identifiers that
 * collide, a log that is too small, nodes that all ping each other.
 */
#include "sim.h"

#define WRAP 200000

struct pair {
	struct sim *s;
	struct sim_node *client, *server, *third;
};

static struct pair nodes(const struct sim_family *fam, uint32_t lines)
{
	struct sim *s = sim_create(pp_test_seed());
	struct pair p = {s, sim_node_log(s, lines), sim_node(s), sim_node(s)};

	sim_addr(p.client, fam->client);
	sim_addr(p.server, fam->server);
	sim_addr(p.third, fam->rival);
	sim_run(s, pp_ns_add(s->now, PP_SEC(5)));
	return p;
}

static struct pp_session_spec spec_of(const char *target, pp_ns interval, uint64_t count)
{
	struct pp_session_spec spec = sim_spec(target);

	spec.interval = interval;
	spec.count = count;
	return spec;
}

/* Three times around, with some ten thousand probes in flight. */
static void test_wrap(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = nodes(&sim_families[i], 1 << 16);
		struct pp_session_spec spec = spec_of(sim_families[i].target, PP_US(10), WRAP);
		p.server->out.delay = PP_MS(100);
		struct sim_ping *ping = sim_ping(p.client, &spec);
		sim_run_done(p.s);
		sim_check(ping);
		CU_ASSERT_EQUAL(sim_counts(ping)->duplicate, 0);
		CU_ASSERT_TRUE(sim_counts(ping)->received > WRAP - 20000);
		CU_ASSERT_EQUAL(sim_counts(ping)->received + sim_counts(ping)->not_sent, WRAP);
		CU_ASSERT_EQUAL(p.client->stack.drops[PP_DROP_ECHO_UNMATCHED], 0);
		sim_free(p.s);
	}
}

/* More in flight than 16 bits can number, answers included that come late. */
static void test_wrap_in_flight(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = nodes(&sim_families[i], 1 << 18);
		struct pp_session_spec spec = spec_of(sim_families[i].target, PP_US(10), WRAP);
		spec.timeout = PP_MS(900);
		p.server->out = (struct sim_link){
			.delay = PP_MS(800), .jitter = PP_MS(200), .dup = 0.05, .loss = 0.05};
		struct sim_ping *ping = sim_ping(p.client, &spec);
		sim_run_done(p.s);
		sim_check(ping);
		CU_ASSERT_TRUE(pp_session_pipe(ping->session) > 65536);
		sim_free(p.s);
	}
}

/* Without room for a token only the sequence tells probes apart. */
static void test_weak(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = nodes(&sim_families[i], 1 << 16);
		struct pp_session_spec spec = spec_of(sim_families[i].target, PP_US(20), WRAP / 2);
		spec.size = 8;
		spec.timeout = PP_MS(100);
		p.server->out = (struct sim_link){
			.delay = PP_MS(20), .jitter = PP_MS(20), .dup = 0.05, .loss = 0.05};
		struct sim_ping *ping = sim_ping(p.client, &spec);
		CU_ASSERT_TRUE(pp_session_is_weak(ping->session));
		sim_run_done(p.s);
		sim_check(ping);
		sim_free(p.s);
	}
}

/* One of two targets is silent; both sessions have the same identifier. */
static void test_same_id(void)
{
	for (size_t i = 0; i < 2 * PP_ARRAY_LEN(sim_families); i++) {
		const struct sim_family *fam = &sim_families[i / 2];
		struct pair p = nodes(fam, 1 << 16);
		struct pp_session_spec spec = spec_of(fam->target, PP_MS(1), 2000);
		spec.id = 4711;
		spec.size = i & 1 ? 8 : 56;
		struct sim_ping *alive = sim_ping(p.client, &spec);
		spec.target = sim_parse(i / 2 ? "2001:db8::3" : "192.0.2.3");
		struct sim_ping *silent = sim_ping(p.client, &spec);
		p.third->out.loss = 1;
		sim_run_done(p.s);
		sim_check(alive);
		sim_check(silent);
		CU_ASSERT_EQUAL(pp_session_id(alive->session), pp_session_id(silent->session));
		CU_ASSERT_TRUE(sim_counts(alive)->received >= 1990);
		CU_ASSERT_EQUAL(pp_counts_loss_percent(sim_counts(alive)), 0);
		CU_ASSERT_EQUAL(pp_counts_loss_percent(sim_counts(silent)), 100);
		sim_free(p.s);
	}
}

static void test_small_log(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = nodes(&sim_families[i], 64);
		struct pp_session_spec spec = spec_of(sim_families[i].target, PP_MS(1), 5000);
		p.server->out.loss = 1;
		spec.timeout = PP_MS(500);
		struct sim_ping *ping = sim_ping(p.client, &spec);
		sim_run_done(p.s);
		sim_check(ping);
		const struct pp_counts *c = sim_counts(ping);
		CU_ASSERT_TRUE(c->sent > 400 && c->not_sent > 3000);
		CU_ASSERT_EQUAL(pp_counts_lost(c), c->sent);
		CU_ASSERT_TRUE(pp_session_pipe(ping->session) <= 64);
		sim_free(p.s);
	}
}

/* Three nodes, each at two others, in bad weather, with different intervals. */
static void mesh(const struct sim_family *fam)
{
	static const struct sim_link storm = {.delay = PP_US(50),
					      .jitter = PP_MS(1),
					      .behind = PP_MS(3),
					      .loss = 0.03,
					      .dup = 0.03,
					      .reorder = 0.03,
					      .harm = 0.03,
					      .harm_to = SIM_BROKEN,
					      .error = 0.03};
	struct pair p = nodes(fam, 1 << 16);
	struct sim_node *node[3] = {p.client, p.server, p.third};
	const char *prefix[3] = {fam->client, fam->server, fam->rival};

	for (unsigned int i = 0; i < 9; i++) {
		struct pp_session_spec spec = spec_of(fam->target, PP_US(70 + 50 * i), 4000);
		unsigned int plen = 0;
		if (i % 3 == i / 3)
			continue;
		pp_prefix_parse(prefix[i / 3], &spec.target, &plen);
		node[i % 3]->out = storm;
		node[i % 3]->poll = PP_US(5 * (i % 3));
		sim_ping(node[i % 3], &spec);
	}
	sim_run_done(p.s);
	for (unsigned int i = 0; i < p.s->pings; i++)
		sim_check(&p.s->ping[i]);
	CU_ASSERT_EQUAL(p.s->pings, 6);
	sim_free(p.s);
}

static void test_mesh(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++)
		mesh(&sim_families[i]);
}

PP_TEST_MAIN("sim_long",
	     {"hping3#50 200,000 probes over the 16-bit wrap: no false duplicate", test_wrap},
	     {"more probes in flight than sequence numbers", test_wrap_in_flight},
	     {"a payload too short for the token: matched by sequence", test_weak},
	     {"fping#206 two sessions with one identifier, one target silent", test_same_id},
	     {"a full log holds the sender back, and says so", test_small_log},
	     {"three nodes ping each other in bad weather", test_mesh})
