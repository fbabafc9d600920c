/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What became of slots and probes: the derived counters and the two identities of
 * promise 2.
 */
#include <pmdping/stats.h>

#include <math.h>

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Late and lost are both in expired, so each probe is counted once here. */
static uint64_t ended(const struct pp_counts *c)
{
	return c->received + c->corrupt + c->error + c->expired;
}

uint64_t pp_counts_lost(const struct pp_counts *c)
{
	return minus(c->expired, c->late);
}

uint64_t pp_counts_in_flight(const struct pp_counts *c)
{
	return minus(c->sent, ended(c));
}

uint64_t pp_counts_decided(const struct pp_counts *c)
{
	return minus(c->sent, pp_counts_in_flight(c));
}

bool pp_counts_consistent(const struct pp_counts *c)
{
	return c->due == c->sent + c->not_sent + c->missed &&
	       c->unreachable + c->refused + c->log_full <= c->not_sent && c->late <= c->expired &&
	       ended(c) <= c->sent;
}

/* RFC 7680 4.1: what came late is lost; duplicates are in none of the terms. */
double pp_counts_loss_percent(const struct pp_counts *c)
{
	uint64_t decided = pp_counts_decided(c);

	if (decided == 0)
		return NAN;
	return 100.0 * (double)minus(decided, c->received) / (double)decided;
}

void pp_counts_add(struct pp_counts *into, const struct pp_counts *from)
{
	_Static_assert(sizeof(*into) == 16 * sizeof(uint64_t), "a counter is missing below");

	into->due += from->due;
	into->sent += from->sent;
	into->not_sent += from->not_sent;
	into->unreachable += from->unreachable;
	into->refused += from->refused;
	into->log_full += from->log_full;
	into->missed += from->missed;
	into->received += from->received;
	into->late += from->late;
	into->corrupt += from->corrupt;
	into->error += from->error;
	into->expired += from->expired;
	into->duplicate += from->duplicate;
	into->reordered += from->reordered;
	into->suspect += from->suspect;
	into->redirect += from->redirect;
}

void pp_counts_diff(struct pp_counts *into, const struct pp_counts *before)
{
	into->due -= before->due;
	into->sent -= before->sent;
	into->not_sent -= before->not_sent;
	into->unreachable -= before->unreachable;
	into->refused -= before->refused;
	into->log_full -= before->log_full;
	into->missed -= before->missed;
	into->received -= before->received;
	into->late -= before->late;
	into->corrupt -= before->corrupt;
	into->error -= before->error;
	into->expired -= before->expired;
	into->duplicate -= before->duplicate;
	into->reordered -= before->reordered;
	into->suspect -= before->suspect;
	into->redirect -= before->redirect;
}
