/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ping: a session with a voice. What it streams is in docs/protocol.md.
 */
#include "commands.h"
#include "runs.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define PROGRESS_EVERY PP_MS(100)

/* ---- start ---------------------------------------------------------------------- */

static json_t *mix_json(const uint16_t *mix)
{
	json_t *sizes = json_array();

	for (size_t i = 0; i < PP_MIX_SIZES; i++)
		json_array_append_new(sizes, json_integer(mix[i]));
	return sizes;
}

static void add_asked(json_t *o, const struct pp_call *c, const struct pp_run *r)
{
	char text[PP_ADDR_TEXT];

	if (r->n_sources > 1)
		json_object_set_new(o, "source", json_string(pp_call_text(c, "source")));
	else if (r->n_sources)
		json_object_set_new(o, "source", json_string(pp_addr_text(&r->spec.source, text)));
	if (r->port >= 0)
		json_object_set_new(o, "port", json_integer(r->port));
	if (r->spec.mix[0])
		json_object_set_new(o, "imix", mix_json(r->spec.mix));
	if (pp_call_text(c, "pattern"))
		json_object_set_new(o, "pattern", json_string(pp_call_text(c, "pattern")));
}

static void say_start(struct pp_call *c, const struct pp_run *r)
{
	char text[PP_ADDR_TEXT];
	bool four = pp_addr_is4(&r->spec.target);
	int bytes = (four ? PP_IP4_HLEN : PP_IP6_HLEN) + PP_ICMP_HLEN + r->spec.size;
	json_t *o = json_pack(
		"{s:s, s:i, s:i, s:i, s:I, s:I, s:b, s:b, s:b}", "address",
		pp_addr_text(&r->spec.target, text), "family", four ? 4 : 6, "size",
		(int)r->spec.size, "bytes", bytes, "timeout_ns", (json_int_t)r->spec.timeout.v,
		"interval_ns",
		(json_int_t)(r->spec.rate > 0 ? llround(1e9 / r->spec.rate) : r->spec.interval.v),
		"quiet", pp_call_flag(c, "quiet"), "timestamps", pp_call_flag(c, "timestamps"),
		"flood", pp_call_flag(c, "flood"));

	add_asked(o, c, r);
	pp_call_notify(c, "start", o);
}

/* ---- end -------------------------------------------------------------------------- */

/* ping's: 0 with a reply; with a count and a deadline, only with all of them. */
static int exit_code(const struct pp_run *r)
{
	if (r->counts.received == 0)
		return 1;
	return r->spec.deadline.v && r->spec.count && r->counts.received < r->spec.count;
}

static void ping_done(struct pp_run *r)
{
	struct pp_call *c = r->voice;
	json_t *o = pp_run_summary(r);

	json_object_set_new(o, "own_losses", pp_run_losses_json(r));
	json_object_set_new(o, "exit", json_integer(exit_code(r)));
	r->voice = NULL;
	pp_run_delete(r);
	pp_call_done(c, o);
}

static void ping_cancel(struct pp_call *c, void *arg)
{
	(void)c;
	pp_run_stop(arg, true);
}

void pp_cmd_ping(struct pp_call *c)
{
	bool flood = pp_call_flag(c, "flood"), quiet = pp_call_flag(c, "quiet");
	unsigned int flags = flood ? PP_SESSION_FLOOD : quiet ? 0u : PP_SESSION_VOICE;
	struct pp_run *r = pp_run_from_call(c, "", flags, 0);
	struct pp_error error;

	if (!r)
		return;
	int err = pp_run_start(r, &error);
	if (err) {
		pp_run_delete(r);
		pp_call_fail(c, err == -EPERM ? PP_ERR_FAILED : PP_ERR_BUSY, NULL, "%s",
			     error.text);
		return;
	}
	/* What happens to it is heard of at the next tick. */
	r->voice = c;
	r->done = ping_done;
	say_start(c, r);
	pp_call_on_cancel(c, ping_cancel, r);
}

/* ---- events ------------------------------------------------------------------------- */

static json_t *event_json(const struct pp_event *e)
{
	char unix_ns[24];

	snprintf(unix_ns, sizeof(unix_ns), "%" PRId64, pp_clock_unix(e->at));
	return json_pack("{s:i, s:I, s:s}", "seq", (int)(uint16_t)(e->k + 1), "probe",
			 (json_int_t)e->k, "time_ns", unix_ns);
}

static void set_bool(json_t *o, const char *key, bool value)
{
	json_object_set_new(o, key, json_boolean(value));
}

