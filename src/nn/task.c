/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/task.h"

#include <math.h>

#include "nn/evidence.h"
#include "nn/loss.h"
#include "ops/layout.h"

/* ---- measures ---- */

void vt_measures_add(vt_measures *measures, const char *name, double value, bool lower)
{
  if (measures->count == VT_MEASURES) return;
  snprintf(measures->items[measures->count].name, sizeof measures->items[0].name, "%s", name);
  measures->items[measures->count].value = value;
  measures->items[measures->count++].lower = lower;
}

double vt_measures_get(const vt_measures *measures, const char *name)
{
  for (int i = 0; i < measures->count; i++)
    if (strcmp(measures->items[i].name, name) == 0) return measures->items[i].value;
  return NAN;
}

/* ---- batches ---- */

vt_status vt_fields_of(vt_ctx *ctx, const vt_dataset *set, const char *const *names, uint32_t *out)
{
  *out = names ? 0 : UINT32_MAX;
  for (; names && *names; names++) {
    int field = vt_dataset_find(set, *names);
    if (field < 0) {
      vt_text known = {0};
      for (int i = 0; i < set->field_count; i++)
        vt_text_addf(ctx, &known, "%s%s", i ? ", " : "", set->fields[i].name);
      (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no field '%s', which this task reads; it has: %s",
                    set->name, *names, known.data ? known.data : "none");
      vt_text_free(&known);
      return VT_ERROR_INVALID_ARGUMENT;
    }
    *out |= UINT32_C(1) << field;
  }
  return VT_OK;
}

static vt_status one_batch(vt_run *run, const vt_dataset *set, int64_t *indices, int64_t first, int count,
                           const uint32_t *fields, vt_batch_fn body, void *user)
{
  vt_batch batch;
  for (int i = 0; i < count; i++)
    indices[i] = first + i;
  VT_TRY(vt_check_cancel(run->ctx));
  VT_TRY(vt_batch_make(run->ctx, set, indices, count, 0, fields, &batch));
  vt_run_begin(run);
  VT_TRY(body(run, &batch, user));
  return vt_ctx_status(run->ctx);
}

vt_status vt_each_batch(vt_run *run, const vt_dataset *set, int64_t batch, const char *const *fields,
                        vt_batch_fn body, void *user)
{
  vt_ctx *ctx = run->ctx;
  uint32_t wanted;
  VT_TRY(vt_ctx_status(ctx));
  VT_TRY(vt_fields_of(ctx, set, fields, &wanted));
  if (batch < 1 || batch > INT32_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a batch has 1 item or more, not %lld", (long long)batch);
  int64_t *indices = vt_alloc_zero(ctx, (size_t)batch, sizeof *indices);
  vt_status status = indices ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int64_t first = 0; first < set->count && status == VT_OK; first += batch) {
    int64_t left = set->count - first;
    size_t mark = vt_tensor_mark(ctx);
    status = one_batch(run, set, indices, first, (int)(left < batch ? left : batch), &wanted, body, user);
    vt_tensor_release(ctx, mark);
  }
  vt_free(indices);
  return status;
}

/* ---- classification ---- */

/* Noise of one batch: `count` items of the shape of x's, even in [−1, 1], in squares of 1, 2, 4 or 8
 * pixels. */
typedef struct noise_job {
  float *data;
  vt_noise noise;
  int64_t height, width, item; /* of a plane; numbers of an item */
} noise_job;

static void fill_noise(void *user, int64_t first, int64_t last)
{
  const noise_job *job = user;
  for (int64_t i = first; i < last; i++) {
    int64_t item = i / job->item, place = i % job->item, plane = job->height * job->width;
    int64_t y = place % plane / job->width, x = place % job->width;
    uint64_t stream = job->noise.stream + (uint64_t)item;
    int shift = (int)vt_random_below(job->noise.seed, stream, UINT64_MAX, 4);
    int64_t cell = (place / plane) * plane + (y >> shift) * job->width + (x >> shift);
    job->data[i] = (float)(2 * vt_random_uniform(job->noise.seed, stream, (uint64_t)cell) - 1);
  }
}

static vt_tensor *with_noise(vt_scope s, vt_tensor *x, int64_t count)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t dims[VT_MAX_RANK];
  if (vt_is_void(x)) return x;
  memcpy(dims, x->dims, sizeof dims);
  dims[0] = count;
  vt_tensor *noise = vt_filled(ctx, x->rank, dims, 0);
  if (vt_is_void(noise)) return noise;
  bool picture = x->rank == 4;
  noise_job job = {.data = noise->data,
                   .noise = vt_noise_of(s, "outliers"),
                   .height = picture ? dims[2] : 1,
                   .width = picture ? dims[3] : vt_count(noise) / count,
                   .item = vt_count(noise) / count};
  vt_parallel(ctx, vt_count(noise), 1 << 14, fill_noise, &job);
  return vt_concat(ctx, 0, 2, (vt_tensor *[]){x, noise});
}

