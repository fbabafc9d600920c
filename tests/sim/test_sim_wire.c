/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two nodes and a wire that delays, loses, repeats, reorders and damages frames:
 * what the session counts is what happened, for both families.
 */
#include "sim.h"

#define PROBES 10000

struct pair {
	struct sim *s;
	struct sim_node *client, *server;
	struct sim_ping *ping;
};

static struct pair pair(const struct sim_family *fam)
{
	struct sim *s = sim_create(pp_test_seed());
	struct pair p = {.s = s, .client = sim_node(s), .server = sim_node(s)};

	sim_addr(p.client, fam->client);
	sim_addr(p.server, fam->server);
	sim_run(s, pp_ns_add(s->now, PP_SEC(5)));
	return p;
}

static void ping(struct pair *p, const struct sim_family *fam, uint64_t count)
{
	struct pp_session_spec spec = sim_spec(fam->target);

	spec.count = count;
	spec.interval = PP_US(100);
	p->ping = sim_ping(p->client, &spec);
	sim_run_done(p->s);
	sim_check(p->ping);
}

/* The same with every poll and transmit burst taking that long. */
static void set_polls(struct pair *p, pp_ns poll)
{
	p->client->poll = poll;
	p->server->poll = poll;
}

static void clean(const struct sim_family *fam, pp_ns poll)
{
	struct pair p = pair(fam);

	set_polls(&p, poll);
	p.client->out.jitter = p.server->out.jitter = PP_US(20);
	ping(&p, fam, PROBES);
	CU_ASSERT_EQUAL(sim_counts(p.ping)->sent, PROBES);
	CU_ASSERT_EQUAL(sim_counts(p.ping)->received, PROBES);
	CU_ASSERT_EQUAL(p.server->stack.drops[PP_DROP_ECHO_ANSWERED], PROBES);
	CU_ASSERT_EQUAL(p.client->stack.drops[PP_DROP_ECHO_MATCHED], PROBES);
	sim_free(p.s);
}

static void test_clean(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		clean(&sim_families[i], PP_NS(0));
		clean(&sim_families[i], PP_NS(700));
		clean(&sim_families[i], PP_US(13));
	}
}

static void test_constant(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = pair(&sim_families[i]);
		struct pp_addr target = sim_parse(sim_families[i].target);
		struct pp_link link = {.port = 0};
		/* Known beforehand, or the first slot waits for it. */
		pp_neigh_acquire(pp_host_neighbours(p.client->host), link, &target, p.s->now);
		sim_run(p.s, pp_ns_add(p.s->now, PP_MS(10)));
		ping(&p, &sim_families[i], PROBES);
		const struct pp_tally *t = pp_session_tally(p.ping->session);
		CU_ASSERT_EQUAL(t->rtt.min, PP_US(10).v);
		CU_ASSERT_EQUAL(t->rtt.max, PP_US(10).v);
		CU_ASSERT_EQUAL(t->rtt.bound_max, 0);
		CU_ASSERT_EQUAL(t->slip_max.v, 0);
		CU_ASSERT_EQUAL(t->c.reordered, 0);
		sim_free(p.s);
	}
}

static void test_loss(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = pair(&sim_families[i]);
		p.client->out.loss = 0.05;
		p.server->out.loss = 0.05;
		ping(&p, &sim_families[i], PROBES);
		uint64_t lost = pp_counts_lost(sim_counts(p.ping));
		CU_ASSERT_TRUE(lost > PROBES / 20 && lost < PROBES / 5);
		CU_ASSERT_EQUAL(lost, PROBES - p.ping->truth.received);
		sim_free(p.s);
	}
}

static void test_duplicates(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = pair(&sim_families[i]);
		p.client->out =
			(struct sim_link){.delay = PP_US(5), .jitter = PP_US(50), .dup = 0.1};
		p.server->out = p.client->out;
		ping(&p, &sim_families[i], PROBES);
		CU_ASSERT_EQUAL(sim_counts(p.ping)->received, PROBES);
		CU_ASSERT_TRUE(sim_counts(p.ping)->duplicate > PROBES / 10);
		sim_free(p.s);
	}
}

static void test_reorder(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = pair(&sim_families[i]);
		p.client->out.reorder = 0.1;
		p.client->out.behind = PP_US(250);
		ping(&p, &sim_families[i], PROBES);
		CU_ASSERT_EQUAL(sim_counts(p.ping)->received, PROBES);
		CU_ASSERT_TRUE(sim_counts(p.ping)->reordered > PROBES / 20);
		sim_free(p.s);
	}
}

/* Some answers come after the timeout, and some of those twice. With polls the
 * harness keeps off the boundary, which is as uncertain as they are. */
static void late(const struct sim_family *fam, pp_ns poll)
{
	struct pair p = pair(fam);
	struct pp_session_spec spec = sim_spec(fam->target);

	set_polls(&p, poll);
	p.server->out = (struct sim_link){.delay = PP_US(5),
					  .jitter = PP_MS(2),
					  .reorder = 0.2,
					  .behind = PP_MS(3),
					  .dup = 0.1,
					  .loss = 0.05};
	spec.timeout = poll.v ? PP_US(2500) : PP_US(1500);
	spec.count = PROBES;
	spec.interval = PP_US(100);
	p.ping = sim_ping(p.client, &spec);
	sim_run_done(p.s);
	sim_run(p.s, pp_ns_add(p.s->now, PP_SEC(1)));
	sim_check(p.ping);
	CU_ASSERT_TRUE(sim_counts(p.ping)->late > PROBES / 20);
	CU_ASSERT_TRUE(sim_counts(p.ping)->received > PROBES / 3);
	sim_free(p.s);
}

