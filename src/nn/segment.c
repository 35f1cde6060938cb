/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/segment.h"

#include <math.h>

#include "nn/loss.h"
#include "ops/layout.h"

/* ---- overlap ---- */

vt_status vt_overlap_new(vt_ctx *ctx, int64_t classes, int64_t ignore, vt_overlap *out)
{
  *out = (vt_overlap){.classes = classes, .ignore = ignore};
  if (classes < 1 || classes > INT32_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "overlap of %lld classes; 1 or more are needed",
                   (long long)classes);
  out->truth = vt_alloc_zero(ctx, 3 * (size_t)classes, sizeof *out->truth);
  if (!out->truth) return VT_ERROR_OUT_OF_MEMORY;
  out->predicted = out->truth + classes;
  out->both = out->predicted + classes;
  return VT_OK;
}

void vt_overlap_free(vt_overlap *overlap)
{
  if (!overlap) return;
  vt_free(overlap->truth);
  *overlap = (vt_overlap){0};
}

void vt_overlap_add(vt_overlap *overlap, int64_t truth, int64_t predicted)
{
  if (truth == overlap->ignore) return;
  overlap->truth[truth]++;
  overlap->predicted[predicted]++;
  overlap->both[truth] += truth == predicted;
}

double vt_overlap_iou(const vt_overlap *overlap, int64_t class_index)
{
  int64_t both = overlap->both[class_index];
  int64_t either = overlap->truth[class_index] + overlap->predicted[class_index] - both;
  return either ? (double)both / (double)either : NAN;
}

double vt_overlap_mean(const vt_overlap *overlap)
{
  double sum = 0;
  int64_t count = 0;
  for (int64_t k = 0; k < overlap->classes; k++) {
    double iou = vt_overlap_iou(overlap, k);
    if (k == overlap->ignore || isnan(iou)) continue;
    sum += iou;
    count++;
  }
  return count ? sum / (double)count : 0;
}

double vt_overlap_accuracy(const vt_overlap *overlap)
{
  int64_t right = 0, count = 0;
  for (int64_t k = 0; k < overlap->classes; k++) {
    right += overlap->both[k];
    count += overlap->truth[k];
  }
  return count ? (double)right / (double)count : 0;
}

/* ---- task ---- */

static void segment_loss(vt_scope s, const vt_batch *batch, const void *user, vt_losses *losses)
{
  const vt_segment *segment = user;
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *x = vt_batch_get(ctx, batch, segment->input), *truth = vt_batch_get(ctx, batch, segment->target);
  if (!x || !truth) return;
  vt_tensor *scores = segment->model(s, x, segment->settings);
  vt_entropy_settings settings = {.axis = 1, .smoothing = segment->smoothing};
  vt_losses_add(losses, "entropy", vt_cross_entropy(ctx, scores, truth, segment->ignore, settings), 1);
}

typedef struct tally {
  const vt_segment *segment;
  vt_overlap overlap;
} tally;

/* scores [classes, pixels] of one item */
static vt_status count_item(vt_ctx *ctx, tally *t, const float *scores, const int64_t *truth, int64_t pixels,
                            const char *set, int64_t index)
{
  int64_t classes = t->segment->classes, ignore = t->segment->ignore;
  for (int64_t i = 0; i < pixels; i++) {
    if (truth[i] == ignore) continue;
    if (truth[i] < 0 || truth[i] >= classes)
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s, item %lld: class %lld in '%s'; the model has %lld", set,
                     (long long)index, (long long)truth[i], t->segment->target, (long long)classes);
    int64_t best = 0;
    for (int64_t k = 1; k < classes; k++)
      if (scores[k * pixels + i] > scores[best * pixels + i]) best = k;
    vt_overlap_add(&t->overlap, truth[i], best);
  }
  return VT_OK;
}

static vt_status count_batch(vt_run *run, const vt_batch *batch, void *user)
{
  tally *t = user;
  vt_ctx *ctx = run->ctx;
  const vt_segment *segment = t->segment;
  vt_tensor *x = vt_batch_get(ctx, batch, segment->input), *truth = vt_batch_get(ctx, batch, segment->target);
  if (!x || !truth) return vt_ctx_status(ctx);
  vt_tensor *scores = segment->model(vt_root(run), x, segment->settings);
  VT_TRY(vt_ctx_status(ctx));
  scores = vt_row_major(ctx, scores);
  if (!scores) return vt_ctx_status(ctx);
  char shape[160], wanted[160];
  if (truth->type != VT_I64 || truth->rank != 3 || scores->type != VT_F32 || scores->rank != 4 ||
      scores->dims[0] != batch->count || scores->dims[1] != segment->classes ||
      scores->dims[2] != truth->dims[1] || scores->dims[3] != truth->dims[2])
    return vt_fail(
        ctx, VT_ERROR_INVALID_MODEL,
        "%s: a model that segments into %lld classes gives f32 [items, classes, height, width] for "
        "'%s' i64 [items, height, width]; here %s for %s",
        batch->set->name, (long long)segment->classes, segment->target, vt_shape_text(scores, shape),
        vt_shape_text(truth, wanted));
  int64_t pixels = truth->dims[1] * truth->dims[2];
  for (int64_t i = 0; i < batch->count; i++)
    VT_TRY(count_item(ctx, t, (const float *)scores->data + i * segment->classes * pixels,
                      (const int64_t *)truth->data + i * pixels, pixels, batch->set->name,
                      batch->indices[i]));
  return VT_OK;
}

static void add_measures(const tally *t, vt_measures *out)
{
  const vt_segment *segment = t->segment;
  vt_measures_add(out, "miou", vt_overlap_mean(&t->overlap), false);
  vt_measures_add(out, "accuracy", vt_overlap_accuracy(&t->overlap), false);
  for (int64_t k = 0; k < segment->classes; k++) {
    char name[40];
    double iou = vt_overlap_iou(&t->overlap, k);
    if (k == segment->ignore || isnan(iou)) continue;
    if (segment->names)
      snprintf(name, sizeof name, "iou.%s", segment->names[k]);
    else
      snprintf(name, sizeof name, "iou.%lld", (long long)k);
    vt_measures_add(out, name, iou, false);
  }
}

static vt_status segment_measure(vt_run *run, const vt_dataset *set, int64_t batch, const void *user,
                                 vt_measures *out)
{
  tally t = {.segment = user};
  VT_TRY(vt_overlap_new(run->ctx, t.segment->classes, t.segment->ignore, &t.overlap));
  vt_status status = vt_each_batch(run, set, batch, t.segment->fields, count_batch, &t);
  if (status == VT_OK) add_measures(&t, out);
  vt_overlap_free(&t.overlap);
  return status;
}

vt_learning_task vt_segment_task(vt_segment *segment)
{
  if (!segment->input) segment->input = "image";
  if (!segment->target) segment->target = "mask";
  segment->fields[0] = segment->input;
  segment->fields[1] = segment->target;
  segment->fields[2] = NULL;
  return (vt_learning_task){.id = "segment",
                            .fields = segment->fields,
                            .loss = segment_loss,
                            .measure = segment_measure,
                            .user = segment};
}
