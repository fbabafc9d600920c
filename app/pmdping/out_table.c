/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists as aligned tables: which members of the objects become columns is a const
 * table, one entry per command.
 */
#include "out.h"

#include <pmdping/base.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum format { TEXT, NUMBER, TIME, SPAN, PERCENT, VLAN, TARGETS, RATE };

struct column {
	const char *key;   /* of the member; SPAN: its lower end */
	const char *title; /* NULL ends the columns */
	enum format format;
	const char *key_hi; /* SPAN: its upper end */
};

#define MAX_COLUMNS 12
struct table {
	const char *command;
	const char *array;
	struct column columns[MAX_COLUMNS];
};
static const struct table tables[];

/* ---- cells ---------------------------------------------------------------------------- */

static void put_time(FILE *f, const json_t *v)
{
	fprintf(f, "%.3f ms", json_number_value(v) / 1e6);
}

static void put_cell(FILE *f, const struct column *c, const json_t *row)
{
	const json_t *v = json_object_get(row, c->key);
	bool number = json_is_number(v);
	char rate[PP_RATE_TEXT];

	if (c->format == TIME && number)
		put_time(f, v);
	else if (c->format == SPAN && number)
		fprintf(f, "%.3f..%.3f ms", json_number_value(v) / 1e6,
			(double)pp_out_int(row, c->key_hi) / 1e6);
	else if (c->format == PERCENT && number)
		fprintf(f, "%g%%", json_number_value(v));
	else if (c->format == TARGETS)
		pp_out_targets(f, row);
	else if (c->format == RATE && number)
		fputs(pp_rate_text((struct pp_rate){json_number_value(v), PP_RATE_PPS}, rate), f);
	else if (c->format == VLAN && json_integer_value(v) == 0)
		fputc('-', f);
	else
		pp_out_value(f, c->key, v);
}

static char *cell(const struct column *c, const json_t *row)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	put_cell(f, c, row);
	fclose(f);
	return text;
}

/* ---- rows ------------------------------------------------------------------------------- */

static size_t count_columns(const struct table *t)
{
	size_t n = 0;

	while (n < MAX_COLUMNS && t->columns[n].title)
		n++;
	return n;
}

static void widen(int *width, const char *text)
{
	int len = text ? (int)strlen(text) : 0;

	if (len > *width)
		*width = len;
}

static void put_row(FILE *f, const struct table *t, const int *widths, const char *const *cells)
{
	size_t n = count_columns(t);

	for (size_t i = 0; i < n; i++) {
		enum format format = t->columns[i].format;
		bool left = format == TEXT || format == VLAN || format == TARGETS;
		const char *text = cells[i] ? cells[i] : "";
		if (!left)
			fprintf(f, "%*s", widths[i], text);
		else if (i + 1 < n)
			fprintf(f, "%-*s", widths[i], text);
		else
			fputs(text, f); /* no blanks at the end of lines */
		fputs(i + 1 < n ? "  " : "\n", f);
	}
}

static void put_titles(FILE *f, const struct table *t, const int *widths)
{
	const char *titles[MAX_COLUMNS];

	for (size_t i = 0; i < count_columns(t); i++)
		titles[i] = t->columns[i].title;
	put_row(f, t, widths, titles);
}

static void put_rows(FILE *f, const struct table *t, const json_t *list)
{
	size_t columns = count_columns(t), rows = json_array_size(list);
	char **cells = calloc(rows * columns + 1, sizeof(*cells));
	int widths[MAX_COLUMNS] = {0};

	if (!cells)
		return;
	for (size_t i = 0; i < columns; i++)
		widen(&widths[i], t->columns[i].title);
	for (size_t i = 0; i < rows * columns; i++) {
		cells[i] = cell(&t->columns[i % columns], json_array_get(list, i / columns));
		widen(&widths[i % columns], cells[i]);
	}
	put_titles(f, t, widths);
	for (size_t i = 0; i < rows; i++)
		put_row(f, t, widths, (const char *const *)&cells[i * columns]);
	for (size_t i = 0; i < rows * columns; i++)
		free(cells[i]);
	free(cells);
}

static bool has_table(const char *command, const char *key)
{
	for (const struct table *t = tables; t->command; t++)
		if (!strcmp(t->command, command) && !strcmp(t->array, key))
			return true;
	return false;
}

/* Members beside the lists: totals. */
static void put_others(FILE *f, const char *command, const json_t *body)
{
	const char *key;
	json_t *v, *copy = json_deep_copy(body);

	json_object_foreach(copy, key, v)
	{
		if (pp_out_is_envelope(key) || has_table(command, key))
			continue;
		fprintf(f, "%s: ", key);
		pp_out_value(f, key, v);
		fputc('\n', f);
	}
	json_decref(copy);
}

