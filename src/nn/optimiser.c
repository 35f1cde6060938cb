/* SPDX-License-Identifier: Apache-2.0
 *
 * Optimisers: the numbers of all parameters as one list of chunks, which threads share. What a chunk computes
 * does not depend on who does it, and sums of chunks are added in order.
 */
#include "nn/optimiser.h"

#include <math.h>

#include "ops/op.h"

#define FIELD(name_, kind_, member, fallback_, ...)                                                          \
  {                                                                                                          \
    name_, kind_, offsetof(vt_optimiser_settings, member), fallback_, __VA_ARGS__                            \
  }

const vt_field vt_optimiser_fields[] = {
    FIELD("optimiser", VT_FIELD_CHOICE, kind, "adamw", .choices = "adamw|adam|sgd",
          .help = "how gradients become steps", .aliases = "optimizer"),
    FIELD("lr", VT_FIELD_REAL, rate, "0.001", VT_RANGE(0, 1e30), .help = "highest learning rate",
          .aliases = "rate"),
    FIELD("momentum", VT_FIELD_REAL, momentum, "0.9", VT_RANGE(0, 1),
          .help = "sgd: share of the last step that goes on"),
    FIELD("nesterov", VT_FIELD_BOOL, nesterov, NULL, .help = "sgd: look ahead along the momentum"),
    FIELD("beta1", VT_FIELD_REAL, beta1, "0.9", VT_RANGE(0, .999999999),
          .help = "adam: share of the mean gradient that stays"),
    FIELD("beta2", VT_FIELD_REAL, beta2, "0.999", VT_RANGE(0, .999999999),
          .help = "adam: the same of the mean square"),
    FIELD("epsilon", VT_FIELD_REAL, epsilon, "1e-8", VT_RANGE(0, 1),
          .help = "adam: added to the root of the mean square"),
    FIELD("wd", VT_FIELD_REAL, decay, "0.01", VT_RANGE(0, 100), .help = "weight decay",
          .aliases = "weight_decay"),
    FIELD("decay_all", VT_FIELD_BOOL, decay_all, NULL,
          .help = "decay vectors (biases, norms) too, not only what has two axes or more"),
    FIELD("clip", VT_FIELD_REAL, clip, "0", VT_RANGE(0, 1e30),
          .help = "longest gradient over all parameters; 0: any"),
    FIELD("ema", VT_FIELD_REAL, average, "0", VT_RANGE(0, .999999999),
          .help = "share that the average of the weights keeps each step; 0: no average"),
};
const size_t vt_optimiser_field_count = VT_COUNT(vt_optimiser_fields);

vt_optimiser_settings vt_optimiser_default(void)
{
  vt_optimiser_settings settings = {0};
  for (size_t i = 0; i < VT_COUNT(vt_optimiser_fields); i++) {
    const vt_field *field = &vt_optimiser_fields[i];
    double number;
    if (field->kind == VT_FIELD_REAL && field->fallback && vt_parse_number(field->fallback, &number))
      *(double *)(void *)((char *)&settings + field->offset) = number;
  }
  return settings; /* the first choice, every flag off */
}

/* ---- chunks ---- */

enum { CHUNK = 8192, LANES = 16 };

typedef struct chunk {
  vt_parameter *parameter;
  int64_t first, last;
  double squares;
} chunk;

typedef struct chunk_list {
  chunk *items;
  int64_t count;
} chunk_list;

typedef bool (*wanted_fn)(const vt_parameter *parameter);

static bool moves(const vt_parameter *parameter)
{
  return !parameter->state && !parameter->frozen && parameter->gradient;
}

static bool is_averaged(const vt_parameter *parameter)
{
  return parameter->average != NULL;
}

