/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/optimiser.h"

#include <math.h>

#define FIELD(name, kind, fallback, ...)                                                                     \
  {                                                                                                          \
#name, kind, offsetof(vt_optimiser_settings, name), fallback, __VA_ARGS__                                \
  }

const vt_field vt_optimiser_fields[] = {
    {"optimiser", VT_FIELD_CHOICE, offsetof(vt_optimiser_settings, kind), "adamw",
     .choices = "adamw|adam|sgd", .help = "how gradients become steps"},
    {"rate", VT_FIELD_REAL, offsetof(vt_optimiser_settings, rate), "0.001", VT_RANGE(0, 1e30),
     .help = "learning rate", .aliases = "lr"},
    FIELD(momentum, VT_FIELD_REAL, "0", VT_RANGE(0, 1), .help = "of sgd"),
    FIELD(beta1, VT_FIELD_REAL, "0.9", VT_RANGE(0, 1), .help = "of adam: memory of the gradient"),
    FIELD(beta2, VT_FIELD_REAL, "0.999", VT_RANGE(0, 1), .help = "of adam: memory of its square"),
    FIELD(epsilon, VT_FIELD_REAL, "1e-8", VT_RANGE(0, 1), .help = "of adam: added to the root"),
    FIELD(nesterov, VT_FIELD_BOOL, "false", .help = "of sgd"),
    {"decay", VT_FIELD_REAL, offsetof(vt_optimiser_settings, decay), "0.01", VT_RANGE(0, 1e6),
     .help = "weight decay", .aliases = "wd"},
    FIELD(decay_all, VT_FIELD_BOOL, "false", .help = "decay vectors too"),
    FIELD(clip, VT_FIELD_REAL, "0", VT_RANGE(0, 1e30), .help = "largest norm of all gradients, 0: none"),
    {"schedule", VT_FIELD_CHOICE, offsetof(vt_optimiser_settings, schedule), "cosine",
     .choices = "constant|cosine|linear|wsd|poly", .help = "course of the rate", .aliases = "sched"},
    FIELD(warmup, VT_FIELD_REAL, "0.05", VT_RANGE(0, 1), .help = "share of steps in which the rate rises"),
    FIELD(floor, VT_FIELD_REAL, "0.01", VT_RANGE(0, 1), .help = "last rate as a share of the first"),
    FIELD(power, VT_FIELD_REAL, "0.9", VT_RANGE(0, 100), .help = "of schedule poly"),
    FIELD(average, VT_FIELD_REAL, "0", VT_RANGE(0, 1), .help = "decay of a moving average, 0: none"),
};
const size_t vt_optimiser_field_count = VT_COUNT(vt_optimiser_fields);

double vt_schedule_rate(const vt_optimiser_settings *settings, int64_t step, int64_t total)
{
  double rate = settings->rate, warm = settings->warmup * (double)total, at = (double)step;
  if (settings->schedule == VT_SCHEDULE_CONSTANT && warm < 1) return rate;
  if (at < warm) return rate * (at + 1) / (floor(warm) + 1);
  double share = (double)total > warm ? (at - warm) / ((double)total - warm) : 1;
  double low = settings->floor;
  switch ((vt_schedule_kind)settings->schedule) {
  case VT_SCHEDULE_COSINE:
    return rate * (low + (1 - low) * .5 * (1 + cos(3.14159265358979323846 * share)));
  case VT_SCHEDULE_LINEAR:
    return rate * (1 - (1 - low) * share);
  case VT_SCHEDULE_WSD:
    return share < .8 ? rate : rate * (1 - (1 - low) * (share - .8) / .2);
  case VT_SCHEDULE_POLY:
    return rate * pow(fmax(1 - share, 0), settings->power);
  default:
    return rate;
  }
}

static bool takes_part(const vt_parameter *parameter)
{
  return parameter->gradient && !parameter->state && !parameter->frozen;
}

