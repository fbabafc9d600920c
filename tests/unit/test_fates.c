/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise 2 by random histories: sessions of one and of many targets that share bursts, a
 * port that refuses, neighbours that come and go, a worker that stalls, answers late, doubled,
 * corrupt and as ICMP errors. A plain model, which knows nothing but the stamps, must come to the
 * same counters.
 */
#include "probe_fixture.h"
#include "../../lib/probe/session.h"

enum { SESSIONS = 5, TARGETS = 48, SLOTS = 1 << 18, STEPS = 20000, RECENT = 3000 };

enum fate { UNKNOWN, IN_FLIGHT, RECEIVED, LATE, CORRUPT, FAILED };

/* Slots are numbered as the session's: slot k of its target i is k * n + i. */
struct model {
	pp_session_ref ref;
	const struct pp_session *s;
	uint32_t n;
	bool weak;
	pp_ns timeout;
	uint64_t first_k; /* cleared before */
	uint64_t top;	  /* one above the highest slot planned */
	uint64_t planned, refused, sent;
	uint8_t fate[SLOTS];
	uint32_t again[SLOTS]; /* answers after the first */
	uint64_t number[SLOTS];
	struct pp_span tx[SLOTS];
};

struct history {
	struct fixture *f;
	struct pp_prng rng;
	struct pp_hop hop[TARGETS]; /* of the sessions with several targets */
	struct model m[SESSIONS];
};

static const uint32_t n_targets[SESSIONS] = {1, 1, 5, TARGETS, 3};

static uint64_t below(struct history *h, uint64_t bound)
{
	return pp_prng_below(&h->rng, bound);
}

static void set_way(struct history *h, unsigned int i, bool usable, uint64_t failures)
{
	atomic_store(&h->hop[i].word, failures << 49 | (uint64_t)usable << 48 | 2);
}

static void several(struct history *h, struct pp_session_spec *spec, struct pp_target_spec *target,
		    uint32_t n)
{
	struct pp_addr a = spec->target;

	for (uint32_t i = 0; i < n; i++, pp_addr_step(&a, 1)) {
		target[i] = (struct pp_target_spec){
			.addr = a, .hop = &h->hop[i], .token = pp_prng_next(&h->rng)};
		set_way(h, i, true, 0);
	}
	spec->targets = target;
	spec->n_targets = n > 1 ? n : 0;
}

static struct history *begin(uint64_t seed, uint32_t lines)
{
	struct history *h = calloc(1, sizeof(*h));

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	pp_prng_seed(&h->rng, seed);
	h->f = setup(lines);
	for (unsigned int i = 0; i < SESSIONS; i++) {
		struct pp_session_spec spec = spec_of(h->f, i & 1);
		struct pp_target_spec target[TARGETS];
		several(h, &spec, target, n_targets[i]);
		spec.size = i == 4 ? 8 : 56;
		spec.rate = 1000.0 * (double)(1 + below(h, 50));
		spec.timeout = PP_US(1 + below(h, 5000));
		spec.token = pp_prng_next(&h->rng);
		h->m[i].timeout = spec.timeout;
		h->m[i].ref = add_started(h->f, &spec);
		h->m[i].s = pp_session_get(h->f->table, h->m[i].ref);
		h->m[i].n = n_targets[i];
		h->m[i].weak = i == 4;
	}
	return h;
}

static struct model *model_of(struct history *h, pp_session_ref ref)
{
	for (unsigned int i = 0; i < SESSIONS; i++) {
		if (h->m[i].ref == ref)
			return &h->m[i];
	}
	CU_FAIL_FATAL("no such session");
	return NULL;
}

/* One burst, of which the port takes n_sent. */
static void send(struct history *h)
{
	struct fixture *f = h->f;
	unsigned int n = plan(f),
		     n_sent = (unsigned int)below(h, 4) ? n : (unsigned int)below(h, n + 1);
	struct pp_span tx = {f->now, pp_ns_add(f->now, PP_NS(below(h, 3000)))};

	for (unsigned int i = 0; i < n; i++) {
		struct model *m = model_of(h, pp_batch_at(&f->batch, i).ref);
		struct pp_batch_probe p = pp_batch_at(&f->batch, i);
		uint64_t k = (uint64_t)p.k * m->n + (p.target - atomic_load(&m->s->target->ref));
		if (k >= SLOTS || m->fate[k] != UNKNOWN || (m->n == 1 && k < m->top))
			CU_FAIL_FATAL("a slot twice, or too many");
		m->top = k + 1 > m->top ? k + 1 : m->top;
		m->planned++;
		m->refused += i >= n_sent;
		if (i >= n_sent)
			continue;
		m->sent++;
		m->fate[k] = IN_FLIGHT;
		m->number[k] = f->batch.base + i;
		m->tx[k] = tx;
	}
	if (n)
		pp_prober_commit(f->prober, &f->batch, n_sent, tx);
	f->now = tx.to;
}

