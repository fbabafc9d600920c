/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several targets from several sources, every one from every other: whose turn it is. The
 * schedule is that of the targets alone, slot k of it is source k % sources's; a source
 * takes the targets in an order of its own. No state.
 */
#ifndef PMDPINGD_CROSS_H
#define PMDPINGD_CROSS_H

#include <stdint.h>

/* Target, below `targets`, of the turn < targets of one of the sources. Over its turns a
 * source has each target once; `targets` slots of the schedule in a row, from a multiple of
 * that on, have each target once. */
uint32_t pp_cross_target(uint32_t targets, uint32_t sources, uint32_t source, uint32_t turn);
/* The turn of that target. */
uint32_t pp_cross_turn(uint32_t targets, uint32_t sources, uint32_t source, uint32_t target);

#endif
