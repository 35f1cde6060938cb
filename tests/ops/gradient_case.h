/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients in two halves:
 *
 *   gradient_check(ctx, "Conv", "pads=1,1,1,1", 1e-4, RANDOM(SHAPE(1, 4, 7, 7)), RANDOM(SHAPE(6, 4, 3, 3)));
 *
 * The call is made in f64 with the inputs as given (f64 tensors are differentiated, all others taken as they
 * are), and its backward compared with central differences of a random weighted sum of all real outputs. Then
 * the inputs are rounded to f32 and the fast forward and backward compared with the f64 ones at those values,
 * with one and with two threads, whose bytes must be equal, and channels-last with row-major. Keep inputs
 * away from kinks by more than 1e-4.
 *
 * With VITRAIL_GRADIENT_TABLE=FILE each check appends "operator<TAB>attributes<TAB>shapes<TAB>f64 error<TAB>
 * f32 error" to that file.
 */
#ifndef VT_TESTS_OPS_GRADIENT_CASE_H
#define VT_TESTS_OPS_GRADIENT_CASE_H

#include "kernel_case.h"

#include "ops/layout.h"
#include "ops/tape.h"

enum { GRADIENT_INPUTS = 8, GRADIENT_OUTPUTS = 4, GRADIENT_PROBES = 60 };

/* f64 numbers of a fixed stream in [−2, 2); BETWEEN for other ranges. */
#define RANDOM(shape)             op_uniform(ctx, VT_F64, shape, -2, 2, __LINE__ * 31 + __COUNTER__)
#define BETWEEN(low, high, shape) op_uniform(ctx, VT_F64, shape, low, high, __LINE__ * 31 + __COUNTER__)

/* Relative L2 of the f64 backward against central differences: what the differences themselves lose. */
#define GRADIENT_TOLERANCE 2e-7

#define gradient_check(ctx, name, attributes, fast_tolerance, ...)                                           \
  gradient_check_with(ctx, name, attributes, 1, fast_tolerance, __LINE__, OP_LIST(__VA_ARGS__))
/* For operators with several outputs: the first `wanted` are summed up. */
#define gradient_check_outputs(ctx, name, attributes, wanted, fast_tolerance, ...)                           \
  gradient_check_with(ctx, name, attributes, wanted, fast_tolerance, __LINE__, OP_LIST(__VA_ARGS__))

/* The second half alone, for shapes at which differences would take seconds. */
#define gradient_check_large(ctx, name, attributes, fast_tolerance, ...)                                     \
  gradient_check_large_with(ctx, name, attributes, fast_tolerance, __LINE__, OP_LIST(__VA_ARGS__))

typedef struct gradient_run {
  vt_tensor *outputs[GRADIENT_OUTPUTS];
  vt_tensor *gradients[GRADIENT_INPUTS]; /* NULL: not wanted, or zero */
} gradient_run;

static inline double gradient_weight(int output, int64_t index)
{
  return 2 * vt_random_uniform(77, (uint64_t)output + 1, (uint64_t)index) - 1;
}

static inline bool gradient_real(const vt_tensor *tensor)
{
  return tensor && (tensor->type == VT_F64 || tensor->type == VT_F32);
}

/* `only`: the one input to be watched, −1: all real ones. Attributes live as long as the tape, so the call
 * is made here and not by op_call(). */
