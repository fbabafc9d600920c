/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cases of the selftest: the certificate's, a quick look's, and those that look at
 * a million samples each.
 */
#include "selftest.h"

/* clang-format off */

#define US(n)  {(n) * INT64_C(1000)}
#define MS(n)  {(n) * INT64_C(1000000)}
#define SECOND MS(1000)

/* Every law and every state, from 1 us to 100 ms, both families; under a minute. */
static const struct pp_selftest_case full[] = {
	{"delay 1 us", "delay=1us", US(2), 100e3, 50000, 56, false, SECOND},
	{"delay 10 us", "delay=10us", US(20), 100e3, 100000, 56, false, SECOND},
	{"delay 10 us, IPv6", "delay=10us", US(20), 100e3, 50000, 56, true, SECOND},
	{"delay 100 us", "delay=100us", US(200), 10e3, 10000, 56, false, SECOND},
	{"delay 1 ms", "delay=1ms", MS(2), 10e3, 10000, 56, false, SECOND},
	{"delay 10 ms", "delay=10ms", MS(20), 10e3, 10000, 56, false, SECOND},
	{"delay 100 ms", "delay=100ms", MS(200), 1e3, 1000, 56, false, SECOND},
	{"uniform", "delay=10us,jitter=uniform:10us", US(20), 100e3, 100000, 56, false, SECOND},
	{"normal", "delay=10us,jitter=normal:200ns", US(18), 100e3, 100000, 56, false, SECOND},
	{"exponential", "delay=10us,jitter=exp:5us", US(20), 100e3, 100000, 56, true, SECOND},
	{"Pareto", "delay=10us,jitter=pareto:5us:2.5", US(20), 100e3, 100000, 56, false, SECOND},
	{"residence 20 us", "delay=10us,residence=20us", US(40), 100e3, 50000, 56, false, SECOND},
	{"loss 1 %", "delay=10us,loss=1%", US(20), 50e3, 50000, 56, false, SECOND},
	{"loss 60 %", "delay=10us,loss=60%", US(20), 50e3, 25000, 56, true, MS(100)},
	{"duplication 1 %", "delay=10us,dup=1%", US(20), 50e3, 50000, 56, false, SECOND},
	{"reordering 1 %", "delay=10us,reorder=1%:100us", US(20), 50e3, 50000, 56, false, SECOND},
	{"corruption 1 %", "delay=10us,corrupt=1%", US(20), 50e3, 50000, 56, false, SECOND},
	{"wrong payload 1 %", "delay=10us,ba.mangle=1%", US(20), 50e3, 50000, 56, true, SECOND},
	{"late 10 %", "delay=10us,ba.reorder=10%:50ms", US(20), 50e3, 50000, 56, false, MS(20)},
	{"stalls 2 ms in 100 ms", "delay=10us,stall=2ms/100ms", US(20), 50e3, 50000, 56, false, SECOND},
	{"everything",
	 "delay=10us,jitter=exp:5us,loss=1%,dup=1%,reorder=1%:50us,corrupt=0.5%,ba.mangle=0.5%", US(20),
	 50e3, 50000, 56, false, SECOND},
	{"line of 1 Gbps", "delay=10us,rate=1Gbps", US(20), 100e3, 50000, 56, false, SECOND},
	{"64 byte frames", "delay=10us", US(20), 100e3, 50000, 18, false, SECOND},
	{"1518 byte frames", "delay=10us", US(20), 100e3, 50000, 1472, false, SECOND},
	{"IMIX", "delay=10us,loss=1%,dup=1%,reorder=1%:100us", US(20), 50e3, 50000, 0, false, SECOND},
	{"1 kpps", "delay=10us", US(20), 1e3, 1000, 56, false, SECOND},
	{"1 Mpps", "delay=10us", US(20), 1e6, 500000, 56, false, SECOND},
	{.name = NULL},
};

/* A few seconds: no certificate, but enough to see each of the faults that
 * tests/mutation builds in. */
