/* SPDX-License-Identifier: Apache-2.0 */
#include "math/conjugate.h"

#include <math.h>

static double dot(const double *a, const double *b, size_t count)
{
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += a[i] * b[i];
  return sum;
}

static void precondition(const double *residual, const double *diagonal, size_t count, double *out)
{
  for (size_t i = 0; i < count; i++)
    out[i] = diagonal ? residual[i] / diagonal[i] : residual[i];
}

vt_status vt_conjugate_gradients(vt_ctx *ctx, size_t count, vt_apply_fn apply, const void *user,
                                 const double *diagonal, const double *b, double tolerance, int most_steps,
                                 double *x, int *steps)
{
  size_t size;
  if (steps) *steps = 0;
  if (!vt_size_mul(count, 4, &size)) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "%zu unknowns", count);
  double *room = vt_alloc_zero(ctx, size, sizeof *room);
  if (!room) return VT_ERROR_OUT_OF_MEMORY;
  double *residual = room, *direction = room + count, *image = room + 2 * count, *scaled = room + 3 * count;
  double limit = tolerance * sqrt(dot(b, b, count));
  apply(user, x, image);
  for (size_t i = 0; i < count; i++)
    residual[i] = b[i] - image[i];
  precondition(residual, diagonal, count, scaled);
  memcpy(direction, scaled, count * sizeof *direction);
  double product = dot(residual, scaled, count);
  vt_status status = VT_OK;
  int step = 0;
  for (; sqrt(dot(residual, residual, count)) > limit; step++) {
    apply(user, direction, image);
    double curvature = dot(direction, image, count);
    if (step == most_steps || !(curvature > 0)) {
      status = vt_fail(ctx, VT_ERROR_RUNTIME, "a linear system of %zu unknowns was not solved in %d steps%s",
                       count, step, step == most_steps ? "" : ": it is not positive definite");
      break;
    }
    double length = product / curvature, before = product;
    for (size_t i = 0; i < count; i++) {
      x[i] += length * direction[i];
      residual[i] -= length * image[i];
    }
    precondition(residual, diagonal, count, scaled);
    product = dot(residual, scaled, count);
    for (size_t i = 0; i < count; i++)
      direction[i] = scaled[i] + product / before * direction[i];
  }
  if (steps) *steps = step;
  vt_free(room);
  return status;
}
