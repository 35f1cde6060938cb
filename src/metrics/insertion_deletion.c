/* SPDX-License-Identifier: Apache-2.0
 *
 * Insertion and Deletion (Petsiuk, Das, Saenko: "RISE", BMVC 2018), under any protocol.
 */
#include "metrics/curve.h"

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, bool insertion, vt_measure *out)
{
  vt_curve curve;
  VT_TRY(vt_curve_run(ctx, task, judged, protocol, insertion, &curve));
  out->value = vt_curve_auc(&curve, protocol);
  out->normalised = vt_curve_normalised_auc(&curve, protocol, insertion);
  vt_curve_give(&curve, out);
  return VT_OK;
}

static vt_status insertion(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                           const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(settings);
  return measure(ctx, task, judged, protocol, true, out);
}

static vt_status deletion(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                          const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(settings);
  return measure(ctx, task, judged, protocol, false, out);
}

const vt_metric vt_metric_insertion = {
    .id = "insertion",
    .title = "Insertion",
    .summary = "Area under the target's score while the most important pixels are pasted first.",
    .citation = "Petsiuk, V., Das, A., Saenko, K. (2018). RISE. BMVC.",
    .category = "faithfulness",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .curve = true,
    .run = insertion,
};

const vt_metric vt_metric_deletion = {
    .id = "deletion",
    .title = "Deletion",
    .summary = "Area under the target's score while the most important pixels are removed first.",
    .citation = "Petsiuk, V., Das, A., Saenko, K. (2018). RISE. BMVC.",
    .category = "faithfulness",
    .higher_is_better = false,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .curve = true,
    .run = deletion,
};
