/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an ICMP message says about a probe, in the words of iputils' ping, which
 * scripts look for.
 */
#include "out.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const char *const unreachable4[16];
static const char *const redirect4[4];
static const char *const unreachable6[7];

static void put_redirect(FILE *f, int64_t code, const json_t *body)
{
	if (code >= 0 && code < (int64_t)LEN(redirect4))
		fprintf(f, "Redirect %s", redirect4[code]);
	else
		fprintf(f, "Redirect, Bad Code: %lld", (long long)code);
	fprintf(f, "(New nexthop: %s)", pp_out_str(body, "gateway"));
}

static void put_unreachable4(FILE *f, int64_t code, const json_t *body)
{
	if (code == 4)
		fprintf(f, "Frag needed and DF set (mtu = %lld)",
			(long long)pp_out_int(body, "mtu"));
	else if (code >= 0 && code < (int64_t)LEN(unreachable4))
		fputs(unreachable4[code], f);
	else
		fprintf(f, "Dest Unreachable, Bad Code: %lld", (long long)code);
}

static void put_exceeded4(FILE *f, int64_t code)
{
	if (code == 0)
		fputs("Time to live exceeded", f);
	else if (code == 1)
		fputs("Frag reassembly time exceeded", f);
	else
		fprintf(f, "Time exceeded, Bad Code: %lld", (long long)code);
}

static void put4(FILE *f, int64_t type, int64_t code, const json_t *body)
{
	switch (type) {
	case 3:
		put_unreachable4(f, code, body);
		break;
	case 4:
		fputs("Source Quench", f);
		break;
	case 5:
		put_redirect(f, code, body);
		break;
	case 11:
		put_exceeded4(f, code);
		break;
	case 12:
		fprintf(f, "Parameter problem: pointer = %lld",
			(long long)pp_out_int(body, "pointer"));
		break;
	default:
		fprintf(f, "Bad ICMP type: %lld", (long long)type);
	}
}

static void put_unreachable6(FILE *f, int64_t code)
{
	fputs("Destination unreachable: ", f);
	if (code >= 0 && code < (int64_t)LEN(unreachable6))
		fputs(unreachable6[code], f);
	else
		fprintf(f, "Unknown code %lld", (long long)code);
}

static void put_exceeded6(FILE *f, int64_t code)
{
	fputs("Time exceeded: ", f);
	if (code == 0)
		fputs("Hop limit", f);
	else if (code == 1)
		fputs("Defragmentation failure", f);
	else
		fprintf(f, "code %lld", (long long)code);
}

static void put_problem6(FILE *f, int64_t code, const json_t *body)
{
	static const char *const what[] = {"Wrong header field", "Unknown header",
					   "Unknown option"};

	fputs("Parameter problem: ", f);
	if (code >= 0 && code < (int64_t)LEN(what))
		fputs(what[code], f);
	else
		fprintf(f, "code %lld", (long long)code);
	fprintf(f, " at %lld", (long long)pp_out_int(body, "pointer"));
}

static void put6(FILE *f, int64_t type, int64_t code, const json_t *body)
{
	switch (type) {
	case 1:
		put_unreachable6(f, code);
		break;
	case 2:
		fprintf(f, "Packet too big: mtu=%lld", (long long)pp_out_int(body, "mtu"));
		break;
	case 3:
		put_exceeded6(f, code);
		break;
	case 4:
		put_problem6(f, code, body);
		break;
	case 137:
		fprintf(f, "Redirect(New nexthop: %s)", pp_out_str(body, "gateway"));
		break;
	default:
		fprintf(f, "Bad ICMP type: %lld", (long long)type);
	}
}

void pp_out_icmp(FILE *f, const json_t *body)
{
	int64_t type = pp_out_int(body, "type"), code = pp_out_int(body, "code");

	if (pp_out_int(body, "family") == 6)
		put6(f, type, code, body);
	else
		put4(f, type, code, body);
}

static const char *const unreachable4[16] = {
	[0] = "Destination Net Unreachable",
	[1] = "Destination Host Unreachable",
	[2] = "Destination Protocol Unreachable",
	[3] = "Destination Port Unreachable",
	[4] = "Frag needed and DF set",
	[5] = "Source Route Failed",
	[6] = "Destination Net Unknown",
	[7] = "Destination Host Unknown",
	[8] = "Source Host Isolated",
	[9] = "Destination Net Prohibited",
	[10] = "Destination Host Prohibited",
	[11] = "Destination Net Unreachable for Type of Service",
	[12] = "Destination Host Unreachable for Type of Service",
	[13] = "Packet filtered",
	[14] = "Precedence Violation",
	[15] = "Precedence Cutoff",
};

static const char *const redirect4[4] = {
	"Network",
	"Host",
	"Type of Service and Network",
	"Type of Service and Host",
};

static const char *const unreachable6[7] = {
	"No route",
	"Administratively prohibited",
	"Beyond scope of source address",
	"Address unreachable",
	"Port unreachable",
	"Source address failed ingress/egress policy",
	"Reject route to destination",
};
