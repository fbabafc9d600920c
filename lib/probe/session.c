/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The session table: the control thread adds and takes away, workers look up by ICMP
 * identifier while it does.
 */
#include "schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PERIOD_MAX PP_SEC(3600)
#define RUN_MAX	   PP_SEC(INT64_C(3653) * 86400) /* ten years from now still fit */
#define VLAN_MAX   4094
/* Frame lengths are 16 bits wide. */
#define PACKET_MAX   (UINT16_MAX - PP_ETH_HLEN - PP_VLAN_HLEN)
#define FLOOD_RATE   100.0 /* ping -f: at least a hundred a second */
#define RECENT_MIN   64
#define RECENT_MAX   65536 /* the 16-bit sequence tells no more apart */
#define RECENT_FLOOD 8192

static void *map_zeroed(size_t size)
{
	void *m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return m == MAP_FAILED ? NULL : m;
}

/* Pages are not resident before they are used. */
struct pp_sessions *pp_sessions_create(uint32_t capacity, uint64_t seed)
{
	if (capacity == 0 || capacity >= PP_REF_INDEX_MASK)
		return NULL;
	struct pp_sessions *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->capacity = capacity;
	t->slot = map_zeroed((size_t)(capacity + 1) * sizeof(*t->slot));
	t->target = map_zeroed((size_t)(capacity + 1) * sizeof(*t->target));
	t->free = calloc(1, sizeof(*t->free));
	if (!t->slot || !t->target || !t->free) {
		pp_sessions_free(t);
		return NULL;
	}
	*t->free = (struct pp_free_range){.first = 1, .n = capacity};
	pp_prng_seed(&t->rng, seed);
	return t;
}

static bool is_mixed(const struct pp_session_spec *spec)
{
	return spec->mix[PP_MIX_SIZES - 1] > 0;
}

static void free_mix(struct pp_mix *mix)
{
	for (size_t i = 1; mix && i < PP_MIX_SIZES; i++)
		free(mix->tmpl[i]);
	free(mix);
}

static void free_parts(struct pp_session *s)
{
	pp_tally_free(s->tally);
	free_mix(s->mix);
	free(s->tmpl);
	free(s->recent);
	free(s->samples);
	pp_pace_free(s->pace);
	s->pace = NULL;
	s->tally = NULL;
	s->mix = NULL;
	s->tmpl = NULL;
	s->recent = NULL;
	s->samples = NULL;
}

static void unmap(void *m, size_t size)
{
	if (m)
		munmap(m, size);
}

void pp_sessions_free(struct pp_sessions *t)
{
	if (!t)
		return;
	for (uint32_t i = 1; t->slot && i <= t->used; i++)
		free_parts(&t->slot[i]);
	for (struct pp_free_range *r = t->free, *next; r; r = next) {
		next = r->next;
		free(r);
	}
	unmap(t->slot, (size_t)(t->capacity + 1) * sizeof(*t->slot));
	unmap(t->target, (size_t)(t->capacity + 1) * sizeof(*t->target));
	free(t);
}

struct pp_session *pp_session_get(const struct pp_sessions *t, pp_session_ref ref)
{
	uint32_t index = ref & PP_REF_INDEX_MASK;

	if (index == 0 || index > t->capacity)
		return NULL;
	struct pp_session *s = &t->slot[index];
	return atomic_load_explicit(&s->ref, memory_order_acquire) == ref ? s : NULL;
}

/* Of an hour at most: longer ones overflow the fixed point. NaN is no rate. */
static bool period_valid(const struct pp_session_spec *spec)
{
	if (spec->rate != 0)
		return spec->rate >= 1e9 / (double)PERIOD_MAX.v && spec->rate <= 1e9;
	return spec->interval.v > 0 && spec->interval.v <= PERIOD_MAX.v;
}

static bool times_valid(const struct pp_session_spec *spec)
{
	if (spec->timeout.v < 1000 || spec->timeout.v > PP_TIMEOUT_MAX.v)
		return false;
	if (spec->deadline.v < 0 || spec->deadline.v > RUN_MAX.v || spec->slack.v < 0 ||
	    spec->slack.v > RUN_MAX.v)
		return false;
	return period_valid(spec);
}

static bool is_family(const struct pp_session_spec *spec, bool four)
{
	for (uint32_t i = 0; i < spec->n_targets; i++)
		if (pp_addr_is4(&spec->targets[i].addr) != four)
			return false;
	return pp_addr_is4(&spec->source) == four;
}

