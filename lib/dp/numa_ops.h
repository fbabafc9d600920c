/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NUMA: which lcore gets which queue, and where memory is. No DPDK, and what the machine says
 * comes through a table, so that machines with more nodes than the tester's can be tested.
 */
#ifndef PMDPING_DP_NUMA_OPS_H
#define PMDPING_DP_NUMA_OPS_H

#include <pmdping/dp.h>

#define PP_NUMA_LOCAL 10 /* distance of a node to itself */

struct pp_numa_ops {
	/* Nodes with memory, ascending, at most `max`; how many, 0: this machine has no NUMA. */
	unsigned int (*nodes)(int *ret_nodes, unsigned int max);
	/* 0: not known. */
	int (*distance)(int a, int b);
	/* Whole pages, to be on that node from now on and moved there if they are elsewhere. 0 or
	 * -errno. */
	int (*place)(void *mem, size_t size, int node);
	/* The node of each page, or -errno: -ENOENT when nobody has touched it. 0 or -errno. */
	int (*where)(void **pages, int *ret_nodes, unsigned int n);
};
/* This machine's, by libnuma. */
extern const struct pp_numa_ops pp_numa_system;

struct pp_numa {
	const struct pp_numa_ops *ops;
	unsigned int n_nodes;
	int node[PP_NUMA_NODES];
};
void pp_numa_init(struct pp_numa *numa, const struct pp_numa_ops *ops);
/* PP_NUMA_LOCAL when either node is unknown (below 0) or there is one at most. */
int pp_numa_distance(const struct pp_numa *numa, int a, int b);

struct pp_numa_lcore {
	unsigned int lcore;
	int node; /* -1: unknown */
};
struct pp_numa_port {
	uint16_t port, queues;
	int node;
	const char *name;
};
/* Who may poll what. */
struct pp_numa_layout {
	const struct pp_numa_port *ports;
	unsigned int n_ports;
	const struct pp_numa_lcore *lcores;
	unsigned int n_lcores; /* at least 1 */
};

/* Deals the queues, at most PP_QUEUE_MAX: each to the nearest lcores, among these to the one
 * that has the fewest, among these to the first. How many. */
unsigned int pp_numa_plan(const struct pp_numa *numa, const struct pp_numa_layout *layout,
			  struct pp_queue_map *ret_map);

/* Says a line about each queue whose lcore is on another node than its port; how many. */
unsigned int pp_numa_judge(const struct pp_numa *numa, const struct pp_numa_layout *layout,
			   const struct pp_queue_map *map, unsigned int n_map,
			   void (*say)(void *arg, const char *text), void *arg);

/* What becomes of what is said: warnings, or, where placement is strict, an error that ends
 * the start. */
struct pp_numa_complaints {
	bool strict;
	void (*warn)(void *arg, const char *text);
	void *arg;
	struct pp_error *error; /* strict: the first one */
	unsigned int n;
};
/* As `say`; arg is a struct pp_numa_complaints. */
void pp_numa_complain(void *arg, const char *text);
/* -EINVAL when there was one and placement is strict, else 0. */
int pp_numa_refused(const struct pp_numa_complaints *c);

/* The whole pages of mem, to that node; the rest stays where it is. Nothing with fewer than
 * two nodes. 0 or -errno. */
int pp_numa_place(const struct pp_numa *numa, void *mem, size_t size, int node);

/* Adds what up to 64 of its pages say to ret_memory, whose `wanted` is set. */
void pp_numa_look(const struct pp_numa *numa, const void *mem, size_t size,
		  struct pp_numa_memory *ret_memory);
/* Says so when pages of it are not where they should be. */
bool pp_numa_misplaced(const struct pp_numa_memory *memory, char *ret_text, size_t size);

#endif
