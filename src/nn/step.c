/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/step.h"

#include <math.h>

#include "ops/layout.h"

/* ---- what a loss consists of ---- */

void vt_losses_add(vt_losses *losses, const char *name, vt_tensor *value, double weight)
{
  vt_ctx *ctx = losses->ctx;
  char shape[160];
  if (vt_ctx_status(ctx) != VT_OK) return;
  if (losses->count == VT_LOSS_PARTS || vt_count(value) != 1 || value->type != VT_F32) {
    if (losses->count == VT_LOSS_PARTS)
      (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "loss part %s: %d parts are the most", name,
                    VT_LOSS_PARTS);
    else
      (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "loss part %s is %s; one number is needed", name,
                    vt_shape_text(value, shape));
    return;
  }
  for (int i = 0; i < losses->override_count; i++)
    if (strcmp(losses->overrides[i].name, name) == 0) weight = losses->overrides[i].weight;
  losses->parts[losses->count].name = name;
  losses->parts[losses->count].value = value;
  losses->parts[losses->count++].weight = weight;
}

vt_tensor *vt_losses_sum(const vt_losses *losses)
{
  vt_ctx *ctx = losses->ctx;
  vt_tensor *sum = NULL;
  for (int i = 0; i < losses->count; i++) {
    double weight = losses->parts[i].weight;
    if (weight == 0) continue;
    vt_tensor *part = vt_reshape(ctx, losses->parts[i].value, 0, (const int64_t[]){0});
    if (weight != 1) part = vt_times(ctx, part, weight);
    sum = sum ? vt_add(ctx, sum, part) : part;
  }
  if (vt_ctx_status(ctx) != VT_OK) return vt_void();
  if (sum) return sum;
  (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "the loss has no part with a weight");
  return vt_void();
}

static int overridden_part(const vt_losses *losses, int override)
{
  for (int i = 0; i < losses->count; i++)
    if (strcmp(losses->parts[i].name, losses->overrides[override].name) == 0) return i;
  return -1;
}

/* Every weight that was given must belong to a part. */
static vt_status check_overrides(vt_ctx *ctx, const vt_losses *losses)
{
  for (int k = 0; k < losses->override_count; k++) {
    if (overridden_part(losses, k) >= 0) continue;
    vt_text names = {0};
    for (int i = 0; i < losses->count; i++)
      vt_text_addf(ctx, &names, "%s%s", i ? ", " : "", losses->parts[i].name);
    (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "the loss has no part '%s'; it has: %s",
                  losses->overrides[k].name, names.data ? names.data : "none");
    vt_text_free(&names);
    return VT_ERROR_INVALID_ARGUMENT;
  }
  return VT_OK;
}

/* ---- states, to be put back after a failure ---- */

typedef struct kept_states {
  vt_tensor **values; /* [count], NULL where it is no state */
  int count;
} kept_states;

static vt_status keep_states(vt_ctx *ctx, vt_parameters *parameters, kept_states *out)
{
  out->count = vt_parameters_count(parameters);
  out->values = vt_alloc_zero(ctx, (size_t)out->count + 1, sizeof(vt_tensor *));
  if (!out->values) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < out->count; i++) {
    vt_parameter *parameter = vt_parameters_at(parameters, i);
    if (!parameter->state) continue;
    out->values[i] = vt_tensor_keep(ctx, parameter->value);
    if (!out->values[i]) return vt_ctx_status(ctx);
  }
  return VT_OK;
}

/* Frees; puts the values back when `restore`. Writing a state replaces its tensor, so what was kept still
 * has the old numbers. */
static void end_states(vt_parameters *parameters, kept_states *states, bool restore)
{
  for (int i = 0; states->values && i < states->count; i++) {
    vt_tensor *value = states->values[i];
    if (value && restore) {
      vt_parameter *parameter = vt_parameters_at(parameters, i);
      vt_tensor *other = parameter->value;
      parameter->value = value;
      value = other;
    }
    vt_tensor_free(value);
  }
  vt_free(states->values);
}

/* ---- the step ---- */

vt_status vt_step_new(vt_ctx *ctx, vt_parameters *parameters, const vt_optimiser_settings *settings,
                      uint64_t seed, vt_step **out)
{
  *out = NULL;
  vt_step *step = vt_alloc_zero(ctx, 1, sizeof *step);
  if (!step) return VT_ERROR_OUT_OF_MEMORY;
  step->parameters = parameters;
  step->settings = settings;
  step->run = (vt_run){.ctx = ctx, .parameters = parameters, .training = true, .seed = seed};
  vt_status status = vt_tape_new(ctx, &step->tape);
  if (status != VT_OK) {
    vt_free(step);
    return status;
  }
  *out = step;
  return VT_OK;
}

void vt_step_free(vt_step *step)
{
  if (!step) return;
  vt_tape_free(step->tape);
  vt_run_end(&step->run);
  vt_free(step);
}

static double number_of(const vt_tensor *value)
{
  return value->data ? vt_get_f64(value, 0) : NAN;
}

