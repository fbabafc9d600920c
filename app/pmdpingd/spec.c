/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the words of a probe command to a session's spec, with the limits that no
 * client can raise.
 */
#include "runs.h"

#include <errno.h>
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

static size_t overhead(const struct pp_addr *target)
{
	return (size_t)PP_ETH_HLEN + (pp_addr_is4(target) ? PP_IP4_HLEN : PP_IP6_HLEN) +
	       PP_ICMP_HLEN;
}

/* Payload bytes; `frame` is the whole Ethernet frame with FCS. -1 when too small. */
static int64_t size_of(const struct pp_call *c, const struct pp_addr *target)
{
	const int64_t *frame = pp_call_int(c, "frame");

	if (!frame)
		return int_or(c, "size", DEFAULT_SIZE);
	return *frame - PP_ETH_FCS - (int64_t)overhead(target);
}

/* Packets per second of a rate word; bits are of the frame without or with preamble,
 * delimiter and gap. Percent of an unknown link speed is an error: negative. */
static double pps_of(const struct pp_rate *rate, const struct pp_session_spec *spec)
{
	size_t bytes = overhead(&spec->target) + spec->size;
	double frame = (double)((bytes < PP_ETH_MIN ? PP_ETH_MIN : bytes) + PP_ETH_FCS);

	switch (rate->unit) {
	case PP_RATE_PPS:
		return rate->value;
	case PP_RATE_BPS:
		return rate->value / (8 * frame);
	case PP_RATE_BPSL1:
		return rate->value / (8 * (frame + 20));
	case PP_RATE_PERCENT:
		break;
	}
	return -1;
}

/* Schedule and rate; false when the call has failed. */
static bool take_schedule(struct pp_call *c, struct pp_session_spec *spec, const char **ret_word)
{
	const struct pp_rate *rate = pp_call_rate(c, "rate");

	spec->interval = PP_NS(int_or(c, "interval", PP_SEC(1).v));
	*ret_word = "interval";
	if (!rate)
		return true;
	*ret_word = "rate";
	spec->rate = pps_of(rate, spec);
	if (spec->rate > 0)
		return true;
	pp_call_fail(c, PP_ERR_PARAMS, "rate",
		     "the link's speed is not known: give packets or bits per second");
	return false;
}

static bool within_limits(struct pp_call *c, struct pp_session_spec *spec, const char *word)
{
	struct pp_engine *e = pp_call_engine(c);
	struct pp_error error;
	double pps = pp_pacing_pps(spec);

	if (spec->flags & PP_SESSION_FLOOD) {
		spec->rate = pp_engine_rate_limit(e, &spec->target);
		return true;
	}
	if (pp_engine_check_rate(e, &spec->target, pps, &error) == 0)
		return true;
	pp_call_fail(c, PP_ERR_FAILED, pp_call_text(c, word) ? word : NULL, "%s", error.text);
	return false;
}

static bool take_size(struct pp_call *c, struct pp_session_spec *spec)
{
	int64_t size = size_of(c, &spec->target);

	if (size < 0 || size > UINT16_MAX) {
		pp_call_fail(c, PP_ERR_PARAMS, "frame",
			     "a frame to this target has at least %zu bytes",
			     overhead(&spec->target) + PP_ETH_FCS);
		return false;
	}
	spec->size = (uint16_t)size;
	return true;
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
		.target = *pp_call_addr(c, "address"),
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
	struct pp_engine *e = pp_call_engine(c);
	const struct pp_wire *w = pp_dp_wire(e->dp);
	double held = w ? pp_wire_held(pp_wire_spec_now(w), pp_pacing_pps(spec)) : 0;

	if (held <= PP_WIRE_CAPACITY)
		return true;
	pp_call_fail(c, PP_ERR_FAILED, NULL,
		     "%.6g packets a second times the wire's delay are %.0f frames under way; it "
		     "holds %d",
		     pp_pacing_pps(spec), held, PP_WIRE_CAPACITY);
	return false;
}

static struct pp_run *create_run(struct pp_call *c, const char *name, struct pp_session_spec *spec)
{
	struct pp_engine *e = pp_call_engine(c);
	struct pp_error error;
	struct pp_run *r;

	if (pp_run_create(e, spec, pp_call_addr(c, "source"), (int)int_or(c, "port", -1), name, &r,
			  &error)) {
		pp_call_fail(c, PP_ERR_FAILED, NULL, "%s", error.text);
		return NULL;
	}
	/* What the spec points at was copied into the session. */
	r->spec.pattern = NULL;
	r->spec.gaps = NULL;
	return r;
}

struct pp_run *pp_run_from_call(struct pp_call *c, const char *name, unsigned int flags,
				uint32_t samples)
{
	struct pp_session_spec spec = base_spec(c, flags);
	struct pp_run *r = NULL;
	pp_ns *gaps = NULL;
	const char *word;

	spec.samples = samples;
	if (take_size(c, &spec) && take_schedule(c, &spec, &word) &&
	    pp_pacing_from_call(c, &spec, &gaps) && within_limits(c, &spec, word) &&
	    fits_wire(c, &spec)) {
		take_df(c, &spec);
		r = create_run(c, name, &spec);
	}
	free(gaps);
	return r;
}
