/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtual wire inside lib/dp: made before the ports are counted, attached when their
 * queues exist.
 */
#ifndef PMDPING_DP_WIRE_H
#define PMDPING_DP_WIRE_H

#include "internal.h"

/* Makes the two ports, net_wire0 and net_wire1. 0 or -errno. */
int pp_wire_create(const struct pp_wire_spec *spec, struct pp_wire **ret_wire);
/* Puts the callbacks on the configured queues; a direct wire has none. */
int pp_wire_attach(struct pp_wire *w);
/* Frames that may be on it at once, for the mempools. */
unsigned int pp_wire_capacity(const struct pp_wire *w);
/* After the ports have closed. */
void pp_wire_free(struct pp_wire *w);

#endif
