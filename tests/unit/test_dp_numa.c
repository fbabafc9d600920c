/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Placement on NUMA nodes, on machines that the fake below plays: two nodes at distance 21,
 * four in a line, one, none.
 */
#include <errno.h>
#include <numa_ops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"

/* ---- the machine ------------------------------------------------------------------- */

static struct {
	unsigned int n_nodes;
	int stride;	       /* between node numbers */
	int from_page;	       /* `where` answers from here ... */
	const int *page_nodes; /* ... in turn, n_page_nodes of them */
	unsigned int n_page_nodes;
	int where_error;
	void *placed;
	size_t placed_size;
	int placed_node;
	unsigned int places;
} machine;

static unsigned int fake_nodes(int *ret_nodes, unsigned int max)
{
	unsigned int n = 0;

	for (; n < machine.n_nodes && n < max; n++)
		ret_nodes[n] = (int)n * (machine.stride ? machine.stride : 1);
	return n;
}

/* A line of nodes: 10, 21, 31, 41. */
static int fake_distance(int a, int b)
{
	int hops = abs(a - b) / (machine.stride ? machine.stride : 1);

	return hops ? 11 + 10 * hops : 10;
}

static int fake_place(void *mem, size_t size, int node)
{
	machine.placed = mem;
	machine.placed_size = size;
	machine.placed_node = node;
	machine.places++;
	return 0;
}

static int fake_where(void **pages, int *ret_nodes, unsigned int n)
{
	(void)pages;
	for (unsigned int i = 0; i < n && !machine.where_error; i++)
		ret_nodes[i] = machine.page_nodes[(unsigned int)machine.from_page++ %
						  machine.n_page_nodes];
	return machine.where_error;
}

static const struct pp_numa_ops fake = {
	.nodes = fake_nodes,
	.distance = fake_distance,
	.place = fake_place,
	.where = fake_where,
};

static struct pp_numa machine_of(unsigned int n_nodes, int stride)
{
	struct pp_numa numa;

	memset(&machine, 0, sizeof(machine));
	machine.n_nodes = n_nodes;
	machine.stride = stride;
	pp_numa_init(&numa, &fake);
	return numa;
}

/* ---- plans ---------------------------------------------------------------------------- */

#define LAYOUT(p, l)                                                                               \
	{                                                                                          \
		.ports = (p), .n_ports = PP_ARRAY_LEN(p), .lcores = (l),                           \
		.n_lcores = PP_ARRAY_LEN(l),                                                       \
	}

/* "0/0:1 0/1:3": port, queue, lcore. */
static const char *plan(const struct pp_numa *numa, const struct pp_numa_layout *layout)
{
	static char text[1024];
	struct pp_queue_map map[PP_QUEUE_MAX];
	unsigned int n = pp_numa_plan(numa, layout, map);
	int used = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < n; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%s%u/%u:%u",
				 i ? " " : "", map[i].port, map[i].queue, map[i].lcore);
	return text;
}

static const struct pp_numa_lcore two_and_two[] = {{1, 0}, {2, 0}, {3, 1}, {4, 1}};

static void test_local_first(void)
{
	struct pp_numa numa = machine_of(2, 1);
	const struct pp_numa_port ports[] = {{0, 1, 1, "a"}, {1, 1, 0, "b"}, {2, 1, 1, "c"}};
	const struct pp_numa_layout layout = LAYOUT(ports, two_and_two);

	CU_ASSERT_STRING_EQUAL(plan(&numa, &layout), "0/0:3 1/0:1 2/0:4");
}

/* Queues of one port share its node's lcores, in turn, before any is sent away. */
static void test_in_turn(void)
{
	struct pp_numa numa = machine_of(2, 1);
	const struct pp_numa_port ports[] = {{0, 5, 1, "a"}};
	const struct pp_numa_layout layout = LAYOUT(ports, two_and_two);

	CU_ASSERT_STRING_EQUAL(plan(&numa, &layout), "0/0:3 0/1:4 0/2:3 0/3:4 0/4:3");
}

