/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What became of a session's rate.
 */
#include "rates.h"

#include <stdlib.h>

#define ENOUGH 0.999 /* of the slots */

uint64_t pp_rate_slots(const struct pp_counts *c, uint64_t held)
{
	return c->due + held;
}

static int more_slots(const void *a, const void *b)
{
	const struct pp_cause *x = a, *y = b;

	return (x->slots < y->slots) - (x->slots > y->slots);
}

/* Not sent for none of the reasons that have a counter: a newer slot took its place
 * while it waited for the neighbour. */
static uint64_t replaced(const struct pp_counts *c)
{
	uint64_t known = c->unreachable + c->refused + c->log_full;

	return c->not_sent > known ? c->not_sent - known : 0;
}

unsigned int pp_rate_causes(const struct pp_counts *c, uint64_t held,
			    struct pp_cause ret_causes[PP_CAUSES])
{
	const struct pp_cause all[PP_CAUSES] = {
		{PP_CAUSE_WORKER, c->missed},
		{PP_CAUSE_PORT, c->refused},
		{PP_CAUSE_NEIGHBOUR, c->unreachable + replaced(c) + held},
		{PP_CAUSE_LOG, c->log_full},
	};
	unsigned int n = 0;

	if ((double)c->sent >= ENOUGH * (double)pp_rate_slots(c, held))
		return 0;
	for (unsigned int i = 0; i < PP_CAUSES; i++)
		if (all[i].slots)
			ret_causes[n++] = all[i];
	qsort(ret_causes, n, sizeof(*ret_causes), more_slots);
	return n;
}

void pp_meter_begin(struct pp_meter *m, pp_ns now, uint64_t sent)
{
	*m = (struct pp_meter){.at = now, .sent = sent, .pps = -1};
}

void pp_meter_read(struct pp_meter *m, pp_ns now, uint64_t sent)
{
	int64_t span = now.v - m->at.v;

	if (sent < m->sent) { /* cleared */
		pp_meter_begin(m, now, sent);
	} else if (span >= PP_METER_EVERY.v) {
		m->pps = (double)(sent - m->sent) * 1e9 / (double)span;
		m->at = now;
		m->sent = sent;
	}
}
