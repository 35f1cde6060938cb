/* SPDX-License-Identifier: Apache-2.0
 *
 * A linear model of an 8 × 8 picture, whose metrics are known in closed form, and wrong variants of
 * metrics: what a slip in an implementation would make of the same question. A check that a wrong variant
 * passes checks nothing.
 */
#ifndef VT_TESTS_LINEAR_WORLD_H
#define VT_TESTS_LINEAR_WORLD_H

#include "test.h"

#include <math.h>

#include "metrics/probe.h"

enum { SIDE = 8, PIXELS = SIDE * SIDE, FLOATS = 3 * PIXELS };

typedef struct linear_world {
  vt_ctx *ctx;
  vt_model *model;
  vt_image *picture;
  vt_regions *cells; /* 4 × 4 of 2 × 2 pixels */
  vt_scorer *scorers[2];
  double weights[2][FLOATS]; /* of each class, channels first */
  double input[FLOATS];
  double share[PIXELS]; /* of the score of class 0: Σ over channels of weight · input */
  double full, blank;   /* score of class 0 of the picture, of black */
  float map[PIXELS];    /* `share` */
} linear_world;

static const double offset_of_class[2] = {0.25, -0.125};

static inline vt_status linear_predict(vt_ctx *ctx, void *user, int count, const float *inputs,
                                       float *outputs)
{
  (void)ctx;
  const linear_world *at = user;
  for (int n = 0; n < count; n++)
    for (int c = 0; c < 2; c++) {
      double sum = offset_of_class[c];
      for (int i = 0; i < FLOATS; i++)
        sum += at->weights[c][i] * (double)inputs[n * FLOATS + i];
      outputs[2 * n + c] = (float)sum;
    }
  return VT_OK;
}

/* Scores of class 0 run from 0.25 for black to 0.6 for the picture, with shares of both signs. */
static inline void linear_open(linear_world *at, vt_ctx *ctx)
{
  *at = (linear_world){.ctx = ctx};
  assert_ok(ctx, vt_image_new(ctx, SIDE, SIDE, 3, &at->picture));
  double sum = 0;
  for (int p = 0; p < PIXELS; p++)
    for (int c = 0; c < 3; c++) {
      int i = c * PIXELS + p;
      uint8_t value = (uint8_t)(40 + (p * 37 + c * 59) % 200);
      at->picture->pixels[3 * p + c] = value;
      at->input[i] = value / 255.0;
      at->weights[0][i] = vt_random_uniform(5, 0, (uint64_t)i) - 0.35;
      at->weights[1][i] = (vt_random_uniform(6, 0, (uint64_t)i) - 0.5) / 16;
      sum += at->weights[0][i] * at->input[i];
    }
  for (int i = 0; i < FLOATS; i++) {
    at->weights[0][i] *= 0.35 / sum;
    at->share[i % PIXELS] += at->weights[0][i] * at->input[i];
  }
  at->blank = at->full = offset_of_class[0];
  int32_t labels[PIXELS];
  for (int p = 0; p < PIXELS; p++) {
    at->map[p] = (float)at->share[p];
    at->full += at->share[p];
    labels[p] = p / SIDE / 2 * 4 + p % SIDE / 2;
  }
  assert_ok(ctx, vt_model_from_function(ctx, linear_predict, at, 3, SIDE, SIDE, 2, true, &at->model));
  assert_ok(ctx, vt_regions_from_labels(ctx, labels, SIDE, SIDE, &at->cells));
  for (int c = 0; c < 2; c++) {
    vt_scorer_options options = {.target = c, .second = -1, .score = VT_SCORE_LOGIT, .batch = 16};
    assert_ok(ctx, vt_scorer_new(ctx, at->model, at->picture, at->picture, NULL, &options, &at->scorers[c]));
  }
}

static inline void linear_close(linear_world *at)
{
  for (int c = 0; c < 2; c++)
    vt_scorer_free(at->scorers[c]);
  vt_regions_free(at->cells);
  vt_image_free(at->picture);
  vt_model_free(at->model);
}

/* ---- wrong variants ---- */

typedef enum mutation {
  RIGHT,
  NEGATED,        /* the order the wrong way round */
  ABSOLUTE,       /* signs lost */
  MIRRORED,       /* columns counted from the right */
  TRANSPOSED,     /* rows taken for columns */
  BLIND,          /* the map is not looked at */
  OTHER_CLASS,    /* another class than the target */
  OTHER_BASELINE, /* another colour where the picture is taken away */
  SCALED,         /* a wrong divisor */
  SIGN,           /* the difference the wrong way round */
  CONSTANT,       /* always the same figure */
  MUTATIONS
} mutation;

static const char *const mutation_names[MUTATIONS] = {
    "right",       "negated",        "absolute", "mirrored", "transposed", "blind",
    "other class", "other baseline", "scaled",   "sign",     "constant"};

