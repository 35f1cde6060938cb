/* SPDX-License-Identifier: Apache-2.0
 *
 * A model as one function, and what every model must pass: recorded at batch 2 and 3 it becomes a graph with
 * an open batch, which gives what the eager calls give; hooks see each name once; parameters have the count
 * that a formula says; gradients agree with differences.
 */
#ifndef VT_TESTS_NN_MODEL_CASE_H
#define VT_TESTS_NN_MODEL_CASE_H

#include <math.h>

#include "graph/assemble.h"
#include "nn/scope.h"
#include "test.h"

typedef vt_tensor *(*model_fn)(vt_scope s, vt_tensor *x);
/* An input of `batch` items, numbers a function of `salt`. */
typedef vt_tensor *(*input_fn)(vt_ctx *ctx, int64_t batch, uint64_t salt);

static inline vt_tensor *random_tensor(vt_ctx *ctx, uint64_t salt, int rank, const int64_t *dims)
{
  vt_tensor *x = vt_tensor_new(ctx, VT_F32, rank, dims);
  assert_non_null(x);
  for (int64_t i = 0; i < vt_count(x); i++)
    ((float *)x->data)[i] = (float)vt_random_normal(11, salt, (uint64_t)i);
  return x;
}

static inline vt_tensor *random_ids(vt_ctx *ctx, uint64_t salt, int64_t batch, int64_t length, int64_t low,
                                    int64_t high)
{
  vt_tensor *x = vt_tensor_new(ctx, VT_I64, 2, (int64_t[]){batch, length});
  assert_non_null(x);
  for (int64_t i = 0; i < vt_count(x); i++)
    ((int64_t *)x->data)[i] = low + (int64_t)vt_random_below(12, salt, (uint64_t)i, (uint64_t)(high - low));
  return x;
}

/* Moves all parameters off their beginnings: zeros and ones hide mistakes. */
static inline void shake(vt_parameters *parameters, double size)
{
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    vt_parameter *parameter = vt_parameters_at(parameters, i);
    float *data = parameter->value->data;
    for (int64_t k = 0; k < vt_count(parameter->value); k++)
      data[k] += (float)(size * vt_random_normal(13, vt_stream(parameter->name, 0), (uint64_t)k));
  }
}

static inline void record_model(vt_ctx *ctx, vt_parameters *parameters, model_fn model, input_fn input,
                                int64_t batch, vt_record **out)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_record *record;
  assert_ok(ctx, vt_record_new(ctx, &record));
  vt_tensor *x = input(ctx, batch, 1);
  vt_run run = {.ctx = ctx, .parameters = parameters, .record = record, .locked = true};
  vt_record_start(ctx, record);
  vt_run_begin(&run);
  const char *dims[VT_MAX_RANK] = {"batch"};
  assert_ok(ctx, vt_record_input(ctx, record, x, "x", dims));
  vt_tensor *y = model(vt_root(&run), x);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_ok(ctx, vt_record_output(ctx, record, y, "y"));
  vt_record_stop(ctx);
  vt_run_end(&run);
  vt_tensor_release(ctx, mark);
  *out = record;
}

static inline void check_recording(vt_ctx *ctx, vt_parameters *parameters, model_fn model, input_fn input)
{
  vt_record *two, *three;
  vt_graph *graph;
  record_model(ctx, parameters, model, input, 2, &two);
  record_model(ctx, parameters, model, input, 3, &three);
  assert_ok(ctx, vt_record_graph_open(ctx, two, three, &graph));
  for (int64_t batch = 1; batch <= 4; batch += 3) {
    size_t mark = vt_tensor_mark(ctx);
    vt_tensor *x = input(ctx, batch, 5), *traced;
    vt_run run = {.ctx = ctx, .parameters = parameters, .locked = true};
    vt_tensor *eager = model(vt_root(&run), x);
    assert_ok(ctx, vt_graph_run(ctx, graph, &x, &traced));
    assert_true(vt_same_shape(eager, traced));
    assert_memory_equal(eager->data, traced->data, vt_bytes(eager)); /* the same calls */
    double most = 0;
    for (int64_t i = 0; i < vt_count(eager); i++)
      most = fmax(most, fabs(vt_get_f64(eager, i)));
    assert_true(most > 0);
    vt_tensor_release(ctx, mark);
  }
  vt_graph_free(graph);
  vt_record_free(two);
  vt_record_free(three);
}

/* ---- hooks ---- */

enum { SEEN_NAMES = 256 };
typedef struct seen_names {
  char names[SEEN_NAMES][64];
  int counts[SEEN_NAMES];
  int count;
} seen_names;

static inline vt_tensor *note_name(vt_ctx *ctx, void *user, const char *name, int occurrence,
                                   vt_tensor *value)
{
  seen_names *seen = user;
  VT_UNUSED(ctx);
  VT_UNUSED(value);
  int i = 0;
  while (i < seen->count && strcmp(seen->names[i], name) != 0)
    i++;
  assert_true(i < SEEN_NAMES);
  if (i == seen->count) {
    snprintf(seen->names[i], sizeof seen->names[i], "%s", name);
    seen->counts[seen->count++] = 0;
  }
  assert_int_equal(occurrence, seen->counts[i]);
  seen->counts[i]++;
  return NULL;
}