static inline void gradient_of_inputs(vt_ctx *ctx, const char *name, const char *attributes, int wanted,
                                      vt_tensor *const *inputs, int count, int line, int only,
                                      gradient_run *out)
{
  const vt_op *op = op_named(name);
  if (!op) fail_msg("operator %s is not in the table", name);
  if (!op->backward) fail_msg("line %d: %s has no backward", line, name);
  _Alignas(16) unsigned char settings[512];
  assert_true(op->attributes_size <= sizeof settings);
  assert_ok(ctx, vt_params_defaults(ctx, op->fields, op->field_count, settings, op->attributes_size));
  for (const char *start = attributes; *start;) {
    char piece[256];
    size_t length = strcspn(start, ";");
    snprintf(piece, sizeof piece, "%.*s", (int)length, start);
    start += length + (start[length] == ';');
    char *equals = strchr(piece, '=');
    if (!equals) fail_msg("attribute '%s' is not name=value", piece);
    *equals = 0;
    assert_ok(ctx, vt_params_set(ctx, op->fields, op->field_count, settings, piece, equals + 1));
  }
  vt_tape *tape;
  vt_tensor *own[GRADIENT_INPUTS] = {NULL}, *of[GRADIENT_OUTPUTS], *seeds[GRADIENT_OUTPUTS];
  *out = (gradient_run){0};
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  for (int i = 0; i < count; i++) {
    if (!inputs[i]) continue;
    own[i] = vt_tensor_empty(ctx);
    assert_ok(ctx, vt_tensor_set_shape(ctx, own[i], inputs[i]->type, inputs[i]->rank, inputs[i]->dims));
    own[i]->layout = inputs[i]->layout;
    vt_tensor_share(own[i], inputs[i]);
    bool watched = gradient_real(own[i]) && (only < 0 || only == i);
    if (watched) assert_ok(ctx, vt_tape_watch(ctx, tape, own[i]));
  }
  for (int i = 0; i < wanted; i++)
    out->outputs[i] = vt_tensor_empty(ctx);
  vt_tape_start(ctx, tape);
  vt_status status = vt_apply(ctx, op, settings, "under test", count, own, wanted, out->outputs);
  vt_tape_stop(ctx);
  if (status != VT_OK) fail_msg("line %d: %s: %s", line, name, vt_ctx_message(ctx));
  int seeded = 0;
  for (int i = 0; i < wanted; i++) {
    vt_tensor *output = out->outputs[i];
    if (!gradient_real(output)) continue;
    vt_tensor *seed = vt_tensor_new(ctx, output->type, output->rank, output->dims);
    for (int64_t k = 0; k < vt_count(seed); k++)
      op_put(seed, k, gradient_weight(i, k));
    of[seeded] = output;
    seeds[seeded++] = seed;
  }
  if (vt_tape_backward(ctx, tape, of, seeds, seeded, NULL) != VT_OK)
    fail_msg("line %d: %s backward: %s", line, name, vt_ctx_message(ctx));
  for (int i = 0; i < count; i++) {
    vt_tensor *gradient = own[i] ? vt_tape_gradient(tape, own[i]) : NULL;
    if (!gradient) continue;
    out->gradients[i] = vt_tensor_empty(ctx);
    assert_ok(ctx,
              vt_tensor_set_shape(ctx, out->gradients[i], gradient->type, gradient->rank, gradient->dims));
    out->gradients[i]->layout = gradient->layout;
    vt_tensor_share(out->gradients[i], gradient);
  }
  vt_tape_free(tape);
  vt_params_free(op->fields, op->field_count, settings);
}

/* The same with all real inputs watched. */
static inline void gradient_forward_backward(vt_ctx *ctx, const char *name, const char *attributes,
                                             int wanted, vt_tensor *const *inputs, int count, int line,
                                             gradient_run *out)
{
  gradient_of_inputs(ctx, name, attributes, wanted, inputs, count, line, -1, out);
}

static inline double gradient_sum(vt_ctx *ctx, const char *name, const char *attributes, int wanted,
                                  vt_tensor *const *inputs, int count)
{
  vt_tensor *outputs[GRADIENT_OUTPUTS] = {NULL};
  size_t mark = vt_tensor_mark(ctx);
  double sum = 0;
  assert_ok(ctx, op_call(ctx, name, attributes, NULL, outputs, wanted, inputs, count));
  for (int i = 0; i < wanted; i++)
    for (int64_t k = 0; gradient_real(outputs[i]) && k < vt_count(outputs[i]); k++)
      sum += gradient_weight(i, k) * vt_get_f64(outputs[i], k);
  vt_tensor_release(ctx, mark);
  return sum;
}

/* Largest relative L2 over the inputs, each at up to GRADIENT_PROBES of its elements. */
static inline double gradient_against_differences(vt_ctx *ctx, const char *name, const char *attributes,
                                                  int wanted, vt_tensor *const *inputs, int count, int line,
                                                  const gradient_run *run)
{
  double worst = 0;
  for (int i = 0; i < count; i++) {
    if (!inputs[i] || inputs[i]->type != VT_F64) continue;
    double *values = inputs[i]->data, difference = 0, norm = 0;
    int64_t elements = vt_count(inputs[i]), probes = elements < GRADIENT_PROBES ? elements : GRADIENT_PROBES;
    for (int64_t p = 0; p < probes; p++) {
      int64_t k =
          elements <= GRADIENT_PROBES ? p : (int64_t)vt_random_below(5, 3, (uint64_t)p, (uint64_t)elements);
      double kept = values[k], step = 1e-5 * (fabs(kept) > 1 ? fabs(kept) : 1);
      /* Richardson: two central differences cancel the error of third order */
      double sums[4];
      const double at[4] = {1, -1, 2, -2};
      for (int s = 0; s < 4; s++) {
        values[k] = kept + at[s] * step;
        sums[s] = gradient_sum(ctx, name, attributes, wanted, inputs, count);
      }
      values[k] = kept;
      double expected = (8 * (sums[0] - sums[1]) - (sums[2] - sums[3])) / (12 * step);
      double found = run->gradients[i] ? vt_get_f64(run->gradients[i], k) : 0;
      difference += (found - expected) * (found - expected);
      norm += expected * expected;
    }
    /* differences of sums of size 1 lose about 1e-16 / step each */
    double error = sqrt(difference) / (sqrt(norm) > 1e-3 ? sqrt(norm) : 1e-3);
    if (!(error <= GRADIENT_TOLERANCE))
      fail_msg("line %d: %s %s: gradient of input %d is %.3g away from central differences", line, name,
               attributes, i, error);
    if (error > worst) worst = error;
  }
  return worst;
}

