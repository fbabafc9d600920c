/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the words of a probe command to a session's spec, with the limits that no
 * client can raise.
 */
#include "limits.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define DEFAULT_SIZE   56
#define DEFAULT_TTL    64
#define DEFAULT_DIGITS 2
#define UNSAFE_DF_PPS  546 /* 65536 identifications in 120 s: RFC 6864 4.3 */

static int64_t int_or(const struct pp_call *c, const char *name, int64_t otherwise)
{
	const int64_t *v = pp_call_int(c, name);

	return v ? *v : otherwise;
}

/* NULL: the port is no end of it. */
static const struct pp_wire *wire_of(const struct pp_engine *e, uint16_t port)
{
	const struct pp_wire *w = pp_dp_wire(e->dp);

	return w && pp_wire_side(w, port) >= 0 ? w : NULL;
}

/* The link decides what a frame is, and what percent are of. */
static bool take_route(struct pp_call *c, const struct pp_sources *sources,
		       struct pp_session_spec *spec)
{
	struct pp_nexthop hop;
	struct pp_error error;

	if (pp_run_route(pp_call_engine(c), &spec->target, sources->n ? sources->addr : NULL,
			 (int)int_or(c, "port", -1), &hop, &error)) {
		pp_call_fail(c, PP_ERR_FAILED, NULL, "%s", error.text);
		return false;
	}
	spec->link = hop.link;
	return true;
}

static size_t frame_of(const struct pp_session_spec *spec, size_t size)
{
	return pp_echo_frame(!pp_addr_is4(&spec->target), spec->link.vlan, size);
}

double pp_spec_frame(const struct pp_session_spec *spec)
{
	size_t sum = 0;

	if (!spec->mix[0])
		return (double)frame_of(spec, spec->size);
	for (size_t i = 0; i < PP_MIX_CYCLE; i++)
		sum += frame_of(spec, spec->mix[pp_mix_cycle[i]]);
	return (double)sum / PP_MIX_CYCLE;
}

/* The smallest frame has a token, and is larger than 64 bytes where it needs to be. */
static void take_mix(struct pp_session_spec *spec, int64_t headers)
{
	static const int64_t frames[PP_MIX_SIZES] = {64, 594, 1518};

	for (size_t i = 0; i < PP_MIX_SIZES; i++) {
		int64_t size = frames[i] - headers;
		spec->mix[i] = (uint16_t)(size < PP_TOKEN_SIZE ? PP_TOKEN_SIZE : size);
	}
	spec->size = spec->mix[0];
}

/* Payload bytes; `frame` is the whole Ethernet frame with tag and FCS. */
static bool take_size(struct pp_call *c, struct pp_session_spec *spec)
{
	/* That much payload needs no padding: the rest is headers and FCS. */
	const int64_t headers = (int64_t)frame_of(spec, PP_ETH_MIN) - PP_ETH_MIN;
	const int64_t *frame = pp_call_int(c, "frame");

	if (frame && *frame < 0) {
		take_mix(spec, headers);
		return true;
	}
	int64_t size = frame ? *frame - headers : int_or(c, "size", DEFAULT_SIZE);

	if (size < 0 || size > UINT16_MAX) {
		pp_call_fail(c, PP_ERR_PARAMS, "frame",
			     "a frame to this target has at least %" PRId64 " bytes", headers);
		return false;
	}
	spec->size = (uint16_t)size;
	return true;
}

/* Packets a second of the word; false when the call has failed. */
static bool take_rate(struct pp_call *c, struct pp_session_spec *spec, const struct pp_rate *rate)
{
	struct pp_engine *e = pp_call_engine(c);
	struct pp_port_info info = {0};

	pp_dp_port_info(e->dp, spec->link.port, &info);
	double each = pp_rate_each(rate->unit, pp_spec_frame(spec), info.link_bps);
	if (each > 0) {
		spec->rate = rate->value / each;
		return true;
	}
	pp_call_fail(c, PP_ERR_FAILED, "rate",
		     "percent of what? The speed of port %u is not known%s: give packets or bits "
		     "a second",
		     spec->link.port, wire_of(e, spec->link.port) ? " (--wire has no rate=)" : "");
	return false;
}

