/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words of a command line as numbers: integers, times, rates, byte patterns.
 * Everything is integer arithmetic on the digits as typed, so that "0.1s" is
 * exactly 100,000,000 ns and no locale has a say.
 */
#include <pmdping/base.h>

#include <errno.h>

/* Digits of a fraction that count: 10^18 still fits 64 bits, later ones are cut. */
#define FRACTION_DIGITS 18

struct suffix {
	const char *name;
	uint64_t factor;
	enum pp_rate_unit unit;
};

/* A number as typed: whole + part / scale. */
struct decimal {
	uint64_t whole;
	uint64_t part;
	uint64_t scale;
};

static const struct suffix time_suffixes[7];
static const struct suffix rate_suffixes[14];

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* 0..15, or -1. */
static int hex_value(char c)
{
	c = lower(c);
	if (is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool equal_nocase(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

/* Reads digits of `base` up to the end of the word. Form comes before range: an
 * overlong number with junk behind it is -EINVAL. */
static int read_digits(const char *at, unsigned int base, uint64_t *ret_value)
{
	uint64_t value = 0;
	bool over = false;

	if (!*at)
		return -EINVAL;
	for (; *at; at++) {
		int digit = hex_value(*at);
		if (digit < 0 || (unsigned int)digit >= base)
			return -EINVAL;
		over |= __builtin_mul_overflow(value, base, &value);
		over |= __builtin_add_overflow(value, (uint64_t)digit, &value);
	}
	if (over)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int pp_parse_int(const char *word, int64_t min, int64_t max, int64_t *ret_value)
{
	bool negative = *word == '-';
	const char *at = word + negative;
	bool hex = at[0] == '0' && lower(at[1]) == 'x';
	uint64_t size;
	int err = read_digits(at + (hex ? 2 : 0), hex ? 16 : 10, &size);

	if (err)
		return err;
	if (size > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	int64_t value = (int64_t)(negative ? -size : size);
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

/* "12", "1.5" and ".5", not "1." or "."; returns what follows, NULL when it is
 * not of the form. *ret_over says that the whole part did not fit. */
static const char *read_decimal(const char *at, struct decimal *ret_number, bool *ret_over)
{
	struct decimal n = {.scale = 1};
	bool over = false, fraction = false;
	const char *start = at;

	for (; is_digit(*at); at++) {
		over |= __builtin_mul_overflow(n.whole, 10u, &n.whole);
		over |= __builtin_add_overflow(n.whole, (uint64_t)(*at - '0'), &n.whole);
	}
	if (*at == '.') {
		fraction = true;
		start = ++at;
	}
	for (int used = 0; fraction && is_digit(*at); at++, used++) {
		if (used >= FRACTION_DIGITS)
			continue;
		n.part = n.part * 10 + (uint64_t)(*at - '0');
		n.scale *= 10;
	}
	if (at == start)
		return NULL;
	*ret_number = n;
	*ret_over = over;
	return at;
}

static const struct suffix *find_suffix(const struct suffix *table, const char *name)
{
	for (; table->name; table++)
		if (equal_nocase(table->name, name))
			return table;
	return NULL;
}

/* number * factor, split into the integer and what is left of it in 1/scale.
 * -ERANGE when the integer exceeds int64_t. */
static int scale_decimal(const struct decimal *n, uint64_t factor, int64_t *ret_value,
			 uint64_t *ret_left)
{
	unsigned __int128 part = (unsigned __int128)n->part * factor;
	unsigned __int128 whole = (unsigned __int128)n->whole * factor + part / n->scale;

	if (whole > INT64_MAX)
		return -ERANGE;
	*ret_value = (int64_t)whole;
	*ret_left = (uint64_t)(part % n->scale);
	return 0;
}

/* Number, then a suffix out of the table, then nothing. */
static int read_scaled(const char *word, const struct suffix *table, struct decimal *ret_number,
		       const struct suffix **ret_suffix, bool *ret_over)
{
	const char *rest = read_decimal(word, ret_number, ret_over);

	if (!rest)
		return -EINVAL;
	*ret_suffix = find_suffix(table, rest);
	return *ret_suffix ? 0 : -EINVAL;
}

int pp_parse_time(const char *word, bool bare_seconds, pp_ns *ret_time)
{
	const struct suffix *suffix;
	struct decimal number;
	uint64_t left;
	int64_t ns;
	bool over;
	int err = read_scaled(word, time_suffixes, &number, &suffix, &over);

	if (err || (!*suffix->name && !bare_seconds))
		return -EINVAL;
	if (over || scale_decimal(&number, suffix->factor, &ns, &left))
		return -ERANGE;
	*ret_time = PP_NS(ns);
	return 0;
}

int pp_parse_rate(const char *word, struct pp_rate *ret_rate)
{
	const struct suffix *suffix;
	struct decimal number;
	uint64_t left;
	int64_t whole;
	bool over;
	int err = read_scaled(word, rate_suffixes, &number, &suffix, &over);

	if (err)
		return err;
	if (over || scale_decimal(&number, suffix->factor, &whole, &left))
		return -ERANGE;
	double value = (double)whole + (double)left / (double)number.scale;
	if (!(value > 0))
		return -ERANGE;
	*ret_rate = (struct pp_rate){.value = value, .unit = suffix->unit};
	return 0;
}

int pp_parse_hex(const char *word, uint8_t *ret_bytes, size_t max)
{
	size_t digits = strlen(word);
	size_t count = digits / 2 + digits % 2;

	if (digits == 0)
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		if (hex_value(word[i]) < 0)
			return -EINVAL;
	if (count > max || count > INT32_MAX)
		return -ERANGE;
	for (size_t i = 0; i < count; i++) {
		int high = hex_value(word[2 * i]);
		int low = 2 * i + 1 < digits ? hex_value(word[2 * i + 1]) : -1;
		ret_bytes[i] = (uint8_t)(low < 0 ? high : high << 4 | low);
	}
	return (int)count;
}

/* The empty suffix is a bare number, in seconds. */
static const struct suffix time_suffixes[7] = {
	{.name = "", .factor = 1000000000},
	{.name = "ns", .factor = 1},
	{.name = "us", .factor = 1000},
	{.name = "ms", .factor = 1000000},
	{.name = "s", .factor = 1000000000},
	{.name = "min", .factor = 60000000000},
	{.name = NULL},
};

static const struct suffix rate_suffixes[14] = {
	{.name = "pps", .factor = 1, .unit = PP_RATE_PPS},
	{.name = "kpps", .factor = 1000, .unit = PP_RATE_PPS},
	{.name = "Mpps", .factor = 1000000, .unit = PP_RATE_PPS},
	{.name = "Gpps", .factor = 1000000000, .unit = PP_RATE_PPS},
	{.name = "bps", .factor = 1, .unit = PP_RATE_BPS},
	{.name = "kbps", .factor = 1000, .unit = PP_RATE_BPS},
	{.name = "Mbps", .factor = 1000000, .unit = PP_RATE_BPS},
	{.name = "Gbps", .factor = 1000000000, .unit = PP_RATE_BPS},
	{.name = "bpsl1", .factor = 1, .unit = PP_RATE_BPSL1},
	{.name = "kbpsl1", .factor = 1000, .unit = PP_RATE_BPSL1},
	{.name = "Mbpsl1", .factor = 1000000, .unit = PP_RATE_BPSL1},
	{.name = "Gbpsl1", .factor = 1000000000, .unit = PP_RATE_BPSL1},
	{.name = "%", .factor = 1, .unit = PP_RATE_PERCENT},
	{.name = NULL},
};