/* A flood goes on when its one target answers. */
static int check_spec(const struct pp_session_spec *spec)
{
	bool four = pp_addr_is4(&spec->targets[0].addr);
	size_t most = is_mixed(spec) ? spec->mix[PP_MIX_SIZES - 1] : spec->size;
	size_t packet = (size_t)(four ? PP_IP4_HLEN : PP_IP6_HLEN) + PP_ICMP_HLEN + most;

	if (!is_family(spec, four) || spec->ttl == 0 || spec->link.vlan > VLAN_MAX)
		return -EINVAL;
	if (spec->flags & PP_SESSION_FLOOD && spec->n_targets > 1)
		return -EINVAL;
	if (spec->pattern_len && !spec->pattern)
		return -EINVAL;
	if (is_mixed(spec) && (spec->mix[0] < PP_TOKEN_SIZE || spec->mix[1] < spec->mix[0] ||
			       spec->mix[2] < spec->mix[1]))
		return -EINVAL;
	if (!times_valid(spec) || pp_hist_len(spec->digits) == 0)
		return -EINVAL;
	return packet > spec->mtu || packet > PACKET_MAX ? -EMSGSIZE : 0;
}

static uint64_t period_of(const struct pp_session_spec *spec)
{
	bool flood = spec->flags & PP_SESSION_FLOOD;

	if (flood && !(spec->rate > 0 && spec->rate < FLOOD_RATE))
		return (uint64_t)(1e9 / FLOOD_RATE) << PP_PERIOD_SHIFT;
	if (spec->rate > 0)
		return (uint64_t)(1e9 / spec->rate * (double)(1u << PP_PERIOD_SHIFT));
	return (uint64_t)spec->interval.v << PP_PERIOD_SHIFT;
}

/* How late a slot may be sent: 64 periods, at most 100 ms, at least one period. For
 * a flood, which has no slots to be late for: the shortest gap that its rate allows. */
static int64_t slack_of(const struct pp_session_spec *spec, uint64_t period)
{
	int64_t one = (int64_t)(period >> PP_PERIOD_SHIFT);
	int64_t many = one > PP_MS(100).v / 64 ? PP_MS(100).v : one * 64;

	if (spec->slack.v > 0 && !(spec->flags & PP_SESSION_FLOOD))
		return spec->slack.v;
	if (spec->flags & PP_SESSION_FLOOD)
		return spec->rate > 0 ? (int64_t)(1e9 / spec->rate) : 0;
	return one > many ? one : many;
}

/* Twice the slots that can be due within a timeout and the slack before, bursts
 * included. */
static uint64_t outstanding(const struct pp_session_spec *spec)
{
	int64_t one = (int64_t)(period_of(spec) >> PP_PERIOD_SHIFT);
	uint64_t each = spec->pacing == PP_PACING_BURST ? spec->burst : 1;

	if (spec->pacing == PP_PACING_TRACE || one <= 0)
		return RECENT_MAX;
	int64_t span = spec->timeout.v + slack_of(spec, period_of(spec));
	return (uint64_t)(2 * span / one + 1) * each;
}

/* Slots whose numbers are kept. */
static uint64_t recent_size(const struct pp_session_spec *spec)
{
	uint64_t wait = spec->n_targets > 1 ? spec->n_targets : 0; /* until a target's next turn */
	uint64_t want = outstanding(spec) + 2 * wait;
	uint64_t size = spec->flags & PP_SESSION_FLOOD ? RECENT_FLOOD : RECENT_MIN;

	while (size < want && size < RECENT_MAX)
		size *= 2;
	return size;
}

/* Of several targets, only where no answer says its number: else each one's newest is enough
 * for routers that quote little. */
static bool keeps_recent(const struct pp_session_spec *spec)
{
	return spec->n_targets <= 1 || spec->size < PP_TOKEN_SIZE;
}

/* Slots whose due times are asked for: any target may wait until its next turn. */
static uint64_t paced(const struct pp_session_spec *spec)
{
	return outstanding(spec) + spec->n_targets + PP_TX_BURST;
}

