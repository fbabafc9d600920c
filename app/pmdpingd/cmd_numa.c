/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * show numa: nodes, who is on which, and where the pages of the workers' memory are.
 */
#include "commands.h"
#include "runs.h"

#include <stdio.h>

#define SESSIONS_LOOKED_AT 1000

/* "10 21": as numactl --hardware has a row. */
static json_t *distances(struct pp_engine *e, int node, const int *nodes, unsigned int n)
{
	json_t *row = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(row, json_integer(pp_dp_distance(e->dp, node, nodes[i])));
	return row;
}

static json_t *nodes_json(struct pp_engine *e)
{
	int nodes[PP_NUMA_NODES];
	unsigned int n = pp_dp_nodes(e->dp, nodes);
	json_t *rows = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(rows, json_pack("{s:i, s:o}", "node", nodes[i], "distances",
						      distances(e, nodes[i], nodes, n)));
	return rows;
}

/* Below 0 is unknown, or none. */
static json_t *number_json(int n)
{
	return n < 0 ? json_null() : json_integer(n);
}

static json_t *ports_json(struct pp_engine *e)
{
	json_t *rows = json_array();
	struct pp_port_info p;

	for (uint16_t port = 0; port < pp_dp_ports(e->dp); port++)
		if (pp_dp_port_info(e->dp, port, &p) == 0)
			json_array_append_new(rows, json_pack("{s:i, s:s, s:o}", "port", (int)port,
							      "name", p.name, "node",
							      number_json(p.socket)));
	return rows;
}

static json_t *workers_json(struct pp_engine *e)
{
	json_t *rows = json_array();
	struct pp_worker_info w;

	for (unsigned int i = 0; i < pp_dp_workers(e->dp); i++) {
		pp_dp_worker_info(e->dp, i, &w);
		json_array_append_new(rows, json_pack("{s:i, s:o}", "lcore", (int)w.lcore, "node",
						      number_json(pp_dp_worker_node(e->dp, i))));
	}
	return rows;
}

static void add_memory(void *arg, const struct pp_numa_memory *m)
{
	json_array_append_new(arg, json_pack("{s:s, s:o, s:o, s:o, s:I, s:o, s:i, s:i, s:i, s:i}",
					     "what", m->what, "port", number_json(m->port), "queue",
					     number_json(m->queue), "lcore", number_json(m->lcore),
					     "bytes", (json_int_t)m->size, "wanted",
					     number_json(m->wanted), "local", (int)m->local,
					     "elsewhere", (int)m->elsewhere, "untouched",
					     (int)m->untouched, "unknown", (int)m->unknown));
}

/* The sessions of one worker together: the first thousand. */
static void add_sessions(struct pp_engine *e, unsigned int worker, json_t *rows)
{
	struct pp_numa_memory m = {.what = "sessions", .port = -1, .queue = -1};
	struct pp_worker_info w;
	unsigned int n = 0;

	pp_dp_worker_info(e->dp, worker, &w);
	m.lcore = (int)w.lcore;
	m.wanted = pp_dp_worker_node(e->dp, worker);
	for (const struct pp_run *r = e->runs; r && n < SESSIONS_LOOKED_AT; r = r->next) {
		for (unsigned int i = 0; i < r->n_shards; i++) {
			if (pp_dp_owner_worker(e->dp, r->shard[i].owner) != worker)
				continue;
			pp_dp_session_memory(e->dp, r->shard[i].session, &m);
			n++;
		}
	}
	if (n)
		add_memory(rows, &m);
}

void pp_cmd_show_numa(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	json_t *nodes = nodes_json(e), *memory = json_array();
	char text[64];
	size_t n = json_array_size(nodes);

	if (n < 2)
		snprintf(text, sizeof(text), n ? "one node: everything is local" : "not available");
	else
		snprintf(text, sizeof(text), "%zu nodes", n);
	pp_dp_memory(e->dp, add_memory, memory);
	for (unsigned int i = 0; i < pp_dp_workers(e->dp); i++)
		add_sessions(e, i, memory);
	pp_call_done(c,
		     json_pack("{s:s, s:o, s:o, s:o, s:o}", "numa", text, "nodes", nodes, "ports",
			       ports_json(e), "workers", workers_json(e), "memory", memory));
}
