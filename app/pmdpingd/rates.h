/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What became of a session's rate: how much of it was achieved, and what kept the rest back.
 */
#ifndef PMDPINGD_RATES_H
#define PMDPINGD_RATES_H

#include <pmdping/stats.h>

/* ---- causes: pure ------------------------------------------------------------------ */

enum pp_cause_kind {
	PP_CAUSE_WORKER,    /* was too late for the slot */
	PP_CAUSE_PORT,	    /* did not take the frame, or had no buffer for it */
	PP_CAUSE_NEIGHBOUR, /* was not known when the slot was due */
	PP_CAUSE_LOG,	    /* had no room for one probe more in flight */
	PP_CAUSES
};
struct pp_cause {
	enum pp_cause_kind kind;
	uint64_t slots;
};
/* Slots whose time has come; `held` of them wait for the neighbour. */
uint64_t pp_rate_slots(const struct pp_counts *c, uint64_t held);
/* What kept slots from being sent, the most first; how many. None when at least 99.9 % of
 * the slots were. */
unsigned int pp_rate_causes(const struct pp_counts *c, uint64_t held,
			    struct pp_cause ret_causes[PP_CAUSES]);

/* ---- meter: the last whole second, on the control thread's clock -------------------- */

#define PP_METER_EVERY PP_SEC(1)
struct pp_meter {
	pp_ns at; /* of the latest read */
	uint64_t sent;
	double pps; /* in the second before; negative: none is over */
};
void pp_meter_begin(struct pp_meter *m, pp_ns now, uint64_t sent);
/* A read, which counts when a second has passed since the latest that did. */
void pp_meter_read(struct pp_meter *m, pp_ns now, uint64_t sent);

#endif