static vt_status make_chunks(vt_ctx *ctx, vt_parameters *parameters, wanted_fn wanted, chunk_list *out)
{
  int count = vt_parameters_count(parameters);
  int64_t chunks = 0;
  for (int i = 0; i < count; i++) {
    const vt_parameter *parameter = vt_parameters_at(parameters, i);
    if (wanted(parameter)) chunks += (vt_count(parameter->value) + CHUNK - 1) / CHUNK;
  }
  out->count = 0;
  out->items = vt_alloc_zero(ctx, (size_t)chunks + 1, sizeof *out->items);
  if (!out->items) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < count; i++) {
    vt_parameter *parameter = vt_parameters_at(parameters, i);
    if (!wanted(parameter)) continue;
    int64_t numbers = vt_count(parameter->value);
    for (int64_t first = 0; first < numbers; first += CHUNK)
      out->items[out->count++] =
          (chunk){parameter, first, first + CHUNK < numbers ? first + CHUNK : numbers, 0};
  }
  return VT_OK;
}

/* ---- length of the gradient ---- */

VT_CLONES static double sum_squares(const float *x, int64_t count)
{
  double lanes[LANES] = {0}, sum = 0;
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES)
    for (int lane = 0; lane < LANES; lane++)
      lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
  for (; i < count; i++)
    lanes[i % LANES] += (double)x[i] * (double)x[i];
  for (int lane = 0; lane < LANES; lane++)
    sum += lanes[lane];
  return sum;
}

static void square_chunks(void *user, int64_t first, int64_t last)
{
  chunk_list *list = user;
  for (int64_t i = first; i < last; i++) {
    chunk *part = &list->items[i];
    part->squares =
        sum_squares((const float *)part->parameter->gradient->data + part->first, part->last - part->first);
  }
}

/* Squares of f32 numbers and their sums fit f64: a sum that is not finite has a term that is not. */
static vt_status norm_of(vt_ctx *ctx, chunk_list *list, double *norm)
{
  double sum = 0;
  vt_parallel(ctx, list->count, 4, square_chunks, list);
  for (int64_t i = 0; i < list->count; i++) {
    if (!isfinite(list->items[i].squares))
      return vt_fail(ctx, VT_ERROR_NOT_FINITE, "the gradient of parameter %s is not finite",
                     list->items[i].parameter->name);
    sum += list->items[i].squares;
  }
  *norm = sqrt(sum);
  return VT_OK;
}

vt_status vt_gradient_norm(vt_ctx *ctx, vt_parameters *parameters, double *norm)
{
  chunk_list list;
  VT_TRY(make_chunks(ctx, parameters, moves, &list));
  vt_status status = norm_of(ctx, &list, norm);
  vt_free(list.items);
  return status;
}

/* ---- moving ---- */

typedef struct move_job {
  chunk_list list;
  const vt_optimiser_settings *settings;
  double rate, scale; /* of gradients: what clipping leaves */
} move_job;

static double decay_of(const move_job *job, const vt_parameter *parameter)
{
  bool decays = job->settings->decay_all || parameter->value->rank >= 2;
  return decays ? job->settings->decay * parameter->decay : 0;
}

typedef struct sgd_numbers {
  float rate, scale, decay, momentum;
} sgd_numbers;

VT_CLONES static void sgd_plain(float *restrict w, const float *restrict g, int64_t count, sgd_numbers n)
{
  for (int64_t i = 0; i < count; i++)
    w[i] -= n.rate * (g[i] * n.scale + n.decay * w[i]);
}

VT_CLONES static void sgd_momentum(float *restrict w, const float *restrict g, float *restrict b,
                                   int64_t count, sgd_numbers n)
{
  for (int64_t i = 0; i < count; i++) {
    b[i] = n.momentum * b[i] + (g[i] * n.scale + n.decay * w[i]);
    w[i] -= n.rate * b[i];
  }
}

VT_CLONES static void sgd_nesterov(float *restrict w, const float *restrict g, float *restrict b,
                                   int64_t count, sgd_numbers n)
{
  for (int64_t i = 0; i < count; i++) {
    float step = g[i] * n.scale + n.decay * w[i];
    b[i] = n.momentum * b[i] + step;
    w[i] -= n.rate * (step + n.momentum * b[i]);
  }
}

