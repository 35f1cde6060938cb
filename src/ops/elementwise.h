/* SPDX-License-Identifier: Apache-2.0
 *
 * What element-by-element operators share: walking up to three broadcast inputs in straight rows, f16 and
 * bf16 by way of f32, and the row loops written once for all element types.
 *
 * An operator defines its loops with the macros below, collects them in a table indexed by element type, and
 * its run function hands that table to vt_run_loops().
 */
#ifndef VT_OPS_ELEMENTWISE_H
#define VT_OPS_ELEMENTWISE_H

#include "ops/fast_math.h"
#include "ops/op.h"

enum { VT_LOOP_INPUTS = 3, VT_TYPE_COUNT = VT_BF16 + 1, VT_LOOP_GRAIN = 16384 };

#define VT_HALVES (VT_T(VT_F16) | VT_T(VT_BF16))

/* One row: output[i] from inputs[k][i · steps[k]], steps 0 or 1; when all steps are 0, count is 1. `output`
 * may be inputs[0] itself. */
typedef void (*vt_loop)(const void *const *inputs, const int *steps, void *output, int64_t count,
                        const void *settings);

/* Walks `output` with `count` ≤ 3 inputs broadcast to its shape. */
vt_status vt_walk(vt_ctx *ctx, vt_loop loop, int count, const vt_tensor *const *inputs, vt_tensor *output,
                  const void *settings);

/* Output 0 of a call from all of its inputs (≤ 3) with the loop of input 0's type; the attributes are the
 * settings. Half types go through vt_run_widened(). */
vt_status vt_run_loops(vt_ctx *ctx, const vt_call *call, const vt_loop loops[VT_TYPE_COUNT]);

/* Whether input 0 is f16 or bf16. */
bool vt_is_half(const vt_tensor *tensor);
/* The call again on f32 copies of its f16 and bf16 inputs, f32 results rounded into its outputs. */
vt_status vt_run_widened(vt_ctx *ctx, const vt_call *call);

/* ---- loops ----
 * NAME_TYPE computes `expression` of x (or a, b); `prologue` declares what is the same for the whole row,
 * from `settings`. Inside both, `real` is the element type. */
#define VT_LOOP1(clones, name, type, out_type, prologue, expression)                                         \
  clones static void name(const void *const *inputs, const int *steps, void *output, int64_t count,          \
                          const void *settings)                                                              \
  {                                                                                                          \
    typedef type real;                                                                                       \
    const real *x_row = inputs[0];                                                                           \
    out_type *y_row = output;                                                                                \
    (void)steps, (void)settings, (void)sizeof(real);                                                         \
    prologue;                                                                                                \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                  \
    {                                                                                                        \
      const real x = x_row[i];                                                                               \
      y_row[i] = (out_type)(expression);                                                                     \
    }                                                                                                        \
  }

#define VT_LOOP2(clones, name, type, out_type, prologue, expression)                                         \
  clones static void name(const void *const *inputs, const int *steps, void *output, int64_t count,          \
                          const void *settings)                                                              \
  {                                                                                                          \
    typedef type real;                                                                                       \
    const real *a_row = inputs[0], *b_row = inputs[1];                                                       \
    out_type *y_row = output;                                                                                \
    (void)settings, (void)sizeof(real);                                                                      \
    prologue;                                                                                                \
    if (steps[0] && steps[1]) {                                                                              \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                \
      {                                                                                                      \
        const real a = a_row[i], b = b_row[i];                                                               \
        y_row[i] = (out_type)(expression);                                                                   \
      }                                                                                                      \
    } else if (steps[0]) {                                                                                   \
      const real b = b_row[0];                                                                               \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                \
      {                                                                                                      \
        const real a = a_row[i];                                                                             \
        y_row[i] = (out_type)(expression);                                                                   \
      }                                                                                                      \
    } else if (steps[1]) {                                                                                   \
      const real a = a_row[0];                                                                               \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                \
      {                                                                                                      \
        const real b = b_row[i];                                                                             \
        y_row[i] = (out_type)(expression);                                                                   \
      }                                                                                                      \
    } else { /* both repeat: the first two of a fold whose later inputs are larger */                        \
      const real a = a_row[0], b = b_row[0];                                                                 \
      const out_type y = (out_type)(expression);                                                             \
      for (int64_t i = 0; i < count; i++)                                                                    \
        y_row[i] = y;                                                                                        \
    }                                                                                                        \
  }

#define VT_NO_CLONE
#define VT_NOTHING (void)0

/* f32 and f64 from one body, compiled per instruction set. */
#define VT_FLOAT_LOOPS1(name, prologue, expression)                                                          \
  VT_LOOP1(VT_CLONES, name##_f32, float, float, prologue, expression)                                        \
  VT_LOOP1(VT_CLONES, name##_f64, double, double, prologue, expression)
#define VT_FLOAT_LOOPS2(name, prologue, expression)                                                          \
  VT_LOOP2(VT_CLONES, name##_f32, float, float, prologue, expression)                                        \
  VT_LOOP2(VT_CLONES, name##_f64, double, double, prologue, expression)
#define VT_FLOAT_ENTRIES(name) [VT_F32] = name##_f32, [VT_F64] = name##_f64

/* The eight integer types; LOOP is VT_LOOP1 or VT_LOOP2. */
#define VT_SIGNED_LOOPS(LOOP, name, prologue, expression)                                                    \
  LOOP(VT_NO_CLONE, name##_i8, int8_t, int8_t, prologue, expression)                                         \
  LOOP(VT_NO_CLONE, name##_i16, int16_t, int16_t, prologue, expression)                                      \
  LOOP(VT_NO_CLONE, name##_i32, int32_t, int32_t, prologue, expression)                                      \
  LOOP(VT_NO_CLONE, name##_i64, int64_t, int64_t, prologue, expression)
#define VT_UNSIGNED_LOOPS(LOOP, name, prologue, expression)                                                  \
  LOOP(VT_NO_CLONE, name##_u8, uint8_t, uint8_t, prologue, expression)                                       \
  LOOP(VT_NO_CLONE, name##_u16, uint16_t, uint16_t, prologue, expression)                                    \
  LOOP(VT_NO_CLONE, name##_u32, uint32_t, uint32_t, prologue, expression)                                    \
  LOOP(VT_NO_CLONE, name##_u64, uint64_t, uint64_t, prologue, expression)
#define VT_SIGNED_ENTRIES(name)                                                                              \
  [VT_I8] = name##_i8, [VT_I16] = name##_i16, [VT_I32] = name##_i32, [VT_I64] = name##_i64
#define VT_UNSIGNED_ENTRIES(name)                                                                            \
  [VT_U8] = name##_u8, [VT_U16] = name##_u16, [VT_U32] = name##_u32, [VT_U64] = name##_u64

/* All ten types that are computed with. */
#define VT_NUMBER_ENTRIES(name) VT_FLOAT_ENTRIES(name), VT_SIGNED_ENTRIES(name), VT_UNSIGNED_ENTRIES(name)

#endif
