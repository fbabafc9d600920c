/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every target from every source. With slot k to target k % targets and from source
 * k % sources, a source meets only every g-th target, g being what both numbers have in
 * common; so that the order of the targets moves on by one whenever all sources have met
 * theirs, and g times that is a turn for each pair.
 */
#include "cross.h"

static uint32_t common(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

uint32_t pp_cross_target(uint32_t targets, uint32_t sources, uint32_t source, uint32_t turn)
{
	uint32_t each = targets / common(targets, sources);

	return (uint32_t)((source + (uint64_t)(turn % each) * sources + turn / each) % targets);
}

/* x with a * x % m == 1 % m, of numbers that have nothing in common (Euclid's). */
static uint32_t inverse(uint32_t a, uint32_t m)
{
	int64_t r = m, next_r = a % m, x = 0, next_x = 1;

	while (next_r) {
		int64_t q = r / next_r, rest = r - q * next_r, step = x - q * next_x;
		r = next_r;
		next_r = rest;
		x = next_x;
		next_x = step;
	}
	return (uint32_t)(x < 0 ? x + m : x);
}

uint32_t pp_cross_turn(uint32_t targets, uint32_t sources, uint32_t source, uint32_t target)
{
	uint32_t g = common(targets, sources), each = targets / g;
	uint32_t shift = (target % g + g - source % g) % g;
	uint64_t way =
		((uint64_t)target + 2 * (uint64_t)targets - source % targets - shift) % targets;

	return shift * each + (uint32_t)(way / g * inverse(sources / g, each) % each);
}
