/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per probe of the prober's stages: planning, frames, the record of what was sent,
 * matching an answer, accounting for it. One target, many in one session, many sessions; a
 * burst is answered `lag` bursts later, as a wire would. Virtual time, no ports.
 */
#include <pmdping/probe.h>

#include "cycles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICES	   31
#define BURSTS	   4096 /* in a slice */
#define LAG	   32
#define FRAME_ROOM 256
#define PERIOD	   PP_NS(1280) /* of a burst: 25 Mpps */

enum stage { PLAN, WRITE, COMMIT, MATCH, ANSWER, STAGES };
static const char *const names[STAGES] = {"plan", "write", "commit", "match", "answer"};

struct bench {
	struct pp_sessions *table;
	struct pp_prober *prober;
	struct pp_hop hop;
	pp_ns now;
	struct pp_batch batch;
	uint64_t k; /* bursts */
	unsigned int n[LAG];
	pp_session_ref session;
	bool receipts; /* answers come by way of them */
	uint8_t frame[LAG][PP_TX_BURST][FRAME_ROOM];
	double cycles[STAGES][SLICES];
	uint64_t sum[STAGES], probes;
};

static void ignore(void *arg, const struct pp_event *e)
{
	(void)arg, (void)e;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_prober: %s\n", what);
	exit(1);
}

static struct pp_addr addr4(uint32_t a)
{
	uint8_t b[4];

	pp_put_be32(b, a);
	return pp_addr_from4(b);
}

/* ---- one burst ---------------------------------------------------------------------- */

static void send_burst(struct bench *b)
{
	unsigned int at = b->k % LAG;
	uint8_t *frames[PP_TX_BURST];

	for (unsigned int i = 0; i < PP_TX_BURST; i++)
		frames[i] = b->frame[at][i];
	uint64_t t0 = cycles();
	b->n[at] = pp_prober_plan(b->prober, b->now, b->now, &b->batch);
	uint64_t t1 = cycles();
	if (b->n[at])
		pp_prober_write(b->prober, &b->batch, frames);
	uint64_t t2 = cycles();
	if (b->n[at])
		pp_prober_commit(b->prober, &b->batch, b->n[at],
				 (struct pp_span){b->now, pp_ns_add(b->now, PP_NS(100))});
	uint64_t t3 = cycles();
	b->sum[PLAN] += t1 - t0;
	b->sum[WRITE] += t2 - t1;
	b->sum[COMMIT] += t3 - t2;
	b->probes += b->n[at];
}

/* The target's answer to each frame, as the stack hands it over: to the prober that sent
 * it, or by way of a receipt. */
static void take_burst(struct bench *b)
{
	unsigned int at = (b->k + 1) % LAG, n = b->n[at], took = 0;
	struct pp_receipt receipt[PP_TX_BURST];
	struct pp_reply r[PP_TX_BURST];
	struct pp_span rx = {b->now, pp_ns_add(b->now, PP_NS(200))};

	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *f = b->frame[at][i];
		r[i] = (struct pp_reply){.src = pp_addr_from4(f + 30),
					 .dst = pp_addr_from4(f + 26),
					 .id = pp_get_be16(f + 38),
					 .seq = pp_get_be16(f + 40),
					 .body = pp_cur(f + 42, 18)};
		receipt[i] = (struct pp_receipt){.rx = rx};
	}
	uint64_t t0 = cycles();
	for (unsigned int i = 0; b->receipts && i < n; i++)
		if (!pp_reply_match(b->table, &r[i], &receipt[i]))
			fail("an answer was not recognised");
	uint64_t t1 = cycles();
	if (b->receipts && n && pp_prober_answers(b->prober, receipt, n) != UINT32_MAX >> (32 - n))
		fail("a receipt was not found");
	for (; !b->receipts && took < n;) {
		unsigned int more = pp_prober_replies(b->prober, r + took, n - took, rx, PP_NS(0));
		if (!more)
			fail("an answer was not found");
		took += more;
	}
	uint64_t t2 = cycles();
	b->sum[MATCH] += t1 - t0;
	b->sum[ANSWER] += t2 - t1;
	b->n[at] = 0;
}

