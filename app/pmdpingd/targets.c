/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom a session probes: the list of a command as addresses, and what is shown of each.
 */
#include "commands.h"
#include "runs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define SHOW_DEFAULT 100

static uint64_t count_all(const char *text)
{
	struct pp_addr first, last;
	uint64_t n = 0;

	for (const char *at = text; *at; at += *at == ',') {
		size_t len = strcspn(at, ",");
		uint64_t more = 0;
		if (pp_addr_range_parse(at, len, &first, &last) == 0)
			more = pp_addr_range_count(&first, &last);
		n = n > UINT64_MAX - more ? UINT64_MAX : n + more;
		at += len;
	}
	return n;
}

static void put_all(const char *text, struct pp_target_spec *targets)
{
	struct pp_addr a, last;

	for (const char *at = text; *at; at += *at == ',') {
		size_t len = strcspn(at, ",");
		if (pp_addr_range_parse(at, len, &a, &last) == 0) {
			uint64_t n = pp_addr_range_count(&a, &last);
			for (; n; n--, pp_addr_step(&a, 1))
				(targets++)->addr = a;
		}
		at += len;
	}
}

struct numbered {
	struct pp_addr addr;
	uint32_t at;
};

static int by_address(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	int order = memcmp(x->addr.b, y->addr.b, sizeof(x->addr.b));

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static bool is_twice(const struct numbered *sorted, uint32_t i)
{
	return i > 0 && pp_addr_eq(&sorted[i].addr, &sorted[i - 1].addr);
}

/* An address is a target once, where it comes first: its share of a rate is what a limit
 * allows for it. Returns how many are left; 0 without memory. */
static uint32_t leave_out_again(struct pp_target_spec *targets, uint32_t n)
{
	struct numbered *sorted = calloc(n, sizeof(*sorted));
	uint32_t kept = 0;

	if (!sorted)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		sorted[i] = (struct numbered){targets[i].addr, i};
	qsort(sorted, n, sizeof(*sorted), by_address);
	for (uint32_t i = 0; i < n; i++)
		targets[sorted[i].at].id = is_twice(sorted, i);
	for (uint32_t i = 0; i < n; i++) {
		if (targets[i].id == 0)
			targets[kept++] = targets[i];
	}
	free(sorted);
	return kept;
}

/* On the link by which it would be reached. */
static bool is_own(const struct pp_routes *routes, const struct pp_addr *addr, int port)
{
	const struct pp_ifaddr *own = pp_ifaddr_find(routes, addr);
	struct pp_nexthop hop;

	return own && pp_route_lookup(routes, addr, NULL, port, &hop) == 0 &&
	       pp_link_eq(own->link, hop.link);
}

/* A list that covers the engine's own addresses means the others. */
static uint32_t leave_out_own(const struct pp_routes *routes, struct pp_target_spec *targets,
			      uint32_t n, int port)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++)
		if (!is_own(routes, &targets[i].addr, port))
			targets[kept++] = targets[i];
	return kept ? kept : n;
}

int pp_targets_parse(struct pp_engine *e, const char *text, int port,
		     struct pp_target_spec **ret_targets, uint32_t *ret_n,
		     struct pp_error *ret_error)
{
	uint64_t n = count_all(text);

	if (n == 0 || n > PP_SESSION_CAPACITY) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "%" PRIu64 " targets: a session has 1 to %d", n, PP_SESSION_CAPACITY);
		return -ERANGE;
	}
	struct pp_target_spec *targets = calloc(n, sizeof(*targets));
	if (targets) {
		put_all(text, targets);
		n = leave_out_again(targets, (uint32_t)n);
	}
	if (!targets || n == 0) {
		free(targets);
		snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
		return -ENOMEM;
	}
	*ret_targets = targets;
	*ret_n = leave_out_own(pp_host_routes(e->host), targets, (uint32_t)n, port);
	return 0;
}

int pp_sources_parse(const char *text, struct pp_sources *ret_sources, struct pp_error *ret_error)
{
	struct pp_target_spec list[PP_SHARDS_MAX] = {0};
	uint64_t n = count_all(text);

	if (n == 0 || n > PP_SHARDS_MAX) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "%" PRIu64 " sources: a session has 1 to %d", n, PP_SHARDS_MAX);
		return -ERANGE;
	}
	put_all(text, list);
	n = leave_out_again(list, (uint32_t)n);
	if (n == 0) {
		snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
		return -ENOMEM;
	}
	ret_sources->n = (unsigned int)n;
	for (uint64_t i = 0; i < n; i++)
		ret_sources->addr[i] = list[i].addr;
	return 0;
}

/* ---- show ------------------------------------------------------------------------- */

static json_t *time_or_null(bool known, uint64_t ns)
{
	return known ? json_integer((json_int_t)ns) : json_null();
}

static json_t *row(const struct pp_target_counts *t)
{
	char text[PP_ADDR_TEXT];
	uint64_t decided = t->received + t->expired + t->errors + t->unreachable;
	bool any = t->received > 0;

	return json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "address",
		pp_addr_text(&t->addr, text), "sent", (json_int_t)t->sent, "received",
		(json_int_t)t->received, "not_sent", (json_int_t)t->not_sent, "duplicate",
		(json_int_t)t->duplicate, "errors", (json_int_t)t->errors, "unreachable",
		(json_int_t)t->unreachable, "loss_percent",
		decided ? json_real(100.0 * (double)(decided - t->received) / (double)decided)
			: json_null(),
		"min_ns", time_or_null(any, t->min), "avg_ns",
		time_or_null(any, any ? t->sum / t->received : 0), "max_ns",
		time_or_null(any, t->max));
}

/* The session's own counters are those of the only one. */
static void take_only(const struct pp_tally *y, struct pp_target_counts *t)
{
	t->sent = y->c.sent;
	t->received = y->rtt.n;
	t->expired = (uint32_t)y->c.expired;
	t->not_sent = (uint32_t)y->c.not_sent;
	t->errors = (uint32_t)(y->c.error + y->c.corrupt);
	t->duplicate = (uint32_t)y->c.duplicate;
	t->unreachable = (uint32_t)y->c.unreachable;
	t->min = (uint32_t)y->rtt.min;
	t->max = (uint32_t)y->rtt.max;
	t->sum = (uint64_t)y->rtt.sum;
}

void pp_cmd_session_targets(struct pp_call *c)
{
	struct pp_run *r = pp_run_named(c);
	const int64_t *from = pp_call_int(c, "from"), *count = pp_call_int(c, "count");

	if (!r)
		return;
	uint32_t i = from ? (uint32_t)*from : 0, n = r->spec.n_targets;
	uint32_t end = i + (count ? (uint32_t)*count : SHOW_DEFAULT);
	json_t *rows = json_array();
	for (; i < n && i < end; i++) {
		struct pp_target_counts t;
		pp_run_target(r, i, &t);
		if (n == 1)
			take_only(pp_run_tally(r), &t);
		json_array_append_new(rows, row(&t));
	}
	pp_call_done(c, json_pack("{s:I, s:o}", "of", (json_int_t)n, "targets", rows));
}
