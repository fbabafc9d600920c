/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The terminal counters of received frames: each frame that a port delivered
 * ends in exactly one of these, and they add up to what the port delivered.
 */
#ifndef PMDPING_DROP_H
#define PMDPING_DROP_H

/* X(symbol, name, what it counts) */
#define PP_DROPS(X)                                                                                \
	X(OK, "ok", "not a drop: the frame goes on")                                               \
	/* frames that did their work */                                                           \
	X(ECHO_ANSWERED, "echo_answered", "echo request to us, answered in place")                 \
	X(ECHO_MATCHED, "echo_matched",                                                            \
	  "echo reply that belongs to a probe of ours, duplicates and late ones included")         \
	X(ERROR_MATCHED, "icmp_error_matched",                                                     \
	  "ICMP error or redirect that quotes a probe of ours")                                    \
	X(NEIGH_ANSWERED, "neigh_answered",                                                        \
	  "ARP request or neighbour solicitation for us, answered")                                \
	X(NEIGH_LEARNED, "neigh_learned",                                                          \
	  "ARP reply, neighbour advertisement or solicitation, handed to the neighbour cache")     \
	/* link */                                                                                 \
	X(ETH_SHORT, "eth_short", "shorter than an Ethernet header")                               \
	X(ETH_LENGTH, "eth_length",                                                                \
	  "longer than the MTU allows, or lengths that contradict each other")                     \
	X(ETH_TYPE, "eth_type", "EtherType that is not ours to read")                              \
	X(ETH_8023, "eth_8023", "IEEE 802.3 length instead of an EtherType")                       \
	X(ETH_SOURCE, "eth_source", "source MAC that is a group address")                          \
	X(ETH_OTHER_MAC, "eth_other_mac", "unicast to another MAC address")                        \
	X(VLAN_SHORT, "vlan_short", "tag without the bytes it announces")                          \
	X(VLAN_STACKED, "vlan_stacked", "more than one VLAN tag")                                  \
	X(VLAN_OTHER, "vlan_other", "VLAN on which we have no address")                            \
	/* ARP */                                                                                  \
	X(ARP_SHORT, "arp_short", "shorter than 28 bytes")                                         \
	X(ARP_FORMAT, "arp_format",                                                                \
	  "hardware type, protocol or address length that is not Ethernet and IPv4")               \
	X(ARP_OP, "arp_op", "neither request nor reply")                                           \
	X(ARP_SENDER, "arp_sender", "sender address that cannot be one, or that is ours")          \
	X(ARP_OTHER, "arp_other", "request for somebody else")                                     \
	/* IP */                                                                                   \
	X(IP_SHORT, "ip_short", "shorter than the header")                                         \
	X(IP_VERSION, "ip_version", "version does not fit the EtherType")                          \
	X(IP_HLEN, "ip_hlen", "IPv4 header length below 20 or past the end")                       \
	X(IP_LENGTH, "ip_length", "total length shorter than the header or longer than the frame") \
	X(IP_CHECKSUM, "ip_checksum", "IPv4 header checksum")                                      \
	X(IP_OPTION, "ip_option", "malformed IPv4 option, or a source route")                      \
	X(IP_EXTENSION, "ip_extension",                                                            \
	  "IPv6 extension headers: malformed, unknown, too many, or a routing header")             \
	X(IP_SOURCE, "ip_source", "source that no host may have")                                  \
	X(IP_OTHER_DST, "ip_other_dst", "destination that is not ours")                            \
	X(IP_GROUP_DST, "ip_group_dst", "to broadcast or multicast, which we do not answer")       \
	X(IP_LINK_GROUP, "ip_link_group",                                                          \
	  "unicast destination in a broadcast or multicast frame (RFC 1122 3.3.6)")                \
	X(IP_FRAGMENT, "ip_fragment", "fragment: not reassembled")                                 \
	X(IP_PROTO, "ip_proto", "protocol without a listener")                                     \
	/* ICMP */                                                                                 \
	X(ICMP_SHORT, "icmp_short", "shorter than its header")                                     \
	X(ICMP_CHECKSUM, "icmp_checksum", "ICMP checksum")                                         \
	X(ICMP_TYPE, "icmp_type", "type nobody here knows")                                        \
	X(ICMP_QUENCH, "icmp_quench", "source quench, never obeyed (RFC 6633)")                    \
	X(ICMP_QUOTE, "icmp_quote", "error whose quote is too short or not an echo request")       \
	X(ICMP_UNMATCHED, "icmp_unmatched", "error that quotes nothing we sent")                   \
	X(ECHO_UNMATCHED, "echo_unmatched", "echo reply to nothing we sent")                       \
	X(ECHO_MUTED, "echo_muted", "echo request to us while the responder is off")               \
	X(ANSWER_UNSENT, "answer_unsent", "ours to answer, but the port did not take the answer")  \
	/* neighbour discovery */                                                                  \
	X(ND_INVALID, "nd_invalid", "fails the checks of RFC 4861 7.1")                            \
	X(ND_OTHER, "nd_other", "solicitation for somebody else, or another ND message")           \
	/* our own shortage */                                                                     \
	X(EVENT_LOST, "event_lost", "work for the control thread, whose ring was full")            \
	X(RECEIPT_LOST, "receipt_lost", "reply for another worker, whose ring was full")

enum pp_drop {
#define PP_DROP_ENUM(symbol, name, help) PP_DROP_##symbol,
	PP_DROPS(PP_DROP_ENUM)
#undef PP_DROP_ENUM
		PP_DROP_COUNT
};
#define PP_OK PP_DROP_OK

/* Names as `show counters` prints them, and what they count; never NULL below
 * PP_DROP_COUNT. */
const char *pp_drop_name(enum pp_drop drop);
const char *pp_drop_help(enum pp_drop drop);

#endif
