/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports with a kernel's interface behind them: frames for us that the kernel dropped because
 * its queue was full, and that the driver does not count.
 */
#include "internal.h"

#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#define DESCRIPTORS_LOOKED_AT 1024

/* Whether the descriptor is a packet socket on that interface. */
static bool is_packet_socket(int fd, unsigned int interface)
{
	struct sockaddr_ll at = {0};
	socklen_t size = sizeof(at);

	return getsockname(fd, (struct sockaddr *)&at, &size) == 0 && at.sll_family == AF_PACKET &&
	       at.sll_ifindex == (int)interface;
}

void pp_kernel_attach(struct pp_port *p, uint16_t port)
{
	struct rte_eth_dev_info info;

	p->interface = 0;
	p->n_sockets = 0;
	if (rte_eth_dev_info_get(port, &info))
		return;
	p->interface = info.if_index;
	if (!p->interface || strcmp(info.driver_name, "net_af_packet"))
		return;
	for (int fd = 0; fd < DESCRIPTORS_LOOKED_AT; fd++)
		if (p->n_sockets < PP_ARRAY_LEN(p->socket) && is_packet_socket(fd, p->interface))
			p->socket[p->n_sockets++] = fd;
}

/* Of the interface: tx_dropped is what did not get into a tap, rx_dropped what did not get to
 * an XDP socket. 32 bits. */
static uint64_t interface_drops(unsigned int interface, bool tap)
{
	char name[IF_NAMESIZE];
	struct ifaddrs *all = NULL;
	uint64_t drops = 0;

	if (!if_indextoname(interface, name) || getifaddrs(&all))
		return 0;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		const struct rtnl_link_stats *stats = i->ifa_data;
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_PACKET || !stats ||
		    strcmp(i->ifa_name, name))
			continue;
		drops = tap ? stats->tx_dropped : (uint64_t)stats->rx_dropped;
	}
	freeifaddrs(all);
	return drops;
}

/* The kernel forgets them when they are read. */
static uint64_t socket_drops(struct pp_port *p)
{
	for (unsigned int i = 0; i < p->n_sockets; i++) {
		struct tpacket_stats stats = {0};
		socklen_t size = sizeof(stats);
		if (getsockopt(p->socket[i], SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
			p->socket_drops += stats.tp_drops;
	}
	return p->socket_drops;
}

uint64_t pp_kernel_missed(struct pp_port *p, uint16_t port, uint64_t imissed)
{
	struct rte_eth_dev_info info;

	if (!p->interface || rte_eth_dev_info_get(port, &info))
		return imissed;
	if (p->n_sockets)
		return imissed + socket_drops(p);
	bool tap = !strcmp(info.driver_name, "net_tap");
	if (!tap && strcmp(info.driver_name, "net_af_xdp"))
		return imissed;
	/* The driver of an XDP socket has some of them itself. */
	uint64_t drops = interface_drops(p->interface, tap);
	return drops > imissed ? drops : imissed;
}
