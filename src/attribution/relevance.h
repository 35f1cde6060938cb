/* SPDX-License-Identifier: Apache-2.0
 *
 * What methods of relevance share: canonise the graph, choose rules, run, and say what the sum lost.
 */
#ifndef VT_ATTRIBUTION_RELEVANCE_H
#define VT_ATTRIBUTION_RELEVANCE_H

#include "attribution/rule_composite.h"
#include "attribution/rule_map.h"

/* Sets the explanation's map. Its completeness compares the map's sum with what relevance started with: Σ
 * output · derivative of the target, for a logit the logit. `settings->low` and `high` are filled in from the
 * model's preparation of pictures. */
vt_status vt_relevance_map(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                           const vt_composite_settings *settings);

#endif
