/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one command table. Checks, help, caret errors, JSON schema: everything that
 * depends on what a command takes is read from here.
 */
#include "commands.h"
#include "runs.h"

#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}
#define HOUR	    (INT64_C(3600) * 1000000000)
#define SAMPLES_MAX 10000000

static const char *const frame_words[] = {"imix", NULL};
static const char *const on_off[] = {"on", "off", NULL};
static const char *const df_words[] = {"do", "want", "dont", NULL};
static const char *const export_words[] = {"hgrm", "csv", "json", NULL};
static const char *const probe_words[] = {"ping", NULL};
static const char *const trust_words[] = {"all", "asked", NULL};
static const char *const plan_words[] = {"full", "quick", "coverage", "span", NULL};

/* clang-format off */

/* What every probe has, whoever starts it. */
#define PROBE_PARAMS \
	{"count", 'c', .type = PP_PARAM_INT, .min = 1, .max = INT64_MAX, .help = "slots, then end; of each target"}, \
	{"interval", 'i', .type = PP_PARAM_TIME, .min = 1000, .max = HOUR, \
	 .help = "from slot to slot of a target; 1s when neither it nor rate is given", .excludes = "rate"}, \
	{"size", 's', .type = PP_PARAM_INT, .min = 0, .max = 65507, \
	 .help = "payload bytes; 56; below 16 replies match weakly", .excludes = "frame"}, \
	{"frame", .type = PP_PARAM_INT, .min = 64, .max = 65535, .choices = frame_words, \
	 .help = "instead of size: the Ethernet frame with its FCS; imix: 64, 594 and 1518, 7:4:1"}, \
	{"ttl", 't', .type = PP_PARAM_INT, .min = 1, .max = 255, .help = "TTL or hop limit; 64"}, \
	{"tos", 'Q', .type = PP_PARAM_INT, .min = 0, .max = 255, .help = "type of service or traffic class; 0"}, \
	{"df", 'M', .type = PP_PARAM_CHOICE, .choices = df_words, \
	 .help = "IPv4 don't fragment: do and want set it, dont clears it; do"}, \
	{"timeout", 'W', .type = PP_PARAM_TIME, .min = 1000, .max = INT64_C(60000000000), \
	 .help = "an answer later than this is late, and counts as lost; 1s"}, \
	{"deadline", 'w', .type = PP_PARAM_TIME, .min = 1000, .max = 24 * 365 * HOUR, \
	 .help = "end then, whatever is in flight"}, \
	{"pattern", 'p', .type = PP_PARAM_HEX, .help = "up to 16 bytes to fill the payload with"}, \
	{"digits", .type = PP_PARAM_INT, .min = 1, .max = 3, \
	 .help = "significant digits of the distributions, and the memory for them; 2"}, \
	{"port", .type = PP_PARAM_INT, .min = 0, .max = PP_PORT_MAX - 1, .help = "only by this port"}, \
	{"source", 'I', .type = PP_PARAM_TARGETS, \
	 .help = "an address of ours; chosen by the route. Of sessions and with quiet: up to 64 in turn, written as TARGETS"}, \
	{"rate", .type = PP_PARAM_RATE, \
	 .help = "instead of interval, of all targets together: 1kpps, 10Mbps (frame bits), 10Mbpsl1 (with preamble and gap), 50% (of the link)"}, \
	{"poisson", .type = PP_PARAM_FLAG, .help = "exponential gaps around the interval (RFC 2330 11.1)", \
	 .excludes = "burst"}, \
	{"seed", .type = PP_PARAM_INT, .min = 0, .max = INT64_MAX, .help = "of poisson; 1"}, \
	{"burst", .type = PP_PARAM_INT, .min = 1, .max = 65536, .help = "so many back to back, every interval", \
	 .excludes = "gaps"}, \
	{"on", .type = PP_PARAM_TIME, .min = 1000, .max = HOUR, .help = "send for that long ...", .excludes = "poisson"}, \
	{"off", .type = PP_PARAM_TIME, .min = 1000, .max = HOUR, .help = "... then pause for that long", \
	 .excludes = "burst"}, \
	{"gaps", .type = PP_PARAM_TEXT, .help = "instead of interval: times from slot to slot, 10us,20us,1ms, over and over", \
	 .excludes = "interval"}, \
	{"workers", .type = PP_PARAM_INT, .min = 1, .max = PP_WORKERS_MAX, \
	 .help = "send by so many of the port's queues, each polled by a worker; 1"}, \
	{"slack", .type = PP_PARAM_TIME, .min = 1000, .max = HOUR, \
	 .help = "a slot later than that is missed; 64 intervals, at most 100ms, at least one interval"}

