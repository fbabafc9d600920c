/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stalls: times in which a worker did not look at its queue, and whose fault they were.
 * Samples in flight meanwhile are suspect.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t ns_of(const struct pp_worker *w, uint64_t cycles)
{
	return (int64_t)((unsigned __int128)cycles * w->clock.mult >> PP_CLOCK_SHIFT);
}

static void put_entry(struct pp_worker *w, pp_ns end, int64_t length, enum pp_stall_cause cause)
{
	struct pp_stall_entry *s = &w->stall[w->stalls % PP_STALL_LOG];
	bool known = end.v - length < w->stack.stalled.v; /* another queue's, the same stall */

	w->stack.stalled = end;
	if (length > w->max_gap)
		__atomic_store_n(&w->max_gap, length, __ATOMIC_RELAXED);
	if (known)
		return;
	__atomic_store_n(&s->at, end.v - length, __ATOMIC_RELAXED);
	__atomic_store_n(&s->length, length, __ATOMIC_RELAXED);
	__atomic_store_n(&s->cause, (uint32_t)cause, __ATOMIC_RELAXED);
	__atomic_store_n(&w->stalls, w->stalls + 1, __ATOMIC_RELEASE);
}

/* A driver that makes system calls (net_tap) takes its time at every burst; the stamps
 * around the call have it already. Such time is a stall only when it is extreme. */
void pp_stall_check(struct pp_worker *w, struct pp_queue *q, pp_tsc after)
{
	int64_t gap = ns_of(w, after.v - q->polled.v);

	if (__builtin_expect(gap < PP_STALL_MIN.v, 1))
		return;
	int64_t sending = ns_of(w, w->sending.v - q->sent_before.v);
	int64_t receiving = ns_of(w, w->receiving.v - q->received_before.v);
	pp_ns end = pp_clock_ns(&w->clock, after);
	if (gap - sending - receiving >= PP_STALL_MIN.v)
		put_entry(w, end, gap, PP_STALL_UNKNOWN);
	else if (gap >= PP_STALL_DRIVER_MIN.v)
		put_entry(w, end, gap, sending > receiving ? PP_STALL_TRANSMIT : PP_STALL_RECEIVE);
}

/* What its last worker could not see is nobody's to see any more: samples in flight at the
 * end of a stall of that one, or of the move, are suspect here too. */
void pp_stall_moved(struct pp_worker *w, struct pp_queue *q)
{
	pp_tsc now = pp_stamp_after();

	q->unpolled = ns_of(w, now.v - q->polled.v);
	if (q->stalled.v > w->stack.stalled.v)
		w->stack.stalled = q->stalled;
	if (q->unpolled >= PP_STALL_MIN.v)
		put_entry(w, pp_clock_ns(&w->clock, now), q->unpolled, PP_STALL_MOVED);
	q->polled = now;
	q->sent_before = w->sending;
	q->received_before = w->receiving;
}

/* ---- whose fault ------------------------------------------------------------------ */

/* "nonvoluntary_ctxt_switches:\t12" of the worker's thread. */
static uint64_t read_switches(int tid)
{
	char path[64], line[128];
	unsigned long long n = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "nonvoluntary_ctxt_switches: %llu", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

/* Steal time of all CPUs, in clock ticks: the eighth number of the first line. */
static uint64_t read_steal(void)
{
	unsigned long long n = 0;
	FILE *f = fopen("/proc/stat", "re");

	if (f && fscanf(f, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

/* The kernel's counters say only that it happened in this tenth of a second: with a
 * stall in it that no driver accounts for, that is taken as its cause. */
static void blame(struct pp_worker *w, uint64_t steal)
{
	uint64_t stalls = __atomic_load_n(&w->stalls, __ATOMIC_ACQUIRE);
	uint64_t switches = w->tid ? read_switches(w->tid) : 0;
	uint32_t cause = switches != w->switches ? PP_STALL_PREEMPTED
			 : steal != w->steal	 ? PP_STALL_STEAL
						 : PP_STALL_UNKNOWN;

	if (stalls - w->blamed > PP_STALL_LOG)
		w->blamed = stalls - PP_STALL_LOG;
	for (; w->blamed < stalls; w->blamed++) {
		uint32_t *at = &w->stall[w->blamed % PP_STALL_LOG].cause;
		if (__atomic_load_n(at, __ATOMIC_RELAXED) == PP_STALL_UNKNOWN)
			__atomic_store_n(at, cause, __ATOMIC_RELAXED);
	}
	w->switches = switches;
	w->steal = steal;
}

void pp_stalls_blame(struct pp_dp *dp)
{
	uint64_t steal = read_steal();

	for (unsigned int i = 0; i < dp->n_workers; i++)
		blame(dp->worker[i], steal);
}

/* ---- show --------------------------------------------------------------------------- */

static int newest_first(const void *a, const void *b)
{
	const struct pp_stall *x = a, *y = b;

	return (x->at.v < y->at.v) - (x->at.v > y->at.v);
}

unsigned int pp_dp_stalls(const struct pp_dp *dp, struct pp_stall *ret_stalls, unsigned int max)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < dp->n_workers; i++) {
		const struct pp_worker *w = dp->worker[i];
		uint64_t last = __atomic_load_n(&w->stalls, __ATOMIC_ACQUIRE);
		unsigned int share = max / dp->n_workers, kept = 0;
		for (uint64_t k = last; k > 0 && kept < share && kept < PP_STALL_LOG - 1;
		     k--, kept++) {
			const struct pp_stall_entry *s = &w->stall[(k - 1) % PP_STALL_LOG];
			ret_stalls[n++] = (struct pp_stall){
				.at = PP_NS(__atomic_load_n(&s->at, __ATOMIC_RELAXED)),
				.length = PP_NS(__atomic_load_n(&s->length, __ATOMIC_RELAXED)),
				.lcore = w->lcore,
				.cause = (enum pp_stall_cause)__atomic_load_n(&s->cause,
									      __ATOMIC_RELAXED),
			};
		}
	}
	qsort(ret_stalls, n, sizeof(*ret_stalls), newest_first);
	return n;
}
