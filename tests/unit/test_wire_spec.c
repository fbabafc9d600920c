/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words of --wire: each key, both directions, what is refused and with which
 * message, and back to text.
 */
#include <pmdping/wire.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runner.h"

static struct pp_wire_spec parsed(const char *text)
{
	struct pp_wire_spec spec = {0};
	char error[256] = "";
	int err = pp_wire_parse(text, &spec, error, sizeof(error));

	if (err)
		printf("\"%s\": %s\n", text, error);
	CU_ASSERT_EQUAL(err, 0);
	return spec;
}

static void test_empty(void)
{
	struct pp_wire_spec w = parsed("");

	for (unsigned int i = 0; i < 2; i++) {
		const struct pp_wire_dir *d = &w.dir[i];
		CU_ASSERT_EQUAL(d->delay.v, 0);
		CU_ASSERT_EQUAL(d->residence.v, 0);
		CU_ASSERT_EQUAL(d->law, PP_LAW_CONSTANT);
		CU_ASSERT(d->loss + d->dup + d->corrupt + d->mangle + d->reorder + d->rate == 0);
		CU_ASSERT_EQUAL(d->stall.v, 0);
	}
	CU_ASSERT_EQUAL(w.queues, 1);
	CU_ASSERT(!w.cross);
	CU_ASSERT(!w.direct);
	CU_ASSERT_PTR_NULL(w.trace);
}

static void test_direct(void)
{
	struct pp_wire_spec w = parsed("direct");

	CU_ASSERT(w.direct);
	CU_ASSERT_EQUAL(w.queues, 1);
	CU_ASSERT_EQUAL(pp_wire_held(&w, 1e9), 0);
	w = parsed("queues=2,direct,cross=1");
	CU_ASSERT(w.direct);
	CU_ASSERT_EQUAL(w.queues, 2);
	CU_ASSERT(w.cross);
}

static void test_every_key(void)
{
	struct pp_wire_spec w =
		parsed("delay=10us,jitter=normal:200ns,loss=0.1%,dup=0.01%,reorder=0.1%:20us,"
		       "rate=10Gbps,corrupt=2%,mangle=0.5,stall=1ms/100ms,residence=5us,seed=7,"
		       "queues=3,cross=1");

	for (unsigned int i = 0; i < 2; i++) {
		const struct pp_wire_dir *d = &w.dir[i];
		CU_ASSERT_EQUAL(d->delay.v, 10000);
		CU_ASSERT_EQUAL(d->law, PP_LAW_NORMAL);
		CU_ASSERT_EQUAL(d->a, 200);
		CU_ASSERT_DOUBLE_EQUAL(d->loss, 0.001, 1e-15);
		CU_ASSERT_DOUBLE_EQUAL(d->dup, 0.0001, 1e-15);
		CU_ASSERT_DOUBLE_EQUAL(d->reorder, 0.001, 1e-15);
		CU_ASSERT_EQUAL(d->reorder_by.v, 20000);
		CU_ASSERT_EQUAL(d->rate, 10e9);
		CU_ASSERT_DOUBLE_EQUAL(d->corrupt, 0.02, 1e-15);
		CU_ASSERT_EQUAL(d->mangle, 0.5);
		CU_ASSERT_EQUAL(d->stall.v, 1000000);
		CU_ASSERT_EQUAL(d->stall_every.v, 100000000);
	}
	/* A responder takes its time in front of the way back. */
	CU_ASSERT_EQUAL(w.dir[0].residence.v, 0);
	CU_ASSERT_EQUAL(w.dir[1].residence.v, 5000);
	CU_ASSERT_EQUAL(w.seed, 7);
	CU_ASSERT_EQUAL(w.queues, 3);
	CU_ASSERT(w.cross);
}

static void test_laws(void)
{
	static const struct {
		const char *text;
		enum pp_wire_law law;
		double a, b;
	} cases[] = {
		{"jitter=uniform:10us", PP_LAW_UNIFORM, 10000, 0},
		{"jitter=normal:1ms", PP_LAW_NORMAL, 1e6, 0},
		{"jitter=exp:5us", PP_LAW_EXP, 5000, 0},
		{"jitter=pareto:5us:2.5", PP_LAW_PARETO, 5000, 2.5},
		{"jitter=constant", PP_LAW_CONSTANT, 0, 0},
		{"jitter=0", PP_LAW_CONSTANT, 0, 0},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(cases); i++) {
		struct pp_wire_spec w = parsed(cases[i].text);
		CU_ASSERT_EQUAL(w.dir[1].law, cases[i].law);
		CU_ASSERT_EQUAL(w.dir[1].a, cases[i].a);
		CU_ASSERT_EQUAL(w.dir[1].b, cases[i].b);
	}
}