static void evidential_loss(vt_scope s, const vt_classify *c, vt_tensor *x, vt_tensor *label,
                            vt_losses *losses)
{
  vt_ctx *ctx = s.run->ctx;
  vt_terms terms = {0};
  vt_evidential_form form = (vt_evidential_form)(c->objective - VT_OBJECTIVE_EVIDENTIAL_LOG);
  int64_t items = vt_dim(x, 0), noise = c->noise > 0 ? (int64_t)ceil(c->noise * (double)items) : 0;
  if (noise) x = with_noise(s, x, noise);
  vt_tensor *all = c->model(s, x, c->settings), *scores = noise ? vt_slice(ctx, all, 0, 0, items) : all;
  vt_losses_add(losses, "evidential", vt_evidential_loss(ctx, scores, label, form, terms), 1);
  if (noise) {
    vt_tensor *of_noise = vt_slice(ctx, all, 0, items, items + noise);
    vt_losses_add(losses, "noise", vt_evidential_kl(ctx, of_noise, NULL, terms), 1);
  }
  if (c->annealing <= 0) return;
  double weight = fmin(1, (double)s.run->step / (double)c->annealing);
  vt_losses_add(losses, "kl", vt_evidential_kl(ctx, scores, label, terms), weight);
}

static void classify_loss(vt_scope s, const vt_batch *batch, const void *user, vt_losses *losses)
{
  const vt_classify *c = user;
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *x = vt_batch_get(ctx, batch, c->input), *label = vt_batch_get(ctx, batch, "label");
  if (!x || !label) return;
  if (c->objective != VT_OBJECTIVE_ENTROPY) {
    evidential_loss(s, c, x, label, losses);
    return;
  }
  vt_tensor *scores = c->model(s, x, c->settings);
  vt_tensor *entropy =
      vt_cross_entropy(ctx, scores, label, -1, (vt_entropy_settings){.smoothing = c->smoothing});
  vt_losses_add(losses, "entropy", entropy, 1);
}

typedef struct tally {
  const vt_classify *classify;
  double entropy, uncertainty;
  int64_t right, count;
} tally;

/* −log of the label's probability, and whether no other is higher, or equal and before it. */
static void count_row(tally *t, const float *scores, int64_t classes, int64_t label)
{
  double high = (double)scores[0], sum = 0;
  int64_t best = 0;
  for (int64_t k = 1; k < classes; k++)
    if ((double)scores[k] > high) {
      high = (double)scores[k];
      best = k;
    }
  for (int64_t k = 0; k < classes; k++)
    sum += exp((double)scores[k] - high);
  if (t->classify->objective == VT_OBJECTIVE_ENTROPY) {
    t->entropy += log(sum) + high - (double)scores[label];
  } else {
    t->entropy -= log(vt_evidential_probability(scores, (size_t)classes, (size_t)label));
    t->uncertainty += vt_evidential_uncertainty(scores, (size_t)classes);
  }
  t->right += best == label;
  t->count++;
}

static vt_status count_batch(vt_run *run, const vt_batch *batch, void *user)
{
  tally *t = user;
  vt_ctx *ctx = run->ctx;
  vt_tensor *x = vt_batch_get(ctx, batch, t->classify->input), *labels = vt_batch_get(ctx, batch, "label");
  if (!x || !labels) return vt_ctx_status(ctx);
  vt_tensor *scores = t->classify->model(vt_root(run), x, t->classify->settings);
  VT_TRY(vt_ctx_status(ctx));
  scores = vt_row_major(ctx, scores);
  if (!scores) return vt_ctx_status(ctx);
  char shape[160];
  if (scores->type != VT_F32 || scores->rank != 2 || scores->dims[0] != batch->count || scores->dims[1] < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "a classifier gives scores f32[items, classes]; this one %s",
                   vt_shape_text(scores, shape));
  int64_t classes = scores->dims[1];
  for (int64_t i = 0; i < batch->count; i++) {
    int64_t label = vt_get_i64(labels, i);
    if (label < 0 || label >= classes)
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s, item %lld: label %lld; the model has %lld classes",
                     batch->set->name, (long long)batch->indices[i], (long long)label, (long long)classes);
    count_row(t, (const float *)scores->data + i * classes, classes, label);
  }
  return VT_OK;
}

static vt_status classify_measure(vt_run *run, const vt_dataset *set, int64_t batch, const void *user,
                                  vt_measures *out)
{
  tally t = {.classify = user};
  VT_TRY(vt_each_batch(run, set, batch, t.classify->fields, count_batch, &t));
  double count = t.count ? (double)t.count : 1;
  vt_measures_add(out, "accuracy", (double)t.right / count, false);
  vt_measures_add(out, "entropy", t.entropy / count, true);
  if (t.classify->objective != VT_OBJECTIVE_ENTROPY)
    vt_measures_add(out, "uncertainty", t.uncertainty / count, true);
  return VT_OK;
}

vt_learning_task vt_classify_task(vt_classify *classify)
{
  if (!classify->input) classify->input = "image";
  classify->fields[0] = classify->input;
  classify->fields[1] = "label";
  classify->fields[2] = NULL;
  return (vt_learning_task){.id = "classify",
                            .fields = classify->fields,
                            .loss = classify_loss,
                            .measure = classify_measure,
                            .user = classify};
}
