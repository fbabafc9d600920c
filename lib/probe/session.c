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

struct pp_sessions *pp_sessions_create(uint32_t capacity, uint64_t seed)
{
	if (capacity == 0 || capacity >= PP_REF_INDEX_MASK)
		return NULL;
	struct pp_sessions *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->slot = mmap(NULL, (size_t)(capacity + 1) * sizeof(*t->slot), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->slot == MAP_FAILED) {
		free(t);
		return NULL;
	}
	t->capacity = capacity;
	pp_prng_seed(&t->rng, seed);
	return t;
}

static void free_parts(struct pp_session *s)
{
	pp_tally_free(s->tally);
	free(s->tmpl);
	free(s->recent);
	free(s->samples);
	pp_pace_free(s->pace);
	s->pace = NULL;
	s->tally = NULL;
	s->tmpl = NULL;
	s->recent = NULL;
	s->samples = NULL;
}

void pp_sessions_free(struct pp_sessions *t)
{
	if (!t)
		return;
	for (uint32_t i = 1; i <= t->used; i++)
		free_parts(&t->slot[i]);
	munmap(t->slot, (size_t)(t->capacity + 1) * sizeof(*t->slot));
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

static int check_spec(const struct pp_session_spec *spec)
{
	bool four = pp_addr_is4(&spec->target);
	size_t packet = (size_t)(four ? PP_IP4_HLEN : PP_IP6_HLEN) + PP_ICMP_HLEN + spec->size;

	if (four != pp_addr_is4(&spec->source) || spec->ttl == 0 || spec->link.vlan > VLAN_MAX)
		return -EINVAL;
	if (spec->pattern_len && !spec->pattern)
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
	uint64_t want = outstanding(spec);
	uint64_t size = spec->flags & PP_SESSION_FLOOD ? RECENT_FLOOD : RECENT_MIN;

	while (size < want && size < RECENT_MAX)
		size *= 2;
	return size;
}

size_t pp_session_memory(const struct pp_session_spec *spec)
{
	return sizeof(struct pp_session) + sizeof(struct pp_tally) +
	       7 * sizeof(uint64_t) * pp_hist_len(spec->digits) + sizeof(struct pp_template) +
	       spec->size + 64 + sizeof(uint64_t) * recent_size(spec) +
	       sizeof(struct pp_sample) * spec->samples;
}

static struct pp_session *take_slot(struct pp_sessions *t, pp_session_ref *ret_ref)
{
	uint32_t index = t->free_head;

	if (index) {
		t->free_head =
			atomic_load_explicit(&t->slot[index].next_same_id, memory_order_relaxed);
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
	atomic_store_explicit(&s->next_same_id, t->free_head, memory_order_relaxed);
	t->free_head = index;
}

/* Random, and nobody's if that can be found quickly. */
static uint16_t pick_id(struct pp_sessions *t)
{
	uint16_t id = 0;

	for (int i = 0; i < 32; i++) {
		id = (uint16_t)pp_prng_next(&t->rng);
		if (atomic_load_explicit(&t->by_id[id], memory_order_relaxed) == 0)
			break;
	}
	return id;
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

static int allocate_parts(struct pp_session *s, const struct pp_session_spec *spec)
{
	uint64_t size = recent_size(spec);

	s->tally = pp_tally_create(spec->digits);
	s->tmpl = pp_template_create(spec, s->id, s->token);
	s->recent = calloc(size, sizeof(*s->recent));
	s->recent_mask = (uint32_t)(size - 1);
	int err = pp_pace_create(spec, s->period, outstanding(spec), &s->pace);
	if (spec->samples)
		s->samples = make_samples(spec->samples);
	if (!err && s->tally && s->tmpl && s->recent && (s->samples || !spec->samples))
		return 0;
	free_parts(s);
	return err ? err : -ENOMEM;
}

static void fill_session(struct pp_session *s, const struct pp_session_spec *spec)
{
	s->target = spec->target;
	s->source = spec->source;
	s->token = spec->token;
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
	atomic_store_explicit(&s->hop, spec->hop, memory_order_relaxed);
}

/* Puts it where pp_sessions_match looks. */
static void link_session(struct pp_sessions *t, struct pp_session *s, pp_session_ref ref)
{
	pp_session_ref head = atomic_load_explicit(&t->by_id[s->id], memory_order_relaxed);

	atomic_store_explicit(&s->next_same_id, head, memory_order_relaxed);
	atomic_store_explicit(&s->ref, ref, memory_order_release);
	atomic_store_explicit(&t->by_id[s->id], ref, memory_order_release);
}

int pp_session_add(struct pp_sessions *t, const struct pp_session_spec *spec,
		   pp_session_ref *ret_ref)
{
	struct pp_session_spec full = *spec;
	pp_session_ref ref;
	int err = check_spec(spec);

	if (err)
		return err;
	if (spec->size < PP_TOKEN_SIZE)
		full.flags |= PP_SESSION_WEAK;
	struct pp_session *s = take_slot(t, &ref);
	if (!s)
		return -ENOSPC;
	fill_session(s, &full);
	s->id = spec->id ? spec->id : pick_id(t);
	err = allocate_parts(s, &full);
	if (err) {
		give_slot(t, s, ref & PP_REF_INDEX_MASK, ref >> PP_REF_INDEX_BITS);
		return err;
	}
	s->frame_len = s->tmpl->len;
	link_session(t, s, ref);
	*ret_ref = ref;
	return 0;
}

void pp_session_unlink(struct pp_sessions *t, pp_session_ref ref)
{
	struct pp_session *s = pp_session_get(t, ref);

	if (!s)
		return;
	_Atomic(pp_session_ref) *at = &t->by_id[s->id];
	for (;;) {
		pp_session_ref r = atomic_load_explicit(at, memory_order_relaxed);
		if (r == 0)
			return;
		if (r == ref)
			break;
		at = &pp_session_at(t, r)->next_same_id;
	}
	atomic_store_explicit(at, atomic_load_explicit(&s->next_same_id, memory_order_relaxed),
			      memory_order_release);
}

void pp_session_reclaim(struct pp_sessions *t, pp_session_ref ref)
{
	struct pp_session *s = pp_session_get(t, ref);

	if (!s)
		return;
	atomic_store_explicit(&s->ref, 0, memory_order_release);
	free_parts(s);
	give_slot(t, s, ref & PP_REF_INDEX_MASK, (ref >> PP_REF_INDEX_BITS) + 1);
}

void pp_session_set_hop(struct pp_session *s, const struct pp_hop *hop)
{
	atomic_store_explicit(&s->hop, hop, memory_order_release);
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
	return s->id;
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
	return s->next_k - s->held_from;
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