static const struct pp_selftest_case quick[] = {
	{"delay 10 us", "delay=10us", US(20), 100e3, 20000, 56, false, SECOND},
	{"delay 1 ms, IPv6", "delay=1ms", MS(2), 10e3, 5000, 56, true, SECOND},
	{"delay 100 ms", "delay=100ms", MS(200), 1e3, 500, 56, false, SECOND},
	{"Pareto", "delay=10us,jitter=pareto:5us:2.5", US(20), 100e3, 20000, 56, false, SECOND},
	{"loss 5 %", "delay=10us,loss=5%", US(20), 50e3, 10000, 56, true, MS(50)},
	{"late 10 %", "delay=10us,ba.reorder=10%:50ms", US(20), 50e3, 10000, 56, false, MS(20)},
	{"everything",
	 "delay=10us,jitter=exp:5us,loss=1%,dup=1%,reorder=1%:50us,corrupt=0.5%,ba.mangle=0.5%", US(20),
	 50e3, 10000, 56, false, MS(50)},
	{"IMIX", "delay=10us,loss=5%,dup=1%,reorder=1%:100us", US(20), 50e3, 10000, 0, false, MS(50)},
	{"1 Mpps", "delay=10us", US(20), 1e6, 100000, 56, false, SECOND},
	{.name = NULL},
};

#define CONSTANT "delay=10us"
#define NORMAL	 "delay=10us,jitter=normal:200ns"
#define PARETO	 "delay=10us,jitter=pareto:5us:2.5"
#define ANY	 {0}

/* Some six minutes when the machine has the rates. One that has no 5 Mpps queues what
 * it has: then no answer is fast. */
static const struct pp_selftest_case coverage[] = {
	{"constant", CONSTANT, US(20), 100, 1000, 56, false, SECOND},
	{"constant", CONSTANT, US(20), 1e3, 10000, 56, false, SECOND},
	{"constant", CONSTANT, US(20), 10e3, 1000000, 56, false, SECOND},
	{"constant", CONSTANT, US(20), 100e3, 1000000, 56, false, SECOND},
	{"constant", CONSTANT, US(20), 1e6, 1000000, 56, false, SECOND},
	{"constant", CONSTANT, ANY, 5e6, 1000000, 56, false, SECOND},
	{"normal", NORMAL, US(18), 100, 1000, 56, false, SECOND},
	{"normal", NORMAL, US(18), 1e3, 10000, 56, false, SECOND},
	{"normal", NORMAL, US(18), 10e3, 1000000, 56, false, SECOND},
	{"normal", NORMAL, US(18), 100e3, 1000000, 56, false, SECOND},
	{"normal", NORMAL, US(18), 1e6, 1000000, 56, false, SECOND},
	{"normal", NORMAL, ANY, 5e6, 1000000, 56, false, SECOND},
	{"Pareto", PARETO, US(20), 100, 1000, 56, false, SECOND},
	{"Pareto", PARETO, US(20), 1e3, 10000, 56, false, SECOND},
	{"Pareto", PARETO, US(20), 10e3, 1000000, 56, false, SECOND},
	{"Pareto", PARETO, US(20), 100e3, 1000000, 56, false, SECOND},
	{"Pareto", PARETO, US(20), 1e6, 1000000, 56, false, SECOND},
	{"Pareto", PARETO, ANY, 5e6, 1000000, 56, false, SECOND},
	{.name = NULL},
};

/* Not three minutes. What the machine has no time for is missed: the others leave when they
 * should. */
static const struct pp_selftest_case span[] = {
	{"1 pps", CONSTANT, US(20), 1, 100, 18, false, SECOND},
	{"10 pps", CONSTANT, US(20), 10, 10, 18, false, SECOND},
	{"100 pps", CONSTANT, US(20), 100, 10, 18, false, SECOND},
	{"1 kpps", CONSTANT, US(20), 1e3, 10, 18, false, SECOND},
	{"10 kpps", CONSTANT, US(20), 10e3, 10, 18, false, SECOND},
	{"100 kpps", CONSTANT, US(20), 100e3, 10, 18, false, SECOND},
	{"1 Mpps", CONSTANT, US(20), 1e6, 10, 18, false, SECOND},
	{"5 Mpps", CONSTANT, US(20), 5e6, 10, 18, false, SECOND},
	{.name = NULL},
};

/* clang-format on */

static const struct pp_selftest_plan plans[];

const struct pp_selftest_plan *pp_selftest_plan(const char *name)
{
	const struct pp_selftest_plan *p = plans;

	while (name && p->name && strcmp(p->name, name))
		p++;
	return p->name ? p : NULL;
}

static const struct pp_selftest_plan plans[] = {
	{.name = "full", .cases = full, .certificate = true},
	{.name = "quick", .cases = quick},
	{.name = "coverage", .cases = coverage, .fill = true, .certificate = true},
	{.name = "span", .cases = span, .span = true, .certificate = true},
	{.name = NULL},
};