static void move_sgd(const move_job *job, const chunk *part)
{
  const vt_parameter *parameter = part->parameter;
  float *w = (float *)parameter->value->data + part->first;
  const float *g = (const float *)parameter->gradient->data + part->first;
  int64_t count = part->last - part->first;
  sgd_numbers n = {(float)(job->rate * parameter->rate), (float)job->scale, (float)decay_of(job, parameter),
                   (float)job->settings->momentum};
  if (!parameter->moments[0]) {
    sgd_plain(w, g, count, n);
    return;
  }
  float *b = (float *)parameter->moments[0]->data + part->first;
  if (parameter->steps == 1) memset(b, 0, (size_t)count * sizeof *b);
  if (job->settings->nesterov)
    sgd_nesterov(w, g, b, count, n);
  else
    sgd_momentum(w, g, b, count, n);
}

typedef struct adam_numbers {
  float keep;  /* 1 − rate · λ of AdamW */
  float decay; /* λ of Adam */
  float scale; /* of gradients */
  float beta1, beta2, rest1, rest2;
  float step;       /* rate / (1 − β1^t) */
  float correction; /* sqrt(1 − β2^t) */
  float epsilon;
} adam_numbers;

VT_CLONES static void adam(float *restrict w, const float *restrict g, float *restrict m, float *restrict v,
                           int64_t count, adam_numbers n)
{
  for (int64_t i = 0; i < count; i++) {
    float gradient = g[i] * n.scale + n.decay * w[i], value = w[i] * n.keep;
    m[i] = n.beta1 * m[i] + n.rest1 * gradient;
    v[i] = n.beta2 * v[i] + n.rest2 * gradient * gradient;
    w[i] = value - n.step * m[i] / (sqrtf(v[i]) / n.correction + n.epsilon);
  }
}

static void move_adam(const move_job *job, const chunk *part)
{
  const vt_parameter *parameter = part->parameter;
  const vt_optimiser_settings *settings = job->settings;
  double rate = job->rate * parameter->rate, decay = decay_of(job, parameter),
         times = (double)parameter->steps;
  bool decoupled = settings->kind == VT_ADAMW;
  adam_numbers n = {.keep = (float)(decoupled ? 1 - rate * decay : 1),
                    .decay = (float)(decoupled ? 0 : decay),
                    .scale = (float)job->scale,
                    .beta1 = (float)settings->beta1,
                    .beta2 = (float)settings->beta2,
                    .rest1 = (float)(1 - settings->beta1),
                    .rest2 = (float)(1 - settings->beta2),
                    .step = (float)(rate / (1 - pow(settings->beta1, times))),
                    .correction = (float)sqrt(1 - pow(settings->beta2, times)),
                    .epsilon = (float)settings->epsilon};
  adam((float *)parameter->value->data + part->first, (const float *)parameter->gradient->data + part->first,
       (float *)parameter->moments[0]->data + part->first, (float *)parameter->moments[1]->data + part->first,
       part->last - part->first, n);
}

static void move_chunks(void *user, int64_t first, int64_t last)
{
  const move_job *job = user;
  for (int64_t i = first; i < last; i++)
    if (job->settings->kind == VT_SGD)
      move_sgd(job, &job->list.items[i]);
    else
      move_adam(job, &job->list.items[i]);
}

/* A tensor of the parameter's shape, zero or a copy of its value. */
static vt_status make_beside(vt_ctx *ctx, const vt_parameter *parameter, bool copy, vt_tensor **out)
{
  if (*out) return VT_OK;
  const vt_tensor *value = parameter->value;
  VT_TRY(vt_tensor_new_alone(ctx, VT_F32, value->rank, value->dims, out));
  if (copy)
    memcpy((*out)->data, value->data, vt_bytes(value));
  else
    memset((*out)->data, 0, vt_bytes(value));
  return VT_OK;
}

