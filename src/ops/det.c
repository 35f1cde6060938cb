/* SPDX-License-Identifier: Apache-2.0
 *
 * Det: by elimination with the largest pivot of each column, in f64.
 */
#include "ops/det.h"

#include <math.h>

#include "ops/families.h"

static vt_status det_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  if (data->rank < 2 || data->dims[data->rank - 1] != data->dims[data->rank - 2]) {
    char shape[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%s does not end in square matrices",
                        vt_shape_text(data, shape));
  }
  return vt_set_output(ctx, call, 0, data->type, data->rank - 2, data->dims);
}

/* Destroys `matrix`. */
static double determinant(double *matrix, int64_t size)
{
  double product = 1;
  for (int64_t column = 0; column < size; column++) {
    int64_t pivot = column;
    for (int64_t row = column + 1; row < size; row++)
      if (fabs(matrix[row * size + column]) > fabs(matrix[pivot * size + column])) pivot = row;
    double *top = matrix + column * size, *best = matrix + pivot * size;
    if (best[column] == 0) return 0;
    for (int64_t i = column; i < size && pivot != column; i++) {
      double swap = top[i];
      top[i] = best[i];
      best[i] = swap;
    }
    product *= pivot == column ? top[column] : -top[column];
    for (int64_t row = column + 1; row < size; row++) {
      double factor = matrix[row * size + column] / top[column];
      for (int64_t i = column; i < size; i++)
        matrix[row * size + i] -= factor * top[i];
    }
  }
  return product;
}

static vt_status det_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  int64_t size = data->dims[data->rank - 1], cells = size * size, count = vt_count(output);
  double *matrix = vt_alloc_zero(ctx, (size_t)cells, sizeof *matrix);
  if (!matrix) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t m = 0; m < count; m++) {
    for (int64_t i = 0; i < cells; i++)
      matrix[i] = vt_get_f64(data, m * cells + i);
    double value = determinant(matrix, size);
    if (data->type == VT_F32)
      ((float *)output->data)[m] = (float)value;
    else
      ((double *)output->data)[m] = value;
  }
  vt_free(matrix);
  return VT_OK;
}

static double det_flops(const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  return 2.0 / 3 * (double)vt_count(data) * (double)data->dims[data->rank - 1];
}

static const vt_op rows[] = {
    {.name = "Det",
     .since = 11,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     .types = {VT_FLOATS},
     .shape = det_shape,
     .implementations = {{"plain", NULL, det_run}},
     .flops = det_flops,
     .backward = vt_det_backward,
     .saves = VT_SAVES_INPUT(0)},
};

const vt_op_family vt_ops_det = {rows, VT_COUNT(rows)};
