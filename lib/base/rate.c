/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rates of frames: what a packet a second is in bits, and in percent of a link.
 */
#include <pmdping/base.h>

#include <stdio.h>

double pp_rate_each(enum pp_rate_unit unit, double frame, double link_bps)
{
	double line_bits = 8 * (frame + PP_L1_BYTES);

	switch (unit) {
	case PP_RATE_PPS:
		return 1;
	case PP_RATE_BPS:
		return 8 * frame;
	case PP_RATE_BPSL1:
		return line_bits;
	case PP_RATE_PERCENT:
		break;
	}
	return link_bps > 0 ? 100 * line_bits / link_bps : 0;
}

const char *pp_rate_text(struct pp_rate rate, char buf[PP_RATE_TEXT])
{
	static const char *const units[] = {[PP_RATE_PPS] = "pps",
					    [PP_RATE_BPS] = "bps",
					    [PP_RATE_BPSL1] = "bpsl1",
					    [PP_RATE_PERCENT] = "%"};
	static const char *const prefixes[] = {"", "k", "M", "G"};
	size_t power = 0;

	/* 999.9995 and more has seven digits, and would print as the next power's 1. */
	while (rate.unit != PP_RATE_PERCENT && rate.value >= 999.9995 && power < 3) {
		rate.value /= 1000;
		power++;
	}
	snprintf(buf, PP_RATE_TEXT, "%.6g%s%s", rate.value, prefixes[power], units[rate.unit]);
	return buf;
}