static inline int times_seen(const seen_names *seen, const char *name)
{
  for (int i = 0; i < seen->count; i++)
    if (strcmp(seen->names[i], name) == 0) return seen->counts[i];
  return 0;
}

static inline void check_hooks(vt_ctx *ctx, vt_parameters *parameters, model_fn model, input_fn input,
                               int wanted_count, const char *const *wanted)
{
  seen_names *seen = test_calloc(1, sizeof *seen);
  vt_run run = {.ctx = ctx, .parameters = parameters, .hook = note_name, .hook_user = seen};
  vt_run_begin(&run);
  model(vt_root(&run), input(ctx, 2, 1));
  assert_ok(ctx, vt_ctx_status(ctx));
  for (int i = 0; i < seen->count; i++)
    if (seen->counts[i] != 1) fail_msg("%s was seen %d times", seen->names[i], seen->counts[i]);
  for (int i = 0; i < wanted_count; i++)
    if (!times_seen(seen, wanted[i])) fail_msg("no hook saw %s", wanted[i]);
  vt_run_end(&run);
  test_free(seen);
}

/* ---- gradients ---- */

/* Σ w·y with fixed random w, f64. */
static inline double weighed(const vt_tensor *y)
{
  double sum = 0;
  for (int64_t i = 0; i < vt_count(y); i++)
    sum += vt_random_normal(17, 0, (uint64_t)i) * vt_get_f64(y, i);
  return sum;
}

static inline double model_sum(vt_ctx *ctx, vt_parameters *parameters, model_fn model, input_fn input)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_run run = {.ctx = ctx, .parameters = parameters, .locked = true};
  double sum = weighed(model(vt_root(&run), input(ctx, 2, 3)));
  assert_ok(ctx, vt_ctx_status(ctx));
  vt_tensor_release(ctx, mark);
  return sum;
}

/* The derivative along one random direction of each parameter, against central differences; f32 forward
 * passes carry an error of about 1e-6 of the sum's terms, which the step of 1e-2 turns into 1e-4. */
static inline void check_gradients(vt_ctx *ctx, vt_parameters *parameters, model_fn model, input_fn input,
                                   double tolerance)
{
  vt_tape *tape;
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  size_t mark = vt_tensor_mark(ctx);
  vt_run run = {.ctx = ctx, .parameters = parameters, .locked = true};
  vt_tape_start(ctx, tape);
  vt_tensor *y = model(vt_root(&run), input(ctx, 2, 3));
  vt_tensor *weights = vt_tensor_new(ctx, VT_F32, y->rank, y->dims);
  for (int64_t i = 0; i < vt_count(y); i++)
    ((float *)weights->data)[i] = (float)vt_random_normal(17, 0, (uint64_t)i);
  vt_tensor *loss = vt_sum_all(ctx, vt_mul(ctx, y, weights));
  vt_tape_stop(ctx);
  vt_parameters_drop_gradients(parameters);
  assert_ok(ctx, vt_parameters_backward(ctx, parameters, tape, loss, 1));
  vt_tape_free(tape);
  vt_tensor_release(ctx, mark);
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    vt_parameter *parameter = vt_parameters_at(parameters, i);
    if (parameter->state) continue;
    if (!parameter->gradient) fail_msg("%s has no gradient", parameter->name);
    int64_t count = vt_count(parameter->value);
    float *value = parameter->value->data, *kept = test_malloc((size_t)count * sizeof(float));
    memcpy(kept, value, (size_t)count * sizeof(float));
    double expected = 0, size = 0, sums[4], step = 1e-2 / sqrt((double)count);
    for (int64_t k = 0; k < count; k++) {
      double direction = vt_random_normal(19, (uint64_t)i, (uint64_t)k);
      double gradient = ((float *)parameter->gradient->data)[k];
      expected += direction * gradient;
      size += gradient * gradient;
    }
    const double at[4] = {1, -1, 2, -2};
    for (int side = 0; side < 4; side++) {
      for (int64_t k = 0; k < count; k++)
        value[k] = (float)(kept[k] + at[side] * step * vt_random_normal(19, (uint64_t)i, (uint64_t)k));
      sums[side] = model_sum(ctx, parameters, model, input);
    }
    memcpy(value, kept, (size_t)count * sizeof(float));
    test_free(kept);
    /* two central differences cancel the error of third order */
    double found = (8 * (sums[0] - sums[1]) - (sums[2] - sums[3])) / (12 * step);
    if (!(fabs(found - expected) <= tolerance * (1 + sqrt(size))))
      fail_msg("%s: %g along a direction, %g by differences (|gradient| %g)", parameter->name, expected,
               found, sqrt(size));
  }
}

/* Makes the parameters by one eager run, then asks all of the above. `numbers`: how many there are. */
static inline void check_model(vt_ctx *ctx, model_fn model, input_fn input, int64_t numbers, int name_count,
                               const char *const *names, double tolerance)
{
  vt_parameters *parameters;
  vt_ctx_set_threads(ctx, 1); /* hundreds of short runs */
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  model(vt_root(&run), input(ctx, 2, 1));
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_int_equal(vt_parameters_numbers(parameters, true), numbers);
  shake(parameters, .1);
  check_recording(ctx, parameters, model, input);
  check_hooks(ctx, parameters, model, input, name_count, names);
  check_gradients(ctx, parameters, model, input, tolerance);
  vt_parameters_free(parameters);
}

#endif
