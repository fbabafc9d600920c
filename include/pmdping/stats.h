/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Statistics of probes: log-linear histograms that keep every sample, the
 * exclusive states of promise 2, moments, quantiles as intervals with loss as
 * plus infinity. One writer (the worker that owns the session); anybody may read
 * with pp_hist_read while it writes. Allocation happens in create only.
 */
#ifndef PMDPING_STATS_H
#define PMDPING_STATS_H

#include <pmdping/base.h>

/* ---- histogram ------------------------------------------------------------
 * HdrHistogram's layout: unit 1 ns, range [0, 60 s], `digits` significant
 * decimal digits (1, 2 or 3), counts as 64-bit words. Values above 60 s count in
 * the last bucket, which holds nothing else, negative ones in the first; neither
 * is lost. */
#define PP_HIST_MAX PP_SEC(60)

struct pp_hist {
	uint32_t sub_bits; /* log2 of the sub-buckets per half: 4, 7 or 10 */
	uint32_t len;	   /* of counts */
	uint64_t *counts;  /* writer: the owner; readers: anybody, relaxed */
};

/* Number of counters a histogram of `digits` needs, 0 when digits is not 1..3. */
uint32_t pp_hist_len(unsigned int digits);
/* Takes `counts` of pp_hist_len(digits) zeroed words from the caller, who owns
 * them. 0 or -EINVAL. */
int pp_hist_init(struct pp_hist *h, unsigned int digits, uint64_t *counts);
void pp_hist_clear(struct pp_hist *h);
/* Adds from to into; both must have the same digits (-EINVAL). */
int pp_hist_merge(struct pp_hist *into, const struct pp_hist *from);
/* Copies the counters while the owner may be writing; same digits. */
int pp_hist_read(struct pp_hist *into, const struct pp_hist *from);
/* What came between two reads of one histogram: takes `before` away from `into`, the
 * later one. -EINVAL; -ERANGE when a counter of `before` is higher (it was cleared). */
int pp_hist_diff(struct pp_hist *into, const struct pp_hist *before);
uint64_t pp_hist_total(const struct pp_hist *h);
/* The counter that holds the k-th smallest value, k >= 1; h->len when there are fewer. */
uint32_t pp_hist_at_rank(const struct pp_hist *h, uint64_t k);
/* First and last value of a counter. The last counter's are 60 s + 1 ns and
 * PP_NS_NEVER; an index beyond it is taken for it. */
pp_ns pp_hist_bucket_low(const struct pp_hist *h, uint32_t index);
pp_ns pp_hist_bucket_high(const struct pp_hist *h, uint32_t index);

/* All values from low to high. */
struct pp_hist_row {
	pp_ns low, high;
	uint64_t count;
};
/* At most `max` rows without gaps, from the lowest counter that is not zero to the
 * highest, each of about as many counters: logarithmic, but for short ranges. How many. */
unsigned int pp_hist_rows(const struct pp_hist *h, struct pp_hist_row *ret_rows, unsigned int max);

/* Which counter a value lands in. Here, and without a branch, because every
 * sample goes through it twice: below 2^(sub_bits+1) a value is its own index,
 * above it keeps its sub_bits+1 leading bits. */
static inline uint32_t pp_hist_index(const struct pp_hist *h, pp_ns value)
{
	uint64_t v = value.v < 0 ? 0 : (uint64_t)value.v;
	uint64_t exact = (UINT64_C(2) << h->sub_bits) - 1;
	uint32_t shift = 63 - (uint32_t)__builtin_clzll(v | exact) - h->sub_bits;
	uint32_t index = (shift << h->sub_bits) + (uint32_t)(v >> shift);

	return value.v > PP_HIST_MAX.v ? h->len - 1 : index;
}

/* The owner only. Not an atomic addition: there is one writer. */
static inline void pp_hist_record_n(struct pp_hist *h, pp_ns value, uint64_t n)
{
	uint64_t *c = &h->counts[pp_hist_index(h, value)];

	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline void pp_hist_record(struct pp_hist *h, pp_ns value)
{
	pp_hist_record_n(h, value, 1);
}

/* Many values that are close to each other: those that land in the same counter are added
 * at once, so that no addition waits for the one before it. Between pp_hist_run and
 * pp_hist_run_end nobody else may record. */
struct pp_hist_run {
	struct pp_hist *h;
	uint32_t index;
	uint64_t n; /* not added yet */
};
static inline struct pp_hist_run pp_hist_run(struct pp_hist *h)
{
	return (struct pp_hist_run){.h = h};
}

static inline void pp_hist_run_end(struct pp_hist_run *r)
{
	uint64_t *c = &r->h->counts[r->index];

	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + r->n, __ATOMIC_RELAXED);
	r->n = 0;
}