static void say_reply(struct pp_run *r, const struct pp_event *e)
{
	char text[PP_ADDR_TEXT];
	json_t *o = event_json(e);

	json_object_set_new(o, "address", json_string(pp_addr_text(&r->spec.target, text)));
	json_object_set_new(o, "bytes", json_integer(e->bytes));
	json_object_set_new(o, "ttl", json_integer(e->ttl));
	json_object_set_new(o, "rtt_ns", json_integer(pp_rtt_mid(e->rtt).v));
	json_object_set_new(o, "lo_ns", json_integer(e->rtt.lo.v));
	json_object_set_new(o, "hi_ns", json_integer(e->rtt.hi.v));
	json_object_set_new(o, "bound_ns", json_integer(pp_rtt_bound(e->rtt).v));
	set_bool(o, "duplicate", e->flags & PP_EVENT_DUPLICATE);
	set_bool(o, "late", e->flags & PP_EVENT_LATE);
	set_bool(o, "corrupt", e->flags & PP_EVENT_CORRUPT);
	set_bool(o, "reordered", e->flags & PP_EVENT_REORDERED);
	set_bool(o, "suspect", e->flags & PP_EVENT_SUSPECT);
	set_bool(o, "weak", pp_session_is_weak(r->shard[0].session));
	pp_call_notify(r->voice, "reply", o);
}

/* Type and what bytes 4..7 mean with it (RFC 792, 4443). */
static void add_rest(json_t *o, const struct pp_event *e)
{
	char text[PP_ADDR_TEXT];
	uint8_t b[4];

	if (e->v6 && e->type == 2)
		json_object_set_new(o, "mtu", json_integer(e->rest));
	else if (e->v6 && e->type == 4)
		json_object_set_new(o, "pointer", json_integer(e->rest));
	else if (!e->v6 && e->type == 3 && e->code == 4)
		json_object_set_new(o, "mtu", json_integer(e->rest & 0xffff));
	else if (!e->v6 && e->type == 12)
		json_object_set_new(o, "pointer", json_integer(e->rest >> 24));
	else if (!e->v6 && e->type == 5) {
		pp_put_be32(b, e->rest);
		struct pp_addr gateway = pp_addr_from4(b);
		json_object_set_new(o, "gateway", json_string(pp_addr_text(&gateway, text)));
	}
}

static void say_error(struct pp_run *r, const struct pp_event *e)
{
	char text[PP_ADDR_TEXT];
	json_t *o = event_json(e);

	json_object_set_new(o, "from", json_string(pp_addr_text(&e->from, text)));
	json_object_set_new(o, "family", json_integer(e->v6 ? 6 : 4));
	json_object_set_new(o, "type", json_integer(e->type));
	json_object_set_new(o, "code", json_integer(e->code));
	set_bool(o, "local", false);
	set_bool(o, "counted", !(e->flags & PP_EVENT_INFORMATIVE));
	add_rest(o, e);
	pp_call_notify(r->voice, "error", o);
}

/* As a host says it of itself: host unreachable (3/1), address unreachable (1/3). */
static void say_unreachable(struct pp_run *r, const struct pp_event *e)
{
	char text[PP_ADDR_TEXT];
	bool four = pp_addr_is4(&r->spec.target);
	json_t *o = event_json(e);

	json_object_set_new(o, "from", json_string(pp_addr_text(&r->spec.source, text)));
	json_object_set_new(o, "family", json_integer(four ? 4 : 6));
	json_object_set_new(o, "type", json_integer(four ? 3 : 1));
	json_object_set_new(o, "code", json_integer(four ? 1 : 3));
	set_bool(o, "local", true);
	set_bool(o, "counted", true);
	pp_call_notify(r->voice, "error", o);
}

void pp_ping_event(struct pp_run *r, const struct pp_event *e)
{
	if (!r->voice)
		return;
	switch ((enum pp_event_kind)e->kind) {
	case PP_EVENT_REPLY:
		say_reply(r, e);
		break;
	case PP_EVENT_ERROR:
		say_error(r, e);
		break;
	case PP_EVENT_UNREACHABLE:
		say_unreachable(r, e);
		break;
	default:
		break;
	}
}

/* Floods show dots from counters, not an event per packet. */
void pp_ping_tick(struct pp_engine *e)
{
	for (struct pp_run *r = e->runs; r; r = r->next) {
		if (!r->voice || !(r->spec.flags & PP_SESSION_FLOOD) || r->state != PP_RUN_RUNNING)
			continue;
		pp_call_notify(r->voice, "progress",
			       json_pack("{s:I, s:I}", "sent", (json_int_t)pp_run_sent(r),
					 "answered", (json_int_t)pp_run_received(r)));
	}
}