static inline double gradient_fast_against_plain(vt_ctx *ctx, const char *name, const char *attributes,
                                                 int wanted, vt_tensor *const *inputs, int count,
                                                 double tolerance, int line)
{
  vt_tensor *narrow[GRADIENT_INPUTS] = {NULL}, *wide[GRADIENT_INPUTS] = {NULL};
  for (int i = 0; i < count; i++) {
    narrow[i] = wide[i] = inputs[i];
    if (!inputs[i] || inputs[i]->type != VT_F64) continue;
    narrow[i] = vt_tensor_new(ctx, VT_F32, inputs[i]->rank, inputs[i]->dims);
    wide[i] = vt_tensor_new(ctx, VT_F64, inputs[i]->rank, inputs[i]->dims);
    for (int64_t k = 0; k < vt_count(inputs[i]); k++) {
      op_put(narrow[i], k, vt_get_f64(inputs[i], k));
      op_put(wide[i], k, vt_get_f64(narrow[i], k));
    }
  }
  gradient_run plain, one, two;
  gradient_forward_backward(ctx, name, attributes, wanted, wide, count, line, &plain);
  vt_ctx_set_threads(ctx, 1);
  gradient_forward_backward(ctx, name, attributes, wanted, narrow, count, line, &one);
  vt_ctx_set_threads(ctx, 2);
  gradient_forward_backward(ctx, name, attributes, wanted, narrow, count, line, &two);
  double worst = 0;
  for (int i = 0; i < count; i++) {
    if (!plain.gradients[i] != !one.gradients[i])
      fail_msg("line %d: %s %s: gradient of input %d is missing in one precision", line, name, attributes, i);
    if (!plain.gradients[i]) continue;
    assert_int_equal(one.gradients[i]->type, VT_F32);
    double distance = kernel_distance(one.gradients[i], plain.gradients[i]);
    if (!(distance <= tolerance))
      fail_msg("line %d: %s %s: f32 gradient of input %d is %.3g away from f64 (tolerance %.3g)", line, name,
               attributes, i, distance, tolerance);
    if (memcmp(one.gradients[i]->data, two.gradients[i]->data, vt_bytes(one.gradients[i])) != 0)
      fail_msg("line %d: %s %s: gradient of input %d has other bytes with two threads", line, name,
               attributes, i);
    if (distance > worst) worst = distance;
  }
  return worst;
}

static inline void gradient_note(const char *name, const char *attributes, vt_tensor *const *inputs,
                                 int count, double exact, double fast)
{
  const char *path = getenv("VITRAIL_GRADIENT_TABLE");
  FILE *file = path ? fopen(path, "a") : NULL;
  if (!file) return;
  fprintf(file, "%s\t%s\t", name, attributes);
  for (int i = 0; i < count; i++) {
    char shape[160];
    fprintf(file, "%s%s", i ? " " : "", inputs[i] ? vt_shape_text(inputs[i], shape) : "-");
  }
  fprintf(file, "\t%.3g\t%.3g\n", exact, fast);
  fclose(file);
}

/* Each gradient asked for alone has the same bytes: nothing that it reads was let go. */
static inline void gradient_alone(vt_ctx *ctx, const char *name, const char *attributes, int wanted,
                                  vt_tensor *const *inputs, int count, int line, const gradient_run *all)
{
  for (int i = 0; i < count; i++) {
    gradient_run alone;
    if (!gradient_real(inputs[i])) continue;
    gradient_of_inputs(ctx, name, attributes, wanted, inputs, count, line, i, &alone);
    bool same = !alone.gradients[i] == !all->gradients[i];
    if (same && alone.gradients[i])
      same = memcmp(alone.gradients[i]->data, all->gradients[i]->data, vt_bytes(alone.gradients[i])) == 0;
    if (!same)
      fail_msg("line %d: %s %s: gradient of input %d is another when asked for alone", line, name, attributes,
               i);
  }
}

/* The call with one input of three dimensions or more channels-last, then with all of them, on two threads:
 * outputs and gradients must be those of row-major inputs. With less than two such inputs the runs are
 * alike. Convolutions, whose weights are row-major always, keep to input 0. */
