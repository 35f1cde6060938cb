/* SPDX-License-Identifier: Apache-2.0
 *
 * Relative stability (Agarwal et al., "Rethinking stability for attribution-based explanations", 2022): how
 * far a map moves, as a share of itself, over how far the picture, the output or an inner tensor does.
 */
#include <math.h>

#include "metrics/shake.h"
#include "tensor/tensor.h"

typedef struct relative_settings {
  int64_t samples;
  double radius;
  bool keep_answer;
  char *tensor;
} relative_settings;

#define COMMON_FIELDS                                                                                        \
  {"samples", VT_FIELD_INT,     offsetof(relative_settings, samples),                                        \
   "200",     VT_RANGE(1, 1e6), .help = "shaken pictures, each explained anew"},                             \
      {"radius",                                                                                             \
       VT_FIELD_REAL,                                                                                        \
       offsetof(relative_settings, radius),                                                                  \
       "0.2",                                                                                                \
       VT_RANGE(1e-12, 1e6),                                                                                 \
       .help = "noise is uniform between plus and minus this, in the normalised picture"},                   \
  {                                                                                                          \
    "keep_answer", VT_FIELD_BOOL, offsetof(relative_settings, keep_answer), "true",                          \
        .help = "leave out shaken pictures that the model answers otherwise"                                 \
  }
static const vt_field fields[] = {COMMON_FIELDS};
static const vt_field inner_fields[] = {
    COMMON_FIELDS,
    {"tensor", VT_FIELD_STRING, offsetof(relative_settings, tensor),
     .help = "name of the inner tensor; see 'vitrail inspect' [must be given]"},
};

typedef struct noise {
  uint64_t seed;
  double radius;
  size_t floats;
} noise;

static void perturb(void *user, int sample, float *perturbation)
{
  const noise *n = user;
  uint64_t stream = vt_stream("relative stability", (uint64_t)sample);
  for (size_t i = 0; i < n->floats; i++)
    perturbation[i] = (float)(n->radius * (2 * vt_random_uniform(n->seed, stream, i) - 1));
}

typedef enum relative_to { TO_INPUT, TO_OUTPUT, TO_INNER } relative_to;

typedef struct relation {
  const vt_probe *probe;
  relative_to to;
  const char *tensor;
  vt_subject subject;
  size_t count;           /* of what is compared with */
  double *values[2];      /* [count] of the picture, of the shaken one; made at the first look */
  const float *inputs[2]; /* of the look */
  double most;
} relation;

/* Length of (a − b)/a, elements of a that are 0 replaced by 1e-6. */
static double relative_distance(const double *a, const double *b, size_t count)
{
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    double share = (a[i] - b[i]) / (a[i] == 0 ? 1e-6 : a[i]);
    sum += share * share;
  }
  return sqrt(sum);
}

static vt_status make_room(vt_ctx *ctx, relation *r, size_t count)
{
  r->count = count;
  for (int i = 0; i < 2 && !r->values[i]; i++)
    if (!(r->values[i] = vt_alloc_zero(ctx, count, sizeof *r->values[i]))) return VT_ERROR_OUT_OF_MEMORY;
  return VT_OK;
}

static void compose(void *user, int item, float *input)
{
  const relation *r = user;
  memcpy(input, r->inputs[item], r->probe->floats * sizeof *input);
}

static void keep_output(void *user, int item, const float *output, const float *embedding)
{
  VT_UNUSED(embedding);
  relation *r = user;
  for (size_t i = 0; i < r->count; i++)
    r->values[item][i] = (double)output[i];
}

static vt_status keep_inner(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  relation *r = user;
  const vt_tensor *value = sight->values[0];
  VT_TRY(make_room(ctx, r, (size_t)vt_count(value)));
  for (size_t i = 0; i < r->count; i++)
    r->values[sight->item][i] = vt_get_f64(value, (int64_t)i);
  return VT_OK;
}

static vt_status look(vt_ctx *ctx, relation *r)
{
  if (r->to == TO_INPUT) {
    VT_TRY(make_room(ctx, r, r->probe->floats));
    for (int item = 0; item < 2; item++)
      for (size_t i = 0; i < r->count; i++)
        r->values[item][i] = (double)r->inputs[item][i];
    return VT_OK;
  }
  if (r->to == TO_OUTPUT) {
    VT_TRY(make_room(ctx, r, vt_model_output_floats(r->probe->model)));
    return vt_model_run(ctx, r->probe->model, 2, 2, compose, keep_output, r);
  }
  vt_look inner = {.names = &r->tensor, .name_count = 1};
  return vt_subject_look(ctx, &r->subject, 2, &inner, compose, keep_inner, r);
}