/* A slot that was sent not too long ago. */
static bool pick(struct history *h, struct model *m, uint64_t *ret_k)
{
	uint64_t span = pp_min_u64(m->top, RECENT);

	if (span == 0)
		return false;
	*ret_k = m->top - 1 - below(h, span);
	return m->fate[*ret_k] != UNKNOWN;
}

static struct pp_span arrival(struct history *h, const struct model *m, uint64_t k)
{
	pp_ns to = h->f->now, from = PP_NS(to.v - (int64_t)below(h, 20000));

	return (struct pp_span){pp_ns_before(from, m->tx[k].to) ? m->tx[k].to : from, to};
}

static bool in_time(const struct model *m, uint64_t k, struct pp_span rx)
{
	return rx.from.v - m->tx[k].to.v <= m->timeout.v;
}

/* What is in flight, or was cleared lately, may not be forgotten. */
static void check_forgotten(const struct history *h, const struct model *m, uint64_t k)
{
	if (k >= m->first_k && m->fate[k] == IN_FLIGHT &&
	    h->f->now.v <= m->tx[k].to.v + m->timeout.v)
		CU_FAIL_FATAL("a probe in flight is not remembered");
}

/* Answers without a number name 16 bits of the slot, and the newest with those is meant. */
static bool is_meant(const struct model *m, uint64_t k)
{
	return !m->weak || (m->top - k) / m->n < UINT16_MAX / 2;
}

static const struct pp_target *target_of(const struct model *m, uint64_t k)
{
	return &m->s->target[k % m->n];
}

static void answer_slot(struct history *h, struct model *m, uint64_t k)
{
	struct pp_receipt r = {
		.rx = arrival(h, m, k),
		.number = m->number[k],
		.session = m->ref,
		.target = target_of(m, k)->ref,
		.seq = pp_session_seq(k / m->n),
		.corrupt = below(h, 20) == 0,
	};

	if (!pp_prober_answer(h->f->prober, &r)) {
		check_forgotten(h, m, k);
		return;
	}
	if (k < m->first_k)
		CU_FAIL_FATAL("a cleared probe was answered");
	if (m->fate[k] != IN_FLIGHT)
		m->again[k]++;
	else if (!in_time(m, k, r.rx))
		m->fate[k] = LATE;
	else
		m->fate[k] = r.corrupt ? CORRUPT : RECEIVED;
}

static void fail_slot(struct history *h, struct model *m, uint64_t k)
{
	const struct pp_target *g = target_of(m, k);
	uint16_t seq = pp_session_seq(k / m->n);
	bool newest = m->n == 1 || m->weak || g->newest == m->number[k];
	struct pp_error_receipt e = {
		.rx = arrival(h, m, k),
		.session = m->ref,
		.target = g->ref,
		.seq = seq,
		.ip_id = pp_target_ip_id(g, seq),
		.check = pp_template_check(m->s->tmpl, g, seq, m->weak ? 0 : m->number[k]),
		.v6 = m->s->tmpl->v6,
		.has_number = !newest || below(h, 2),
		.number = m->number[k],
	};

	if (!pp_prober_error(h->f->prober, &e)) {
		check_forgotten(h, m, k);
		return;
	}
	if (k >= m->first_k && m->fate[k] == IN_FLIGHT && in_time(m, k, e.rx))
		m->fate[k] = FAILED;
}

static void come_back(struct history *h)
{
	for (uint64_t n = below(h, 60); n; n--) {
		struct model *m = &h->m[below(h, SESSIONS)];
		uint64_t k;
		if (!pick(h, m, &k) || !is_meant(m, k))
			continue;
		if (below(h, 10))
			answer_slot(h, m, k);
		else
			fail_slot(h, m, k);
	}
}

static void forget(struct history *h, struct model *m)
{
	pp_prober_clear(h->f->prober, m->ref);
	m->first_k = pp_session_get(h->f->table, m->ref)->first_k;
	m->planned = m->refused = m->sent = 0;
}

static void check_all(const struct history *h)
{
	for (unsigned int i = 0; i < SESSIONS; i++) {
		if (!pp_counts_consistent(counts(h->f, h->m[i].ref)))
			CU_FAIL_FATAL("identities");
	}
}