static inline void gradient_in_layouts(vt_ctx *ctx, const char *name, const char *attributes, int wanted,
                                       vt_tensor *const *inputs, int count, double tolerance, int line)
{
  vt_tensor *rows[GRADIENT_INPUTS] = {NULL};
  gradient_run plain;
  for (int i = 0; i < count; i++) {
    rows[i] = inputs[i];
    if (!inputs[i] || inputs[i]->type != VT_F64) continue;
    rows[i] = vt_tensor_new(ctx, VT_F32, inputs[i]->rank, inputs[i]->dims);
    for (int64_t k = 0; k < vt_count(inputs[i]); k++)
      op_put(rows[i], k, vt_get_f64(inputs[i], k));
  }
  vt_ctx_set_threads(ctx, 2);
  gradient_forward_backward(ctx, name, attributes, wanted, rows, count, line, &plain);
  for (int all = 0; all < 2; all++) {
    vt_tensor *mixed[GRADIENT_INPUTS] = {NULL};
    gradient_run last;
    for (int i = 0; i < count; i++)
      mixed[i] = rows[i] && (i == 0 || all) ? vt_channels_last(ctx, rows[i]) : rows[i];
    gradient_forward_backward(ctx, name, attributes, wanted, mixed, count, line, &last);
    for (int i = 0; i < wanted; i++) {
      vt_tensor *output = vt_row_major(ctx, last.outputs[i]);
      assert_true(vt_same_shape(output, plain.outputs[i]));
      double distance = kernel_distance(output, plain.outputs[i]);
      if (!(distance <= tolerance))
        fail_msg("line %d: %s %s: output %d channels-last is %.3g away (tolerance %.3g)", line, name,
                 attributes, i, distance, tolerance);
    }
    for (int i = 0; i < count; i++) {
      if (!plain.gradients[i] != !last.gradients[i])
        fail_msg("line %d: %s %s: gradient of input %d is missing in one layout", line, name, attributes, i);
      if (!plain.gradients[i]) continue;
      assert_int_equal(last.gradients[i]->layout, mixed[i]->layout);
      vt_tensor *gradient = vt_row_major(ctx, last.gradients[i]);
      double distance = kernel_distance(gradient, plain.gradients[i]);
      if (!(distance <= tolerance))
        fail_msg("line %d: %s %s: gradient of input %d channels-last is %.3g away (tolerance %.3g)", line,
                 name, attributes, i, distance, tolerance);
    }
  }
}

/* Layouts alone. */
#define layout_check(ctx, name, attributes, tolerance, ...)                                                  \
  layout_check_with(ctx, name, attributes, 1, tolerance, __LINE__, OP_LIST(__VA_ARGS__))
#define layout_check_outputs(ctx, name, attributes, wanted, tolerance, ...)                                  \
  layout_check_with(ctx, name, attributes, wanted, tolerance, __LINE__, OP_LIST(__VA_ARGS__))

static inline void layout_check_with(vt_ctx *ctx, const char *name, const char *attributes, int wanted,
                                     double tolerance, int line, vt_tensor *const *inputs, int count)
{
  gradient_in_layouts(ctx, name, attributes, wanted, inputs, count, tolerance, line);
}

static inline void gradient_check_with(vt_ctx *ctx, const char *name, const char *attributes, int wanted,
                                       double fast_tolerance, int line, vt_tensor *const *inputs, int count)
{
  assert_true(count <= GRADIENT_INPUTS && wanted <= GRADIENT_OUTPUTS);
  gradient_run run;
  gradient_forward_backward(ctx, name, attributes, wanted, inputs, count, line, &run);
  vt_ctx_set_threads(ctx, 1); /* hundreds of short runs: starting threads costs more than they give */
  double exact = gradient_against_differences(ctx, name, attributes, wanted, inputs, count, line, &run);
  double fast =
      gradient_fast_against_plain(ctx, name, attributes, wanted, inputs, count, fast_tolerance, line);
  gradient_alone(ctx, name, attributes, wanted, inputs, count, line, &run);
  gradient_in_layouts(ctx, name, attributes, wanted, inputs, count, 2 * fast_tolerance, line);
  gradient_note(name, attributes, inputs, count, exact, fast);
}

static inline void gradient_check_large_with(vt_ctx *ctx, const char *name, const char *attributes,
                                             double fast_tolerance, int line, vt_tensor *const *inputs,
                                             int count)
{
  assert_true(count <= GRADIENT_INPUTS);
  double fast = gradient_fast_against_plain(ctx, name, attributes, 1, inputs, count, fast_tolerance, line);
  gradient_in_layouts(ctx, name, attributes, 1, inputs, count, 2 * fast_tolerance, line);
  gradient_note(name, attributes, inputs, count, NAN, fast);
}

#endif