/* Schedule and rate; false when the call has failed. */
static bool take_schedule(struct pp_call *c, struct pp_session_spec *spec, const char **ret_word)
{
	const struct pp_rate *rate = pp_call_rate(c, "rate");

	spec->interval = PP_NS(int_or(c, "interval", PP_SEC(1).v));
	*ret_word = rate ? "rate" : "interval";
	if (spec->n_targets > 1) { /* an interval is a target's, a rate is all of theirs */
		spec->count =
			pp_min_u64(spec->count, INT64_MAX / spec->n_targets) * spec->n_targets;
		spec->rate = spec->n_targets * 1e9 / (double)spec->interval.v;
	}
	return !rate || take_rate(c, spec, rate);
}

/* A flood takes what is left; when nothing is, its start says so. */
static bool within_limits(struct pp_call *c, struct pp_session_spec *spec, const char *word)
{
	struct pp_engine *e = pp_call_engine(c);
	struct pp_error error;

	if (spec->flags & PP_SESSION_FLOOD)
		spec->rate = fmax(pp_limit_left(e, spec), 1);
	if (pp_limit_check(e, spec, pp_pacing_pps(spec), &error) == 0)
		return true;
	pp_call_fail(c, PP_ERR_FAILED, pp_call_text(c, word) ? word : NULL, "%s", error.text);
	return false;
}

/* ping's default sets DF: any identification will do then, at any rate (RFC 6864). */
static void take_df(struct pp_call *c, struct pp_session_spec *spec)
{
	enum { DF_DO, DF_WANT, DF_DONT };

	spec->df = int_or(c, "df", DF_DO) != DF_DONT;
	double pps = pp_pacing_pps(spec);
	if (!spec->df && pps > UNSAFE_DF_PPS && pp_addr_is4(&spec->target))
		pp_call_notify(c, "warning",
			       json_pack("{s:s}", "text",
					 "without DF, IPv4 identifications repeat within a "
					 "datagram's lifetime above "
					 "546 packets a second (RFC 6864)"));
}

static struct pp_session_spec base_spec(const struct pp_call *c, unsigned int flags)
{
	size_t pattern_len = 0;
	struct pp_session_spec spec = {
		.ttl = (uint8_t)int_or(c, "ttl", DEFAULT_TTL),
		.tos = (uint8_t)int_or(c, "tos", 0),
		.count = (uint64_t)int_or(c, "count", 0),
		.deadline = PP_NS(int_or(c, "deadline", 0)),
		.timeout = PP_NS(int_or(c, "timeout", PP_SEC(1).v)),
		.flags = flags,
		.digits = (unsigned int)int_or(c, "digits", DEFAULT_DIGITS),
	};

	spec.pattern = pp_call_hex(c, "pattern", &pattern_len);
	spec.pattern_len = (uint8_t)pattern_len;
	return spec;
}

/* What the wire cannot hold, it would drop: refused with the numbers. */
static bool fits_wire(struct pp_call *c, const struct pp_session_spec *spec)
{
	const struct pp_wire *w = wire_of(pp_call_engine(c), spec->link.port);
	double held = w ? pp_wire_held(pp_wire_spec_now(w), pp_pacing_pps(spec)) : 0;

	/* A flood's next probe waits for an answer. */
	if (held <= PP_WIRE_CAPACITY || spec->flags & PP_SESSION_FLOOD)
		return true;
	pp_call_fail(c, PP_ERR_FAILED, NULL,
		     "%.6g packets a second times the wire's delay are %.0f frames under way; it "
		     "holds %d",
		     pp_pacing_pps(spec), held, PP_WIRE_CAPACITY);
	return false;
}

static struct pp_run *create_run(struct pp_call *c, const char *name,
				 const struct pp_sources *sources, struct pp_session_spec *spec)
{
	struct pp_engine *e = pp_call_engine(c);
	struct pp_error error;
	struct pp_run *r;

	if (pp_run_create(e, spec, sources, (int)int_or(c, "port", -1), name,
			  (unsigned int)int_or(c, "workers", 1), &r, &error)) {
		pp_call_fail(c, PP_ERR_FAILED, NULL, "%s", error.text);
		return NULL;
	}
	r->pps = pp_pacing_pps(spec);
	/* What the spec points at was copied into the session. */
	r->spec.pattern = NULL;
	r->spec.gaps = NULL;
	return r;
}

