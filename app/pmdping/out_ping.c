/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ping as people and scripts know it from iputils (2024 form), with as many
 * decimals as the error bound carries, and some lines more in the summary.
 */
#include "out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ceil(-log10(bound in ms)), 3 to 6. */
int pp_out_decimals(const json_t *body)
{
	int64_t bound_ns = pp_out_int(body, "bound_ns");

	if (bound_ns >= 1000)
		return 3;
	if (bound_ns >= 100)
		return 4;
	return bound_ns >= 10 ? 5 : 6;
}

static double ms(const json_t *body, const char *key)
{
	return (double)pp_out_int(body, key) / 1e6;
}

static bool is_true(const json_t *body, const char *key)
{
	return json_is_true(json_object_get(body, key));
}

/* "[1795420089.123456] " of -D. */
static void put_stamp(FILE *f, const struct pp_out_view *view, const json_t *body)
{
	if (!view->timestamps)
		return;
	uint64_t ns = strtoull(pp_out_str(body, "time_ns"), NULL, 10);
	fprintf(f, "[%" PRIu64 ".%06" PRIu64 "] ", ns / 1000000000, ns % 1000000000 / 1000);
}

/* ---- events ------------------------------------------------------------------------- */

static void put_source(FILE *f, const json_t *body)
{
	const json_t *port = json_object_get(body, "port");

	if (!json_object_get(body, "source"))
		return;
	fprintf(f, " from %s ", pp_out_str(body, "source"));
	if (port)
		pp_out_value(f, "port", port);
	fputc(':', f);
}

static bool put_imix(FILE *f, const json_t *sizes)
{
	for (size_t i = 0; i < json_array_size(sizes); i++)
		fprintf(f, "%s%" JSON_INTEGER_FORMAT, i ? "/" : " IMIX, ",
			json_integer_value(json_array_get(sizes, i)));
	if (json_array_size(sizes))
		fputs(" data bytes\n", f);
	return json_array_size(sizes) > 0;
}

static void start(FILE *f, struct pp_out_view *view, const json_t *body)
{
	const char *address = pp_out_str(body, "address");
	int64_t size = pp_out_int(body, "size");

	view->quiet = is_true(body, "quiet");
	view->timestamps = is_true(body, "timestamps");
	view->flood = is_true(body, "flood");
	view->outstanding = 0;
	if (json_object_get(body, "pattern"))
		fprintf(f, "PATTERN: 0x%s\n", pp_out_str(body, "pattern"));
	fprintf(f, "PING %s (%s)", view->name ? view->name : address, address);
	put_source(f, body);
	if (put_imix(f, json_object_get(body, "imix")))
		return;
	if (pp_out_int(body, "family") == 6)
		fprintf(f, " %" PRId64 " data bytes\n", size);
	else
		fprintf(f, " %" PRId64 "(%" PRId64 ") bytes of data.\n", size,
			pp_out_int(body, "bytes"));
}

static void reply(FILE *f, struct pp_out_view *view, const json_t *body)
{
	if (view->quiet || view->flood)
		return;
	put_stamp(f, view, body);
	fprintf(f, "%" PRId64 " bytes from ", pp_out_int(body, "bytes"));
	if (view->name)
		fprintf(f, "%s (%s)", view->name, pp_out_str(body, "address"));
	else
		fputs(pp_out_str(body, "address"), f);
	fprintf(f, ": icmp_seq=%" PRId64 " ttl=%" PRId64 " time=%.*f ms", pp_out_int(body, "seq"),
		pp_out_int(body, "ttl"), pp_out_decimals(body), ms(body, "rtt_ns"));
	fputs(is_true(body, "duplicate") ? " (DUP!)" : "", f);
	fputs(is_true(body, "late") ? " (LATE!)" : "", f);
	fputs(is_true(body, "corrupt") ? " (BAD PAYLOAD!)" : "", f);
	fputc('\n', f);
}

static void error(FILE *f, struct pp_out_view *view, const json_t *body)
{
	if (view->quiet)
		return;
	if (view->flood) {
		fputs("\bE", f);
		return;
	}
	put_stamp(f, view, body);
	/* iputils has a colon where the message is no error. */
	fprintf(f, "From %s%s icmp_seq=%" PRId64 " ", pp_out_str(body, "from"),
		json_is_false(json_object_get(body, "counted")) ? ":" : "",
		pp_out_int(body, "seq"));
	pp_out_icmp(f, body);
	fputc('\n', f);
}

/* A dot per probe, taken back by its answer: what stays is what is missing. */
static void progress(FILE *f, struct pp_out_view *view, const json_t *body)
{
	int64_t outstanding = pp_out_int(body, "sent") - pp_out_int(body, "answered");

	if (view->quiet)
		return;
	for (; view->outstanding < outstanding; view->outstanding++)
		fputc('.', f);
	for (; view->outstanding > outstanding; view->outstanding--)
		fputs("\b \b", f);
}

static void warning(FILE *f, struct pp_out_view *view, const json_t *body)
{
	(void)view;
	fprintf(f, "WARNING: %s\n", pp_out_str(body, "text"));
}

/* ---- the summary --------------------------------------------------------------------- */

static void put_extra(FILE *f, const json_t *body, const char *key, const char *what)
{
	int64_t n = pp_out_int(body, key);

	if (n)
		fprintf(f, ", +%" PRId64 " %s", n, what);
}

