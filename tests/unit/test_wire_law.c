/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a direction of the wire does: every law against its distribution function, every
 * probability against its frequency, lines, stalls and traces to the nanosecond. Bounds
 * are such that chance breaks one in ten million runs; the seed is printed.
 */
#include <pmdping/wire.h>

#include <math.h>
#include <stdlib.h>

#include "runner.h"

#define N      200000
#define SIGMAS 6 /* of a mean or a frequency */
#define KS     3 /* D * sqrt(n): exceeded with probability 2 exp(-18) */

static struct pp_wire_state seeded(void)
{
	struct pp_wire_state s = {0};

	pp_prng_seed(&s.rng, pp_test_seed());
	return s;
}

/* Delays of n frames, one a microsecond. */
static void draw(const struct pp_wire_dir *d, double *x, size_t n)
{
	struct pp_wire_spec w = {.dir = {*d, *d}};
	struct pp_wire_state s = seeded();

	for (size_t i = 0; i < n; i++) {
		pp_ns at = PP_US(i);
		x[i] = (double)(pp_wire_next(&w, 0, &s, at, 60).due.v - at.v);
	}
}

/* ---- laws ------------------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double uniform_cdf(double x, double a, double b)
{
	(void)b;
	return x < 0 ? 0 : x > a ? 1 : x / a;
}

static double normal_cdf(double x, double a, double b)
{
	(void)b;
	return 0.5 * erfc(-x / a / sqrt(2));
}

static double exp_cdf(double x, double a, double b)
{
	(void)b;
	return x < 0 ? 0 : -expm1(-x / a);
}

static double pareto_cdf(double x, double a, double b)
{
	return x < 0 ? 0 : 1 - pow(1 + x / a, -b);
}

static const struct law {
	enum pp_wire_law law;
	double a, b, mean, variance; /* of what is added to the delay; variance 0: no bound on it */
	double (*cdf)(double x, double a, double b);
} laws[] = {
	{PP_LAW_UNIFORM, 1e6, 0, 5e5, 1e12 / 12, uniform_cdf},
	{PP_LAW_NORMAL, 1e6, 0, 0, 1e12, normal_cdf},
	{PP_LAW_EXP, 1e6, 0, 1e6, 1e12, exp_cdf},
	{PP_LAW_PARETO, 1e6, 4.5, 1e6 / 3.5, 0, pareto_cdf},
	{PP_LAW_PARETO, 1e5, 1.2, 0, 0, pareto_cdf}, /* no variance to speak of */
};

static struct pp_wire_dir dir_of(const struct law *l)
{
	return (struct pp_wire_dir){.delay = PP_MS(20), .law = l->law, .a = l->a, .b = l->b};
}

static double kolmogorov(const struct law *l, double *x, size_t n)
{
	double worst = 0;

	qsort(x, n, sizeof(*x), by_value);
	for (size_t i = 0; i < n; i++) {
		double f = l->cdf(x[i] - 20e6, l->a, l->b);
		worst = fmax(worst,
			     fmax(f - (double)i / (double)n, (double)(i + 1) / (double)n - f));
	}
	return worst;
}

static void test_distributions(void)
{
	double *x = calloc(N, sizeof(*x));

	for (size_t i = 0; i < PP_ARRAY_LEN(laws); i++) {
		struct pp_wire_dir d = dir_of(&laws[i]);
		draw(&d, x, N);
		CU_ASSERT(kolmogorov(&laws[i], x, N) * sqrt(N) < KS);
	}
	free(x);
}

static void test_moments(void)
{
	double *x = calloc(N, sizeof(*x));

	for (size_t i = 0; i < PP_ARRAY_LEN(laws); i++) {
		const struct law *l = &laws[i];
		struct pp_wire_dir d = dir_of(l);
		double sum = 0, sum2 = 0;
		if (l->variance == 0)
			continue;
		draw(&d, x, N);
		for (size_t k = 0; k < N; k++) {
			double y = x[k] - 20e6 - l->mean;
			sum += y;
			sum2 += y * y;
		}
		CU_ASSERT(fabs(sum / N) < SIGMAS * sqrt(l->variance / N));
		/* The kurtosis of none of these is over 9. */
		CU_ASSERT(fabs(sum2 / N / l->variance - 1) < SIGMAS * sqrt(8.0 / N));
	}
	free(x);
}