static void test_nearest(void)
{
	struct pp_numa numa = machine_of(4, 1);
	const struct pp_numa_lcore lcores[] = {{1, 0}, {2, 1}, {3, 2}};
	const struct pp_numa_port ports[] = {{0, 2, 3, "a"}};
	const struct pp_numa_layout layout = LAYOUT(ports, lcores);

	CU_ASSERT_STRING_EQUAL(plan(&numa, &layout), "0/0:3 0/1:3");
}

/* Ports of no node, and lcores of no node, are near to all: dealt in turn. */
static void test_unknown(void)
{
	struct pp_numa numa = machine_of(2, 1);
	const struct pp_numa_port ports[] = {{0, 1, 0, "a"}, {1, 1, -1, "b"}, {2, 1, -1, "c"}};
	const struct pp_numa_layout layout = LAYOUT(ports, two_and_two);
	const struct pp_numa_lcore nowhere[] = {{1, -1}, {2, -1}};
	const struct pp_numa_layout unknown = LAYOUT(ports, nowhere);

	CU_ASSERT_STRING_EQUAL(plan(&numa, &layout), "0/0:1 1/0:2 2/0:3");
	CU_ASSERT_STRING_EQUAL(plan(&numa, &unknown), "0/0:1 1/0:2 2/0:1");
}

static void test_one_node(void)
{
	const struct pp_numa_port ports[] = {{0, 2, 0, "a"}, {1, 1, 0, "b"}};
	const struct pp_numa_lcore lcores[] = {{1, 0}, {2, 0}};
	const struct pp_numa_layout layout = LAYOUT(ports, lcores);

	for (unsigned int n = 0; n < 2; n++) {
		struct pp_numa numa = machine_of(n, 1);
		CU_ASSERT_STRING_EQUAL(plan(&numa, &layout), "0/0:1 0/1:2 1/0:1");
	}
}

static void test_full(void)
{
	struct pp_numa numa = machine_of(2, 1);
	const struct pp_numa_port ports[] = {{0, PP_QUEUE_MAX + 7, 0, "a"}};
	const struct pp_numa_layout layout = LAYOUT(ports, two_and_two);
	struct pp_queue_map map[PP_QUEUE_MAX];

	CU_ASSERT_EQUAL(pp_numa_plan(&numa, &layout, map), PP_QUEUE_MAX);
}

/* ---- warnings --------------------------------------------------------------------------- */

static char said[2048];

static void say(void *arg, const char *text)
{
	unsigned int *n = arg;

	(*n)++;
	snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n", text);
}

static unsigned int judge(const struct pp_numa *numa, const struct pp_numa_layout *layout,
			  const struct pp_queue_map *map, unsigned int n_map)
{
	unsigned int heard = 0;

	said[0] = '\0';
	unsigned int n = pp_numa_judge(numa, layout, map, n_map, say, &heard);
	CU_ASSERT_EQUAL(n, heard);
	return n;
}

static const struct pp_numa_port far_ports[] = {{0, 1, 1, "0000:3b:00.0"}, {1, 1, 0, "b"}};

static void test_warning(void)
{
	struct pp_numa numa = machine_of(2, 1);
	const struct pp_numa_layout layout = LAYOUT(far_ports, two_and_two);
	const struct pp_queue_map map[] = {{0, 0, 2}, {1, 0, 1}};

	CU_ASSERT_EQUAL(judge(&numa, &layout, map, 2), 1);
	CU_ASSERT_STRING_EQUAL(
		said, "port 0 (0000:3b:00.0) is on NUMA node 1, but lcore 2, which polls its queue "
		      "0, on node 0: distance 21, where 10 is local: give it by --config to lcore "
		      "3, 4\n");
}

