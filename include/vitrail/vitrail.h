/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything of libvitrail in one header.
 */
#ifndef VITRAIL_VITRAIL_H
#define VITRAIL_VITRAIL_H

#include "vitrail/attribution.h"
#include "vitrail/base.h"
#include "vitrail/data.h"
#include "vitrail/explain.h"
#include "vitrail/graph.h"
#include "vitrail/tensor.h"
#include "vitrail/tokenizer.h"
#include "vitrail/trace.h"

#endif
