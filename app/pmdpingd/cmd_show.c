/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * show port|counters|workers|clock|version, wait port: what the data plane has to say.
 */
#include "commands.h"

#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- ports ------------------------------------------------------------------------ */

/* Calls one for each port that the parameter names: a number or "all" (the default). */
static void each_port(struct pp_call *c, const char *key,
		      void (*one)(struct pp_engine *e, uint16_t port, json_t *rows))
{
	struct pp_engine *e = pp_call_engine(c);
	const char *word = pp_call_text(c, "port");
	uint16_t ports = pp_dp_ports(e->dp), first = 0, last = ports;
	int64_t n;

	if (word && strcmp(word, "all")) {
		if (pp_parse_int(word, 0, ports - 1, &n)) {
			pp_call_fail(c, PP_ERR_PARAMS, "port", "not a port: %s (0 to %u, or all)",
				     word, ports - 1u);
			return;
		}
		first = (uint16_t)n;
		last = (uint16_t)(n + 1);
	}
	json_t *rows = json_array();
	for (uint16_t port = first; port < last; port++)
		one(e, port, rows);
	pp_call_done(c, json_pack("{s:o}", key, rows));
}

/* Whole megabits but for a wire's odd rates. */
static json_t *speed_json(double bps)
{
	double mbps = bps / 1e6;

	if (bps <= 0)
		return json_null();
	return mbps == floor(mbps) ? json_integer((json_int_t)mbps) : json_real(mbps);
}

static void port_info(struct pp_engine *e, uint16_t port, json_t *rows)
{
	struct pp_port_info i;
	char mac[PP_MAC_TEXT];

	if (pp_dp_port_info(e->dp, port, &i))
		return;
	json_array_append_new(
		rows,
		json_pack("{s:i, s:s, s:s, s:s, s:b, s:s, s:o, s:i, s:i, s:i, s:o, s:b}", "port",
			  (int)port, "name", i.name, "driver", i.driver, "mac",
			  pp_mac_text(&i.mac, mac), "mac_own", i.mac_own, "link",
			  i.link_up ? "up" : "down", "speed_mbps", speed_json(i.link_bps), "mtu",
			  (int)i.mtu, "rx_queues", (int)i.rx_queues, "tx_queues", (int)i.tx_queues,
			  "socket", i.socket < 0 ? json_null() : json_integer(i.socket),
			  "promiscuous", i.promiscuous));
}

void pp_cmd_show_port_info(struct pp_call *c)
{
	each_port(c, "ports", port_info);
}

static void port_stats(struct pp_engine *e, uint16_t port, json_t *rows)
{
	struct pp_port_stats s;

	if (pp_dp_port_stats(e->dp, port, &s))
		return;
	json_array_append_new(
		rows,
		json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "port", (int)port,
			  "ipackets", (json_int_t)s.ipackets, "opackets", (json_int_t)s.opackets,
			  "ibytes", (json_int_t)s.ibytes, "obytes", (json_int_t)s.obytes, "imissed",
			  (json_int_t)s.imissed, "ierrors", (json_int_t)s.ierrors, "oerrors",
			  (json_int_t)s.oerrors, "rx_nombuf", (json_int_t)s.rx_nombuf));
}

void pp_cmd_show_port_stats(struct pp_call *c)
{
	each_port(c, "ports", port_stats);
}

struct xstats {
	uint16_t port;
	json_t *rows;
};

static void xstat(void *arg, const char *name, uint64_t value)
{
	const struct xstats *x = arg;

	json_array_append_new(x->rows, json_pack("{s:i, s:s, s:I}", "port", (int)x->port, "name",
						 name, "value", (json_int_t)value));
}

static void port_xstats(struct pp_engine *e, uint16_t port, json_t *rows)
{
	struct xstats x = {.port = port, .rows = rows};

	pp_dp_port_xstats(e->dp, port, xstat, &x);
}

void pp_cmd_show_port_xstats(struct pp_call *c)
{
	each_port(c, "xstats", port_xstats);
}

/* ---- counters, workers, clock, version ----------------------------------------------- */