static void put_counts(FILE *f, const json_t *body)
{
	const json_t *loss = json_object_get(body, "loss_percent");

	fprintf(f, "%" PRId64 " packets transmitted, %" PRId64 " received",
		pp_out_int(body, "transmitted"), pp_out_int(body, "received"));
	put_extra(f, body, "duplicate", "duplicates");
	put_extra(f, body, "corrupt", "corrupted");
	put_extra(f, body, "errors", "errors");
	if (json_is_number(loss))
		fprintf(f, ", %g%% packet loss, time %" PRId64 "ms", json_number_value(loss),
			(pp_out_int(body, "time_ns") + 500000) / 1000000);
	fputc('\n', f);
}

static void put_quantile(FILE *f, const json_t *q, int digits)
{
	double p = json_number_value(json_object_get(q, "p")) * 100;

	fprintf(f, " p%.10g ", p);
	if (is_true(q, "lost"))
		fputs("lost", f);
	else
		fprintf(f, "%.*f..%.*f", digits, ms(q, "lo_ns"), digits, ms(q, "hi_ns"));
}

static void put_quantiles(FILE *f, const json_t *list, const char *title, int digits)
{
	if (json_array_size(list) == 0)
		return;
	fputs(title, f);
	for (size_t i = 0; i < json_array_size(list); i++)
		put_quantile(f, json_array_get(list, i), digits);
	fputs(" ms\n", f);
}

/* Without a sample ping leaves this line empty, but for the pipe. */
static void put_rtt(FILE *f, const json_t *body)
{
	const json_t *rtt = json_object_get(body, "rtt");
	int64_t pipe = pp_out_int(body, "pipe");
	bool any = json_is_object(rtt);
	int d = pp_out_decimals(rtt);

	if (any)
		fprintf(f, "rtt min/avg/max/mdev = %.*f/%.*f/%.*f/%.*f ms", d, ms(rtt, "min_ns"), d,
			ms(rtt, "avg_ns"), d, ms(rtt, "max_ns"), d, ms(rtt, "mdev_ns"));
	if (pipe > 1)
		fprintf(f, "%spipe %" PRId64, any ? ", " : "", pipe);
	fputc('\n', f);
	if (!any)
		return;
	put_quantiles(f, json_object_get(body, "quantiles"), "rtt", d);
	/* The tail without what a stall of ours touched. */
	if (pp_out_int(body, "suspect") > 0)
		put_quantiles(f, json_object_get(body, "quantiles_without_suspect"),
			      "rtt without tester-suspect", d);
}

static void put_clock(FILE *f, const json_t *body)
{
	fprintf(f,
		"clock %s; %" PRId64 " not sent, %" PRId64 " missed, %" PRId64 " late, %" PRId64
		" duplicate, %" PRId64 " reordered, %" PRId64 " tester-suspect",
		pp_out_str(body, "clock"), pp_out_int(body, "not_sent"), pp_out_int(body, "missed"),
		pp_out_int(body, "late"), pp_out_int(body, "duplicate"),
		pp_out_int(body, "reordered"), pp_out_int(body, "suspect"));
	if (pp_out_int(body, "in_flight"))
		fprintf(f, ", %" PRId64 " in flight", pp_out_int(body, "in_flight"));
	if (is_true(body, "weak"))
		fputs("; replies matched weakly (payload under 16 bytes)", f);
	fputc('\n', f);
}

/* "12 rx missed on port 0": with what comes before it on the line. */
static void put_own_loss(FILE *f, const char **between, int64_t n, const char *what, int64_t port)
{
	if (n == 0)
		return;
	fprintf(f, "%s%" PRId64 " %s", *between, n, what);
	if (port >= 0)
		fprintf(f, " %" PRId64, port);
	*between = ", ";
}

/* What did not get lost in the network: only when there is something. */
static void put_own_losses(FILE *f, const json_t *body)
{
	static const struct {
		const char *key, *what;
	} members[] = {
		{"rx_missed", "rx missed on port"},
		{"rx_nombuf", "received without a buffer on port"},
		{"probes_refused", "probes refused by port"},
		{"answers_refused", "answers refused by port"},
		{"frames_refused", "ARP or ND frames refused by port"},
		{"no_mbuf", "probes without a buffer on port"},
		{"frames_dropped", "ARP or ND frames dropped before port"},
	};
	const json_t *own = json_object_get(body, "own_losses"), *ports;
	const char *between = "our own losses: ";

	if (!json_is_object(own))
		return;
	ports = json_object_get(own, "ports");
	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *p = json_array_get(ports, i);
		for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++)
			put_own_loss(f, &between, pp_out_int(p, members[k].key), members[k].what,
				     pp_out_int(p, "port"));
	}
	put_own_loss(f, &between, pp_out_int(own, "receipts_lost"), "answers between workers", -1);
	put_own_loss(f, &between, pp_out_int(own, "events_lost"), "lines not shown", -1);
	fputc('\n', f);
}

void pp_out_summary(FILE *f, const char *name, const json_t *body)
{
	fprintf(f, "--- %s ping statistics ---\n", name);
	put_counts(f, body);
	put_rtt(f, body);
	put_clock(f, body);
	put_own_losses(f, body);
	pp_out_rate(f, body);
}

static void result(FILE *f, struct pp_out_view *view, const json_t *body)
{
	fputc('\n', f);
	pp_out_summary(f, view->name ? view->name : pp_out_str(body, "address"), body);
}

static const struct {
	const char *event;
	void (*put)(FILE *f, struct pp_out_view *view, const json_t *body);
} events[] = {
	{"start", start},	{"reply", reply},     {"error", error},
	{"progress", progress}, {"warning", warning}, {"result", result},
};

void pp_out_ping(FILE *f, struct pp_out_view *view, const char *event, const json_t *body)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (!strcmp(events[i].event, event))
			events[i].put(f, view, body);
}