static void test_one_delay_says_nothing_of_the_next(void)
{
	double *x = calloc(N, sizeof(*x));

	for (size_t i = 0; i < 3; i++) {
		struct pp_wire_dir d = dir_of(&laws[i]);
		double sum = 0;
		draw(&d, x, N);
		for (size_t k = 1; k < N; k++)
			sum += (x[k] - 20e6 - laws[i].mean) * (x[k - 1] - 20e6 - laws[i].mean);
		CU_ASSERT(fabs(sum / N / laws[i].variance) < SIGMAS / sqrt(N));
	}
	free(x);
}

static void test_never_back_in_time(void)
{
	struct pp_wire_dir d = {.law = PP_LAW_NORMAL, .a = 1e6};
	double *x = calloc(N, sizeof(*x));
	size_t zero = 0;

	draw(&d, x, N);
	for (size_t i = 0; i < N; i++) {
		CU_ASSERT_FATAL(x[i] >= 0);
		zero += x[i] < 1;
	}
	CU_ASSERT(fabs((double)zero / N - 0.5) < SIGMAS * 0.5 / sqrt(N));
	free(x);
}

static void test_a_minute_at_most(void)
{
	struct pp_wire_dir d = {.law = PP_LAW_PARETO, .a = 1e9, .b = 0.01};
	double *x = calloc(N, sizeof(*x));

	draw(&d, x, N);
	for (size_t i = 0; i < N; i++)
		CU_ASSERT_FATAL(x[i] >= 0 && x[i] <= 60e9);
	free(x);
}

static void test_constant(void)
{
	struct pp_wire_spec w = {
		.dir = {{.delay = PP_US(10)}, {.delay = PP_US(30), .residence = PP_US(5)}}};
	struct pp_wire_state s = seeded();

	for (int64_t at = 0; at < 1000000; at += 777) {
		struct pp_wire_fate there = pp_wire_next(&w, 0, &s, PP_NS(at), 60);
		struct pp_wire_fate back = pp_wire_next(&w, 1, &s, PP_NS(at), 60);
		CU_ASSERT_EQUAL(there.due.v, at + 10000);
		CU_ASSERT_EQUAL(there.copies, 1);
		CU_ASSERT(!there.corrupt && !there.mangle);
		CU_ASSERT_EQUAL(back.due.v, at + 35000);
	}
}

static void test_seed_repeats(void)
{
	struct pp_wire_dir d = {.law = PP_LAW_EXP, .a = 1e6, .loss = 0.1, .dup = 0.1};
	struct pp_wire_spec w = {.dir = {d, d}};
	struct pp_wire_state s = seeded(), same = seeded(), other = seeded();
	unsigned int differ = 0;

	pp_prng_seed(&other.rng, pp_test_seed() + 2);
	for (unsigned int i = 0; i < 1000; i++) {
		struct pp_wire_fate a = pp_wire_next(&w, 0, &s, PP_US(i), 60);
		struct pp_wire_fate b = pp_wire_next(&w, 0, &same, PP_US(i), 60);
		struct pp_wire_fate c = pp_wire_next(&w, 0, &other, PP_US(i), 60);
		CU_ASSERT(a.due.v == b.due.v && a.copies == b.copies &&
			  a.copy_due.v == b.copy_due.v);
		differ += a.due.v != c.due.v;
	}
	CU_ASSERT(differ > 900);
}

/* ---- probabilities ------------------------------------------------------------------------ */

static void expect_share(double n, double p, double of)
{
	bool good = fabs(n - p * of) <= SIGMAS * sqrt(of * p * (1 - p)) + 1e-9;

	if (!good)
		printf("%.0f of %.0f is not %g\n", n, of, p);
	CU_ASSERT(good);
}