/* A command may have several, with an empty line between them. */
bool pp_out_table(FILE *f, const char *command, const json_t *body)
{
	unsigned int n = 0;

	for (const struct table *t = tables; t->command; t++) {
		const json_t *list = json_object_get(body, t->array);
		if (strcmp(t->command, command) || !json_is_array(list))
			continue;
		if (n++)
			fputc('\n', f);
		put_rows(f, t, list);
	}
	if (n)
		put_others(f, command, body);
	return n > 0;
}

#define INTERVAL_COLUMNS                                                                           \
	{                                                                                          \
		{"start_ns", "START", TIME, NULL}, {"length_ns", "LENGTH", TIME, NULL},            \
			{"sent", "SENT", NUMBER, NULL}, {"received", "RECEIVED", NUMBER, NULL},    \
			{"lost", "LOST", NUMBER, NULL}, {"loss_percent", "LOSS", PERCENT, NULL},   \
			{"p50_lo_ns", "P50", SPAN, "p50_hi_ns"},                                   \
			{"p99_lo_ns", "P99", SPAN, "p99_hi_ns"},                                   \
			{"max_lo_ns", "MAX", SPAN, "max_hi_ns"}, {"kind", "KIND", TEXT, NULL},     \
	}

static const struct table tables[] = {
	{"show addr",
	 "addresses",
	 {{"address", "ADDRESS", TEXT, NULL},
	  {"port", "PORT", NUMBER, NULL},
	  {"vlan", "VLAN", VLAN, NULL},
	  {"all", "ALL", TEXT, NULL},
	  {"state", "STATE", TEXT, NULL}}},
	{"show route",
	 "routes",
	 {{"prefix", "PREFIX", TEXT, NULL},
	  {"via", "VIA", TEXT, NULL},
	  {"port", "PORT", NUMBER, NULL},
	  {"vlan", "VLAN", VLAN, NULL},
	  {"preference", "PREFERENCE", NUMBER, NULL},
	  {"state", "STATE", TEXT, NULL}}},
	{"show neigh",
	 "neighbours",
	 {{"address", "ADDRESS", TEXT, NULL},
	  {"port", "PORT", NUMBER, NULL},
	  {"vlan", "VLAN", VLAN, NULL},
	  {"mac", "MAC", TEXT, NULL},
	  {"state", "STATE", TEXT, NULL},
	  {"age_ns", "AGE", TIME, NULL},
	  {"users", "USERS", NUMBER, NULL},
	  {"holding", "HOLDING", NUMBER, NULL}}},
	{"show port info",
	 "ports",
	 {{"port", "PORT", NUMBER, NULL},
	  {"name", "NAME", TEXT, NULL},
	  {"driver", "DRIVER", TEXT, NULL},
	  {"mac", "MAC", TEXT, NULL},
	  {"link", "LINK", TEXT, NULL},
	  {"speed_mbps", "MBPS", NUMBER, NULL},
	  {"mtu", "MTU", NUMBER, NULL},
	  {"rx_queues", "RXQ", NUMBER, NULL},
	  {"tx_queues", "TXQ", NUMBER, NULL},
	  {"socket", "SOCKET", NUMBER, NULL},
	  {"promiscuous", "PROMISCUOUS", TEXT, NULL}}},
	{"show port stats",
	 "ports",
	 {{"port", "PORT", NUMBER, NULL},
	  {"ipackets", "IPACKETS", NUMBER, NULL},
	  {"opackets", "OPACKETS", NUMBER, NULL},
	  {"ibytes", "IBYTES", NUMBER, NULL},
	  {"obytes", "OBYTES", NUMBER, NULL},
	  {"imissed", "IMISSED", NUMBER, NULL},
	  {"ierrors", "IERRORS", NUMBER, NULL},
	  {"oerrors", "OERRORS", NUMBER, NULL},
	  {"rx_nombuf", "RX_NOMBUF", NUMBER, NULL}}},
	{"show port xstats",
	 "xstats",
	 {{"port", "PORT", NUMBER, NULL},
	  {"name", "NAME", TEXT, NULL},
	  {"value", "VALUE", NUMBER, NULL}}},
	{"show counters",
	 "counters",
	 {{"name", "COUNTER", TEXT, NULL},
	  {"value", "VALUE", NUMBER, NULL},
	  {"help", "MEANING", TEXT, NULL}}},
	{"show workers",
	 "workers",
	 {{"lcore", "LCORE", NUMBER, NULL},
	  {"queues", "QUEUES", TEXT, NULL},
	  {"polls", "POLLS", NUMBER, NULL},
	  {"busy_polls", "BUSY", NUMBER, NULL},
	  {"rx", "RX", NUMBER, NULL},
	  {"tx", "TX", NUMBER, NULL},
	  {"sessions", "SESSIONS", NUMBER, NULL},
	  {"max_gap_ns", "MAX GAP", TIME, NULL},
	  {"stalls", "STALLS", NUMBER, NULL},
	  {"events_lost", "EVENTS LOST", NUMBER, NULL},
	  {"receipts_lost", "RECEIPTS LOST", NUMBER, NULL}}},
	{"show workers",
	 "queues",
	 {{"port", "PORT", NUMBER, NULL},
	  {"queue", "QUEUE", NUMBER, NULL},
	  {"lcore", "LCORE", NUMBER, NULL},
	  {"probes_refused", "PROBES REFUSED", NUMBER, NULL},
	  {"answers_refused", "ANSWERS REFUSED", NUMBER, NULL},
	  {"frames_refused", "FRAMES REFUSED", NUMBER, NULL},
	  {"no_mbuf", "NO MBUF", NUMBER, NULL}}},
	{"show workers",
	 "ports",
	 {{"port", "PORT", NUMBER, NULL},
	  {"rx_missed", "RX MISSED", NUMBER, NULL},
	  {"rx_nombuf", "RX NO MBUF", NUMBER, NULL},
	  {"frames_dropped", "FRAMES DROPPED", NUMBER, NULL}}},
	{"show stalls",
	 "stalls",
	 {{"lcore", "LCORE", NUMBER, NULL},
	  {"age_ns", "AGO", TIME, NULL},
	  {"length_ns", "LENGTH", TIME, NULL},
	  {"cause", "CAUSE", TEXT, NULL}}},
	{"show sessions",
	 "sessions",
	 {{"name", "NAME", TEXT, NULL},
	  {"address", "ADDRESS", TARGETS, NULL},
	  {"state", "STATE", TEXT, NULL},
	  {"pps", "RATE", RATE, NULL},
	  {"sent", "SENT", NUMBER, NULL},
	  {"received", "RECEIVED", NUMBER, NULL},
	  {"loss_percent", "LOSS", PERCENT, NULL},
	  {"p50_lo_ns", "P50", SPAN, "p50_hi_ns"}}},
	{"show numa",
	 "nodes",
	 {{"node", "NODE", NUMBER, NULL}, {"distances", "DISTANCES", TEXT, NULL}}},
	{"show numa",
	 "ports",
	 {{"port", "PORT", NUMBER, NULL},
	  {"name", "NAME", TEXT, NULL},
	  {"node", "NODE", NUMBER, NULL}}},
	{"show numa",
	 "workers",
	 {{"lcore", "LCORE", NUMBER, NULL}, {"node", "NODE", NUMBER, NULL}}},
	{"show numa",
	 "memory",
	 {{"what", "MEMORY", TEXT, NULL},
	  {"port", "PORT", NUMBER, NULL},
	  {"queue", "QUEUE", NUMBER, NULL},
	  {"lcore", "LCORE", NUMBER, NULL},
	  {"bytes", "BYTES", NUMBER, NULL},
	  {"wanted", "WANTED", NUMBER, NULL},
	  {"local", "LOCAL", NUMBER, NULL},
	  {"elsewhere", "ELSEWHERE", NUMBER, NULL},
	  {"untouched", "UNTOUCHED", NUMBER, NULL},
	  {"unknown", "UNKNOWN", NUMBER, NULL}}},
	{"session targets",
	 "targets",
	 {{"address", "ADDRESS", TEXT, NULL},
	  {"sent", "SENT", NUMBER, NULL},
	  {"received", "RECEIVED", NUMBER, NULL},
	  {"not_sent", "NOT SENT", NUMBER, NULL},
	  {"unreachable", "UNREACHABLE", NUMBER, NULL},
	  {"errors", "ERRORS", NUMBER, NULL},
	  {"duplicate", "DUPLICATE", NUMBER, NULL},
	  {"loss_percent", "LOSS", PERCENT, NULL},
	  {"min_ns", "MIN", TIME, NULL},
	  {"avg_ns", "AVG", TIME, NULL},
	  {"max_ns", "MAX", TIME, NULL}}},
	{"session show", "intervals", INTERVAL_COLUMNS},
	{"show session", "intervals", INTERVAL_COLUMNS},
	{NULL, NULL, {{NULL, NULL, TEXT, NULL}}},
};