/* Of the templates beyond the first. */
static size_t mix_memory(const struct pp_session_spec *spec)
{
	size_t each = sizeof(struct pp_template) + 64 + PP_WRITE_SLOP;

	return is_mixed(spec) ? sizeof(struct pp_mix) + 2 * each + spec->mix[1] + spec->mix[2] : 0;
}

size_t pp_session_memory(const struct pp_session_spec *spec)
{
	size_t n = spec->n_targets ? spec->n_targets : 1;
	size_t each = n * sizeof(struct pp_target) + pp_pace_memory(spec, paced(spec));

	if (keeps_recent(spec))
		each += sizeof(uint64_t) * recent_size(spec);
	return sizeof(struct pp_session) + each + sizeof(struct pp_tally) +
	       7 * sizeof(uint64_t) * pp_hist_len(spec->digits) + sizeof(struct pp_template) +
	       spec->size + 64 + PP_WRITE_SLOP + mix_memory(spec) +
	       sizeof(struct pp_sample) * spec->samples;
}

static struct pp_session *take_slot(struct pp_sessions *t, pp_session_ref *ret_ref)
{
	uint32_t index = t->free_head;

	if (index) {
		t->free_head = t->slot[index].next_free;
	} else if (t->used < t->capacity) {
		index = ++t->used;
	} else {
		return NULL;
	}
	struct pp_session *s = &t->slot[index];
	/* first_k keeps the place's generation while the place is free. */
	*ret_ref = (pp_session_ref)(s->first_k << PP_REF_INDEX_BITS) | index;
	return s;
}

static void give_slot(struct pp_sessions *t, struct pp_session *s, uint32_t index,
		      uint64_t generation)
{
	memset(s, 0, sizeof(*s));
	s->first_k = generation & (UINT32_MAX >> PP_REF_INDEX_BITS);
	s->next_free = t->free_head;
	t->free_head = index;
}

static struct pp_samples *make_samples(uint32_t capacity)
{
	size_t used = sizeof(struct pp_samples) + capacity * sizeof(struct pp_sample);
	size_t size = used + PP_CACHE_LINE - used % PP_CACHE_LINE;
	struct pp_samples *x = aligned_alloc(PP_CACHE_LINE, size);

	if (x) {
		/* Touches every page, so that no worker has to. */
		memset(x, 0, size);
		x->at = (struct pp_sample *)(void *)(x + 1);
		x->capacity = capacity;
	}
	return x;
}

static int make_templates(struct pp_session *s, const struct pp_session_spec *spec)
{
	struct pp_session_spec one = *spec;

	s->tmpl = pp_template_create(spec, &spec->targets[0].addr);
	if (!s->tmpl || !is_mixed(spec))
		return s->tmpl ? 0 : -ENOMEM;
	s->mix = calloc(1, sizeof(*s->mix));
	if (!s->mix)
		return -ENOMEM;
	s->mix->tmpl[0] = s->tmpl;
	for (size_t i = 1; i < PP_MIX_SIZES; i++) {
		one.size = spec->mix[i];
		s->mix->tmpl[i] = pp_template_create(&one, &spec->targets[0].addr);
		if (!s->mix->tmpl[i])
			return -ENOMEM;
	}
	return 0;
}

static int allocate_parts(struct pp_session *s, const struct pp_session_spec *spec)
{
	uint64_t size = keeps_recent(spec) ? recent_size(spec) : 0;

	s->tally = pp_tally_create(spec->digits);
	int err = make_templates(s, spec);
	if (size)
		s->recent = calloc(size, sizeof(*s->recent));
	s->recent_mask = (uint32_t)(size - 1);
	if (!err)
		err = pp_pace_create(spec, s->period, paced(spec), &s->pace);
	if (spec->samples)
		s->samples = make_samples(spec->samples);
	if (!err && s->tally && (s->recent || !size) && (s->samples || !spec->samples))
		return 0;
	return err ? err : -ENOMEM;
}

static void fill_session(struct pp_session *s, const struct pp_session_spec *spec)
{
	s->source = spec->source;
	s->n_targets = spec->n_targets;
	s->size = spec->size;
	s->owner = spec->owner;
	s->flags = (uint8_t)spec->flags;
	s->period = period_of(spec);
	s->slots = spec->count;
	s->deadline = spec->deadline.v;
	s->timeout = spec->timeout.v;
	s->slack = slack_of(spec, s->period);
	s->first_k = 0;
	s->state = PP_SESSION_NEW;
}