static void test_frequencies(void)
{
	struct pp_wire_dir d = {.loss = 0.1,
				.dup = 0.05,
				.corrupt = 0.02,
				.mangle = 0.01,
				.reorder = 0.3,
				.reorder_by = PP_US(50)};
	struct pp_wire_spec w = {.dir = {d, d}};
	struct pp_wire_state s = seeded();
	double lost = 0, twice = 0, corrupt = 0, mangle = 0, late = 0, late_and_twice = 0;

	for (size_t i = 0; i < N; i++) {
		struct pp_wire_fate f = pp_wire_next(&w, 1, &s, PP_NS(0), 60);
		lost += f.copies == 0;
		if (f.copies == 0)
			continue;
		twice += f.copies == 2;
		corrupt += f.corrupt;
		mangle += f.mangle;
		CU_ASSERT_FATAL(f.due.v == 0 || f.due.v == 50000);
		late += f.due.v != 0;
		late_and_twice += f.due.v && f.copies == 2;
		/* A copy takes its own way: it is not held back. */
		CU_ASSERT_EQUAL_FATAL(f.copy_due.v, 0);
	}
	expect_share(lost, 0.1, N);
	expect_share(twice, 0.05, N - lost);
	expect_share(corrupt, 0.02, N - lost);
	expect_share(mangle, 0.01, N - lost);
	expect_share(late, 0.3, N - lost);
	expect_share(late_and_twice, 0.05, late);
}

static void test_never_and_always(void)
{
	struct pp_wire_dir none = {.delay = PP_US(1)};
	struct pp_wire_dir all = {
		.dup = 1, .corrupt = 1, .mangle = 1, .reorder = 1, .reorder_by = PP_US(1)};
	struct pp_wire_spec w = {.dir = {none, all}};
	struct pp_wire_state s = seeded();

	for (size_t i = 0; i < 10000; i++) {
		struct pp_wire_fate f = pp_wire_next(&w, 0, &s, PP_NS(0), 60);
		CU_ASSERT(f.copies == 1 && !f.corrupt && !f.mangle && f.due.v == 1000);
		f = pp_wire_next(&w, 1, &s, PP_NS(0), 60);
		CU_ASSERT(f.copies == 2 && f.corrupt && f.mangle && f.due.v == 1000);
	}
	w.dir[1].loss = 1;
	for (size_t i = 0; i < 10000; i++)
		CU_ASSERT_EQUAL(pp_wire_next(&w, 1, &s, PP_NS(0), 60).copies, 0);
}

static void test_copy_has_its_own_delay(void)
{
	struct pp_wire_dir d = {.delay = PP_US(1), .law = PP_LAW_UNIFORM, .a = 1e6, .dup = 1};
	struct pp_wire_spec w = {.dir = {d, d}};
	struct pp_wire_state s = seeded();
	double first = 0, both = 0;

	for (size_t i = 0; i < N; i++) {
		struct pp_wire_fate f = pp_wire_next(&w, 0, &s, PP_NS(0), 60);
		first += f.copy_due.v < f.due.v;
		both += ((double)f.due.v - 501e3) * ((double)f.copy_due.v - 501e3);
	}
	expect_share(first, 0.5, N);
	CU_ASSERT(fabs(both / N / (1e12 / 12)) < SIGMAS / sqrt(N));
}

/* ---- lines, stalls, traces --------------------------------------------------------------------
 */

