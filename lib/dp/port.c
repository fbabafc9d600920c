/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: configuration, mempools, start and stop, and what there is to show of them.
 */
#include "compat.h"
#include "internal.h"
#include "wire.h"

#include <errno.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>
#include <stdio.h>
#include <stdlib.h>

#define DESCRIPTORS  512
#define POOL_CACHE   64
#define AF_XDP_RING  4096 /* mbufs that net_af_xdp wants per queue, whatever it is asked for */
#define SEND_RESERVE 512  /* mbufs beyond the descriptors */
#define MTU_MOST     (UINT16_MAX - RTE_PKTMBUF_HEADROOM - 128) /* an mbuf's length has 16 bits */
#define RX_ROOM	     2048				       /* of a received mbuf, at least */
#define RSS_FIELDS   (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP)

int pp_dp_error(struct pp_error *e, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return err;
}

static const char *port_name(uint16_t port, char name[RTE_ETH_NAME_MAX_LEN])
{
	if (rte_eth_dev_get_name_by_port(port, name))
		snprintf(name, RTE_ETH_NAME_MAX_LEN, "%u", port);
	return name;
}

static int port_error(struct pp_error *e, uint16_t port, int err, const char *what)
{
	char name[RTE_ETH_NAME_MAX_LEN];

	return pp_dp_error(e, err < 0 ? err : -EIO, "port %u (%s): %s: %s", port,
			   port_name(port, name), what, rte_strerror(err < 0 ? -err : EIO));
}

/* ---- MAC ------------------------------------------------------------------------ */

/* Locally administered, unicast, random. */
static struct rte_ether_addr own_mac(void)
{
	struct rte_ether_addr mac;

	rte_eth_random_addr(mac.addr_bytes);
	return mac;
}

/* Some virtual ports have no address, and cannot be given one: then the engine uses
 * its own, and the port has to hand over everything. */
static int read_mac(struct pp_port *p, uint16_t port)
{
	struct rte_ether_addr mac;
	int err = rte_eth_macaddr_get(port, &mac);

	if (err)
		return err;
	if (rte_is_zero_ether_addr(&mac) || rte_is_multicast_ether_addr(&mac)) {
		mac = own_mac();
		p->mac_own = true;
		if (rte_eth_dev_default_mac_addr_set(port, &mac))
			rte_eth_promiscuous_enable(port);
	}
	memcpy(p->mac.b, mac.addr_bytes, sizeof(p->mac.b));
	return 0;
}

/* ---- configuration ---------------------------------------------------------------- */

int pp_port_node(uint16_t port)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port, &info) || !info.device ||
	    !strcmp(rte_bus_name(rte_dev_bus(info.device)), "vdev"))
		return -1;
	return rte_eth_dev_socket_id(port);
}

static int pick_socket(const struct pp_port *p)
{
	return p->node < 0 ? SOCKET_ID_ANY : p->node;
}

/* Of the largest frame: it is one segment, written in whole cache lines. */
static unsigned int frame_room(uint16_t mtu)
{
	return (unsigned int)mtu + RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN +
	       PP_WRITE_SLOP;
}

/* On the port's node, or where there is memory: that is told when its pages are looked at. */
static bool is_af_xdp(uint16_t port)
{
	struct rte_eth_dev_info info;

	return rte_eth_dev_info_get(port, &info) == 0 && !strcmp(info.driver_name, "net_af_xdp");
}

/* Received mbufs that a queue has to have, beyond its descriptors. */
static unsigned int least_buffers(uint16_t port)
{
	return is_af_xdp(port) ? AF_XDP_RING : 0;
}

/* Without hugepages EAL knows of no memory beyond a page whose parts are neighbours to a
 * device too, and lets no mbuf cross a page: all of them lie at the same few places of a page,
 * which are the same few sets of the first cache. No port that runs without hugepages
 * minds, but for net_af_xdp, which counts in pages. */
static struct rte_mempool *make_dense_pool(const char *name, unsigned int mbufs, uint16_t size,
					   int socket)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = size};
	struct rte_mempool *pool = rte_mempool_create_empty(
		name, mbufs, (unsigned int)sizeof(struct rte_mbuf) + size, POOL_CACHE,
		sizeof(private), socket, RTE_MEMPOOL_F_NO_IOVA_CONTIG);

	if (!pool)
		return NULL;
	rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
	rte_pktmbuf_pool_init(pool, &private);
	if (rte_mempool_populate_default(pool) < 0) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

