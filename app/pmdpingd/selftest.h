/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a selftest goes through.
 */
#ifndef PMDPINGD_SELFTEST_H
#define PMDPINGD_SELFTEST_H

#include <pmdping/base.h>

struct pp_selftest_case {
	const char *name;
	const char *wire;
	pp_ns least; /* what the wire takes at least, both ways: said apart from its words */
	double pps;
	uint32_t count;
	uint16_t size;
	bool v6;
	pp_ns timeout;
};

struct pp_selftest_plan {
	const char *name;		      /* word of the command */
	const struct pp_selftest_case *cases; /* up to one without a name */
	bool fill;	  /* `count` is of samples, however many slots that takes; else of slots */
	bool certificate; /* what it says of the machine may be believed */
};
/* The default is the first; NULL when there is none of that name. */
const struct pp_selftest_plan *pp_selftest_plan(const char *name);

#endif