/* A metric, or a wrong variant of it, with what it is asked about. */
typedef struct trial {
  linear_world *at;
  const vt_metric *metric;
  mutation wrong;
  const vt_truth *truth;
  const float *attribution;
  const vt_explainer *explainer;
} trial;

static inline void mutate_map(mutation wrong, const float *map, float *out)
{
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      float value = map[y * SIDE + x];
      if (wrong == NEGATED) value = -value;
      if (wrong == ABSOLUTE) value = fabsf(value);
      if (wrong == MIRRORED) value = map[y * SIDE + SIDE - 1 - x];
      if (wrong == TRANSPOSED) value = map[x * SIDE + y];
      if (wrong == BLIND) value = 1;
      out[y * SIDE + x] = value;
    }
}

/* Runs the trial's metric on a map. `settings`: "name=value", NULL ends them. */
static inline vt_measure ask(const trial *t, const float *map, const char *const *settings)
{
  linear_world *at = t->at;
  const vt_metric *metric = t->metric;
  float changed[PIXELS];
  unsigned char room[256] = {0};
  assert_true(metric->settings_size <= sizeof room);
  assert_ok(at->ctx,
            vt_params_defaults(at->ctx, metric->fields, metric->field_count, room, metric->settings_size));
  for (; settings && *settings; settings++)
    assert_ok(at->ctx,
              vt_params_apply(at->ctx, metric->fields, metric->field_count, room, "setting", *settings));
  if (t->wrong == OTHER_BASELINE && vt_params_find(metric->fields, metric->field_count, "baseline"))
    assert_ok(at->ctx, vt_params_set(at->ctx, metric->fields, metric->field_count, room, "baseline", "mean"));
  mutate_map(t->wrong, map, changed);
  vt_task task = {.model = at->model,
                  .picture = at->picture,
                  .blank = at->picture,
                  .regions = at->cells,
                  .scorer = at->scorers[t->wrong == OTHER_CLASS],
                  .seed = 3};
  vt_judged judged = {
      .map = changed, .truth = t->truth, .attribution = t->attribution, .explainer = t->explainer};
  const vt_protocol *protocol = vt_protocol_find(t->wrong == OTHER_BASELINE ? "rise" : "vitrail-50");
  vt_measure out;
  assert_ok(at->ctx, vt_metric_run(at->ctx, metric, &task, &judged, protocol, room, &out));
  vt_params_free(metric->fields, metric->field_count, room);
  if (t->wrong == SCALED) out.value *= 1.25;
  if (t->wrong == SIGN) out.value = -out.value;
  if (t->wrong == CONSTANT) out.value = 1;
  return out;
}

static inline double value_of(const trial *t, const float *map, const char *const *settings)
{
  vt_measure out = ask(t, map, settings);
  double value = out.value;
  vt_measure_free(&out);
  return value;
}

static inline double extra_of(const trial *t, const float *map, const char *const *settings, const char *name)
{
  vt_measure out = ask(t, map, settings);
  double value = NAN;
  bool found = false;
  for (int i = 0; i < out.extra_count; i++)
    if (strcmp(out.extra_names[i], name) == 0) value = out.extra[i], found = true;
  vt_measure_free(&out);
  if (!found) fail_msg("%s has no value '%s'", t->metric->id, name);
  return value;
}

static inline bool near(double a, double b, double tolerance)
{
  return fabs(a - b) <= tolerance; /* false for NaN */
}

/* One closed form: true when a metric has it. */
typedef bool (*closed_form)(const trial *t);
typedef struct form {
  const char *metric;
  closed_form holds;
  unsigned survive; /* bits of wrong variants that are right by what the metric is */
} form;

#define BIT(wrong) (1u << (wrong))
enum {
  /* metrics that only look at absolute values; that run no model */
  SIGNLESS = BIT(NEGATED) | BIT(ABSOLUTE),
  STILL = BIT(OTHER_CLASS) | BIT(OTHER_BASELINE),
  PLACELESS = BIT(MIRRORED) | BIT(TRANSPOSED)
};

/* Each metric has its closed form, and no wrong variant does. */
static inline void check_forms(linear_world *at, const form *forms, size_t count, const trial *with)
{
  for (size_t i = 0; i < count; i++) {
    trial t = with ? *with : (trial){0};
    t.at = at;
    t.metric = vt_metric_find(forms[i].metric);
    assert_non_null(t.metric);
    for (int wrong = RIGHT; wrong < MUTATIONS; wrong++) {
      t.wrong = (mutation)wrong;
      bool holds = forms[i].holds(&t), wanted = wrong == RIGHT || forms[i].survive & BIT(wrong);
      if (holds != wanted)
        fail_msg("%s, variant '%s': the closed form %s", forms[i].metric, mutation_names[wrong],
                 holds ? "holds, though it must not" : "does not hold");
    }
  }
}

#endif
