/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The in-flight log: what was sent when, found again by the number in the answer.
 */
#include "flight.h"

#include <stdlib.h>
#include <sys/mman.h>

struct pp_flight *pp_flight_create(uint32_t lines)
{
	if (lines < 64 || (lines & (lines - 1)))
		return NULL;
	struct pp_flight *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	/* Anonymous pages: zero, aligned, and not resident before they are used. */
	f->line = mmap(NULL, (size_t)lines * sizeof(*f->line), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (f->line == MAP_FAILED) {
		free(f);
		return NULL;
	}
	f->mask = lines - 1;
	f->head = f->tail = 1;
	return f;
}

void pp_flight_free(struct pp_flight *f)
{
	if (!f)
		return;
	munmap(f->line, (size_t)(f->mask + 1) * sizeof(*f->line));
	free(f);
}

void *pp_flight_memory(const struct pp_flight *f, size_t *ret_size)
{
	*ret_size = (size_t)(f->mask + 1) * sizeof(*f->line);
	return f->line;
}

struct pp_burst *pp_flight_find(const struct pp_flight *f, uint64_t number, unsigned int *ret_place)
{
	uint64_t base = number >> PP_FLIGHT_PLACE_BITS;
	unsigned int place = (unsigned int)(number & (PP_TX_BURST - 1));

	if (base < f->tail || base >= f->head)
		return NULL;
	struct pp_burst *b = pp_flight_at(f, base);
	if (b->base != base || place >= b->n)
		return NULL;
	*ret_place = place;
	return b;
}

uint64_t pp_flight_next(const struct pp_flight *f)
{
	return f->head << PP_FLIGHT_PLACE_BITS;
}

struct pp_burst *pp_flight_oldest(const struct pp_flight *f)
{
	return f->tail == f->head ? NULL : pp_flight_at(f, f->tail);
}

void pp_flight_forget(struct pp_flight *f)
{
	const struct pp_burst *b = pp_flight_at(f, f->tail);

	f->tail += pp_flight_lines(b->n, (enum pp_flight_kind)b->kind);
}

uint64_t pp_flight_room(const struct pp_flight *f)
{
	return f->mask + 1 - (f->head - f->tail);
}

struct pp_burst *pp_flight_append(struct pp_flight *f, unsigned int n, enum pp_flight_kind kind,
				  struct pp_span tx)
{
	struct pp_burst *b = pp_flight_at(f, f->head);
	uint64_t lines = pp_flight_lines(n, kind);
	uint64_t width = (uint64_t)(tx.to.v - tx.from.v);

	for (uint64_t i = 1; i < lines; i++)
		f->line[(f->head + i) & f->mask].zero = 0;
	b->base = f->head;
	b->tx_from = tx.from.v;
	b->tx_width = width & PP_FLIGHT_WIDTH_MAX;
	b->n = n & UINT8_MAX;
	b->kind = (uint8_t)kind;
	b->timer.link = NULL;
	b->answered = b->expired = 0;
	f->head += lines;
	return b;
}
