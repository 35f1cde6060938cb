/* SPDX-License-Identifier: Apache-2.0
 *
 * For operators with a fast f32 kernel: it must agree with the plain loop in relative L2 norm, and its bytes
 * must be the same for one and for two threads.
 */
#ifndef VT_TESTS_OPS_KERNEL_CASE_H
#define VT_TESTS_OPS_KERNEL_CASE_H

#include "op_case.h"

/* ‖fast − plain‖ / ‖plain‖. Both may be all zero. */
static inline double kernel_distance(const vt_tensor *fast, const vt_tensor *plain)
{
  double difference = 0, norm = 0;
  for (int64_t i = 0, count = vt_count(fast); i < count; i++) {
    double a = vt_get_f64(fast, i), b = vt_get_f64(plain, i);
    if (a == b) { /* infinities too */
      norm += isfinite(b) ? b * b : 0;
      continue;
    }
    difference += (a - b) * (a - b);
    norm += b * b;
  }
  return difference == 0 ? 0 : sqrt(difference / norm);
}

/* An f32 sum of n products has a relative error of about √n · 2⁻²⁴; kernels that
 * sum in blocks stay below it. */
static inline double kernel_tolerance(int64_t products)
{
  double bound = 4 * sqrt((double)products) * 0x1p-24;
  return bound > 1e-6 ? bound : 1e-6;
}

#define kernel_agrees(ctx, name, attributes, wanted, tolerance, ...)                                         \
  kernel_agrees_with(ctx, name, attributes, wanted, tolerance, __LINE__, OP_LIST(__VA_ARGS__))

static inline void kernel_agrees_with(vt_ctx *ctx, const char *name, const char *attributes, int wanted,
                                      double tolerance, int line, vt_tensor *const *inputs, int input_count)
{
  enum { OUTPUTS = 3 };
  vt_tensor *plain[OUTPUTS] = {NULL}, *one[OUTPUTS] = {NULL}, *two[OUTPUTS] = {NULL};
  char shape[160], weights[160] = "";
  vt_shape_text(inputs[0], shape);
  if (input_count > 1) vt_shape_text(inputs[1], weights);
  vt_op_force_plain(true);
  vt_status status = op_call(ctx, name, attributes, NULL, plain, wanted, inputs, input_count);
  vt_op_force_plain(false);
  vt_ctx_set_threads(ctx, 1);
  if (status == VT_OK) status = op_call(ctx, name, attributes, NULL, one, wanted, inputs, input_count);
  vt_ctx_set_threads(ctx, 2);
  if (status == VT_OK) status = op_call(ctx, name, attributes, NULL, two, wanted, inputs, input_count);
  if (status != VT_OK)
    fail_msg("line %d: %s %s %s %s: %s", line, name, attributes, shape, weights, vt_ctx_message(ctx));
  for (int i = 0; i < wanted; i++) {
    assert_true(one[i]->type == plain[i]->type && vt_same_shape(one[i], plain[i]));
    double distance = kernel_distance(one[i], plain[i]);
    if (!(distance <= tolerance))
      fail_msg("line %d: %s %s %s %s: output %d is %.3g away from the plain loop (tolerance %.3g)", line,
               name, attributes, shape, weights, i, distance, tolerance);
    if (memcmp(one[i]->data, two[i]->data, vt_bytes(one[i])) != 0)
      fail_msg("line %d: %s %s %s %s: output %d has other bytes with two threads, distance %.3g", line, name,
               attributes, shape, weights, i, kernel_distance(one[i], two[i]));
  }
}

/* A small number of a fixed stream in low..high. */
static inline int64_t kernel_random(uint64_t seed, uint64_t index, int64_t low, int64_t high)
{
  return low + (int64_t)vt_random_below(seed, 7, index, (uint64_t)(high - low + 1));
}

#endif