/* *ret_targets is to be freed. */
static bool take_targets(struct pp_call *c, struct pp_session_spec *spec,
			 struct pp_target_spec **ret_targets)
{
	struct pp_error error;

	if (pp_targets_parse(pp_call_engine(c), pp_call_text(c, "targets"),
			     (int)int_or(c, "port", -1), ret_targets, &spec->n_targets, &error)) {
		pp_call_fail(c, PP_ERR_FAILED, "targets", "%s", error.text);
		return false;
	}
	spec->targets = *ret_targets;
	spec->target = spec->targets[0].addr;
	return true;
}

static bool take_sources(struct pp_call *c, struct pp_sources *ret_sources)
{
	const char *text = pp_call_text(c, "source");
	struct pp_error error;

	if (!text || pp_sources_parse(text, ret_sources, &error) == 0)
		return true;
	pp_call_fail(c, PP_ERR_FAILED, "source", "%s", error.text);
	return false;
}

static bool fail_shards(struct pp_call *c, bool many, const char *what, uint64_t n)
{
	/* PARAMS of "source" would be a name to look up. */
	pp_call_fail(c, PP_ERR_FAILED, many ? "source" : "workers", "%" PRIu64 " %s%s only", n,
		     what, n == 1 ? "" : "s");
	return false;
}

/* What several workers can send together, and from several sources. */
static bool may_shard(struct pp_call *c, const struct pp_sources *sources,
		      const struct pp_session_spec *spec)
{
	bool many = sources->n > 1;
	const char *other = spec->flags & PP_SESSION_VOICE   ? "a line per answer (quiet is not)"
			    : spec->flags & PP_SESSION_FLOOD ? "flood"
			    : pp_call_text(c, "gaps")	     ? "gaps"
			    : pp_call_int(c, "on")	     ? "on"
			    : spec->samples		     ? "samples"
							     : NULL;
	int64_t workers = int_or(c, "workers", 1);

	if (workers == 1 && !many)
		return true;
	if (other) {
		pp_call_fail(c, PP_ERR_FAILED, many ? "source" : "workers", "%s is of one %s only",
			     other, many ? "source" : "worker");
		return false;
	}
	if (many && sources->n < workers)
		return fail_shards(c, false, "source", sources->n);
	if (!many && spec->n_targets > 1 && spec->n_targets < workers)
		return fail_shards(c, false, "target", spec->n_targets);
	/* Each has a slot, or it would not know that it has none. */
	uint64_t targets = spec->n_targets ? spec->n_targets : 1;
	unsigned int shards = pp_shards_of(sources, (unsigned int)workers);
	if (spec->count && spec->count < shards && spec->count * targets < shards)
		return fail_shards(c, many, "slot", spec->count * targets);
	return true;
}

struct pp_run *pp_run_from_call(struct pp_call *c, const char *name, unsigned int flags,
				uint32_t samples)
{
	struct pp_session_spec spec = base_spec(c, flags);
	struct pp_target_spec *targets = NULL;
	struct pp_sources sources = {.n = 0};
	struct pp_run *r = NULL;
	pp_ns *gaps = NULL;
	const char *word;

	spec.samples = samples;
	if (!*name) /* ping's: one target */
		spec.target = *pp_call_addr(c, "address");
	else if (!take_targets(c, &spec, &targets))
		return NULL;
	if (take_sources(c, &sources) && may_shard(c, &sources, &spec) &&
	    take_route(c, &sources, &spec) && take_size(c, &spec) &&
	    take_schedule(c, &spec, &word) && pp_pacing_from_call(c, &spec, &gaps) &&
	    within_limits(c, &spec, word) && fits_wire(c, &spec)) {
		take_df(c, &spec);
		r = create_run(c, name, &sources, &spec);
	}
	free(gaps);
	free(targets);
	return r;
}
