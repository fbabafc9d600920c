/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What differs between the DPDK releases that we build on (22.11, 24.11, 25.11).
 */
#ifndef PMDPING_DP_COMPAT_H
#define PMDPING_DP_COMPAT_H

#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "DPDK 22.11 or newer is needed"
#endif

#endif