static void fill_targets(struct pp_sessions *t, struct pp_session *s, pp_session_ref ref,
			 const struct pp_session_spec *spec)
{
	/* In a row, so that answers in a row are found in a row. */
	uint16_t id = pp_targets_pick_id(t);

	for (uint32_t i = 0; i < spec->n_targets; i++) {
		const struct pp_target_spec *from = &spec->targets[i];
		struct pp_target *g = &s->target[i];
		memset(g, 0, sizeof(*g));
		g->addr = from->addr;
		g->token = from->token;
		g->session = ref;
		g->id = from->id ? from->id : (uint16_t)(id + i);
		atomic_store_explicit(&g->hop, from->hop, memory_order_relaxed);
		pp_template_sum_target(s->tmpl, g);
	}
}

static int add_session(struct pp_sessions *t, const struct pp_session_spec *spec,
		       pp_session_ref *ret_ref)
{
	pp_session_ref ref;
	struct pp_session *s = take_slot(t, &ref);

	if (!s)
		return -ENOSPC;
	fill_session(s, spec);
	int err = allocate_parts(s, spec);
	if (!err)
		err = pp_targets_take(t, spec->n_targets, &s->target);
	if (err) {
		free_parts(s);
		give_slot(t, s, ref & PP_REF_INDEX_MASK, ref >> PP_REF_INDEX_BITS);
		return err;
	}
	s->frame_len = s->tmpl->len;
	fill_targets(t, s, ref, spec);
	atomic_store_explicit(&s->ref, ref, memory_order_release);
	pp_targets_link(t, s);
	*ret_ref = ref;
	return 0;
}

int pp_session_add(struct pp_sessions *t, const struct pp_session_spec *spec,
		   pp_session_ref *ret_ref)
{
	struct pp_session_spec full = *spec;
	const struct pp_target_spec one = {
		.addr = spec->target, .hop = spec->hop, .token = spec->token, .id = spec->id};

	if (full.n_targets == 0) {
		full.targets = &one;
		full.n_targets = 1;
	}
	if (is_mixed(spec))
		full.size = spec->mix[0];
	if (full.size < PP_TOKEN_SIZE)
		full.flags |= PP_SESSION_WEAK;
	int err = check_spec(&full);
	return err ? err : add_session(t, &full, ret_ref);
}

void pp_session_unlink(struct pp_sessions *t, pp_session_ref ref)
{
	struct pp_session *s = pp_session_get(t, ref);

	if (s)
		pp_targets_unlink(t, s);
}

void pp_session_reclaim(struct pp_sessions *t, pp_session_ref ref)
{
	struct pp_session *s = pp_session_get(t, ref);

	if (!s)
		return;
	pp_targets_give(t, s->target, s->n_targets);
	atomic_store_explicit(&s->ref, 0, memory_order_release);
	free_parts(s);
	give_slot(t, s, ref & PP_REF_INDEX_MASK, (ref >> PP_REF_INDEX_BITS) + 1);
}

void pp_session_set_hop(struct pp_session *s, uint32_t i, const struct pp_hop *hop)
{
	atomic_store_explicit(&s->target[i].hop, hop, memory_order_release);
}

const struct pp_tally *pp_session_tally(const struct pp_session *s)
{
	return s->tally;
}

const struct pp_samples *pp_session_samples(const struct pp_session *s)
{
	return s->samples;
}

uint16_t pp_session_id(const struct pp_session *s)
{
	return s->target[0].id;
}

bool pp_session_is_weak(const struct pp_session *s)
{
	return s->flags & PP_SESSION_WEAK;
}

size_t pp_session_frame_len(const struct pp_session *s)
{
	return s->frame_len;
}

uint64_t pp_session_held(const struct pp_session *s)
{
	return s->n_targets == 1 ? s->next_k - s->held_from : s->n_held;
}

struct pp_span pp_session_span(const struct pp_session *s)
{
	return (struct pp_span){PP_NS(s->first_tx), PP_NS(s->last_event)};
}

pp_ns pp_session_elapsed(const struct pp_session *s)
{
	return PP_NS(s->last_event > s->first_tx && s->first_tx ? s->last_event - s->first_tx : 0);
}

uint64_t pp_session_pipe(const struct pp_session *s)
{
	return s->pipe;
}

uint8_t pp_session_owner(const struct pp_session *s)
{
	return s->owner;
}
