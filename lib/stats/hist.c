/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log-linear histogram: layout, edges of the counters, and what is done with all
 * counters at once. Recording a value is in the header.
 */
#include <pmdping/stats.h>

#include <errno.h>

/* log2 of the counters per power of two: 2^4, 2^7 and 2^10 are the first to reach
 * 10, 100 and 1000, so that no counter is wider than its lower edge / 10^digits. */
static uint32_t sub_bits_of(unsigned int digits)
{
	return 3 * digits + 1;
}

/* Number of counters up to and including the one of 60 s, and one above it. */
static uint32_t len_of(uint32_t sub_bits)
{
	struct pp_hist h = {.sub_bits = sub_bits};

	return pp_hist_index(&h, PP_HIST_MAX) + 2;
}

uint32_t pp_hist_len(unsigned int digits)
{
	return digits >= 1 && digits <= 3 ? len_of(sub_bits_of(digits)) : 0;
}

int pp_hist_init(struct pp_hist *h, unsigned int digits, uint64_t *counts)
{
	if (pp_hist_len(digits) == 0 || !counts)
		return -EINVAL;
	h->sub_bits = sub_bits_of(digits);
	h->len = len_of(h->sub_bits);
	h->counts = counts;
	return 0;
}

static uint64_t load(const struct pp_hist *h, uint32_t i)
{
	return __atomic_load_n(&h->counts[i], __ATOMIC_RELAXED);
}

static void store(struct pp_hist *h, uint32_t i, uint64_t count)
{
	__atomic_store_n(&h->counts[i], count, __ATOMIC_RELAXED);
}

void pp_hist_clear(struct pp_hist *h)
{
	for (uint32_t i = 0; i < h->len; i++)
		store(h, i, 0);
}

int pp_hist_merge(struct pp_hist *into, const struct pp_hist *from)
{
	if (into->sub_bits != from->sub_bits)
		return -EINVAL;
	for (uint32_t i = 0; i < into->len; i++)
		store(into, i, load(into, i) + load(from, i));
	return 0;
}

int pp_hist_read(struct pp_hist *into, const struct pp_hist *from)
{
	if (into->sub_bits != from->sub_bits)
		return -EINVAL;
	for (uint32_t i = 0; i < into->len; i++)
		store(into, i, load(from, i));
	return 0;
}

static bool contains(const struct pp_hist *h, const struct pp_hist *part)
{
	for (uint32_t i = 0; i < h->len; i++)
		if (load(h, i) < load(part, i))
			return false;
	return true;
}

int pp_hist_diff(struct pp_hist *into, const struct pp_hist *before)
{
	if (into->sub_bits != before->sub_bits)
		return -EINVAL;
	if (!contains(into, before))
		return -ERANGE;
	for (uint32_t i = 0; i < into->len; i++)
		store(into, i, load(into, i) - load(before, i));
	return 0;
}

uint64_t pp_hist_total(const struct pp_hist *h)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < h->len; i++)
		total += load(h, i);
	return total;
}

/* log2 of a counter's width. */
static uint32_t width_bits(const struct pp_hist *h, uint32_t index)
{
	uint32_t octave = index >> h->sub_bits;

	return octave ? octave - 1 : 0;
}

pp_ns pp_hist_bucket_low(const struct pp_hist *h, uint32_t index)
{
	if (index >= h->len - 1)
		return pp_ns_add(PP_HIST_MAX, PP_NS(1));
	uint32_t bits = width_bits(h, index);
	return PP_NS((int64_t)(index - (bits << h->sub_bits)) << bits);
}

pp_ns pp_hist_bucket_high(const struct pp_hist *h, uint32_t index)
{
	if (index >= h->len - 1)
		return PP_NS_NEVER;
	/* The counter that holds 60 s would reach further. */
	return pp_ns_min(PP_HIST_MAX, PP_NS(pp_hist_bucket_low(h, index).v - 1 +
					    (INT64_C(1) << width_bits(h, index))));
}

uint32_t pp_hist_at_rank(const struct pp_hist *h, uint64_t k)
{
	uint64_t seen = 0;
	uint32_t i;

	for (i = 0; i < h->len; i++) {
		seen += load(h, i);
		if (seen >= k)
			break;
	}
	return i;
}

/* ---- rows ------------------------------------------------------------------------ */

static uint64_t sum_of(const struct pp_hist *h, uint32_t from, uint32_t to)
{
	uint64_t sum = 0;

	for (uint32_t i = from; i < to; i++)
		sum += load(h, i);
	return sum;
}

/* Counters lie close to logarithmically, so equal numbers of them do as well. */
unsigned int pp_hist_rows(const struct pp_hist *h, struct pp_hist_row *ret_rows, unsigned int max)
{
	uint32_t first = pp_hist_at_rank(h, 1), end = h->len;

	if (first >= h->len || max == 0)
		return 0;
	while (load(h, end - 1) == 0)
		end--;
	uint32_t span = end - first;
	unsigned int n = span < max ? span : max;
	for (unsigned int i = 0; i < n; i++) {
		uint32_t from = first + (uint32_t)((uint64_t)span * i / n);
		uint32_t to = first + (uint32_t)((uint64_t)span * (i + 1) / n);
		ret_rows[i] = (struct pp_hist_row){.low = pp_hist_bucket_low(h, from),
						   .high = pp_hist_bucket_high(h, to - 1),
						   .count = sum_of(h, from, to)};
	}
	return n;
}