static inline void pp_hist_run_add(struct pp_hist_run *r, pp_ns value, uint64_t n)
{
	uint32_t index = pp_hist_index(r->h, value);

	if (index != r->index) {
		pp_hist_run_end(r);
		r->index = index;
	}
	r->n += n;
}

/* ---- the states of a slot and of a probe ----------------------------------
 * due = sent + not_sent + missed;
 * sent = received + late + corrupt + error + lost + in flight.
 * Slots still ahead, or held for an unresolved neighbour, are not due yet. */
struct pp_counts {
	uint64_t due;
	uint64_t sent;
	uint64_t not_sent;    /* those below, or a newer one left while it was held */
	uint64_t unreachable; /* of not_sent: no neighbour, no route */
	uint64_t refused;     /* of not_sent: the port did not take it, or had no buffer for it */
	uint64_t log_full;    /* of not_sent: more in flight than can be remembered */
	uint64_t missed;      /* the worker was too late for the slot */
	uint64_t received;
	uint64_t late;	    /* answered after the timeout: part of loss % */
	uint64_t corrupt;   /* ours by token, but not the bytes we sent */
	uint64_t error;	    /* an ICMP error quoted it */
	uint64_t expired;   /* timeout passed without an answer; lost = expired - late */
	uint64_t duplicate; /* answers beyond the first: in no other counter */
	uint64_t reordered; /* received, but a later probe's answer came first */
	uint64_t suspect;   /* of received: a stall of ours overlapped its flight */
	uint64_t redirect;  /* ICMP redirects and source quenches that quoted one: informative */
};

uint64_t pp_counts_lost(const struct pp_counts *c);
uint64_t pp_counts_in_flight(const struct pp_counts *c);
/* Probes whose fate is known: sent - in flight. N of every percentile. */
uint64_t pp_counts_decided(const struct pp_counts *c);
/* Both identities above, and no term negative. Where it is false, the three
 * differences above are 0 at least. */
bool pp_counts_consistent(const struct pp_counts *c);
/* (decided - received) / decided in percent; NaN when nothing is decided. */
double pp_counts_loss_percent(const struct pp_counts *c);
void pp_counts_add(struct pp_counts *into, const struct pp_counts *from);
/* What came between two reads: takes `before` away from `into`, the later one, modulo
 * 2^64. To be read as signed: `expired` goes back when the answer of a probe that was
 * given up turns out to have come in time, and `expired - late` when it comes late. */
void pp_counts_diff(struct pp_counts *into, const struct pp_counts *before);

/* ---- samples ---------------------------------------------------------------
 * The round-trip time of a probe lies in [lo, hi]. */
struct pp_rtt {
	pp_ns lo;
	pp_ns hi;
};
/* Rounded down, so that mid - bound <= lo and hi <= mid + bound. */
static inline pp_ns pp_rtt_mid(struct pp_rtt r)
{
	return PP_NS(r.lo.v + (r.hi.v - r.lo.v) / 2);
}

/* Half the width, rounded up. */
static inline pp_ns pp_rtt_bound(struct pp_rtt r)
{
	return PP_NS((r.hi.v - r.lo.v + 1) / 2);
}

/* Sums of midpoints, exact: 60 s squared times 2^56 samples fits. */
struct pp_moments {
	uint64_t n;
	int64_t min, max;	/* ns; unset while n == 0 */
	int64_t bound_max;	/* widest half width so far, ns */
	__int128 sum;		/* ns */
	unsigned __int128 sum2; /* ns^2 */
};
static inline void pp_moments_record_n(struct pp_moments *m, struct pp_rtt r, uint64_t n)
{
	int64_t mid = pp_rtt_mid(r).v;
	int64_t bound = pp_rtt_bound(r).v;

	m->min = m->n == 0 || mid < m->min ? mid : m->min;
	m->max = m->n == 0 || mid > m->max ? mid : m->max;
	m->bound_max = bound > m->bound_max ? bound : m->bound_max;
	m->n += n;
	m->sum += (__int128)mid * (int64_t)n;
	m->sum2 += (unsigned __int128)((__int128)mid * mid) * n;
}