static void step(struct history *h)
{
	struct fixture *f = h->f;
	bool stall = below(h, 500) == 0;

	f->now.v += (int64_t)below(h, stall ? 50000000 : 30000);
	if (below(h, 300) == 0)
		set_hop(f, below(h, 3) != 0, below(h, 4));
	if (below(h, 30) == 0)
		set_way(h, (unsigned int)below(h, TARGETS), below(h, 3) != 0, below(h, 4));
	f->safe = PP_NS(f->now.v - (int64_t)below(h, 20000));
	send(h);
	check_all(h);
	come_back(h);
	check_all(h);
	if (below(h, 3000) == 0)
		forget(h, &h->m[below(h, SESSIONS)]);
}

static uint64_t with_fate(const struct model *m, enum fate fate)
{
	uint64_t n = 0;

	for (uint64_t k = m->first_k; k < m->top; k++)
		n += m->fate[k] == fate;
	return n;
}

static uint64_t answered_again(const struct model *m)
{
	uint64_t n = 0;

	for (uint64_t k = m->first_k; k < m->top; k++)
		n += m->again[k];
	return n;
}

/* What is kept of each target is what became of its own slots, and no more. */
static void compare_targets(const struct model *m)
{
	for (uint32_t i = 0; i < m->n && m->n > 1; i++) {
		uint64_t n[FAILED + 1] = {0}, again = 0, sent = 0;
		struct pp_target_counts t;
		uint64_t k = m->first_k + (i + m->n - m->first_k % m->n) % m->n;
		for (; k < m->top; k += m->n) {
			n[m->fate[k]]++;
			again += m->again[k];
			sent += m->fate[k] != UNKNOWN;
		}
		pp_session_target(m->s, i, &t);
		CU_ASSERT_EQUAL(t.sent, sent);
		CU_ASSERT_EQUAL(t.received, n[RECEIVED]);
		CU_ASSERT_EQUAL(t.errors, n[CORRUPT] + n[FAILED]);
		CU_ASSERT_EQUAL(t.expired, n[LATE] + n[IN_FLIGHT]);
		CU_ASSERT_EQUAL(t.duplicate, again);
	}
}

static void check_sums(const struct pp_session *s, const struct pp_counts *c)
{
	uint64_t not_sent = 0, unreachable = 0;
	struct pp_target_counts t;

	for (uint32_t i = 0; i < pp_session_targets(s); i++) {
		pp_session_target(s, i, &t);
		not_sent += t.not_sent;
		unreachable += t.unreachable;
	}
	CU_ASSERT_EQUAL(c->not_sent, not_sent);
	CU_ASSERT_EQUAL(c->unreachable, unreachable);
}

static void compare(const struct history *h, const struct model *m)
{
	const struct pp_counts *c = counts(h->f, m->ref);

	CU_ASSERT_EQUAL(c->sent, m->sent);
	CU_ASSERT_TRUE(c->not_sent >= m->refused);
	CU_ASSERT_TRUE(c->due >= m->planned);
	CU_ASSERT_EQUAL(c->received, with_fate(m, RECEIVED));
	CU_ASSERT_EQUAL(c->late, with_fate(m, LATE));
	CU_ASSERT_EQUAL(c->corrupt, with_fate(m, CORRUPT));
	CU_ASSERT_EQUAL(c->error, with_fate(m, FAILED));
	CU_ASSERT_EQUAL(pp_counts_lost(c), with_fate(m, IN_FLIGHT));
	CU_ASSERT_EQUAL(pp_counts_in_flight(c), 0);
	CU_ASSERT_EQUAL(c->duplicate, answered_again(m));
	CU_ASSERT_EQUAL(pp_session_tally(m->s)->rtt.n, c->received);
	compare_targets(m);
	if (m->n > 1)
		check_sums(m->s, c);
}

static void finish(struct history *h)
{
	for (unsigned int i = 0; i < SESSIONS; i++)
		pp_prober_stop(h->f->prober, h->m[i].ref, false, h->f->now);
	h->f->safe = PP_NS_NEVER;
	run(h->f, PP_MS(60), PP_US(50));
	CU_ASSERT_EQUAL(h->f->n_done, SESSIONS);
	for (unsigned int i = 0; i < SESSIONS; i++)
		compare(h, &h->m[i]);
	teardown(h->f);
	free(h);
}

static void random_histories(void)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct history *h = begin(pp_test_seed() + i, 1 << 14);
		for (unsigned int n = 0; n < STEPS; n++)
			step(h);
		finish(h);
	}
}

/* So short that it is full now and then: what is remembered is the same. */
static void random_histories_short_log(void)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct history *h = begin(pp_test_seed() + 100 + i, 64);
		for (unsigned int n = 0; n < STEPS; n++)
			step(h);
		finish(h);
	}
}

PP_TEST_MAIN("fates", {"random histories agree with a plain model", random_histories},
	     {"and so they do with a log that is too short", random_histories_short_log})