/* Says which part of the loss is not finite, or that the sum is. */
static vt_status not_finite(vt_ctx *ctx, const vt_step *step, const vt_losses *losses, double sum)
{
  const char *name = "sum";
  double value = sum;
  char number[32];
  for (int i = losses->count - 1; i >= 0; i--)
    if (!isfinite(number_of(losses->parts[i].value))) {
      name = losses->parts[i].name;
      value = number_of(losses->parts[i].value);
    }
  return vt_fail(ctx, VT_ERROR_NOT_FINITE,
                 "step %lld: the loss is not finite (%s is %s); lower lr, or clip gradients",
                 (long long)step->updates + 1, name, vt_number_text(value, number));
}

/* First parameter whose gradient is not finite, NULL: none. */
static const char *first_bad_gradient(vt_ctx *ctx, vt_parameters *parameters)
{
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    const vt_parameter *parameter = vt_parameters_at(parameters, i);
    if (!parameter->gradient) continue;
    const float *gradient = parameter->gradient->data;
    for (int64_t k = 0; k < vt_count(parameter->gradient); k++)
      if (!isfinite(gradient[k])) return parameter->name;
  }
  VT_UNUSED(ctx);
  return NULL;
}

static void add_to_report(const vt_losses *losses, double sum, vt_step_report *report)
{
  double before = report->passes, all = before + 1;
  report->loss = (report->loss * before + sum) / all;
  for (int i = 0; i < losses->count; i++) {
    int k = 0;
    while (k < report->part_count && strcmp(report->parts[k].name, losses->parts[i].name) != 0)
      k++;
    if (k == VT_LOSS_PARTS) continue;
    if (k == report->part_count) {
      snprintf(report->parts[k].name, sizeof report->parts[k].name, "%s", losses->parts[i].name);
      report->parts[report->part_count++].value = 0;
    }
    report->parts[k].value = (report->parts[k].value * before + number_of(losses->parts[i].value)) / all;
  }
  report->passes++;
}

/* Forward and backward, everything inside the caller's mark. */
static vt_status pass(vt_ctx *ctx, vt_step *step, vt_loss_fn loss, void *user, double scale,
                      vt_step_report *report)
{
  vt_losses losses = {.ctx = ctx, .override_count = step->override_count, .overrides = step->overrides};
  vt_run_begin(&step->run);
  step->run.ctx = ctx;
  vt_tape_start(ctx, step->tape);
  loss(vt_root(&step->run), user, &losses);
  vt_tensor *sum = vt_ctx_status(ctx) == VT_OK ? vt_losses_sum(&losses) : vt_void();
  vt_tape_stop(ctx);
  VT_TRY(vt_ctx_status(ctx));
  VT_TRY(check_overrides(ctx, &losses));
  double value = number_of(sum);
  bool finite = isfinite(value);
  vt_status status = vt_parameters_backward(ctx, step->parameters, step->tape, sum, scale);
  const char *bad = finite || status != VT_OK ? NULL : first_bad_gradient(ctx, step->parameters);
  if (!finite) {
    vt_ctx_clear(ctx); /* what backward said of numbers that are none */
    status = not_finite(ctx, step, &losses, value);
    if (bad) status = vt_fail_prefix(ctx, "gradient of parameter %s is not finite", bad);
    return status;
  }
  VT_TRY(status);
  add_to_report(&losses, value, report);
  return VT_OK;
}

vt_status vt_step_pass(vt_ctx *ctx, vt_step *step, vt_loss_fn loss, void *user, double scale,
                       vt_step_report *report)
{
  kept_states states = {0};
  VT_TRY(vt_ctx_status(ctx));
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = keep_states(ctx, step->parameters, &states);
  if (status == VT_OK) status = pass(ctx, step, loss, user, scale, report);
  vt_tape_clear(step->tape);
  vt_tensor_release(ctx, mark);
  end_states(step->parameters, &states, status != VT_OK);
  if (status != VT_OK)
    vt_parameters_drop_gradients(step->parameters);
  else
    step->run.step++;
  return status;
}

vt_status vt_step_update(vt_ctx *ctx, vt_step *step, double rate, vt_step_report *report)
{
  double norm = 0;
  vt_status status = vt_optimiser_step(ctx, step->parameters, step->settings, rate, &norm);
  vt_parameters_drop_gradients(step->parameters);
  if (status != VT_OK) return vt_fail_prefix(ctx, "step %lld", (long long)step->updates + 1);
  if (report) report->norm = norm;
  step->updates++;
  return VT_OK;
}

static vt_status whole_step(vt_ctx *ctx, vt_step *step, vt_loss_fn loss, void *user, double rate,
                            vt_step_report *report)
{
  int passes = step->passes > 1 ? step->passes : 1;
  for (int i = 0; i < passes; i++)
    VT_TRY(vt_step_pass(ctx, step, loss, user, 1. / passes, report));
  return vt_step_update(ctx, step, rate, report);
}

vt_status vt_train_step(vt_ctx *ctx, vt_step *step, vt_loss_fn loss, void *user, double rate,
                        vt_step_report *report)
{
  vt_step_report own = {0};
  kept_states states = {0};
  uint64_t before = step->run.step;
  vt_status status = keep_states(ctx, step->parameters, &states);
  if (status == VT_OK) status = whole_step(ctx, step, loss, user, rate, &own);
  end_states(step->parameters, &states, status != VT_OK);
  if (status != VT_OK) {
    step->run.step = before;
    vt_parameters_drop_gradients(step->parameters);
    return status;
  }
  if (report) *report = own;
  return VT_OK;
}
