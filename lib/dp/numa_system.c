/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What libnuma says of this machine.
 */
#include "numa_ops.h"

#include <errno.h>
#include <numa.h>
#include <numaif.h>

static unsigned int nodes(int *ret_nodes, unsigned int max)
{
	unsigned int n = 0;

	if (numa_available() < 0)
		return 0;
	for (int node = 0; node <= numa_max_node() && n < max; node++)
		if (numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned int)node))
			ret_nodes[n++] = node;
	return n;
}

static int place(void *mem, size_t size, int node)
{
	struct bitmask *mask = numa_allocate_nodemask();
	int err = 0;

	if (!mask)
		return -ENOMEM;
	numa_bitmask_setbit(mask, (unsigned int)node);
	/* Not numa_tonode_memory: that leaves what is there already where it is. */
	if (mbind(mem, size, MPOL_PREFERRED, mask->maskp, mask->size + 1, MPOL_MF_MOVE))
		err = -errno;
	numa_bitmask_free(mask);
	return err;
}

static int where(void **pages, int *ret_nodes, unsigned int n)
{
	return numa_move_pages(0, n, pages, NULL, ret_nodes, 0) ? -errno : 0;
}

const struct pp_numa_ops pp_numa_system = {
	.nodes = nodes,
	.distance = numa_distance,
	.place = place,
	.where = where,
};
