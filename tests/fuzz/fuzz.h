/* SPDX-License-Identifier: BSD-3-Clause */
/* What libFuzzer calls, and what replay.c calls with the files of a corpus. */
#ifndef PMDPING_FUZZ_H
#define PMDPING_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
