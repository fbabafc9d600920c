/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the engine itself lost while a run went on: on the run's port, and on the port of ours
 * that answers it, where there is one. Told apart from what the network lost.
 */
#include "runs.h"

#include <assert.h>
#include <stddef.h>

#define TARGETS_LOOKED_AT 256 /* of a run, for a port of ours that answers them */

static_assert(sizeof(struct pp_losses) == 16 * sizeof(uint64_t), "nothing but counters");

/* The members of struct pp_port_losses, by the names that they have in JSON. */
static const struct {
	const char *name;
	size_t at;
} port_members[] = {
	{"rx_missed", offsetof(struct pp_port_losses, rx_missed)},
	{"rx_nombuf", offsetof(struct pp_port_losses, rx_nombuf)},
	{"probes_refused", offsetof(struct pp_port_losses, probes_refused)},
	{"answers_refused", offsetof(struct pp_port_losses, answers_refused)},
	{"frames_refused", offsetof(struct pp_port_losses, frames_refused)},
	{"no_mbuf", offsetof(struct pp_port_losses, no_mbuf)},
	{"frames_dropped", offsetof(struct pp_port_losses, frames_dropped)},
};

static uint64_t member(const struct pp_port_losses *p, size_t i)
{
	uint64_t v;

	memcpy(&v, (const uint8_t *)p + port_members[i].at, sizeof(v));
	return v;
}

/* a - b, of every counter. */
static struct pp_losses difference(const struct pp_losses *a, const struct pp_losses *b)
{
	uint64_t x[sizeof(*a) / sizeof(uint64_t)], y[sizeof(*b) / sizeof(uint64_t)];
	struct pp_losses d;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	for (size_t i = 0; i < PP_ARRAY_LEN(x); i++)
		x[i] -= y[i];
	memcpy(&d, x, sizeof(d));
	return d;
}

static struct pp_losses lost_so_far(const struct pp_run *r)
{
	const struct pp_run_losses *l = &r->losses;
	struct pp_losses now = l->after;

	if (l->going)
		pp_dp_losses(r->engine->dp, l->port, l->n_ports, &now);
	return difference(&now, &l->before);
}

/* The run's port, and the one of ours that has the address of a target. */
static void find_ports(struct pp_run *r)
{
	const struct pp_routes *routes = pp_host_routes(r->engine->host);
	struct pp_run_losses *l = &r->losses;
	uint32_t n = r->spec.n_targets;

	l->port[0] = r->spec.link.port;
	l->n_ports = 1;
	for (uint32_t i = 0; i < n && i < TARGETS_LOOKED_AT && l->n_ports == 1; i++) {
		struct pp_target_counts target;
		pp_run_target(r, i, &target);
		const struct pp_ifaddr *own = pp_ifaddr_find(routes, &target.addr);
		if (own && own->link.port != l->port[0])
			l->port[l->n_ports++] = own->link.port;
	}
}

void pp_run_losses_begin(struct pp_run *r)
{
	struct pp_run_losses *l = &r->losses;
	struct pp_losses now, earlier = lost_so_far(r);

	if (l->n_ports == 0)
		find_ports(r);
	pp_dp_losses(r->engine->dp, l->port, l->n_ports, &now);
	l->before = difference(&now, &earlier);
	l->going = true;
}

void pp_run_losses_end(struct pp_run *r)
{
	struct pp_run_losses *l = &r->losses;

	if (l->going)
		pp_dp_losses(r->engine->dp, l->port, l->n_ports, &l->after);
	l->going = false;
}

void pp_run_losses_clear(struct pp_run *r)
{
	bool going = r->losses.going;

	r->losses = (struct pp_run_losses){.n_ports = 0};
	if (going)
		pp_run_losses_begin(r);
}

/* Null when the port lost nothing. */
static json_t *port_json(uint16_t port, const struct pp_port_losses *lost)
{
	json_t *o = json_pack("{s:i}", "port", (int)port);
	uint64_t sum = 0;

	for (size_t i = 0; i < PP_ARRAY_LEN(port_members); i++) {
		uint64_t n = member(lost, i);
		json_object_set_new(o, port_members[i].name, json_integer((json_int_t)n));
		sum += n;
	}
	if (sum)
		return o;
	json_decref(o);
	return NULL;
}

json_t *pp_run_losses_json(struct pp_run *r)
{
	const struct pp_run_losses *l = &r->losses;
	struct pp_losses lost = lost_so_far(r);
	json_t *ports = json_array();

	for (unsigned int i = 0; i < l->n_ports; i++) {
		json_t *port = port_json(l->port[i], &lost.port[i]);
		if (port)
			json_array_append_new(ports, port);
	}
	if (json_array_size(ports) || lost.events_lost || lost.receipts_lost)
		return json_pack("{s:o, s:I, s:I}", "ports", ports, "receipts_lost",
				 (json_int_t)lost.receipts_lost, "events_lost",
				 (json_int_t)lost.events_lost);
	json_decref(ports);
	return json_null();
}
