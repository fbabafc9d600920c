/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of targets: a session's lie in a row, so that whoever probes them in turn
 * walks through memory. The control thread takes and gives places and links them by
 * ICMP identifier, while workers look up.
 */
#include "session.h"

#include <errno.h>
#include <stdlib.h>

#define GENERATIONS (UINT32_MAX >> PP_REF_INDEX_BITS)

int pp_targets_take(struct pp_sessions *t, uint32_t n, struct pp_target **ret_first)
{
	struct pp_free_range **at = &t->free;

	while (*at && (*at)->n < n)
		at = &(*at)->next;
	struct pp_free_range *r = *at;
	if (!r)
		return -ENOSPC;
	*ret_first = &t->target[r->first];
	r->first += n;
	r->n -= n;
	if (r->n == 0) {
		*at = r->next;
		free(r);
	}
	t->generation = (t->generation + 1) & GENERATIONS;
	return 0;
}

/* Joins it with the one that follows, if they touch. */
static void join(struct pp_free_range *r)
{
	struct pp_free_range *next = r->next;

	if (!next || r->first + r->n != next->first)
		return;
	r->n += next->n;
	r->next = next->next;
	free(next);
}

void pp_targets_give(struct pp_sessions *t, struct pp_target *first, uint32_t n)
{
	struct pp_free_range **at = &t->free, *before = NULL;
	struct pp_free_range *r = malloc(sizeof(*r));

	for (uint32_t i = 0; i < n; i++)
		atomic_store_explicit(&first[i].ref, 0, memory_order_release);
	if (!r)
		return; /* the places are lost, nothing else */
	*r = (struct pp_free_range){.first = (uint32_t)(first - t->target), .n = n};
	while (*at && (*at)->first < r->first) {
		before = *at;
		at = &before->next;
	}
	r->next = *at;
	*at = r;
	join(r);
	if (before)
		join(before);
}

uint16_t pp_targets_pick_id(struct pp_sessions *t)
{
	uint16_t id = 0;

	for (int i = 0; i < 32; i++) {
		id = (uint16_t)pp_prng_next(&t->rng);
		if (atomic_load_explicit(&t->by_id[id], memory_order_relaxed) == 0)
			break;
	}
	return id;
}

/* Puts it where pp_sessions_match looks. */
static void link_target(struct pp_sessions *t, struct pp_target *g)
{
	pp_target_ref ref = t->generation << PP_REF_INDEX_BITS | (uint32_t)(g - t->target);
	pp_target_ref head = atomic_load_explicit(&t->by_id[g->id], memory_order_relaxed);

	atomic_store_explicit(&g->next_same_id, head, memory_order_relaxed);
	atomic_store_explicit(&g->ref, ref, memory_order_release);
	atomic_store_explicit(&t->by_id[g->id], ref, memory_order_release);
}

void pp_targets_link(struct pp_sessions *t, struct pp_session *s)
{
	for (uint32_t i = 0; i < s->n_targets; i++)
		link_target(t, &s->target[i]);
}

static void unlink_target(struct pp_sessions *t, const struct pp_target *g)
{
	pp_target_ref ref = atomic_load_explicit(&g->ref, memory_order_relaxed);
	_Atomic(pp_target_ref) *at = &t->by_id[g->id];
	pp_target_ref r;

	while ((r = atomic_load_explicit(at, memory_order_relaxed)) != ref) {
		if (r == 0)
			return;
		at = &pp_target_at(t, r)->next_same_id;
	}
	atomic_store_explicit(at, atomic_load_explicit(&g->next_same_id, memory_order_relaxed),
			      memory_order_release);
}

void pp_targets_unlink(struct pp_sessions *t, struct pp_session *s)
{
	for (uint32_t i = 0; i < s->n_targets; i++)
		unlink_target(t, &s->target[i]);
}

/* ---- show --------------------------------------------------------------------------- */

static uint32_t read32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static uint64_t read64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

uint32_t pp_session_targets(const struct pp_session *s)
{
	return s->n_targets;
}

void pp_session_target(const struct pp_session *s, uint32_t i, struct pp_target_counts *ret)
{
	const struct pp_target *g = &s->target[i];

	*ret = (struct pp_target_counts){
		.addr = g->addr,
		.id = g->id,
		.sent = read64(&g->sent),
		.received = read64(&g->received),
		.not_sent = read32(&g->not_sent),
		.expired = read32(&g->expired),
		.errors = read32(&g->errors),
		.duplicate = read32(&g->duplicate),
		.unreachable = read32(&g->unreachable),
		.min = read32(&g->rtt_min),
		.max = read32(&g->rtt_max),
		.sum = read64(&g->rtt_sum),
	};
}