static void test_no_local_lcore(void)
{
	struct pp_numa numa = machine_of(2, 1);
	const struct pp_numa_lcore lcores[] = {{1, 0}};
	const struct pp_numa_layout layout = LAYOUT(far_ports, lcores);
	struct pp_queue_map map[PP_QUEUE_MAX];
	unsigned int n = pp_numa_plan(&numa, &layout, map);

	CU_ASSERT_EQUAL(judge(&numa, &layout, map, n), 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "distance 21, where 10 is local: give CPUs of node 1 "
					    "with -l\n"));
}

static void test_nothing_to_say(void)
{
	const struct pp_numa_layout layout = LAYOUT(far_ports, two_and_two);
	const struct pp_queue_map far[] = {{0, 0, 1}, {1, 0, 3}}, near[] = {{0, 0, 3}, {1, 0, 2}};
	struct pp_numa numa = machine_of(2, 1);

	CU_ASSERT_EQUAL(judge(&numa, &layout, far, 2), 2);
	CU_ASSERT_EQUAL(judge(&numa, &layout, near, 2), 0);
	numa = machine_of(1, 1);
	CU_ASSERT_EQUAL(judge(&numa, &layout, far, 2), 0);
	numa = machine_of(0, 1);
	CU_ASSERT_EQUAL(judge(&numa, &layout, far, 2), 0);
}

/* Warned of both, or refused with the first. */
static void test_strict(void)
{
	struct pp_numa numa = machine_of(2, 1);
	const struct pp_numa_layout layout = LAYOUT(far_ports, two_and_two);
	const struct pp_queue_map far[] = {{0, 0, 1}, {1, 0, 3}};
	struct pp_error error = {"untouched"};
	unsigned int warned = 0;
	struct pp_numa_complaints c = {.warn = say, .arg = &warned, .error = &error};

	said[0] = '\0';
	pp_numa_judge(&numa, &layout, far, 2, pp_numa_complain, &c);
	CU_ASSERT_EQUAL(warned, 2);
	CU_ASSERT_EQUAL(pp_numa_refused(&c), 0);
	CU_ASSERT_STRING_EQUAL(error.text, "untouched");
	c = (struct pp_numa_complaints){
		.strict = true, .warn = say, .arg = &warned, .error = &error};
	CU_ASSERT_EQUAL(pp_numa_refused(&c), 0);
	pp_numa_judge(&numa, &layout, far, 2, pp_numa_complain, &c);
	CU_ASSERT_EQUAL(warned, 2);
	CU_ASSERT_EQUAL(pp_numa_refused(&c), -EINVAL);
	CU_ASSERT_PTR_EQUAL(strstr(error.text, "--strict-numa: port 0 (0000:3b:00.0) is on NUMA "
					       "node 1, but lcore 1,"),
			    error.text);
}

/* A kernel that does not tell distances still tells nodes apart. */
static int no_distance(int a, int b)
{
	(void)a;
	(void)b;
	return 0;
}

static void test_distance(void)
{
	struct pp_numa numa = machine_of(2, 8);
	struct pp_numa_ops ops = fake;

	CU_ASSERT_EQUAL(pp_numa_distance(&numa, 0, 8), 21);
	CU_ASSERT_EQUAL(pp_numa_distance(&numa, 8, 8), 10);
	CU_ASSERT_EQUAL(pp_numa_distance(&numa, -1, 8), 10);
	ops.distance = no_distance;
	pp_numa_init(&numa, &ops);
	CU_ASSERT_EQUAL(pp_numa_distance(&numa, 0, 8), 20);
	CU_ASSERT_EQUAL(pp_numa_distance(&numa, 8, 8), 10);
}

/* ---- memory ------------------------------------------------------------------------------ */

static uint8_t *pages(unsigned int n)
{
	return aligned_alloc(4096, (size_t)n * 4096);
}