static void test_directions(void)
{
	struct pp_wire_spec w = parsed("delay=1ms,ab.loss=1%,ba.loss=2%,ba.delay=3ms,"
				       "ab.residence=1us,ab.jitter=exp:1us");

	CU_ASSERT_EQUAL(w.dir[0].delay.v, 1000000);
	CU_ASSERT_EQUAL(w.dir[1].delay.v, 3000000);
	CU_ASSERT_DOUBLE_EQUAL(w.dir[0].loss, 0.01, 1e-15);
	CU_ASSERT_DOUBLE_EQUAL(w.dir[1].loss, 0.02, 1e-15);
	CU_ASSERT_EQUAL(w.dir[0].residence.v, 1000);
	CU_ASSERT_EQUAL(w.dir[1].residence.v, 0);
	CU_ASSERT_EQUAL(w.dir[0].law, PP_LAW_EXP);
	CU_ASSERT_EQUAL(w.dir[1].law, PP_LAW_CONSTANT);
}

static void test_last_word_wins(void)
{
	struct pp_wire_spec w = parsed("delay=1ms,delay=2ms,,stall=1ms/2ms,stall=0,rate=1Gbps,"
				       "rate=0,reorder=1%:1us,reorder=0,delay=0");

	CU_ASSERT_EQUAL(w.dir[0].delay.v, 0);
	CU_ASSERT_EQUAL(w.dir[0].stall.v, 0);
	CU_ASSERT_EQUAL(w.dir[0].stall_every.v, 0);
	CU_ASSERT_EQUAL(w.dir[0].rate, 0);
	CU_ASSERT_EQUAL(w.dir[1].reorder, 0);
}

/* ---- refused ------------------------------------------------------------------------ */

/* The message names the key; the output stays as it was. */
static void refused(const char *text, const char *key, const char *why)
{
	struct pp_wire_spec w = {.seed = 4711};
	char error[256] = "";
	int err = pp_wire_parse(text, &w, error, sizeof(error));
	bool good = err < 0 && w.seed == 4711 && w.queues == 0 && strstr(error, key) &&
		    strstr(error, why);

	if (!good)
		printf("\"%s\": %d, \"%s\"\n", text, err, error);
	CU_ASSERT(good);
}

static void test_bad_words(void)
{
	static const char form[] = "not of its form", range[] = "out of range",
			  alone[] = "a direct wire does nothing to frames";
	static const struct {
		const char *text, *key, *why;
	} cases[] = {
		{"latency=1ms", "latency", "no such key"},
		{"cd.delay=1ms", "cd.delay", "no such key"},
		{"ab.seed=1", "ab.seed", "no such key"},
		{"Delay=1ms", "Delay", "no such key"},
		{"delay", "delay", "needs a value"},
		{"delay=", "delay", form},
		{"delay=10", "delay", form},
		{"delay=-1us", "delay", form},
		{"delay=1us us", "delay", form},
		{"ba.delay=x", "ba.delay", form},
		{"delay=61s", "delay", range},
		{"loss=101%", "loss", range},
		{"loss=1.5", "loss", range},
		{"loss=-1%", "loss", form},
		{"loss=nan", "loss", form},
		{"loss=inf", "loss", range},
		{"dup=1%%", "dup", form},
		{"corrupt=%", "corrupt", form},
		{"mangle=much", "mangle", form},
		{"reorder=1%", "reorder", form},
		{"reorder=1%:", "reorder", form},
		{"reorder=1%:61s", "reorder", range},
		{"reorder=2:1us", "reorder", range},
		{"rate=1000pps", "rate", form},
		{"rate=10%", "rate", form},
		{"rate=fast", "rate", form},
		{"stall=1ms", "stall", form},
		{"stall=1ms@", "stall", form},
		{"stall=1ms@x", "stall", form},
		{"stall=2ms@5ms+6ms", "stall", range},
		{"stall=1ms/x", "stall", form},
		{"stall=2ms/1ms", "stall", range},
		{"stall=1ms/1ms", "stall", range},
		{"stall=1s/61s", "stall", range},
		{"jitter=gauss:1us", "jitter", form},
		{"jitter=normal", "jitter", form},
		{"jitter=normal:", "jitter", form},
		{"jitter=normal:61s", "jitter", range},
		{"jitter=pareto:1us", "jitter", form},
		{"jitter=pareto:1us:", "jitter", form},
		{"jitter=pareto:1us:0", "jitter", form},
		{"jitter=pareto:1us:-1", "jitter", form},
		{"jitter=pareto:1us:nan", "jitter", form},
		{"jitter=trace:/nonexistent/trace", "jitter", "No such file"},
		{"queues=0", "queues", range},
		{"queues=17", "queues", range},
		{"cross=2", "cross", range},
		{"seed=x", "seed", form},
		{"seed=-1", "seed", range},
		{"delay=1us,loss=1%,dup=x", "dup", form},
		{"direct=1", "direct", "takes no value"},
		{"ab.direct", "ab.direct", "needs a value"},
		{"direct,delay=10us", "delay", alone},
		{"ba.loss=1%,direct", "ba.loss", alone},
		{"seed=7,direct,queues=2", "seed", alone},
		{"direct,delay=0", "delay", alone},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(cases); i++)
		refused(cases[i].text, cases[i].key, cases[i].why);
}

