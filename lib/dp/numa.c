/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NUMA placement: plans by distance, judges plans that others made, and looks at pages.
 */
#include "numa_ops.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOKED_AT 64 /* pages of a piece of memory */

void pp_numa_init(struct pp_numa *numa, const struct pp_numa_ops *ops)
{
	numa->ops = ops;
	numa->n_nodes = ops->nodes(numa->node, PP_NUMA_NODES);
}

int pp_numa_distance(const struct pp_numa *numa, int a, int b)
{
	if (numa->n_nodes < 2 || a < 0 || b < 0)
		return PP_NUMA_LOCAL;
	int distance = numa->ops->distance(a, b);
	if (distance > 0)
		return distance;
	return a == b ? PP_NUMA_LOCAL : 2 * PP_NUMA_LOCAL;
}

/* ---- who polls what ----------------------------------------------------------------- */

static unsigned int nearest(const struct pp_numa *numa, const struct pp_numa_layout *layout,
			    int node, const unsigned int *dealt)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < layout->n_lcores; i++) {
		int d = pp_numa_distance(numa, node, layout->lcores[i].node);
		int least = pp_numa_distance(numa, node, layout->lcores[best].node);
		if (d < least || (d == least && dealt[i] < dealt[best]))
			best = i;
	}
	return best;
}

unsigned int pp_numa_plan(const struct pp_numa *numa, const struct pp_numa_layout *layout,
			  struct pp_queue_map *ret_map)
{
	unsigned int dealt[PP_LCORES_MAX] = {0}, n = 0;

	for (unsigned int i = 0; i < layout->n_ports; i++) {
		const struct pp_numa_port *p = &layout->ports[i];
		for (uint16_t q = 0; q < p->queues && n < PP_QUEUE_MAX; q++) {
			unsigned int to = nearest(numa, layout, p->node, dealt);
			dealt[to]++;
			ret_map[n++] = (struct pp_queue_map){
				.port = p->port, .queue = q, .lcore = layout->lcores[to].lcore};
		}
	}
	return n;
}

/* ---- what is far --------------------------------------------------------------------- */

static int node_of_lcore(const struct pp_numa_layout *layout, unsigned int lcore)
{
	for (unsigned int i = 0; i < layout->n_lcores; i++)
		if (layout->lcores[i].lcore == lcore)
			return layout->lcores[i].node;
	return -1;
}

static const struct pp_numa_port *find_port(const struct pp_numa_layout *layout, uint16_t port)
{
	for (unsigned int i = 0; i < layout->n_ports; i++)
		if (layout->ports[i].port == port)
			return &layout->ports[i];
	return NULL;
}

/* What to do about it. */
static void remedy(const struct pp_numa_layout *layout, int node, char *text, size_t size)
{
	int used = 0;

	for (unsigned int i = 0; i < layout->n_lcores && (size_t)used < size; i++)
		if (layout->lcores[i].node == node)
			used += snprintf(text + used, size - (size_t)used, "%s%u",
					 used ? ", " : "give it by --config to lcore ",
					 layout->lcores[i].lcore);
	if (used == 0)
		snprintf(text, size, "give CPUs of node %d with -l", node);
}

unsigned int pp_numa_judge(const struct pp_numa *numa, const struct pp_numa_layout *layout,
			   const struct pp_queue_map *map, unsigned int n_map,
			   void (*say)(void *arg, const char *text), void *arg)
{
	char text[400], what[160];
	unsigned int n = 0;

	for (unsigned int i = 0; numa->n_nodes > 1 && i < n_map; i++) {
		const struct pp_numa_port *p = find_port(layout, map[i].port);
		int node = node_of_lcore(layout, map[i].lcore);
		if (!p || p->node < 0 || node < 0 || p->node == node)
			continue;
		remedy(layout, p->node, what, sizeof(what));
		snprintf(text, sizeof(text),
			 "port %u (%s) is on NUMA node %d, but lcore %u, which polls its queue %u, "
			 "on node %d: distance %d, where %d is local: %s",
			 p->port, p->name, p->node, map[i].lcore, map[i].queue, node,
			 pp_numa_distance(numa, p->node, node), PP_NUMA_LOCAL, what);
		say(arg, text);
		n++;
	}
	return n;
}

void pp_numa_complain(void *arg, const char *text)
{
	struct pp_numa_complaints *c = arg;

	if (!c->strict)
		c->warn(c->arg, text);
	else if (c->n == 0)
		snprintf(c->error->text, sizeof(c->error->text), "--strict-numa: %s", text);
	c->n++;
}

int pp_numa_refused(const struct pp_numa_complaints *c)
{
	return c->n && c->strict ? -EINVAL : 0;
}

/* ---- memory --------------------------------------------------------------------------- */

int pp_numa_place(const struct pp_numa *numa, void *mem, size_t size, int node)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)mem + page - 1) / page * page;
	uintptr_t to = ((uintptr_t)mem + size) / page * page;

	if (numa->n_nodes < 2 || node < 0 || from >= to)
		return 0;
	return numa->ops->place((uint8_t *)mem + (from - (uintptr_t)mem), to - from, node);
}

static void add_page(struct pp_numa_memory *m, int node)
{
	if (node == -ENOENT) {
		m->untouched++;
	} else if (node < 0) {
		m->unknown++;
	} else if (node == m->wanted) {
		m->local++;
	} else {
		m->elsewhere++;
		m->other = node;
	}
}

void pp_numa_look(const struct pp_numa *numa, const void *mem, size_t size,
		  struct pp_numa_memory *ret_memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (size + page - 1) / page;
	size_t step = (pages + LOOKED_AT - 1) / LOOKED_AT;
	void *at[LOOKED_AT];
	int node[LOOKED_AT];
	unsigned int n = 0;

	for (size_t i = 0; i < pages; i += step)
		at[n++] = (void *)(((uintptr_t)mem + i * page) / page * page);
	int err = n ? numa->ops->where(at, node, n) : 0;
	for (unsigned int i = 0; i < n; i++)
		add_page(ret_memory, err ? err : node[i]);
	ret_memory->size += size;
}

bool pp_numa_misplaced(const struct pp_numa_memory *m, char *ret_text, size_t size)
{
	char port[24] = "", lcore[32] = "";

	if (m->elsewhere == 0 || m->wanted < 0)
		return false;
	if (m->port >= 0)
		snprintf(port, sizeof(port), " of port %d", m->port);
	if (m->lcore >= 0)
		snprintf(lcore, sizeof(lcore), " of lcore %d", m->lcore);
	snprintf(ret_text, size,
		 "%s%s%s: %u of %u pages looked at are on NUMA node %d, not on %d (free memory of "
		 "node %d: /sys/devices/system/node/node%d/meminfo)",
		 m->what, port, lcore, m->elsewhere, m->elsewhere + m->local, m->other, m->wanted,
		 m->wanted, m->wanted);
	return true;
}