static void test_late(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		late(&sim_families[i], PP_NS(0));
		late(&sim_families[i], PP_US(10));
	}
}

/* ---- damage ---- */

static struct sim_node *harmful(struct pair *p, bool reply, enum sim_harm how)
{
	struct sim_node *n = reply ? p->server : p->client;

	n->out.harm = 0.1;
	n->out.harm_to = how;
	return reply ? p->client : p->server;
}

static void corrupt(const struct sim_family *fam, bool reply)
{
	struct pair p = pair(fam);

	harmful(&p, reply, SIM_CORRUPT);
	ping(&p, fam, PROBES);
	CU_ASSERT_TRUE(sim_counts(p.ping)->corrupt > PROBES / 20);
	CU_ASSERT_EQUAL(sim_counts(p.ping)->corrupt + sim_counts(p.ping)->received, PROBES);
	sim_free(p.s);
}

static void broken(const struct sim_family *fam, bool reply)
{
	struct pair p = pair(fam);
	struct sim_node *to = harmful(&p, reply, SIM_BROKEN);

	ping(&p, fam, PROBES);
	CU_ASSERT_TRUE(to->broken > PROBES / 20);
	CU_ASSERT_EQUAL(to->stack.drops[PP_DROP_ICMP_CHECKSUM], to->broken);
	CU_ASSERT_EQUAL(sim_counts(p.ping)->corrupt, 0);
	CU_ASSERT_EQUAL(pp_counts_lost(sim_counts(p.ping)), to->broken);
	sim_free(p.s);
}

static void test_corrupt(void)
{
	for (size_t i = 0; i < 2 * PP_ARRAY_LEN(sim_families); i++)
		corrupt(&sim_families[i / 2], i & 1);
}

static void test_broken(void)
{
	for (size_t i = 0; i < 2 * PP_ARRAY_LEN(sim_families); i++)
		broken(&sim_families[i / 2], i & 1);
}

/* Half of the frames have one wrong bit, wherever. The harness does not know what
 * became of those; that it all adds up is checked after every burst. */
static void test_any_bit(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = pair(&sim_families[i]);
		struct pp_session_spec spec = sim_spec(sim_families[i].target);
		harmful(&p, false, SIM_UNKNOWN);
		harmful(&p, true, SIM_UNKNOWN);
		p.client->out.harm = p.server->out.harm = 0.5;
		spec.count = PROBES;
		spec.interval = PP_US(100);
		spec.flags = 0;
		p.ping = sim_ping(p.client, &spec);
		sim_run_done(p.s);
		const struct pp_counts *c = sim_counts(p.ping);
		CU_ASSERT_TRUE(p.ping->done && pp_counts_consistent(c));
		CU_ASSERT_EQUAL(c->sent, PROBES);
		CU_ASSERT_EQUAL(c->duplicate, 0);
		CU_ASSERT_TRUE(c->received >= p.ping->truth.received && c->received < PROBES / 2);
		sim_free(p.s);
	}
}

static void test_errors(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = pair(&sim_families[i]);
		p.client->out.error = 0.2;
		p.client->out.loss = 0.05;
		p.server->out.dup = 0.1;
		ping(&p, &sim_families[i], PROBES);
		CU_ASSERT_TRUE(sim_counts(p.ping)->error > PROBES / 10);
		CU_ASSERT_EQUAL(p.client->stack.drops[PP_DROP_ERROR_MATCHED],
				sim_counts(p.ping)->error);
		sim_free(p.s);
	}
}

/* ---- our own side ---- */

static void test_refused(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = pair(&sim_families[i]);
		p.client->refuse = 0.3;
		p.client->out.loss = 0.02;
		set_polls(&p, PP_US(500)); /* bursts of five */
		ping(&p, &sim_families[i], PROBES);
		CU_ASSERT_TRUE(sim_counts(p.ping)->not_sent > PROBES / 20);
		CU_ASSERT_EQUAL(sim_counts(p.ping)->unreachable, 0);
		CU_ASSERT_EQUAL(sim_counts(p.ping)->sent + sim_counts(p.ping)->not_sent, PROBES);
		sim_free(p.s);
	}
}

static void test_all_at_once(void)
{
	static const struct sim_link storm = {
		.delay = PP_US(50),
		.jitter = PP_MS(2),
		.behind = PP_MS(5),
		.loss = 0.05,
		.dup = 0.05,
		.reorder = 0.05,
	};

	for (size_t i = 0; i < 2 * PP_ARRAY_LEN(sim_families); i++) {
		struct pair p = pair(&sim_families[i / 2]);
		p.client->out = p.server->out = storm;
		p.client->out.error = 0.05;
		p.client->refuse = 0.1;
		harmful(&p, true, i & 1 ? SIM_CORRUPT : SIM_BROKEN);
		ping(&p, &sim_families[i / 2], PROBES);
		sim_free(p.s);
	}
}

PP_TEST_MAIN("sim_wire",
	     {"a clean wire: all received, every interval holds the true RTT", test_clean},
	     {"a constant wire: every RTT exact, no slip", test_constant},
	     {"lost is what was lost", test_loss},
	     {"duplicates are counted apart", test_duplicates},
	     {"reordered is what was overtaken", test_reorder},
	     {"an answer after the timeout is late, never a sample", test_late},
	     {"a wrong payload with a right checksum is corrupt", test_corrupt},
	     {"a wrong checksum is a counter, and its probe lost", test_broken},
	     {"one wrong bit anywhere: every identity holds", test_any_bit},
	     {"ICMP errors decide the probes that they quote", test_errors},
	     {"what the port refuses is not sent", test_refused},
	     {"everything at once", test_all_at_once})
