/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words of --wire.
 */
#include <pmdping/wire.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define TRACE_MAX 1000000
#define VALUE_MAX 512
#define TIME_MAX  PP_SEC(60)

static int parse_probability(const char *word, double *ret)
{
	char *end;
	double p = strtod(word, &end);

	if (end == word || !(p >= 0))
		return -EINVAL;
	if (*end == '%') {
		p /= 100;
		end++;
	}
	if (*end || p > 1)
		return *end ? -EINVAL : -ERANGE;
	*ret = p;
	return 0;
}

/* A time up to a minute, or a bare 0. */
static int parse_ns(const char *word, pp_ns *ret)
{
	pp_ns t = PP_NS(0);
	int err = strcmp(word, "0") ? pp_parse_time(word, false, &t) : 0;

	if (!err && t.v > TIME_MAX.v)
		err = -ERANGE;
	if (!err)
		*ret = t;
	return err;
}

/* "probability:time" */
static int parse_reorder(const char *word, struct pp_wire_dir *d)
{
	char text[VALUE_MAX];
	char *colon;
	double p;
	pp_ns by;

	snprintf(text, sizeof(text), "%s", word);
	colon = strchr(text, ':');
	if (colon)
		*colon = '\0';
	int err = parse_probability(text, &p);
	if (!err && p > 0)
		err = colon ? parse_ns(colon + 1, &by) : -EINVAL;
	if (err)
		return err;
	d->reorder = p;
	d->reorder_by = p > 0 ? by : PP_NS(0);
	return 0;
}

static int parse_line_rate(const char *word, double *ret)
{
	struct pp_rate rate;

	if (!strcmp(word, "0")) {
		*ret = 0;
		return 0;
	}
	int err = pp_parse_rate(word, &rate);
	if (!err && rate.unit != PP_RATE_BPS && rate.unit != PP_RATE_BPSL1)
		err = -EINVAL;
	if (!err)
		*ret = rate.value;
	return err;
}

/* "time+time", each after the stall before it has ended */
static int parse_stall_times(char *text, pp_ns len, struct pp_wire_dir *d)
{
	pp_ns at[PP_WIRE_STALLS];
	uint32_t n = 0;
	char *save;

	for (char *word = strtok_r(text, "+", &save); word; word = strtok_r(NULL, "+", &save)) {
		int err = n == PP_WIRE_STALLS ? -ERANGE : parse_ns(word, &at[n]);
		if (!err && n && at[n].v < at[n - 1].v + len.v)
			err = -ERANGE;
		if (err)
			return err;
		n++;
	}
	if (n == 0)
		return -EINVAL;
	d->stall = len;
	d->stall_every = PP_NS(0);
	memcpy(d->stall_at, at, n * sizeof(at[0]));
	d->n_stall_at = n;
	return 0;
}

/* "length/period", "length@time+time" */
static int parse_stall(const char *word, struct pp_wire_dir *d)
{
	char text[VALUE_MAX];
	char *slash, *at;
	pp_ns len, every;

	if (!strcmp(word, "0")) {
		d->stall = d->stall_every = PP_NS(0);
		d->n_stall_at = 0;
		return 0;
	}
	snprintf(text, sizeof(text), "%s", word);
	at = strchr(text, '@');
	if (at) {
		*at = '\0';
		int err = parse_ns(text, &len);
		return err ? err : parse_stall_times(at + 1, len, d);
	}
	slash = strchr(text, '/');
	if (!slash)
		return -EINVAL;
	*slash = '\0';
	int err = parse_ns(text, &len);
	if (!err)
		err = parse_ns(slash + 1, &every);
	if (!err && every.v <= len.v)
		err = -ERANGE;
	if (err)
		return err;
	d->stall = len;
	d->stall_every = every;
	d->n_stall_at = 0;
	return 0;
}