static void test_line(void)
{
	/* 60 bytes and 24 of FCS, preamble and gap: 672 ns at 1 Gbps, 67.2 at 10. */
	struct pp_wire_spec w = {.dir = {{.rate = 1e9, .delay = PP_US(1)}, {.rate = 10e9}}};
	struct pp_wire_state s = seeded(), fast = seeded();

	for (int64_t i = 1; i <= 1000; i++) {
		CU_ASSERT_EQUAL(pp_wire_next(&w, 0, &s, PP_NS(5), 60).due.v, 5 + 672 * i + 1000);
		CU_ASSERT(llabs(pp_wire_next(&w, 1, &fast, PP_NS(5), 60).due.v - 5 -
				672 * i / 10) <= 1);
	}
	/* It has been idle: the next starts when it comes; a longer one takes longer. */
	CU_ASSERT_EQUAL(pp_wire_next(&w, 0, &s, PP_MS(1), 60).due.v, 1000000 + 672 + 1000);
	CU_ASSERT_EQUAL(pp_wire_next(&w, 0, &s, PP_MS(1), 1514).due.v,
			1000000 + 672 + 12304 + 1000);
}

static void test_lost_frames_take_the_line(void)
{
	struct pp_wire_spec w = {.dir = {{.rate = 1e9, .loss = 1}, {.delay = PP_US(1)}}};
	struct pp_wire_state s = seeded();

	for (unsigned int i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(pp_wire_next(&w, 0, &s, PP_NS(0), 60).copies, 0);
	w.dir[0].loss = 0;
	CU_ASSERT_EQUAL(pp_wire_next(&w, 0, &s, PP_NS(0), 60).due.v, 11 * 672);
}

static void test_line_is_never_faster_than_its_rate(void)
{
	struct pp_wire_spec w = {.dir = {{.rate = 3.3e9}, {.delay = PP_US(1)}}};
	struct pp_wire_state s = seeded();
	int64_t bits = 0, last = 0;

	for (unsigned int i = 0; i < 100000; i++) {
		size_t bytes = 60 + pp_prng_below(&s.rng, 1455);
		bits += 8 * ((int64_t)bytes + 24);
		last = pp_wire_next(&w, 0, &s, PP_NS(0), bytes).due.v;
	}
	CU_ASSERT(fabs((double)last - (double)bits / 3.3) < 2);
}

static void test_stalls(void)
{
	struct pp_wire_dir d = {.stall = PP_US(200),
				.stall_every = PP_MS(1),
				.law = PP_LAW_UNIFORM,
				.a = 5e6,
				.dup = 0.5};
	struct pp_wire_spec w = {.dir = {d, d}};
	struct pp_wire_state s = seeded();
	unsigned int at_the_end = 0;

	for (size_t i = 0; i < N; i++) {
		struct pp_wire_fate f = pp_wire_next(&w, 0, &s, PP_US(3 * i), 60);
		CU_ASSERT_FATAL(f.due.v % 1000000 >= 200000);
		CU_ASSERT_FATAL(f.copies == 1 || f.copy_due.v % 1000000 >= 200000);
		at_the_end += f.due.v % 1000000 == 200000;
	}
	expect_share(at_the_end, 0.2, N); /* those that would have left during it */
}

static void test_stalls_at_given_times(void)
{
	const struct pp_wire_spec spec = {.dir = {{.stall = PP_NS(100),
						   .stall_at = {PP_NS(1000), PP_NS(5000)},
						   .n_stall_at = 2}}};
	struct pp_wire_state s = {.rng = {{1, 2, 3, 4}}};
	static const struct {
		int64_t at, due;
	} cases[] = {{0, 0},	   {999, 999},	 {1000, 1100}, {1099, 1100}, {1100, 1100},
		     {2000, 2000}, {5050, 5100}, {5100, 5100}, {9000, 9000}};

	for (size_t i = 0; i < PP_ARRAY_LEN(cases); i++) { /* from the first frame on */
		struct pp_wire_fate f = pp_wire_next(&spec, 0, &s, PP_NS(70000 + cases[i].at), 60);
		CU_ASSERT_EQUAL(f.due.v, 70000 + cases[i].due);
	}
}

static void test_stall_moves_to_its_end_alone(void)
{
	struct pp_wire_spec w = {
		.dir = {{.stall = PP_NS(100), .stall_every = PP_NS(1000)}, {.delay = PP_US(1)}}};
	struct pp_wire_state s = seeded();

	for (int64_t at = 5000; at < 8000; at++) {
		int64_t due = pp_wire_next(&w, 0, &s, PP_NS(at), 60).due.v;
		CU_ASSERT_EQUAL(due, at % 1000 < 100 ? at - at % 1000 + 100 : at);
	}
}

static void test_trace(void)
{
	static int64_t trace[] = {1, 20, 300};
	struct pp_wire_spec w = {.dir = {{.law = PP_LAW_TRACE, .delay = PP_NS(1000)},
					 {.law = PP_LAW_TRACE, .dup = 1}},
				 .trace = trace,
				 .trace_len = 3};
	struct pp_wire_state s = seeded(), other = seeded();

	for (unsigned int i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(pp_wire_next(&w, 0, &s, PP_NS(7), 60).due.v, 1007 + trace[i % 3]);
	/* A copy takes the next one. */
	struct pp_wire_fate f = pp_wire_next(&w, 1, &other, PP_NS(0), 60);
	CU_ASSERT_EQUAL(f.due.v, 1);
	CU_ASSERT_EQUAL(f.copy_due.v, 20);
	CU_ASSERT_EQUAL(pp_wire_next(&w, 1, &other, PP_NS(0), 60).due.v, 300);
}

/* ---- what is said of a direction ----------------------------------------------------------------
 */

static void test_reorders(void)
{
	struct pp_wire_dir constant = {.delay = PP_US(1), .rate = 1e9, .loss = 0.5, .corrupt = 0.5};

	CU_ASSERT(!pp_wire_reorders(&constant));
	CU_ASSERT(pp_wire_reorders(&(struct pp_wire_dir){.law = PP_LAW_EXP}));
	CU_ASSERT(pp_wire_reorders(&(struct pp_wire_dir){.reorder = 0.1}));
	CU_ASSERT(pp_wire_reorders(&(struct pp_wire_dir){.dup = 0.1}));
}

/* By Little's law: what the laws' means say, and what the delays drawn from them do. */
static void test_held(void)
{
	double *x = calloc(N, sizeof(*x));

	for (size_t i = 0; i < 4; i++) {
		struct pp_wire_dir d = dir_of(&laws[i]), still = {.delay = PP_NS(0)};
		struct pp_wire_spec w = {.dir = {d, still}};
		double sum = 0;
		draw(&d, x, N);
		for (size_t k = 0; k < N; k++)
			sum += x[k];
		CU_ASSERT(fabs(pp_wire_held(&w, 1e9) / (sum / N) - 1) < 0.01);
	}
	struct pp_wire_spec w = {
		.dir = {{.delay = PP_MS(1)}, {.delay = PP_MS(2), .residence = PP_MS(1)}}};
	CU_ASSERT_DOUBLE_EQUAL(pp_wire_held(&w, 1e6), 4000, 1e-6);
	free(x);
}

PP_TEST_MAIN("wire_law", {"a constant delay is one to the nanosecond", test_constant},
	     {"each law has its distribution", test_distributions},
	     {"each law has its mean and variance", test_moments},
	     {"one delay says nothing of the next", test_one_delay_says_nothing_of_the_next},
	     {"nothing leaves before it came", test_never_back_in_time},
	     {"jitter is a minute at most", test_a_minute_at_most},
	     {"the same seed, the same fates", test_seed_repeats},
	     {"loss, copies, damage and reordering are as frequent as asked", test_frequencies},
	     {"probabilities 0 and 1 are never and always", test_never_and_always},
	     {"a copy has a delay of its own", test_copy_has_its_own_delay},
	     {"frames follow each other at the line's rate", test_line},
	     {"a frame that gets lost took the line as well", test_lost_frames_take_the_line},
	     {"a line is never faster than its rate", test_line_is_never_faster_than_its_rate},
	     {"nothing leaves during a stall", test_stalls},
	     {"stalls at given times", test_stalls_at_given_times},
	     {"what a stall holds leaves at its end", test_stall_moves_to_its_end_alone},
	     {"a trace is followed over and over", test_trace},
	     {"what may change the order", test_reorders},
	     {"frames on the wire at once", test_held})
