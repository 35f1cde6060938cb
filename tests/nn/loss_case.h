/* SPDX-License-Identifier: Apache-2.0
 *
 * A loss against its formula, written out in double precision beside it: the value, and the gradient against
 * central differences of the formula.
 */
#ifndef VT_TESTS_NN_LOSS_CASE_H
#define VT_TESTS_NN_LOSS_CASE_H

#include <math.h>

#include "nn/loss.h"
#include "test.h"

enum { MOST = 256 };

typedef vt_tensor *(*loss_fn)(vt_ctx *ctx, vt_tensor *x);
typedef double (*formula_fn)(const double *x);

static inline vt_tensor *numbers_of(vt_ctx *ctx, int rank, const int64_t *dims, const double *values)
{
  vt_tensor *x = vt_tensor_new(ctx, VT_F32, rank, dims);
  for (int64_t i = 0; i < vt_count(x); i++)
    ((float *)x->data)[i] = (float)values[i];
  return x;
}

static inline vt_tensor *classes_of(vt_ctx *ctx, int rank, const int64_t *dims, const int64_t *values)
{
  vt_tensor *x = vt_tensor_new(ctx, VT_I64, rank, dims);
  memcpy(x->data, values, vt_bytes(x));
  return x;
}

/* Rounded as f32 is, so that both sides see the same. */
static inline double some_number(int64_t i)
{
  return (double)(float)vt_random_normal(11, 3, (uint64_t)i);
}

/* Single precision against double: values of about 1 summed over tens of terms agree to some 1e-6; central
 * differences of the formula with step 1e-5 are good to 1e-9. */
static inline void check_loss(loss_fn loss, formula_fn formula, int rank, const int64_t *dims, double size)
{
  vt_ctx *ctx = vt_ctx_new();
  vt_tape *tape;
  double x[MOST];
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  vt_tensor *input = vt_tensor_new(ctx, VT_F32, rank, dims);
  int64_t count = vt_count(input);
  assert_true(count <= MOST);
  for (int64_t i = 0; i < count; i++)
    ((float *)input->data)[i] = (float)(size * some_number(i));
  for (int64_t i = 0; i < count; i++)
    x[i] = (double)((float *)input->data)[i];
  vt_tape_start(ctx, tape);
  assert_ok(ctx, vt_tape_watch(ctx, tape, input));
  vt_tensor *value = loss(ctx, input);
  vt_tape_stop(ctx);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_int_equal(value->rank, 0);
  assert_near((double)*(float *)value->data, formula(x), 3e-6 * (1 + fabs(formula(x))));
  vt_tensor *one = vt_number(ctx, 1);
  assert_ok(ctx, vt_tape_backward(ctx, tape, &value, &one, 1, NULL));
  vt_tensor *gradient = vt_tape_gradient(tape, input);
  assert_non_null(gradient);
  double largest = 0;
  for (int64_t i = 0; i < count; i++) {
    double kept = x[i], h = 1e-5;
    x[i] = kept + h;
    double above = formula(x);
    x[i] = kept - h;
    double slope = (above - formula(x)) / (2 * h);
    x[i] = kept;
    assert_near((double)((float *)gradient->data)[i], slope, 1e-5 * (1 + fabs(slope)));
    largest = fmax(largest, fabs(slope));
  }
  assert_true(largest > 1e-3);
  vt_tape_free(tape);
  vt_ctx_free(ctx);
}

static inline double softmax_at(const double *x, int count, int stride, int k)
{
  double sum = 0;
  for (int i = 0; i < count; i++)
    sum += exp(x[i * stride]);
  return exp(x[k * stride]) / sum;
}

static inline double logistic(double x)
{
  return 1 / (1 + exp(-x));
}

#endif