static void run_bursts(struct bench *b, unsigned int n)
{
	memset(b->sum, 0, sizeof(b->sum));
	b->probes = 0;
	for (unsigned int i = 0; i < n; i++, b->k++) {
		b->now = pp_ns_add(b->now, PERIOD);
		send_burst(b);
		take_burst(b);
	}
}

/* ---- cases --------------------------------------------------------------------------- */

static struct pp_session_spec spec_of(struct bench *b, double pps)
{
	return (struct pp_session_spec){
		.source = addr4(0xc6120001),
		.hop = &b->hop,
		.size = 18,
		.mtu = 1500,
		.ttl = 64,
		.df = true,
		.rate = pps,
		.slack = PP_SEC(1),
		.timeout = PP_MS(1),
		.digits = 2,
	};
}

static void add(struct bench *b, const struct pp_session_spec *spec)
{
	if (pp_session_add(b->table, spec, &b->session))
		fail("no session");
	pp_prober_start(b->prober, b->session, b->now);
}

static struct bench *create(uint32_t sessions, uint32_t targets)
{
	struct bench *b = aligned_alloc(64, (sizeof(*b) + 63) / 64 * 64);
	struct pp_target_spec *list = calloc(targets, sizeof(*list));

	if (!b || !list)
		fail("out of memory");
	memset(b, 0, sizeof(*b));
	b->now = PP_SEC(1);
	b->table = pp_sessions_create(200000, 1);
	struct pp_prober_config config = {.sessions = b->table,
					  .flight = pp_flight_create(1 << 18),
					  .event = ignore,
					  .arg = b};
	b->prober = pp_prober_create(&config, b->now);
	b->hop.word = UINT64_C(1) << 48 | 2;
	struct pp_session_spec spec = spec_of(b, 25e6 / sessions);
	for (uint32_t i = 0; i < sessions; i++) {
		for (uint32_t j = 0; j < targets; j++)
			list[j] = (struct pp_target_spec){.addr = addr4(0x0a000000 + i + j),
							  .hop = &b->hop,
							  .token = (i + j) * UINT64_C(0x123456789)};
		spec.targets = list;
		spec.n_targets = targets;
		spec.digits = sessions > 1 ? 1 : 2;
		add(b, &spec);
	}
	free(list);
	return b;
}

static int compare(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static void report(struct bench *b, uint32_t sessions, uint32_t targets)
{
	double min = 0, median = 0;

	printf("%7u session%s of %6u target%s:", sessions, sessions > 1 ? "s" : " ", targets,
	       targets > 1 ? "s" : " ");
	for (unsigned int s = 0; s < STAGES; s++) {
		qsort(b->cycles[s], SLICES, sizeof(double), compare);
		printf("  %s %.1f (%.1f)", names[s], b->cycles[s][SLICES / 2], b->cycles[s][0]);
		min += b->cycles[s][0];
		median += b->cycles[s][SLICES / 2];
	}
	printf("  all %.1f (%.1f)\n", median, min);
}

static void bench(uint32_t sessions, uint32_t targets, bool receipts)
{
	struct bench *b = create(sessions, targets);

	b->receipts = receipts;
	run_bursts(b, 2 * BURSTS);
	for (unsigned int i = 0; i < SLICES; i++) {
		run_bursts(b, BURSTS);
		for (unsigned int s = 0; s < STAGES; s++)
			b->cycles[s][i] = (double)b->sum[s] / (double)b->probes;
	}
	report(b, sessions, targets);
	pp_prober_free(b->prober);
	pp_sessions_free(b->table);
	free(b);
}

int main(void)
{
	puts("TSC cycles per probe, median (minimum) of 31 slices; stamps' own cost included");
	bench(1, 1, false);
	bench(1, 10, false);
	bench(1, 1000, false);
	bench(1, 100000, false);
	bench(100, 1, false);
	bench(1000, 1, false);
	puts("answers by receipts:");
	bench(1, 1, true);
	bench(1, 100000, true);
	return 0;
}
