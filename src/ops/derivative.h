/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of operators that work element by element. One line defines the backward function of an operator
 * with one input, from an expression of x (or y, whichever the row saves) and the gradient g of its result:
 *
 *   VT_DERIVATIVE_BY_OUTPUT(sigmoid, VT_NOTHING, g * y * (1 - y))
 *   … VT_BACKWARD(sigmoid_backward, VT_SAVES_OUTPUT(0)) in its row
 *
 * Operators with several, broadcast operands give a loop for each to vt_backward_operand().
 */
#ifndef VT_OPS_DERIVATIVE_H
#define VT_OPS_DERIVATIVE_H

#include "ops/elementwise.h"
#include "ops/gradient.h"

/* Gradient of input `index`, when wanted: the loop of the gradient's type over `count` ≤ 3 tensors broadcast
 * to the result's shape, summed where the input was repeated. The attributes are the settings. */
vt_status vt_backward_operand(vt_ctx *ctx, const vt_gradient *gradient, int index,
                              const vt_loop loops[VT_TYPE_COUNT], int count, const vt_tensor *const *tensors);

/* A straight row of `held` (the name that the expression uses) and g, neither of them repeated. */
#define VT_DERIVATIVE_LOOP(name, type, held, prologue, expression)                                           \
  VT_CLONES static void name(const void *const *inputs, const int *steps, void *output, int64_t count,       \
                             const void *settings)                                                           \
  {                                                                                                          \
    typedef type real;                                                                                       \
    const real *held_row = inputs[0], *g_row = inputs[1];                                                    \
    real *out_row = output;                                                                                  \
    (void)steps, (void)settings;                                                                             \
    prologue;                                                                                                \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                  \
    {                                                                                                        \
      const real held = held_row[i], g = g_row[i];                                                           \
      out_row[i] = (expression);                                                                             \
    }                                                                                                        \
  }

#define VT_DERIVATIVE(name, held, tensors, prologue, expression)                                             \
  VT_DERIVATIVE_LOOP(name##_back_f32, float, held, prologue, expression)                                     \
  VT_DERIVATIVE_LOOP(name##_back_f64, double, held, prologue, expression)                                    \
  static vt_status name##_backward(vt_ctx *ctx, const vt_gradient *gradient)                                 \
  {                                                                                                          \
    static const vt_loop loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(name##_back)};                             \
    return vt_backward_operand(                                                                              \
        ctx, gradient, 0, loops, 2,                                                                          \
        (const vt_tensor *const[]){gradient->call->tensors[0], gradient->output_gradients[0]});              \
  }
#define VT_DERIVATIVE_BY_INPUT(name, prologue, expression)                                                   \
  VT_DERIVATIVE(name, x, inputs, prologue, expression)
#define VT_DERIVATIVE_BY_OUTPUT(name, prologue, expression)                                                  \
  VT_DERIVATIVE(name, y, outputs, prologue, expression)

/* A row of a, b and c, any of them repeated. */
#define VT_LOOP3(name, type, prologue, expression)                                                           \
  VT_CLONES static void name(const void *const *inputs, const int *steps, void *output, int64_t count,       \
                             const void *settings)                                                           \
  {                                                                                                          \
    typedef type real;                                                                                       \
    const real *a_row = inputs[0], *b_row = inputs[1], *c_row = inputs[2];                                   \
    real *out_row = output;                                                                                  \
    (void)settings;                                                                                          \
    prologue;                                                                                                \
    if (steps[0] && steps[1] && steps[2]) {                                                                  \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                \
      {                                                                                                      \
        const real a = a_row[i], b = b_row[i], c = c_row[i];                                                 \
        out_row[i] = (expression);                                                                           \
      }                                                                                                      \
    } else {                                                                                                 \
      for (int64_t i = 0; i < count; i++) {                                                                  \
        const real a = a_row[i * steps[0]], b = b_row[i * steps[1]], c = c_row[i * steps[2]];                \
        out_row[i] = (expression);                                                                           \
      }                                                                                                      \
    }                                                                                                        \
  }
#define VT_FLOAT_LOOPS3(name, prologue, expression)                                                          \
  VT_LOOP3(name##_f32, float, prologue, expression)                                                          \
  VT_LOOP3(name##_f64, double, prologue, expression)

#endif