static void test_place(void)
{
	struct pp_numa numa = machine_of(2, 1);
	uint8_t *mem = pages(4);

	CU_ASSERT_EQUAL(pp_numa_place(&numa, mem + 64, 3 * 4096, 1), 0);
	CU_ASSERT_PTR_EQUAL(machine.placed, mem + 4096);
	CU_ASSERT_EQUAL(machine.placed_size, 2 * 4096);
	CU_ASSERT_EQUAL(machine.placed_node, 1);
	pp_numa_place(&numa, mem, 4 * 4096, 0);
	CU_ASSERT_EQUAL(machine.placed_size, 4 * 4096);
	CU_ASSERT_EQUAL(machine.places, 2);
	/* No whole page, no node, no second node. */
	pp_numa_place(&numa, mem + 64, 4096, 1);
	pp_numa_place(&numa, mem, 4096, -1);
	numa = machine_of(1, 1);
	pp_numa_place(&numa, mem, 4096, 0);
	CU_ASSERT_EQUAL(machine.places, 0);
	free(mem);
}

static void test_look(void)
{
	static const int nodes[] = {1, 0, 1, -ENOENT, 1, -EFAULT};
	struct pp_numa numa = machine_of(2, 1);
	struct pp_numa_memory m = {
		.what = "rx mempool", .port = 3, .queue = -1, .lcore = -1, .wanted = 1};
	uint8_t *mem = pages(6);
	char text[400];

	machine.page_nodes = nodes;
	machine.n_page_nodes = 6;
	pp_numa_look(&numa, mem, 6 * 4096, &m);
	CU_ASSERT_EQUAL(m.local, 3);
	CU_ASSERT_EQUAL(m.elsewhere, 1);
	CU_ASSERT_EQUAL(m.untouched, 1);
	CU_ASSERT_EQUAL(m.unknown, 1);
	CU_ASSERT_EQUAL(m.size, 6 * 4096);
	CU_ASSERT(pp_numa_misplaced(&m, text, sizeof(text)));
	CU_ASSERT_STRING_EQUAL(text,
			       "rx mempool of port 3: 1 of 4 pages looked at are on NUMA node "
			       "0, not on 1 (free memory of node 1: "
			       "/sys/devices/system/node/node1/meminfo)");
	free(mem);
}

static void test_look_far(void)
{
	static const int here[] = {0};
	struct pp_numa numa = machine_of(2, 1);
	struct pp_numa_memory m = {.what = "rings", .port = -1, .lcore = 2, .wanted = 0};
	const void *mem = (const void *)(uintptr_t)0x100000;
	char text[400];

	/* A gigabyte, of which at most 64 pages are asked for. */
	machine.page_nodes = here;
	machine.n_page_nodes = 1;
	pp_numa_look(&numa, mem, (size_t)1 << 30, &m);
	CU_ASSERT_EQUAL(m.local, 64);
	CU_ASSERT_FALSE(pp_numa_misplaced(&m, text, sizeof(text)));
	machine.where_error = -ENOSYS;
	pp_numa_look(&numa, mem, 3 * 4096, &m);
	CU_ASSERT_EQUAL(m.unknown, 3);
	CU_ASSERT_FALSE(pp_numa_misplaced(&m, text, sizeof(text)));
}

PP_TEST_MAIN("numa", {"lcores of the port's node come first", test_local_first},
	     {"these share the queues in turn", test_in_turn},
	     {"then the nearest by distance", test_nearest},
	     {"what has no node is near to all", test_unknown},
	     {"without a second node, in turn", test_one_node},
	     {"no more queues than there can be", test_full},
	     {"a queue far from its port is told with the distance", test_warning},
	     {"and what to do about it", test_no_local_lcore},
	     {"what is near is not told", test_nothing_to_say},
	     {"strict placement refuses with the first complaint", test_strict},
	     {"distances, known and not", test_distance}, {"whole pages are placed", test_place},
	     {"pages are counted by where they are", test_look},
	     {"large memory is sampled", test_look_far})