#define LINK_PARAMS \
	{"port", .required = true, .type = PP_PARAM_INT, .min = 0, .max = PP_PORT_MAX - 1, .help = "number of the port"}, \
	{"vlan", .type = PP_PARAM_INT, .min = 1, .max = 4094, .help = "VLAN identifier; untagged"}

#define NAME_PARAM \
	{"name", .positional = true, .required = true, .type = PP_PARAM_NAME, .help = "the session's name"}

static const struct pp_param ping_params[] = {
	{"address", .positional = true, .required = true, .type = PP_PARAM_ADDRESS, .help = "whom to ask"},
	PROBE_PARAMS,
	{"flood", 'f', .type = PP_PARAM_FLAG, .help = "next probe on each reply, at least 100 a second; dots"},
	{"quiet", 'q', .type = PP_PARAM_FLAG, .help = "summary only"},
	{"timestamps", 'D', .type = PP_PARAM_FLAG, .help = "Unix time before each line"},
	{"numeric", 'n', .type = PP_PARAM_FLAG, .help = "as in ping; the engine never looks up names"},
	END,
};

static const struct pp_param session_add_params[] = {
	NAME_PARAM,
	{"probe", .positional = true, .required = true, .type = PP_PARAM_CHOICE, .choices = probe_words,
	 .help = "kind of probe"},
	{"targets", .positional = true, .required = true, .type = PP_PARAM_TARGETS,
	 .help = "whom to ask, in turn: ADDRESS, ADDRESS-ADDRESS, PREFIX, with commas between; or file FILE, which the client opens"},
	PROBE_PARAMS,
	{"samples", .type = PP_PARAM_INT, .min = 0, .max = SAMPLES_MAX,
	 .help = "keep the first so many single samples, for session export; 0"},
	{"intervals", .type = PP_PARAM_FLAG, .help = "keep each of the last 60 seconds, for session show"},
	END,
};
static const struct pp_param name_params[] = {NAME_PARAM, END};
static const struct pp_param session_show_params[] = {
	NAME_PARAM,
	{"intervals", .type = PP_PARAM_FLAG, .help = "the last 60 seconds one by one instead"},
	END,
};
static const struct pp_param session_targets_params[] = {
	NAME_PARAM,
	{"from", .type = PP_PARAM_INT, .min = 0, .max = PP_SESSION_CAPACITY, .help = "the first of them; 0"},
	{"count", .type = PP_PARAM_INT, .min = 1, .max = 1000, .help = "so many; 100"},
	END,
};
static const struct pp_param session_export_params[] = {
	NAME_PARAM,
	{"format", .required = true, .type = PP_PARAM_CHOICE, .choices = export_words,
	 .help = "hgrm: percentiles for HdrHistogram's plotter; csv: single samples; json: all counters"},
	{"from", .type = PP_PARAM_INT, .min = 0, .max = SAMPLES_MAX, .help = "csv: first sample; 0"},
	{"count", .type = PP_PARAM_INT, .min = 1, .max = PP_EXPORT_PIECE, .help = "csv: so many samples; 10000, and the client asks for the next"},
	END,
};

