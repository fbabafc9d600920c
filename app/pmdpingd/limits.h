/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The limits of --max-rate and --allow. Control thread only.
 */
#ifndef PMDPINGD_LIMITS_H
#define PMDPINGD_LIMITS_H

#include "runs.h"

/* Whether a session of this spec, whose route and size are set, may send that much when
 * nothing else does. 0, or -EPERM with a message. */
int pp_limit_check(const struct pp_engine *e, const struct pp_session_spec *spec, double pps,
		   struct pp_error *ret_error);
/* Whether one of its targets may be sent PP_ANY_TARGET_PPS only. */
bool pp_limit_is_any(const struct pp_engine *e, const struct pp_session_spec *spec);
/* Packets a second that such a session may send beside those that run; may be negative. */
double pp_limit_left(const struct pp_engine *e, const struct pp_session_spec *spec);
/* Takes r->pps of what its port and its target may be sent. 0, or -EPERM with a message
 * that has the numbers. The selftest's runs, whose r->pps is 0, take none. */
int pp_limit_take(struct pp_run *r, struct pp_error *ret_error);
/* Gives it back, if it was taken. */
void pp_limit_release(struct pp_run *r);

#endif