static vt_status make_moments(vt_ctx *ctx, vt_parameters *parameters, const vt_optimiser_settings *settings)
{
  int needed = settings->kind != VT_SGD ? 2 : settings->momentum > 0 ? 1 : 0;
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    vt_parameter *parameter = vt_parameters_at(parameters, i);
    for (int k = 0; k < needed && moves(parameter); k++)
      VT_TRY(make_beside(ctx, parameter, false, &parameter->moments[k]));
    if (settings->average > 0 && !parameter->frozen)
      VT_TRY(make_beside(ctx, parameter, true, &parameter->average));
  }
  return VT_OK;
}

/* ---- averages ---- */

typedef struct average_job {
  chunk_list list;
  float keep, rest;
} average_job;

VT_CLONES static void mix(float *restrict average, const float *restrict value, int64_t count, float keep,
                          float rest)
{
  for (int64_t i = 0; i < count; i++)
    average[i] = keep * average[i] + rest * value[i];
}

static void average_chunks(void *user, int64_t first, int64_t last)
{
  const average_job *job = user;
  for (int64_t i = first; i < last; i++) {
    const chunk *part = &job->list.items[i];
    mix((float *)part->parameter->average->data + part->first,
        (const float *)part->parameter->value->data + part->first, part->last - part->first, job->keep,
        job->rest);
  }
}

static vt_status average(vt_ctx *ctx, vt_parameters *parameters, double keep)
{
  average_job job = {.keep = (float)keep, .rest = (float)(1 - keep)};
  VT_TRY(make_chunks(ctx, parameters, is_averaged, &job.list));
  vt_parallel(ctx, job.list.count, 4, average_chunks, &job);
  vt_free(job.list.items);
  return VT_OK;
}

void vt_parameters_swap_averages(vt_parameters *parameters)
{
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    vt_parameter *parameter = vt_parameters_at(parameters, i);
    vt_tensor *kept = parameter->value;
    if (!parameter->average) continue;
    parameter->value = parameter->average;
    parameter->average = kept;
  }
}

void vt_parameters_forget(vt_parameters *parameters)
{
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    vt_parameter *parameter = vt_parameters_at(parameters, i);
    vt_tensor **slots[] = {&parameter->gradient, &parameter->moments[0], &parameter->moments[1],
                           &parameter->average};
    for (size_t k = 0; k < VT_COUNT(slots); k++) {
      vt_tensor_free(*slots[k]);
      *slots[k] = NULL;
    }
    parameter->steps = 0;
  }
}

/* ---- the step ---- */

static vt_status move(vt_ctx *ctx, vt_parameters *parameters, move_job *job)
{
  VT_TRY(make_moments(ctx, parameters, job->settings));
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    vt_parameter *parameter = vt_parameters_at(parameters, i);
    if (moves(parameter)) parameter->steps++;
  }
  vt_parallel(ctx, job->list.count, 4, move_chunks, job);
  VT_TRY(vt_parameters_run_projections(ctx, parameters));
  return job->settings->average > 0 ? average(ctx, parameters, job->settings->average) : VT_OK;
}

vt_status vt_optimiser_step(vt_ctx *ctx, vt_parameters *parameters, const vt_optimiser_settings *settings,
                            double rate, double *norm)
{
  double length = 0;
  move_job job = {.settings = settings, .rate = rate, .scale = 1};
  VT_TRY(vt_ctx_status(ctx));
  VT_TRY(make_chunks(ctx, parameters, moves, &job.list));
  vt_status status = norm_of(ctx, &job.list, &length);
  if (norm) *norm = length;
  /* the 1e-6 is that of torch.nn.utils.clip_grad_norm_ */
  if (settings->clip > 0 && length + 1e-6 > settings->clip) job.scale = settings->clip / (length + 1e-6);
  if (status == VT_OK) status = move(ctx, parameters, &job);
  vt_free(job.list.items);
  return status;
}
