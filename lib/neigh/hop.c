/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes the word that workers read: MAC, usable bit and count of failures
 * always change in one store, so that no reader sees one without the others.
 */
#include "cache.h"

#define HOP_USABLE  (UINT64_C(1) << 48)
#define HOP_FAILURE (UINT64_C(1) << 49)

static uint64_t failures_of(const struct pp_neigh *n)
{
	return pp_neigh_word(n) & ~(HOP_FAILURE - 1);
}

static void store(struct pp_neigh *n, uint64_t word)
{
	atomic_store_explicit(&n->hop->word, word, memory_order_relaxed);
}

void pp_neigh_set_mac(struct pp_neigh *n, const struct pp_mac *mac)
{
	uint64_t word = failures_of(n) | HOP_USABLE;
	for (unsigned int i = 0; i < sizeof(mac->b); i++)
		word |= (uint64_t)mac->b[i] << 8 * i;
	store(n, word);
}

void pp_neigh_clear_mac(struct pp_neigh *n)
{
	store(n, failures_of(n));
}

/* The count wraps at 2^15, which a reader that compares for change survives. */
void pp_neigh_count_failure(struct pp_neigh *n)
{
	store(n, failures_of(n) + HOP_FAILURE);
}
