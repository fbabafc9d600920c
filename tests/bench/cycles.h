/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the bench programs count in: cycles of the TSC, fenced; nanoseconds elsewhere.
 */
#ifndef PMDPING_BENCH_CYCLES_H
#define PMDPING_BENCH_CYCLES_H

#include <stdint.h>

#if defined(__x86_64__)
#include <x86intrin.h>
static inline uint64_t cycles(void)
{
	unsigned int cpu;
	uint64_t t = __rdtscp(&cpu);

	_mm_lfence();
	return t;
}
#else
#include <time.h>
static inline uint64_t cycles(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}
#endif

#endif
