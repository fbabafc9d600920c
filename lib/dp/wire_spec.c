/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words of --wire.
 */
#include <pmdping/wire.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define TRACE_MAX 1000000
#define VALUE_MAX 512

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

/* A time, but a bare 0 too. */
static int parse_ns(const char *word, pp_ns *ret)
{
	if (strcmp(word, "0"))
		return pp_parse_time(word, false, ret);
	*ret = PP_NS(0);
	return 0;
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
		err = colon ? pp_parse_time(colon + 1, false, &by) : -EINVAL;
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

/* "length/period" */
static int parse_stall(const char *word, struct pp_wire_dir *d)
{
	char text[VALUE_MAX];
	char *slash;
	pp_ns len, every;

	if (!strcmp(word, "0")) {
		d->stall = d->stall_every = PP_NS(0);
		return 0;
	}
	snprintf(text, sizeof(text), "%s", word);
	slash = strchr(text, '/');
	if (!slash)
		return -EINVAL;
	*slash = '\0';
	if (pp_parse_time(text, false, &len) || pp_parse_time(slash + 1, false, &every))
		return -EINVAL;
	if (every.v <= len.v)
		return -ERANGE;
	d->stall = len;
	d->stall_every = every;
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
		if (pp_parse_time(rest, false, &a))
			return -EINVAL;
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
	return -ENOENT;
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
	return -ENOENT;
}

/* A responder's residence is on the way back only, unless a direction is named. */
static int set_key(struct pp_wire_spec *spec, const char *key, const char *value)
{
	int err = set_whole(spec, key, value);

	if (err != -ENOENT)
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

static int set_pair(struct pp_wire_spec *spec, char *pair, char *ret_error, size_t size)
{
	char *value = strchr(pair, '=');

	if (value)
		*value++ = '\0';
	int err = value ? set_key(spec, pair, value) : -EINVAL;
	if (err == -ENOENT)
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
	int err = copy ? 0 : -ENOMEM;

	for (char *p = copy ? strtok_r(copy, ",", &save) : NULL; p && !err;
	     p = strtok_r(NULL, ",", &save))
		err = set_pair(&spec, p, ret_error, size);
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

const char *pp_wire_text(const struct pp_wire_dir *d, char *buf, size_t size)
{
	static const char *const laws[] = {"constant", "uniform", "normal",
					   "exp",      "pareto",  "trace"};

	snprintf(buf, size,
		 "delay=%gus jitter=%s:%gus loss=%g%% dup=%g%% reorder=%g%% corrupt=%g%%",
		 (double)(d->delay.v + d->residence.v) / 1e3, laws[d->law], d->a / 1e3,
		 d->loss * 100, d->dup * 100, d->reorder * 100, (d->corrupt + d->mangle) * 100);
	return buf;
}