static vt_status see(vt_ctx *ctx, void *user, const vt_shaken *shaken)
{
  relation *r = user;
  r->inputs[0] = shaken->picture;
  r->inputs[1] = shaken->input;
  VT_TRY(look(ctx, r));
  double moved = relative_distance(r->values[0], r->values[1], r->count);
  double ratio = relative_distance(shaken->base, shaken->map, shaken->size) / fmax(moved, 1e-6);
  if (!(ratio <= r->most)) r->most = ratio;
  return VT_OK;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const relative_settings *settings, relative_to to, vt_measure *out)
{
  vt_probe probe = {0};
  relation r = {.probe = &probe, .to = to, .tensor = settings->tensor};
  vt_shake_report report = {0};
  if (to == TO_INNER) {
    if (!settings->tensor)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "tensor: name the inner tensor to compare with");
    VT_TRY(vt_model_subject(ctx, task->model, &r.subject));
  }
  vt_status status = vt_probe_open(ctx, task, VT_BASELINE_ZERO, &probe);
  noise n = {task->seed, settings->radius, probe.floats};
  if (status == VT_OK)
    status = vt_shake(ctx, &probe, judged->explainer, (int)settings->samples, perturb, &n,
                      settings->keep_answer, see, &r, &report);
  vt_probe_close(&probe);
  vt_free(r.values[0]);
  vt_free(r.values[1]);
  VT_TRY(status);
  out->value = r.most;
  vt_measure_add(out, "explanations", "times the method was asked", report.kept + 2);
  vt_measure_add(out, "self", "distance of the map with other random numbers, as a share of it", report.self);
  vt_measure_add(out, "left_out", "shaken pictures that were answered otherwise",
                 (double)settings->samples - report.kept);
  return report.kept ? VT_OK
                     : vt_measure_undefined(ctx, out, "the model answers every shaken picture otherwise");
}

static vt_status measure_input(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                               const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  return measure(ctx, task, judged, settings, TO_INPUT, out);
}

static vt_status measure_output(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                                const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  return measure(ctx, task, judged, settings, TO_OUTPUT, out);
}

static vt_status measure_inner(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                               const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  return measure(ctx, task, judged, settings, TO_INNER, out);
}

#define SOURCE                                                                                               \
  "Agarwal, C. et al. (2022). Rethinking stability for attribution-based explanations. arXiv:2203.06877."

const vt_metric vt_metric_relative_input_stability = {
    .id = "relative-input-stability",
    .title = "Relative input stability",
    .summary = "Largest ratio, over shaken pictures, of the relative change of the map to that of the "
               "picture. Values of "
               "the map near 0 dominate it.",
    .citation = SOURCE,
    .category = "robustness",
    .higher_is_better = false,
    .low = 0,
    .high = INFINITY,
    .needs = VT_NEEDS_INPUT | VT_NEEDS_EXPLAINER,
    .settings_size = sizeof(relative_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure_input,
};

const vt_metric vt_metric_relative_output_stability = {
    .id = "relative-output-stability",
    .title = "Relative output stability",
    .summary =
        "Largest ratio, over shaken pictures, of the relative change of the map to that of the model's raw "
        "outputs. Values of the map near 0 dominate it.",
    .citation = SOURCE,
    .category = "robustness",
    .higher_is_better = false,
    .low = 0,
    .high = INFINITY,
    .needs = VT_NEEDS_INPUT | VT_NEEDS_EXPLAINER,
    .settings_size = sizeof(relative_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure_output,
};

const vt_metric vt_metric_relative_representation_stability = {
    .id = "relative-representation-stability",
    .title = "Relative representation stability",
    .summary = "Largest ratio, over shaken pictures, of the relative change of the map to that of a named "
               "inner tensor. "
               "Values of the map near 0 dominate it. Values of the tensor that are 0 count as 1e-6, and "
               "dominate behind a ReLU: name one without such.",
    .citation = SOURCE,
    .category = "robustness",
    .higher_is_better = false,
    .low = 0,
    .high = INFINITY,
    .needs = VT_NEEDS_INPUT | VT_NEEDS_EXPLAINER | VT_NEEDS_HOOKS,
    .settings_size = sizeof(relative_settings),
    .fields = inner_fields,
    .field_count = VT_COUNT(inner_fields),
    .run = measure_inner,
};