static struct rte_mempool *create_pool(const char *name, unsigned int mbufs, uint16_t size,
				       bool dense, int socket)
{
	return dense ? make_dense_pool(name, mbufs, size, socket)
		     : rte_pktmbuf_pool_create(name, mbufs, POOL_CACHE, 0, size, socket);
}

static struct rte_mempool *make_pool(const char *kind, uint16_t port, unsigned int mbufs,
				     unsigned int room, int socket)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	uint16_t size = (uint16_t)(RTE_PKTMBUF_HEADROOM + room);

	snprintf(name, sizeof(name), "pp_%s_%u", kind, port);
	bool dense = !rte_eal_has_hugepages() && !is_af_xdp(port);
	struct rte_mempool *pool = create_pool(name, mbufs, size, dense, socket);
	if (pool || socket == SOCKET_ID_ANY)
		return pool;
	return create_pool(name, mbufs, size, dense, SOCKET_ID_ANY);
}

/* Room for every descriptor, every cache and a burst per queue, so that neither
 * direction can starve the other. NICs want to receive into whole KiB. What is sent needs its
 * own length only: without hugepages no mbuf crosses a page, and two of these share one. */
static int make_pools(struct pp_dp *dp, struct pp_port *p, uint16_t port, uint16_t rxd,
		      uint16_t txd)
{
	unsigned int caches = rte_lcore_count() * POOL_CACHE * 2;
	unsigned int each = (unsigned int)rxd + txd + 2 * PP_RX_BURST;
	unsigned int least = least_buffers(port);
	unsigned int rx = p->n_queues * (each < least ? least : each) + caches;
	unsigned int wire = dp->wire ? pp_wire_capacity(dp->wire) : 0;
	unsigned int tx =
		wire + p->n_queues * ((unsigned int)txd + PP_TX_BURST) + SEND_RESERVE + caches;

	unsigned int room = frame_room(p->mtu);

	p->rx_pool = make_pool("rx", port, rx, room > RX_ROOM ? room : RX_ROOM, pick_socket(p));
	p->tx_pool = make_pool("tx", port, tx, room, pick_socket(p));
	return p->rx_pool && p->tx_pool ? 0 : -(rte_errno ? rte_errno : ENOMEM);
}

static int configure(struct pp_port *p, uint16_t port)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {.rxmode.mtu = p->mtu};
	int err = rte_eth_dev_info_get(port, &info);

	if (err)
		return err;
	if (p->n_queues > info.max_rx_queues || p->n_queues > info.max_tx_queues)
		return -ERANGE;
	if (p->n_queues > 1 && info.flow_type_rss_offloads) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = RSS_FIELDS & info.flow_type_rss_offloads;
	}
	return rte_eth_dev_configure(port, p->n_queues, p->n_queues, &conf);
}

static int set_up_queues(struct pp_port *p, uint16_t port, uint16_t rxd, uint16_t txd)
{
	for (uint16_t q = 0; q < p->n_queues; q++) {
		int err = rte_eth_rx_queue_setup(port, q, rxd, (unsigned int)pick_socket(p), NULL,
						 p->rx_pool);
		if (!err)
			err = rte_eth_tx_queue_setup(port, q, txd, (unsigned int)pick_socket(p),
						     NULL);
		if (err)
			return err;
	}
	return 0;
}

int pp_port_start(struct pp_dp *dp, uint16_t port, uint16_t n_queues, struct pp_error *ret_error)
{
	struct pp_port *p = &dp->port[port];
	uint16_t rxd = dp->config.rxd ? dp->config.rxd : DESCRIPTORS;
	uint16_t txd = dp->config.txd ? dp->config.txd : DESCRIPTORS;
	int err;

	p->n_queues = n_queues;
	if (rte_eth_dev_get_mtu(port, &p->mtu) || p->mtu < RTE_ETHER_MIN_MTU)
		p->mtu = RTE_ETHER_MTU;
	if (p->mtu > MTU_MOST)
		p->mtu = MTU_MOST;
	if ((err = configure(p, port)))
		return port_error(ret_error, port, err,
				  "cannot be configured with that many queues");
	if ((err = rte_eth_dev_adjust_nb_rx_tx_desc(port, &rxd, &txd)))
		return port_error(ret_error, port, err, "descriptors");
	if ((err = make_pools(dp, p, port, rxd, txd)))
		return port_error(ret_error, port, err,
				  "no memory for its mempools (-m, or more hugepages)");
	if ((err = set_up_queues(p, port, rxd, txd)))
		return port_error(ret_error, port, err, "queue setup");
	if ((err = rte_eth_dev_start(port)))
		return port_error(ret_error, port, err, "does not start");
	p->used = true;
	pp_kernel_attach(p, port);
	if ((err = read_mac(p, port)))
		return port_error(ret_error, port, err, "MAC address");
	/* Neighbour solicitations come by multicast (RFC 4861 7.2.1). */
	if (rte_eth_allmulticast_enable(port))
		rte_eth_promiscuous_enable(port);
	return 0;
}

