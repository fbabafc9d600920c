/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a selftest goes through.
 */
#ifndef PMDPINGD_SELFTEST_H
#define PMDPINGD_SELFTEST_H

#include "verdict.h"

#include <jansson.h>

struct pp_selftest_case {
	const char *name;
	const char *wire;
	pp_ns least; /* what the wire takes at least, both ways: said apart from its words */
	double pps;
	uint32_t count; /* seconds of a plan of spans */
	uint16_t size;	/* payload; 0: an IMIX, whose answers are accounted for one at a time */
	bool v6;
	pp_ns timeout;
};

struct pp_selftest_plan {
	const char *name;		      /* word of the command */
	const struct pp_selftest_case *cases; /* up to one without a name */
	bool fill;	  /* `count` is of samples, however many slots that takes; else of slots */
	bool span;	  /* from the first departure to the last, and nothing else: no samples */
	bool certificate; /* what it says of the machine may be believed */
};
/* The default is the first; NULL when there is none of that name. */
const struct pp_selftest_plan *pp_selftest_plan(const char *name);

/* Their names. */
json_t *pp_selftest_faults(unsigned int faults);
/* selftest_span.c: the row of a case that is over, of a run of that many slots, of which
 * `needed` at least must have been sent. */
struct pp_run;
json_t *pp_selftest_span(const struct pp_selftest_case *c, struct pp_run *r, struct pp_wire *w,
			 uint64_t slots, uint64_t needed);

#endif