/* Norm of all gradients, summed in f64 in the order of the parameters. */
static vt_status gradient_norm(vt_ctx *ctx, const vt_parameters *parameters, double *norm)
{
  double total = 0;
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    const vt_parameter *parameter = vt_parameters_at(parameters, i);
    if (!takes_part(parameter)) continue;
    const float *gradient = parameter->gradient->data;
    double sum = 0;
    for (int64_t k = 0; k < vt_count(parameter->gradient); k++)
      sum += (double)gradient[k] * (double)gradient[k];
    if (!isfinite(sum))
      return vt_fail(ctx, VT_ERROR_NOT_FINITE,
                     "the gradient of %s is not finite; a lower rate, a warm-up or a clip may help",
                     parameter->name);
    total += sum;
  }
  *norm = sqrt(total);
  return VT_OK;
}

static vt_status need_buffer(vt_ctx *ctx, const vt_tensor *like, bool copy, vt_tensor **buffer)
{
  if (*buffer) return VT_OK;
  vt_tensor *made = vt_tensor_alone(ctx);
  if (!made) return vt_ctx_status(ctx);
  vt_status status = vt_tensor_set_shape(ctx, made, VT_F32, like->rank, like->dims);
  if (status == VT_OK) status = vt_tensor_allocate(ctx, made);
  if (status != VT_OK) {
    vt_tensor_free(made);
    return status;
  }
  if (copy)
    memcpy(made->data, like->data, vt_bytes(made));
  else
    memset(made->data, 0, vt_bytes(made));
  *buffer = made;
  return VT_OK;
}

typedef struct update {
  float *value, *first, *second, *average;
  const float *gradient;
  int64_t count;
  float scale; /* of the gradient: clipping */
  float rate, decay, beta1, beta2, keep;
  float step_size, root_scale, epsilon; /* adam, with the corrections of its bias */
  bool nesterov, fresh;                 /* fresh: momentum starts as the gradient */
} update;

VT_CLONES static void adamw_loop(const update *u, bool decoupled)
{
  float shrink = decoupled ? 1 - u->rate * u->decay : 1, added = decoupled ? 0 : u->decay;
#pragma omp simd
  for (int64_t i = 0; i < u->count; i++) {
    float g = u->gradient[i] * u->scale + added * u->value[i];
    float m = u->beta1 * u->first[i] + (1 - u->beta1) * g;
    float v = u->beta2 * u->second[i] + (1 - u->beta2) * g * g;
    u->first[i] = m;
    u->second[i] = v;
    u->value[i] = u->value[i] * shrink - u->step_size * m / (sqrtf(v) * u->root_scale + u->epsilon);
  }
}

VT_CLONES static void sgd_loop(const update *u, float momentum)
{
#pragma omp simd
  for (int64_t i = 0; i < u->count; i++) {
    float g = u->gradient[i] * u->scale + u->decay * u->value[i];
    float m = u->fresh ? g : momentum * u->first[i] + g;
    u->first[i] = m;
    u->value[i] -= u->rate * (u->nesterov ? g + momentum * m : m);
  }
}

VT_CLONES static void average_loop(const update *u)
{
#pragma omp simd
  for (int64_t i = 0; i < u->count; i++)
    u->average[i] = u->keep * u->average[i] + (1 - u->keep) * u->value[i];
}

static vt_status make_buffers(vt_ctx *ctx, const vt_optimiser_settings *settings, vt_parameter *parameter)
{
  VT_TRY(need_buffer(ctx, parameter->value, false, &parameter->moments[0]));
  if (settings->kind != VT_SGD) VT_TRY(need_buffer(ctx, parameter->value, false, &parameter->moments[1]));
  if (settings->average > 0) VT_TRY(need_buffer(ctx, parameter->value, true, &parameter->average));
  return VT_OK;
}

