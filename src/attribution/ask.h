/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking a model many questions within budgets: as many as may be asked, in order, and a mark on the
 * explanation when that was not all.
 */
#ifndef VT_ATTRIBUTION_ASK_H
#define VT_ATTRIBUTION_ASK_H

#include "explain/map.h"

/* When `status` says that a budget, the time or the user ended the work: marks the explanation as
 * partial, clears the context and gives VT_OK. Any other status comes back as it is. */
vt_status vt_ask_stopped(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, vt_status status);

/* The target's scores of inputs that a method composes ([vt_task_floats()] each): of pictures through the
 * scorer (without one: vt_task_score()), of arrays by runs without gradient. scores[0 … *done − 1] are
 * filled; fewer than `count` only as said at vt_ask_stopped(). */
vt_status vt_ask_inputs(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, int64_t count,
                        vt_compose_fn compose, void *user, double *scores, int64_t *done);

/* The failure of a method that was stopped before it could say anything. */
vt_status vt_ask_too_few(vt_ctx *ctx, const vt_explanation *explanation, const char *method, int64_t done,
                         int64_t least);

#endif