static const struct pp_param addr_add_params[] = {
	{"address", .positional = true, .required = true, .type = PP_PARAM_PREFIX, .help = "address and prefix length"},
	LINK_PARAMS,
	{"dad", .type = PP_PARAM_CHOICE, .choices = on_off,
	 .help = "first make sure that nobody has it (RFC 5227, 4862): 4 to 7 s; off"},
	{"all", .type = PP_PARAM_FLAG,
	 .help = "every host address of that prefix; duplicates are looked for, and others told, of the first or the named one only"},
	END,
};
static const struct pp_param addr_del_params[] = {
	{"address", .positional = true, .required = true, .type = PP_PARAM_PREFIX, .help = "address; its length is not looked at"},
	END,
};
static const struct pp_param route_add_params[] = {
	{"prefix", .positional = true, .required = true, .type = PP_PARAM_PREFIX, .help = "prefix, or default"},
	{"via", .required = true, .type = PP_PARAM_ADDRESS, .help = "gateway, on-link"},
	{"preference", .type = PP_PARAM_INT, .min = 0, .max = 65535, .help = "lower wins among equal prefixes; 0"},
	END,
};
static const struct pp_param route_del_params[] = {
	{"prefix", .positional = true, .required = true, .type = PP_PARAM_PREFIX, .help = "prefix, or default"},
	{"via", .type = PP_PARAM_ADDRESS, .help = "only the route through this gateway"},
	END,
};
static const struct pp_param neigh_add_params[] = {
	{"address", .positional = true, .required = true, .type = PP_PARAM_ADDRESS, .help = "the neighbour"},
	{"mac", .required = true, .type = PP_PARAM_MAC, .help = "its MAC address"},
	LINK_PARAMS,
	END,
};
static const struct pp_param neigh_del_params[] = {
	{"address", .positional = true, .required = true, .type = PP_PARAM_ADDRESS, .help = "the neighbour"},
	LINK_PARAMS,
	END,
};
static const struct pp_param neigh_flush_params[] = {
	{"port", .type = PP_PARAM_INT, .min = 0, .max = PP_PORT_MAX - 1, .help = "only this port's"},
	END,
};
static const struct pp_param trust_params[] = {
	{"which", .positional = true, .required = true, .type = PP_PARAM_CHOICE, .choices = trust_words,
	 .help = "all: obey changes nobody asked for, as RFC 826 has it; asked: keep, count, log"},
	END,
};
static const struct pp_param respond_params[] = {
	{"state", .positional = true, .required = true, .type = PP_PARAM_CHOICE, .choices = on_off,
	 .help = "answer echo requests; ARP and ND are always answered"},
	END,
};
static const struct pp_param port_params[] = {
	{"port", .positional = true, .type = PP_PARAM_NAME, .help = "number, or all"},
	END,
};
static const struct pp_param queue_move_params[] = {
	{"port", .required = true, .type = PP_PARAM_INT, .min = 0, .max = PP_PORT_MAX - 1, .help = "number of the port"},
	{"queue", .required = true, .type = PP_PARAM_INT, .min = 0, .max = PP_QUEUE_MAX - 1, .help = "number of its queue"},
	{"lcore", .required = true, .type = PP_PARAM_INT, .min = 0, .max = 1023,
	 .help = "who polls it from now on; enabled by -l or --lcores, not the first"},
	END,
};
static const struct pp_param counters_params[] = {
	{"all", .type = PP_PARAM_FLAG, .help = "those that are zero too"},
	END,
};
static const struct pp_param stalls_params[] = {
	{"count", .type = PP_PARAM_INT, .min = 1, .max = 1000, .help = "the latest so many; 20"},
	END,
};
static const struct pp_param wait_params[] = {
	{"port", .positional = true, .required = true, .type = PP_PARAM_INT, .min = 0, .max = PP_PORT_MAX - 1,
	 .help = "number of the port"},
	{"idle", .required = true, .type = PP_PARAM_TIME, .min = 1000000, .max = HOUR, .help = "so long without a frame"},
	END,
};
static const struct pp_param selftest_params[] = {
	{"plan", .positional = true, .type = PP_PARAM_CHOICE, .choices = plan_words,
	 .help = "full: the certificate; quick: a few seconds, none; coverage: a million samples a case; span: departures over 10 s"},
	{"samples", .type = PP_PARAM_INT, .min = 100, .max = 1000000, .help = "at most so many in a case"},
	{"seconds", .type = PP_PARAM_INT, .min = 2, .max = 100, .help = "span: a case lasts no longer"},
	END,
};
static const struct pp_param load_params[] = {
	{"name", .positional = true, .required = true, .type = PP_PARAM_NAME, .help = "file; opened by the client"},
	{"content", .positional = true, .required = true, .type = PP_PARAM_REST, .help = "what is in it"},
	END,
};
static const struct pp_param help_params[] = {
	{"command", .positional = true, .type = PP_PARAM_REST, .help = "first words of a command"},
	END,
};