void pp_cmd_show_counters(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	bool all = pp_call_flag(c, "all");
	json_t *rows = json_array();
	uint64_t sum = 0;

	for (unsigned int i = PP_DROP_OK + 1; i < PP_DROP_COUNT; i++) {
		uint64_t v = pp_dp_drops(e->dp, (enum pp_drop)i);
		sum += v;
		if (v || all)
			json_array_append_new(rows, json_pack("{s:s, s:I, s:s}", "name",
							      pp_drop_name((enum pp_drop)i),
							      "value", (json_int_t)v, "help",
							      pp_drop_help((enum pp_drop)i)));
	}
	pp_call_done(c, json_pack("{s:o, s:I, s:I}", "counters", rows, "delivered",
				  (json_int_t)pp_dp_delivered(e->dp), "sum", (json_int_t)sum));
}

static json_t *queues_json(const struct pp_worker_info *w)
{
	char text[1024] = "idle"; /* it had queues once */
	size_t used = 0;

	for (unsigned int i = 0; i < w->n_queues && used < sizeof(text) - 16; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u/%u", i ? " " : "",
					 w->queues[i].port, w->queues[i].queue);
	return json_string(text);
}

static json_t *worker_json(const struct pp_worker_info *w)
{
	uint64_t refused = 0, no_mbuf = 0;

	for (unsigned int i = 0; i < w->n_queues; i++) {
		const struct pp_queue_info *q = &w->queues[i];
		refused += q->probes_refused + q->answers_refused + q->frames_refused;
		no_mbuf += q->no_mbuf;
	}
	return json_pack("{s:i, s:o, s:I, s:I, s:I, s:I, s:i, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "lcore", (int)w->lcore, "queues", queues_json(w), "polls",
			 (json_int_t)w->polls, "busy_polls", (json_int_t)w->busy_polls, "rx",
			 (json_int_t)w->rx, "tx", (json_int_t)w->tx, "sessions", (int)w->sessions,
			 "max_gap_ns", (json_int_t)w->max_gap.v, "stalls", (json_int_t)w->stalls,
			 "events_lost", (json_int_t)w->events_lost, "receipts_lost",
			 (json_int_t)w->receipts_lost, "tx_refused", (json_int_t)refused, "no_mbuf",
			 (json_int_t)no_mbuf);
}

static void add_queues(json_t *rows, const struct pp_worker_info *w)
{
	for (unsigned int i = 0; i < w->n_queues; i++) {
		const struct pp_queue_info *q = &w->queues[i];
		json_array_append_new(
			rows, json_pack("{s:i, s:i, s:i, s:I, s:I, s:I, s:I}", "port", (int)q->port,
					"queue", (int)q->queue, "lcore", (int)w->lcore,
					"probes_refused", (json_int_t)q->probes_refused,
					"answers_refused", (json_int_t)q->answers_refused,
					"frames_refused", (json_int_t)q->frames_refused, "no_mbuf",
					(json_int_t)q->no_mbuf));
	}
}

static json_t *port_losses(struct pp_engine *e)
{
	json_t *rows = json_array();
	struct pp_losses l;

	for (uint16_t port = 0; port < pp_dp_ports(e->dp); port++) {
		pp_dp_losses(e->dp, &port, 1, &l);
		json_array_append_new(rows, json_pack("{s:i, s:I, s:I, s:I}", "port", (int)port,
						      "rx_missed", (json_int_t)l.port[0].rx_missed,
						      "rx_nombuf", (json_int_t)l.port[0].rx_nombuf,
						      "frames_dropped",
						      (json_int_t)l.port[0].frames_dropped));
	}
	return rows;
}

/* Workers, and beneath them what the engine itself lost, by queue and by port. */
void pp_cmd_show_workers(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	json_t *workers = json_array(), *queues = json_array();
	struct pp_worker_info w;

	for (unsigned int i = 0; i < pp_dp_workers(e->dp); i++) {
		pp_dp_worker_info(e->dp, i, &w);
		json_array_append_new(workers, worker_json(&w));
		add_queues(queues, &w);
	}
	pp_call_done(c, json_pack("{s:o, s:o, s:o}", "workers", workers, "queues", queues, "ports",
				  port_losses(e)));
}