/* ---- traces -------------------------------------------------------------------------- */

static void write_trace(char *path, const char *text)
{
	strcpy(path, "/tmp/pmdping-trace-XXXXXX");
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void test_trace(void)
{
	char path[64], text[128];

	write_trace(path, "# three delays\n1us\n\n2ms\r\n0\n");
	snprintf(text, sizeof(text), "delay=1us,jitter=trace:%s", path);
	struct pp_wire_spec w = parsed(text);
	unlink(path);
	CU_ASSERT_EQUAL_FATAL(w.trace_len, 3);
	CU_ASSERT_EQUAL(w.dir[0].law, PP_LAW_TRACE);
	CU_ASSERT_EQUAL(w.dir[1].law, PP_LAW_TRACE);
	CU_ASSERT_EQUAL(w.trace[0], 1000);
	CU_ASSERT_EQUAL(w.trace[1], 2000000);
	CU_ASSERT_EQUAL(w.trace[2], 0);
	pp_wire_spec_free(&w);
	CU_ASSERT_PTR_NULL(w.trace);
	pp_wire_spec_free(&w);
}

static void test_bad_traces(void)
{
	static const char *const bad[] = {"", "# nothing\n", "1us\n-2us\n", "1us\nx\n", "12\n"};
	char path[64], text[128];

	for (size_t i = 0; i < PP_ARRAY_LEN(bad); i++) {
		write_trace(path, bad[i]);
		snprintf(text, sizeof(text), "jitter=trace:%s", path);
		refused(text, "jitter", "not of its form");
		unlink(path);
	}
}

/* ---- back to text ----------------------------------------------------------------------- */

static bool same_dir(const struct pp_wire_dir *x, const struct pp_wire_dir *y)
{
	return x->delay.v == y->delay.v && x->residence.v == y->residence.v && x->law == y->law &&
	       x->a == y->a && x->b == y->b && fabs(x->loss - y->loss) < 1e-12 &&
	       fabs(x->dup - y->dup) < 1e-12 && fabs(x->corrupt - y->corrupt) < 1e-12 &&
	       fabs(x->mangle - y->mangle) < 1e-12 && fabs(x->reorder - y->reorder) < 1e-12 &&
	       x->reorder_by.v == y->reorder_by.v && x->rate == y->rate &&
	       x->stall.v == y->stall.v && x->stall_every.v == y->stall_every.v;
}

static void test_text_is_parsed_again(void)
{
	static const char *const texts[] = {
		"",
		"delay=1ns",
		"delay=1001us",
		"delay=60s,jitter=uniform:1500ns",
		"jitter=pareto:5us:2.5,loss=0.1%",
		"delay=10us,jitter=exp:7ns,loss=33%,dup=0.0001%,reorder=0.3:7ms",
		"rate=9.6kbps,corrupt=1%,mangle=100%,stall=1ns/60s",
	};
	char buf[512];

	for (size_t i = 0; i < PP_ARRAY_LEN(texts); i++) {
		struct pp_wire_spec w = parsed(texts[i]);
		struct pp_wire_spec again = parsed(pp_wire_text(&w.dir[0], buf, sizeof(buf)));
		CU_ASSERT(same_dir(&w.dir[0], &again.dir[0]));
	}
	struct pp_wire_spec w = parsed("residence=3us");
	CU_ASSERT_STRING_EQUAL(pp_wire_text(&w.dir[1], buf, sizeof(buf)),
			       "delay=0us,residence=3us");
}

static void test_text_is_cut(void)
{
	struct pp_wire_spec w = parsed("delay=10us,jitter=pareto:5us:2.5,loss=0.1%");
	char whole[256], buf[256];

	pp_wire_text(&w.dir[0], whole, sizeof(whole));
	for (size_t size = 1; size <= strlen(whole) + 1; size++) {
		memset(buf, '#', sizeof(buf));
		pp_wire_text(&w.dir[0], buf, size);
		CU_ASSERT_EQUAL(strlen(buf), size - 1);
		CU_ASSERT_EQUAL(strncmp(buf, whole, size - 1), 0);
		CU_ASSERT_EQUAL(buf[size], '#');
	}
}

PP_TEST_MAIN("wire_spec", {"an empty text is a wire without delay", test_empty},
	     {"a direct wire has queues and no behaviour", test_direct},
	     {"every key means what it says", test_every_key}, {"laws and their values", test_laws},
	     {"a key may be one direction's", test_directions},
	     {"the last word wins, and 0 takes back", test_last_word_wins},
	     {"what is refused names its key and leaves the output", test_bad_words},
	     {"a trace is a duration a line", test_trace},
	     {"a trace with anything else is refused", test_bad_traces},
	     {"text is parsed again", test_text_is_parsed_again},
	     {"text is cut to its room", test_text_is_cut})