static void update_parameter(const vt_optimiser_settings *settings, vt_parameter *parameter, int64_t step,
                             double rate, double scale)
{
  bool decays = settings->decay_all || parameter->value->rank > 1;
  double fix1 = 1 - pow(settings->beta1, (double)step + 1), fix2 = 1 - pow(settings->beta2, (double)step + 1);
  rate *= parameter->rate;
  update u = {.value = parameter->value->data,
              .first = parameter->moments[0]->data,
              .second = parameter->moments[1] ? parameter->moments[1]->data : NULL,
              .average = parameter->average ? parameter->average->data : NULL,
              .gradient = parameter->gradient->data,
              .count = vt_count(parameter->value),
              .scale = (float)scale,
              .rate = (float)rate,
              .decay = decays ? (float)(settings->decay * parameter->decay) : 0,
              .beta1 = (float)settings->beta1,
              .beta2 = (float)settings->beta2,
              .keep = (float)settings->average,
              .step_size = (float)(rate / fix1),
              .root_scale = (float)(1 / sqrt(fix2)),
              .epsilon = (float)settings->epsilon,
              .nesterov = settings->nesterov,
              .fresh = step == 0};
  if (settings->kind == VT_SGD)
    sgd_loop(&u, (float)settings->momentum);
  else
    adamw_loop(&u, settings->kind == VT_ADAMW);
  if (u.average) average_loop(&u);
}

vt_status vt_optimiser_step(vt_ctx *ctx, vt_parameters *parameters, const vt_optimiser_settings *settings,
                            int64_t step, int64_t total, double *norm)
{
  double size = 0, rate = vt_schedule_rate(settings, step, total);
  int count = vt_parameters_count(parameters);
  VT_TRY(gradient_norm(ctx, parameters, &size));
  if (norm) *norm = size;
  double scale = settings->clip > 0 && size > settings->clip ? settings->clip / size : 1;
  for (int i = 0; i < count; i++)
    if (takes_part(vt_parameters_at(parameters, i)))
      VT_TRY(make_buffers(ctx, settings, vt_parameters_at(parameters, i)));
  for (int i = 0; i < count; i++)
    if (takes_part(vt_parameters_at(parameters, i)))
      update_parameter(settings, vt_parameters_at(parameters, i), step, rate, scale);
  vt_parameters_drop_gradients(parameters);
  return vt_parameters_run_projections(ctx, parameters);
}

void vt_optimiser_swap_average(vt_parameters *parameters)
{
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    vt_parameter *parameter = vt_parameters_at(parameters, i);
    if (!parameter->average) continue;
    vt_tensor *value = parameter->value;
    parameter->value = parameter->average;
    parameter->average = value;
  }
}

/* ---- one step of training ---- */

static vt_status forward_backward(vt_run *run, vt_tape *tape, vt_loss_fn loss, void *user, double *value)
{
  vt_ctx *ctx = run->ctx;
  vt_run_begin(run);
  vt_tape_start(ctx, tape);
  vt_tensor *result = loss(vt_root(run), user);
  vt_tape_stop(ctx);
  VT_TRY(vt_ctx_status(ctx));
  *value = vt_get_f64(result, 0);
  if (!isfinite(*value))
    return vt_fail(ctx, VT_ERROR_NOT_FINITE, "the loss of step %llu is %s; a lower rate or a clip may help",
                   (unsigned long long)run->step, isnan(*value) ? "no number" : "infinite");
  return vt_parameters_backward(ctx, run->parameters, tape, result, 1);
}

vt_status vt_optimiser_train(vt_run *run, const vt_optimiser_settings *settings, int64_t step, int64_t total,
                             vt_loss_fn loss, void *user, double *value)
{
  vt_ctx *ctx = run->ctx;
  vt_tape *tape;
  VT_TRY(vt_tape_new(ctx, &tape));
  size_t mark = vt_tensor_mark(ctx);
  run->step = (uint64_t)step;
  vt_status status = forward_backward(run, tape, loss, user, value);
  vt_tape_free(tape);
  vt_tensor_release(ctx, mark);
  if (status == VT_OK) status = vt_optimiser_step(ctx, run->parameters, settings, step, total, NULL);
  if (status != VT_OK) vt_parameters_drop_gradients(run->parameters);
  return status;
}
