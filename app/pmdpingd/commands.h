/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handlers of the command table, by topic. Each computes JSON and prints nothing.
 */
#ifndef PMDPINGD_COMMANDS_H
#define PMDPINGD_COMMANDS_H

#include "engine.h"

void pp_cmd_ping(struct pp_call *c);
void pp_ping_event(struct pp_run *r, const struct pp_event *e);
/* Every 100 ms. */
void pp_ping_tick(struct pp_engine *e);

void pp_cmd_session_add(struct pp_call *c);
void pp_cmd_session_start(struct pp_call *c);
void pp_cmd_session_stop(struct pp_call *c);
void pp_cmd_session_clear(struct pp_call *c);
void pp_cmd_session_del(struct pp_call *c);
void pp_cmd_session_show(struct pp_call *c);
void pp_cmd_session_targets(struct pp_call *c);
void pp_cmd_show_sessions(struct pp_call *c);

#define PP_EXPORT_PIECE 10000 /* samples in one answer: some 10 ms of the control thread */
void pp_cmd_session_export(struct pp_call *c);
void pp_cmd_show_histogram(struct pp_call *c);
void pp_show_intervals(struct pp_call *c, struct pp_run *r);

void pp_cmd_addr_add(struct pp_call *c);
void pp_cmd_addr_del(struct pp_call *c);
void pp_cmd_addr_flush(struct pp_call *c);
void pp_cmd_route_add(struct pp_call *c);
void pp_cmd_route_del(struct pp_call *c);
void pp_cmd_route_flush(struct pp_call *c);
void pp_cmd_neigh_add(struct pp_call *c);
void pp_cmd_neigh_del(struct pp_call *c);
void pp_cmd_neigh_flush(struct pp_call *c);
void pp_cmd_neigh_trust(struct pp_call *c);
void pp_cmd_respond(struct pp_call *c);
void pp_cmd_show_addr(struct pp_call *c);
void pp_cmd_show_route(struct pp_call *c);
void pp_cmd_show_neigh(struct pp_call *c);

void pp_cmd_show_port_info(struct pp_call *c);
void pp_cmd_show_port_stats(struct pp_call *c);
void pp_cmd_show_port_xstats(struct pp_call *c);
void pp_cmd_show_counters(struct pp_call *c);
void pp_cmd_show_workers(struct pp_call *c);
void pp_cmd_show_stalls(struct pp_call *c);
void pp_cmd_show_clock(struct pp_call *c);
void pp_cmd_show_numa(struct pp_call *c);
void pp_cmd_show_version(struct pp_call *c);
void pp_cmd_wait_port(struct pp_call *c);
/* Every 100 ms: whether ports that somebody waits for are idle. */
void pp_wait_tick(struct pp_engine *e);

void pp_cmd_queue_move(struct pp_call *c);

void pp_cmd_selftest(struct pp_call *c);
/* Every millisecond. */
void pp_selftest_tick(struct pp_engine *e);

void pp_cmd_load(struct pp_call *c);
void pp_cmd_help(struct pp_call *c);
void pp_cmd_shutdown(struct pp_call *c);

#endif