static int load_trace(struct pp_wire_spec *spec, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[64];
	int err = f ? 0 : -errno;

	free(spec->trace);
	spec->trace_len = 0;
	spec->trace = calloc(TRACE_MAX, sizeof(*spec->trace));
	while (!err && spec->trace && fgets(line, sizeof(line), f)) {
		pp_ns t;
		line[strcspn(line, "\r\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		err = spec->trace_len == TRACE_MAX ? -EFBIG : parse_ns(line, &t);
		if (!err)
			spec->trace[spec->trace_len++] = t.v;
	}
	if (f)
		fclose(f);
	return err ? err : spec->trace_len ? 0 : -EINVAL;
}

/* "law", "law:a", "law:a:b" */
static int parse_law(struct pp_wire_spec *spec, const char *word, struct pp_wire_dir *d)
{
	static const struct {
		const char *name;
		enum pp_wire_law law;
	} laws[] = {{"uniform", PP_LAW_UNIFORM},
		    {"normal", PP_LAW_NORMAL},
		    {"exp", PP_LAW_EXP},
		    {"pareto", PP_LAW_PARETO},
		    {"trace", PP_LAW_TRACE}};
	char text[VALUE_MAX], *rest, *shape = NULL;
	double b = 0;
	pp_ns a = {0};

	if (!strcmp(word, "0") || !strcmp(word, "constant")) {
		d->law = PP_LAW_CONSTANT;
		return 0;
	}
	snprintf(text, sizeof(text), "%s", word);
	rest = strchr(text, ':');
	if (!rest)
		return -EINVAL;
	*rest++ = '\0';
	for (size_t i = 0; i < PP_ARRAY_LEN(laws); i++) {
		if (strcmp(text, laws[i].name))
			continue;
		if (laws[i].law == PP_LAW_TRACE) {
			d->law = PP_LAW_TRACE;
			return load_trace(spec, rest);
		}
		if (laws[i].law == PP_LAW_PARETO) {
			shape = strchr(rest, ':');
			if (!shape)
				return -EINVAL;
			*shape++ = '\0';
			b = strtod(shape, &shape);
			if (*shape || !(b > 0))
				return -EINVAL;
		}
		int err = parse_ns(rest, &a);
		if (err)
			return err;
		d->law = laws[i].law;
		d->a = (double)a.v;
		d->b = b;
		return 0;
	}
	return -EINVAL;
}

static int set_dir(struct pp_wire_spec *spec, struct pp_wire_dir *d, const char *key,
		   const char *value)
{
	if (!strcmp(key, "delay"))
		return parse_ns(value, &d->delay);
	if (!strcmp(key, "residence"))
		return parse_ns(value, &d->residence);
	if (!strcmp(key, "jitter"))
		return parse_law(spec, value, d);
	if (!strcmp(key, "loss"))
		return parse_probability(value, &d->loss);
	if (!strcmp(key, "dup"))
		return parse_probability(value, &d->dup);
	if (!strcmp(key, "corrupt"))
		return parse_probability(value, &d->corrupt);
	if (!strcmp(key, "mangle"))
		return parse_probability(value, &d->mangle);
	if (!strcmp(key, "reorder"))
		return parse_reorder(value, d);
	if (!strcmp(key, "rate"))
		return parse_line_rate(value, &d->rate);
	if (!strcmp(key, "stall"))
		return parse_stall(value, d);
	return -ENOKEY;
}

static int set_whole(struct pp_wire_spec *spec, const char *key, const char *value)
{
	int64_t n;
	int err;

	if (!strcmp(key, "seed")) {
		err = pp_parse_int(value, 0, INT64_MAX, &n);
		if (!err)
			spec->seed = (uint64_t)n;
		return err;
	}
	if (!strcmp(key, "queues")) {
		err = pp_parse_int(value, 1, 16, &n);
		if (!err)
			spec->queues = (uint16_t)n;
		return err;
	}
	if (!strcmp(key, "cross")) {
		err = pp_parse_int(value, 0, 1, &n);
		if (!err)
			spec->cross = n != 0;
		return err;
	}
	return -ENOKEY;
}

/* A responder's residence is on the way back only, unless a direction is named. */
static int set_key(struct pp_wire_spec *spec, const char *key, const char *value)
{
	int err = set_whole(spec, key, value);

	if (err != -ENOKEY)
		return err;
	if (!strncmp(key, "ab.", 3))
		return set_dir(spec, &spec->dir[0], key + 3, value);
	if (!strncmp(key, "ba.", 3))
		return set_dir(spec, &spec->dir[1], key + 3, value);
	if (!strcmp(key, "residence"))
		return set_dir(spec, &spec->dir[1], key, value);
	err = set_dir(spec, &spec->dir[0], key, value);
	return err ? err : set_dir(spec, &spec->dir[1], key, value);
}

/* What a direct wire cannot have. */
static bool is_behaviour(const char *key)
{
	return strcmp(key, "direct") && strcmp(key, "queues") && strcmp(key, "cross");
}

static int set_pair(struct pp_wire_spec *spec, char *pair, char *ret_error, size_t size)
{
	char *value = strchr(pair, '=');

	if (value)
		*value++ = '\0';
	if (!strcmp(pair, "direct")) {
		spec->direct = true;
		if (value)
			snprintf(ret_error, size, "--wire: direct takes no value: %s", value);
		return value ? -EINVAL : 0;
	}
	int err = value ? set_key(spec, pair, value) : -EINVAL;
	if (err == -ENOKEY)
		snprintf(ret_error, size, "--wire: no such key: %s", pair);
	else if (err)
		snprintf(ret_error, size, "--wire: %s: %s: %s", pair,
			 value ? value : "needs a value",
			 err == -ERANGE	  ? "out of range"
			 : err == -EINVAL ? "not of its form"
					  : strerror(-err));
	return err;
}

int pp_wire_parse(const char *text, struct pp_wire_spec *ret_spec, char *ret_error, size_t size)
{
	struct pp_wire_spec spec = {.queues = 1, .seed = 1};
	char *copy = strdup(text), *save = NULL;
	const char *behaviour = NULL; /* the last key of one */
	int err = copy ? 0 : -ENOMEM;

	for (char *p = copy ? strtok_r(copy, ",", &save) : NULL; p && !err;
	     p = strtok_r(NULL, ",", &save)) {
		err = set_pair(&spec, p, ret_error, size);
		behaviour = is_behaviour(p) ? p : behaviour;
	}
	if (!err && spec.direct && behaviour) {
		snprintf(ret_error, size,
			 "--wire: %s: a direct wire does nothing to frames; only queues and cross "
			 "go with direct",
			 behaviour);
		err = -EINVAL;
	}
	free(copy);
	if (err)
		pp_wire_spec_free(&spec);
	else
		*ret_spec = spec;
	return err;
}

void pp_wire_spec_free(struct pp_wire_spec *spec)
{
	free(spec->trace);
	spec->trace = NULL;
	spec->trace_len = 0;
}

/* ---- back to text ------------------------------------------------------------------- */

struct text {
	char *at;
	size_t left;
};

static PP_PRINTF(2, 3) void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(t->at, t->left, format, args);
	va_end(args);
	size_t used = n < 0 ? 0 : (size_t)n < t->left ? (size_t)n : t->left - 1;
	t->at += used;
	t->left -= used;
}

/* In the largest unit that has no fraction. */
static void put_time(struct text *t, const char *before, int64_t ns)
{
	if (ns % 1000000 == 0 && ns)
		put(t, "%s%" PRId64 "ms", before, ns / 1000000);
	else if (ns % 1000 == 0)
		put(t, "%s%" PRId64 "us", before, ns / 1000);
	else
		put(t, "%s%" PRId64 "ns", before, ns);
}

static void put_share(struct text *t, const char *key, double p)
{
	if (p > 0)
		put(t, ",%s=%.12g%%", key, p * 100);
}

static void put_law(struct text *t, const struct pp_wire_dir *d)
{
	static const char *const laws[] = {"constant", "uniform", "normal",
					   "exp",      "pareto",  "trace"};

	if (d->law == PP_LAW_CONSTANT)
		return;
	put(t, ",jitter=%s", laws[d->law]);
	if (d->law != PP_LAW_TRACE)
		put_time(t, ":", (int64_t)d->a);
	if (d->law == PP_LAW_PARETO)
		put(t, ":%.12g", d->b);
}

const char *pp_wire_text(const struct pp_wire_dir *d, char *buf, size_t size)
{
	struct text t = {buf, size};

	put_time(&t, "delay=", d->delay.v);
	put_law(&t, d);
	put_share(&t, "loss", d->loss);
	put_share(&t, "dup", d->dup);
	put_share(&t, "corrupt", d->corrupt);
	put_share(&t, "mangle", d->mangle);
	put_share(&t, "reorder", d->reorder);
	if (d->reorder > 0)
		put_time(&t, ":", d->reorder_by.v);
	if (d->rate > 0)
		put(&t, ",rate=%.12gbps", d->rate);
	if (d->stall.v > 0) {
		put_time(&t, ",stall=", d->stall.v);
		if (!d->n_stall_at)
			put_time(&t, "/", d->stall_every.v);
		for (uint32_t i = 0; i < d->n_stall_at; i++)
			put_time(&t, i ? "+" : "@", d->stall_at[i].v);
	}
	if (d->residence.v > 0)
		put_time(&t, ",residence=", d->residence.v);
	return buf;
}