void pp_cmd_show_stalls(struct pp_call *c)
{
	static const char *const causes[] = {
		[PP_STALL_UNKNOWN] = "unknown", [PP_STALL_PREEMPTED] = "preempted",
		[PP_STALL_STEAL] = "steal",	[PP_STALL_TRANSMIT] = "transmit",
		[PP_STALL_RECEIVE] = "receive", [PP_STALL_MOVED] = "moved",
	};
	struct pp_engine *e = pp_call_engine(c);
	const int64_t *count = pp_call_int(c, "count");
	unsigned int max = count ? (unsigned int)*count : 20;
	struct pp_stall *s = calloc(max, sizeof(*s));
	unsigned int n = s ? pp_dp_stalls(e->dp, s, max) : 0;
	json_t *rows = json_array();
	pp_ns now = pp_clock_now();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(
			rows, json_pack("{s:i, s:I, s:I, s:s}", "lcore", (int)s[i].lcore, "age_ns",
					(json_int_t)(now.v - s[i].at.v), "length_ns",
					(json_int_t)s[i].length.v, "cause", causes[s[i].cause]));
	free(s);
	pp_call_done(c, json_pack("{s:o}", "stalls", rows));
}

void pp_cmd_show_clock(struct pp_call *c)
{
	struct pp_clock_info i;

	pp_clock_info(&i);
	pp_call_done(c, json_pack("{s:f, s:f, s:f, s:f, s:b}", "tsc_hz", i.hz, "uncertainty_ppm",
				  i.uncertainty * 1e6, "eal_hz_error_ppm",
				  (i.eal_hz / i.hz - 1) * 1e6, "drift_since_start_ppm",
				  (i.hz / i.cpu_hz - 1) * 1e6, "invariant_tsc", i.invariant));
}

void pp_cmd_show_version(struct pp_call *c)
{
	pp_call_done(c, json_pack("{s:s, s:s, s:s}", "version", PMDPING_VERSION, "dpdk",
				  pp_eal_version(), "compiler", __VERSION__));
}

/* ---- wait port ------------------------------------------------------------------------ */

struct wait {
	struct wait *next;
	struct pp_call *call;
	uint16_t port;
	uint64_t seen;
	pp_ns idle, since;
};

static struct wait *waits;

static uint64_t received(const struct pp_engine *e, uint16_t port)
{
	struct pp_port_stats s = {0};

	pp_dp_port_stats(e->dp, port, &s);
	return s.ipackets;
}

static void end_wait(struct pp_call *c, void *arg)
{
	struct wait **at = &waits;

	while (*at && *at != arg)
		at = &(*at)->next;
	if (!*at)
		return;
	struct wait *w = *at;
	*at = w->next;
	pp_call_done(c, json_pack("{s:I}", "ipackets", (json_int_t)w->seen));
	free(w);
}

void pp_cmd_wait_port(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	int64_t port = *pp_call_int(c, "port");
	struct wait *w = NULL;

	if (port >= pp_dp_ports(e->dp) || !(w = calloc(1, sizeof(*w)))) {
		pp_call_fail(c, PP_ERR_FAILED, "port", "no port %lld: there are %u",
			     (long long)port, pp_dp_ports(e->dp));
		return;
	}
	*w = (struct wait){.next = waits, .call = c, .port = (uint16_t)port};
	w->idle = PP_NS(*pp_call_int(c, "idle"));
	w->since = pp_clock_now();
	w->seen = received(e, w->port);
	waits = w;
	pp_call_on_cancel(c, end_wait, w);
}

void pp_wait_tick(struct pp_engine *e)
{
	pp_ns now = pp_clock_now();

	for (struct wait *w = waits, *next; w; w = next) {
		uint64_t n = received(e, w->port);
		next = w->next;
		if (n != w->seen) {
			w->seen = n;
			w->since = now;
		} else if (now.v - w->since.v >= w->idle.v) {
			end_wait(w->call, w);
		}
	}
}
