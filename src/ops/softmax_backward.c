/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of Softmax, dx = y · (dy − Σ dy · y), and LogSoftmax, dx = dy − e^y · Σ dy, the sums along the
 * axis. Both need the output alone.
 */
#include "ops/elementwise.h"
#include "ops/softmax.h"

enum { LANES = 16, COLUMNS = 64 };

typedef struct softmax_work {
  const void *y, *gradient;
  void *out;
  int64_t length, inner; /* [outer, length, inner] */
  bool logarithm;
} softmax_work;

/* The axis is the last one. Sums are f64 in lanes, so that they have one order everywhere. */
#define BACK_ROW(suffix, type)                                                                               \
  VT_CLONES static void softmax_back_row_##suffix(const type *y, const type *g, type *out, int64_t count,    \
                                                  bool logarithm)                                            \
  {                                                                                                          \
    double sums[LANES] = {0}, sum = 0;                                                                       \
    int64_t whole = count - count % LANES;                                                                   \
    for (int64_t i = 0; i < whole; i += LANES) {                                                             \
      if (logarithm) {                                                                                       \
        _Pragma("omp simd") for (int lane = 0; lane < LANES; lane++) sums[lane] += (double)g[i + lane];      \
      } else {                                                                                               \
        _Pragma("omp simd") for (int lane = 0; lane < LANES; lane++) sums[lane] +=                           \
            (double)g[i + lane] * (double)y[i + lane];                                                       \
      }                                                                                                      \
    }                                                                                                        \
    for (int64_t i = whole; i < count; i++)                                                                  \
      sums[i - whole] += logarithm ? (double)g[i] : (double)g[i] * (double)y[i];                             \
    for (int lane = 0; lane < LANES; lane++)                                                                 \
      sum += sums[lane];                                                                                     \
    const type total = (type)sum;                                                                            \
    if (logarithm) {                                                                                         \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) out[i] = g[i] - VT_EXP(y[i]) * total;          \
    } else {                                                                                                 \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) out[i] = y[i] * (g[i] - total);                \
    }                                                                                                        \
  }

/* Any other axis: up to COLUMNS neighbouring columns together. */
#define BACK_COLUMNS(suffix, type)                                                                           \
  VT_CLONES static void softmax_back_columns_##suffix(                                                       \
      const type *y, const type *g, type *out, int64_t count, int64_t stride, int64_t width, bool logarithm) \
  {                                                                                                          \
    double sum[COLUMNS] = {0};                                                                               \
    for (int64_t i = 0; i < count * stride; i += stride) {                                                   \
      _Pragma("omp simd") for (int64_t j = 0; j < width; j++) sum[j] +=                                      \
          logarithm ? (double)g[i + j] : (double)g[i + j] * (double)y[i + j];                                \
    }                                                                                                        \
    for (int64_t i = 0; i < count * stride; i += stride) {                                                   \
      if (logarithm) {                                                                                       \
        _Pragma("omp simd") for (int64_t j = 0; j < width; j++) out[i + j] =                                 \
            g[i + j] - VT_EXP(y[i + j]) * (type)sum[j];                                                      \
      } else {                                                                                               \
        _Pragma("omp simd") for (int64_t j = 0; j < width; j++) out[i + j] =                                 \
            y[i + j] * (g[i + j] - (type)sum[j]);                                                            \
      }                                                                                                      \
    }                                                                                                        \
  }

/* Lines first..last of [outer, inner]. */
#define BACK_RANGE(suffix, type)                                                                             \
  BACK_ROW(suffix, type)                                                                                     \
  BACK_COLUMNS(suffix, type)                                                                                 \
  static void softmax_back_range_##suffix(void *user, int64_t first, int64_t last)                           \
  {                                                                                                          \
    const softmax_work *work = user;                                                                         \
    for (int64_t line = first; line < last;) {                                                               \
      int64_t column = line % work->inner;                                                                   \
      int64_t start = line / work->inner * work->length * work->inner + column;                              \
      int64_t width = work->inner - column < last - line ? work->inner - column : last - line;               \
      if (width > COLUMNS) width = COLUMNS;                                                                  \
      const type *y = (const type *)work->y + start, *g = (const type *)work->gradient + start;              \
      type *out = (type *)work->out + start;                                                                 \
      if (work->inner == 1) {                                                                                \
        softmax_back_row_##suffix(y, g, out, work->length, work->logarithm);                                 \
        width = 1;                                                                                           \
      } else {                                                                                               \
        softmax_back_columns_##suffix(y, g, out, work->length, work->inner, width, work->logarithm);         \
      }                                                                                                      \
      line += width;                                                                                         \
    }                                                                                                        \
  }

BACK_RANGE(f32, float)
BACK_RANGE(f64, double)

static vt_status backward(vt_ctx *ctx, const vt_gradient *gradient, bool logarithm)
{
  const vt_tensor *y = gradient->call->outputs[0];
  const vt_softmax_settings *settings = gradient->call->attributes;
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  softmax_work work = {.y = y->data,
                       .gradient = gradient->output_gradients[0]->data,
                       .out = made->data,
                       .length = 1,
                       .inner = 1,
                       .logarithm = logarithm};
  int axis = 0;
  if (y->rank > 0) {
    VT_TRY(vt_axis(ctx, "axis", settings->axis, y->rank, &axis));
    work.length = y->dims[axis];
    work.inner = vt_span(y, axis + 1, y->rank);
  }
  if (vt_count(y) == 0) return VT_OK;
  vt_parallel(ctx, vt_span(y, 0, axis) * work.inner, 1 + VT_LOOP_GRAIN / work.length,
              y->type == VT_F32 ? softmax_back_range_f32 : softmax_back_range_f64, &work);
  return VT_OK;
}

vt_status vt_softmax_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return backward(ctx, gradient, false);
}

vt_status vt_log_softmax_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return backward(ctx, gradient, true);
}