static inline void pp_moments_record(struct pp_moments *m, struct pp_rtt r)
{
	pp_moments_record_n(m, r, 1);
}
/* Mean and population standard deviation (ping's avg and mdev), in ns; 0 when
 * n == 0. */
double pp_moments_mean(const struct pp_moments *m);
double pp_moments_mdev(const struct pp_moments *m);

/* Everything one session (or group) keeps of its samples. */
struct pp_tally {
	struct pp_counts c;
	struct pp_moments rtt;
	struct pp_hist lo, hi;			 /* of the samples' lower and upper ends */
	struct pp_hist suspect_lo, suspect_hi;	 /* of these, those a stall of ours touched */
	struct pp_hist intended_lo, intended_hi; /* from the slot instead of the transmission */
	struct pp_hist slip;			 /* how late slots were sent */
	pp_ns slip_max;				 /* latest that a slot was sent */
};
/* One allocation, zeroed; NULL when out of memory or digits is not 1..3. */
struct pp_tally *pp_tally_create(unsigned int digits);
void pp_tally_free(struct pp_tally *t);
/* Bytes of it all, from t on. */
size_t pp_tally_size(const struct pp_tally *t);
void pp_tally_clear(struct pp_tally *t);
/* Adds from to into, of the same digits; its owner may be writing. */
void pp_tally_merge(struct pp_tally *into, const struct pp_tally *from);
/* Records one RTT: both histograms and the moments. Counts are the caller's. */
void pp_tally_record(struct pp_tally *t, struct pp_rtt r);
/* The same RTT of n probes. */
void pp_tally_record_n(struct pp_tally *t, struct pp_rtt r, uint64_t n);
/* The same answers counted from the slot: what coordinated omission would hide. */
void pp_tally_intended(struct pp_tally *t, struct pp_rtt r);
/* Also among the suspects, n of them. */
void pp_tally_suspect(struct pp_tally *t, struct pp_rtt r, uint64_t n);

/* ---- quantiles ---------------------------------------------------------------
 * RFC 2330 11.3: the smallest x with F(x) >= p. A probe without an answer is
 * plus infinity (RFC 2681 4.1). */
struct pp_quantile {
	double p;      /* 0 < p <= 1 */
	bool defined;  /* false: nothing decided */
	bool infinite; /* falls among the lost; lo and hi are PP_NS_NEVER */
	pp_ns lo;      /* lower edge of the lower ends' bucket */
	pp_ns hi;      /* upper edge of the upper ends' bucket; PP_NS_NEVER above 60 s */
};
/* `n` is the number of decided probes, at least the histograms' total; the
 * difference is lost. */
struct pp_quantile pp_quantile(const struct pp_hist *lo, const struct pp_hist *hi, uint64_t n,
			       double p);
/* RFC 2330 11.3: of an even number the mean of the two central values, infinite
 * when one of them is lost; p50 is their smaller one. */
struct pp_quantile pp_median(const struct pp_hist *lo, const struct pp_hist *hi, uint64_t n);
/* Whether n samples say anything of quantile p: at least 10 beyond it, that is
 * n * (1 - p) >= 10, or p <= 0.5 and n >= 1. */
bool pp_quantile_supported(uint64_t n, double p);

/* Between which ranks of n samples, from 1, quantile p of what they are a sample of
 * lies, with 95 % confidence at least and whatever its distribution: with B of the
 * samples up to the quantile, B is binomial (n, p), and no more than 2.5 % are beyond
 * either rank. 0: not bounded below; n + 1: not bounded above. */
struct pp_ranks {
	uint64_t lower, upper;
};
struct pp_ranks pp_quantile_ranks(uint64_t n, double p);

/* The samples of these ranks, as pp_quantile has them. */
struct pp_confidence {
	struct pp_ranks ranks;
	pp_ns lo; /* 0 when not bounded below; PP_NS_NEVER among the lost */
	pp_ns hi; /* PP_NS_NEVER among the lost, and when not bounded above */
};
/* n and p as in pp_quantile, with n >= 1 and 0 < p <= 1. */
struct pp_confidence pp_quantile_confidence(const struct pp_hist *lo, const struct pp_hist *hi,
					    uint64_t n, double p);

/* The inverse: the share of n decided probes that were answered within x lies in
 * [lo, hi], since samples are intervals and counters have a width. */
struct pp_share {
	bool defined; /* false: nothing decided */
	double lo, hi;
};
struct pp_share pp_hist_below(const struct pp_hist *lo, const struct pp_hist *hi, uint64_t n,
			      pp_ns x);

#endif