const struct pp_command pp_commands[] = {
	{"ping", ping_params, PP_CLASS_CONTROL, "send echo requests, show the answers", pp_cmd_ping},
	{"session add", session_add_params, PP_CLASS_CONTROL, "make a session that runs by itself", pp_cmd_session_add},
	{"session start", name_params, PP_CLASS_CONTROL, "first slot now", pp_cmd_session_start},
	{"session stop", name_params, PP_CLASS_CONTROL, "no further slots; what is in flight is awaited", pp_cmd_session_stop},
	{"session clear", name_params, PP_CLASS_CONTROL, "counters and samples to zero", pp_cmd_session_clear},
	{"session del", name_params, PP_CLASS_CONTROL, "take it away", pp_cmd_session_del},
	{"session export", session_export_params, PP_CLASS_READ, "what it measured, for other programs", pp_cmd_session_export},
	{"session targets", session_targets_params, PP_CLASS_READ, "what it counted of each target", pp_cmd_session_targets},
	{"session show", session_show_params, PP_CLASS_READ, "its counters and quantiles", pp_cmd_session_show},
	{"addr add", addr_add_params, PP_CLASS_CONTROL, "an address of the engine's own", pp_cmd_addr_add},
	{"addr del", addr_del_params, PP_CLASS_CONTROL, "give an address up, with its routes", pp_cmd_addr_del},
	{"addr flush", NULL, PP_CLASS_CONTROL, "give up all addresses", pp_cmd_addr_flush},
	{"route add", route_add_params, PP_CLASS_CONTROL, "a gateway for a prefix", pp_cmd_route_add},
	{"route del", route_del_params, PP_CLASS_CONTROL, "take a route away", pp_cmd_route_del},
	{"route flush", NULL, PP_CLASS_CONTROL, "take all gateways away", pp_cmd_route_flush},
	{"neigh add", neigh_add_params, PP_CLASS_CONTROL, "a static neighbour", pp_cmd_neigh_add},
	{"neigh del", neigh_del_params, PP_CLASS_CONTROL, "forget a neighbour", pp_cmd_neigh_del},
	{"neigh flush", neigh_flush_params, PP_CLASS_CONTROL, "forget all that are not static", pp_cmd_neigh_flush},
	{"set neigh trust", trust_params, PP_CLASS_CONTROL, "whose word on a MAC address is taken", pp_cmd_neigh_trust},
	{"respond", respond_params, PP_CLASS_CONTROL, "the echo responder", pp_cmd_respond},
	{"queue move", queue_move_params, PP_CLASS_CONTROL, "give a queue and its sessions to another lcore", pp_cmd_queue_move},
	{"show addr", NULL, PP_CLASS_READ, "the engine's addresses", pp_cmd_show_addr},
	{"show route", NULL, PP_CLASS_READ, "routes in order of lookup", pp_cmd_show_route},
	{"show neigh", NULL, PP_CLASS_READ, "the neighbour cache", pp_cmd_show_neigh},
	{"show port info", port_params, PP_CLASS_READ, "what a port is", pp_cmd_show_port_info},
	{"show port stats", port_params, PP_CLASS_READ, "frames and bytes as the port counts them", pp_cmd_show_port_stats},
	{"show port xstats", port_params, PP_CLASS_READ, "everything the driver counts", pp_cmd_show_port_xstats},
	{"show counters", counters_params, PP_CLASS_READ, "how each received frame ended", pp_cmd_show_counters},
	{"show workers", NULL, PP_CLASS_READ, "lcores, their queues, their own losses", pp_cmd_show_workers},
	{"show sessions", NULL, PP_CLASS_READ, "one line per session", pp_cmd_show_sessions},
	{"show histogram", name_params, PP_CLASS_READ, "a session's distribution as bars", pp_cmd_show_histogram},
	{"show session", session_show_params, PP_CLASS_READ, "the same as session show", pp_cmd_session_show},
	{"show stalls", stalls_params, PP_CLASS_READ, "when workers did not look, and why", pp_cmd_show_stalls},
	{"show numa", NULL, PP_CLASS_READ, "nodes, and where ports, workers and memory are", pp_cmd_show_numa},
	{"show clock", NULL, PP_CLASS_READ, "the TSC's rate and how well it is known", pp_cmd_show_clock},
	{"show version", NULL, PP_CLASS_READ, "versions", pp_cmd_show_version},
	{"wait port", wait_params, PP_CLASS_READ, "until a port has received nothing for a time", pp_cmd_wait_port},
	{"selftest", selftest_params, PP_CLASS_CONTROL, "certify the instrument against the virtual wire", pp_cmd_selftest},
	{"load", load_params, PP_CLASS_CONTROL, "run the commands in a file, up to the first error", pp_cmd_load},
	{"help", help_params, PP_CLASS_READ, "this, or the words of a command", pp_cmd_help},
	{"shutdown", NULL, PP_CLASS_ADMIN, "end the engine", pp_cmd_shutdown},
	{.words = NULL},
};