void pp_port_stop(struct pp_dp *dp, uint16_t port)
{
	if (!dp->port[port].used)
		return;
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	dp->port[port].used = false;
}

/* ---- show ---------------------------------------------------------------------------- */

uint16_t pp_dp_ports(const struct pp_dp *dp)
{
	uint16_t n = 0;

	for (uint16_t port = 0; port < PP_PORT_MAX; port++)
		if (dp->port[port].used)
			n = (uint16_t)(port + 1);
	return n;
}

/* A wire is as fast as its rate, whatever the ring that it is made of claims. */
static double link_bps(const struct pp_dp *dp, uint16_t port, const struct rte_eth_link *link)
{
	int side = dp->wire ? pp_wire_side(dp->wire, port) : -1;

	if (side >= 0)
		return pp_wire_spec_now(dp->wire)->dir[side].rate;
	return link->link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : 1e6 * link->link_speed;
}

int pp_dp_port_info(const struct pp_dp *dp, uint16_t port, struct pp_port_info *ret_info)
{
	struct rte_eth_dev_info info;
	struct rte_eth_link link = {0};
	char name[RTE_ETH_NAME_MAX_LEN];

	if (port >= PP_PORT_MAX || !dp->port[port].used)
		return -ENODEV;
	const struct pp_port *p = &dp->port[port];
	if (rte_eth_dev_info_get(port, &info))
		return -EIO;
	rte_eth_link_get_nowait(port, &link);
	*ret_info = (struct pp_port_info){
		.mac = p->mac,
		.mac_own = p->mac_own,
		.mtu = p->mtu,
		.rx_queues = p->n_queues,
		.tx_queues = p->n_queues,
		.link_up = link.link_status == RTE_ETH_LINK_UP,
		.link_bps = link_bps(dp, port, &link),
		.socket = pp_port_node(port),
		.promiscuous = rte_eth_promiscuous_get(port) == 1,
	};
	snprintf(ret_info->name, sizeof(ret_info->name), "%s", port_name(port, name));
	snprintf(ret_info->driver, sizeof(ret_info->driver), "%s", info.driver_name);
	return 0;
}

int pp_dp_port_stats(const struct pp_dp *dp, uint16_t port, struct pp_port_stats *ret_stats)
{
	struct rte_eth_stats s;

	if (port >= PP_PORT_MAX || !dp->port[port].used)
		return -ENODEV;
	if (rte_eth_stats_get(port, &s))
		return -EIO;
	*ret_stats = (struct pp_port_stats){
		.ipackets = s.ipackets,
		.opackets = s.opackets,
		.ibytes = s.ibytes,
		.obytes = s.obytes,
		.imissed = s.imissed,
		.ierrors = s.ierrors,
		.oerrors = s.oerrors,
		.rx_nombuf = s.rx_nombuf,
	};
	return 0;
}

static void each_xstat(uint16_t port, struct rte_eth_xstat_name *names,
		       struct rte_eth_xstat *values, int n,
		       void (*each)(void *arg, const char *name, uint64_t value), void *arg)
{
	if (rte_eth_xstats_get_names(port, names, (unsigned int)n) != n)
		return;
	if (rte_eth_xstats_get(port, values, (unsigned int)n) != n)
		return;
	for (int i = 0; i < n; i++)
		each(arg, names[i].name, values[i].value);
}

int pp_dp_port_xstats(const struct pp_dp *dp, uint16_t port,
		      void (*each)(void *arg, const char *name, uint64_t value), void *arg)
{
	if (port >= PP_PORT_MAX || !dp->port[port].used)
		return -ENODEV;
	int n = rte_eth_xstats_get(port, NULL, 0);
	if (n <= 0)
		return n;
	struct rte_eth_xstat_name *names = calloc((size_t)n, sizeof(*names));
	struct rte_eth_xstat *values = calloc((size_t)n, sizeof(*values));
	if (names && values)
		each_xstat(port, names, values, n, each, arg);
	free(names);
	free(values);
	return 0;
}
