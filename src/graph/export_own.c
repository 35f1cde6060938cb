/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators of domain "vt" in those of ONNX.
 */
#include "graph/draft.h"
#include "graph/export.h"

/* Operators that only matter to gradients. */
void vt_export_identity(vt_export *e)
{
  VT_EXPORT_RESULT(e, "Identity", NULL, vt_export_input(e, 0));
}

/* x · [x > θ] */
void vt_export_jump_relu(vt_export *e)
{
  int x = vt_export_input(e, 0), above = VT_EXPORT(e, "Greater", NULL, x, vt_export_input(e, 1));
  VT_EXPORT_RESULT(e, "Where", NULL, above, x, vt_export_number(e, 0));
}

static int cast(vt_export *e, int value)
{
  char to[32];
  snprintf(to, sizeof to, "to=%d", (int)vt_export_type(e));
  return VT_EXPORT(e, "Cast", to, value);
}

void vt_export_step(vt_export *e)
{
  char to[32];
  snprintf(to, sizeof to, "to=%d", (int)vt_export_type(e));
  VT_EXPORT_RESULT(e, "Cast", to,
                   VT_EXPORT(e, "Greater", NULL, vt_export_input(e, 0), vt_export_input(e, 1)));
}

/* The differences themselves are squared, as the operator does. */
void vt_export_squared_distance(vt_export *e)
{
  int rows = VT_EXPORT(e, "Unsqueeze", NULL, vt_export_input(e, 0), VT_EXPORT_INTS(e, -2));
  int difference = VT_EXPORT(e, "Sub", NULL, rows, vt_export_input(e, 1));
  int squares = VT_EXPORT(e, "Mul", NULL, difference, difference);
  VT_EXPORT_RESULT(e, "ReduceSum", "keepdims=0", squares, VT_EXPORT_INTS(e, -1));
}

/* ---- AdaptiveAveragePool ---- */

/* [places, bins], or [bins, places] when `left`: 1/size where a place belongs to a bin. */
static int bins(vt_export *e, int64_t places, int64_t count, bool left)
{
  vt_tensor *matrix;
  int64_t dims[2] = {left ? count : places, left ? places : count};
  vt_status status = vt_tensor_new_alone(e->ctx, VT_F32, 2, dims, &matrix);
  if (status != VT_OK) {
    if (e->status == VT_OK) e->status = status;
    return VT_NO_VALUE;
  }
  float *data = matrix->data;
  memset(data, 0, vt_bytes(matrix));
  for (int64_t bin = 0; bin < count; bin++) {
    int64_t first = bin * places / count, last = ((bin + 1) * places + count - 1) / count;
    for (int64_t place = first; place < last; place++)
      data[left ? bin * places + place : place * count + bin] = 1 / (float)(last - first);
  }
  int made = vt_export_tensor(e, matrix);
  return vt_export_type(e) == VT_F32 ? made : cast(e, made);
}

/* Means along the last axis by a matrix from the right, along the one before by a matrix from the left; a
 * third is moved there and back. */
void vt_export_adaptive_pool(vt_export *e)
{
  static const char *const swap = "perm=0,1,3,2,4";
  const vt_ints *sizes = vt_attribute_ints(e->node, "output_size");
  int rank = vt_export_rank(e, 0), x = vt_export_input(e, 0);
  if (rank < 0) return;
  const int64_t *dims = e->from->values[x].dims;
  if (!sizes || rank < 3 || rank > 5 || sizes->count != (size_t)rank - 2) {
    vt_export_refuse(e, "its sizes do not fit its input");
    return;
  }
  for (int axis = 2; axis < rank; axis++)
    if (dims[axis] < 1 || dims[axis] > 1 << 20) {
      vt_export_refuse(e, "the size of axis %d is open", axis);
      return;
    }
  x = VT_EXPORT(e, "MatMul", NULL, x, bins(e, dims[rank - 1], sizes->data[rank - 3], false));
  if (rank >= 4) x = VT_EXPORT(e, "MatMul", NULL, bins(e, dims[rank - 2], sizes->data[rank - 4], true), x);
  if (rank == 5) {
    x = VT_EXPORT(e, "MatMul", NULL, bins(e, dims[2], sizes->data[0], true),
                  VT_EXPORT(e, "Transpose", swap, x));
    x = VT_EXPORT(e, "Transpose", swap, x);
  }
  VT_EXPORT_RESULT(e, "Identity", NULL, x);
}

/* ---- SegmentReduce ---- */

static int labels_constant(vt_export *e, int64_t count)
{
  int64_t *list = vt_alloc_zero(e->ctx, (size_t)count, sizeof *list);
  if (!list) {
    if (e->status == VT_OK) e->status = VT_ERROR_OUT_OF_MEMORY;
    return VT_NO_VALUE;
  }
  for (int64_t i = 0; i < count; i++)
    list[i] = i;
  int made = vt_export_integers(e, (int)count, list);
  vt_free(list);
  return made;
}

/* [batch…, count, rest] from member [batch…, N, count] (bool) and rows [batch…, N, rest]. */
static int largest(vt_export *e, int member, int rows, int totals)
{
  int choice = VT_EXPORT(e, "Unsqueeze", NULL, member, VT_EXPORT_INTS(e, -1));
  int spread = VT_EXPORT(e, "Unsqueeze", NULL, rows, VT_EXPORT_INTS(e, -2));
  double lowest = vt_export_type(e) == VT_F16 ? -65504.0 : -3.4028234663852886e38;
  int kept = VT_EXPORT(e, "Where", NULL, choice, spread, vt_export_number(e, lowest));
  int most = VT_EXPORT(e, "ReduceMax", "keepdims=0", kept, VT_EXPORT_INTS(e, -3));
  int any = VT_EXPORT(e, "Greater", NULL, totals, vt_export_number(e, 0));
  return VT_EXPORT(e, "Where", NULL, any, most, vt_export_number(e, 0));
}

/* Sums are products with the matrix that says which row belongs where: −1 belongs nowhere. Rows that are
 * infinite or NaN therefore reach every label. */
void vt_export_segment(vt_export *e)
{
  int x = vt_export_input(e, 0), axes = vt_export_rank(e, 1), rank = vt_export_rank(e, 0);
  int64_t count = (int64_t)vt_attribute_number(e->node, "count", 0), target[VT_MAX_RANK + 1] = {0};
  char buffer[64], perm[64], head[32], tail[32];
  const char *mode = vt_attribute_text(e->node, "mode", "sum", buffer);
  if (axes < 0 || rank < 0) return;
  if (count < 1 || count > 1 << 20 || axes < 1 || axes > rank) {
    vt_export_refuse(e, "%lld segments of %d axes", (long long)count, axes);
    return;
  }
  target[axes] = -1;
  int rows = VT_EXPORT(e, "Reshape", NULL, x, vt_export_integers(e, axes + 1, target));
  int labels = VT_EXPORT(e, "Cast", "to=7", vt_export_input(e, 1));
  labels = VT_EXPORT(e, "Unsqueeze", NULL, labels, VT_EXPORT_INTS(e, -1));
  int member = VT_EXPORT(e, "Equal", NULL, labels, labels_constant(e, count));
  int used = snprintf(perm, sizeof perm, "perm=");
  for (int i = 0; i <= axes; i++)
    used += snprintf(perm + used, sizeof perm - (size_t)used, "%s%d", i ? "," : "",
                     i == axes       ? axes - 1
                     : i == axes - 1 ? axes
                                     : i);
  int weights = VT_EXPORT(e, "Transpose", perm, cast(e, member));
  int totals = VT_EXPORT(e, "ReduceSum", NULL, weights, VT_EXPORT_INTS(e, -1)), made;
  if (strcmp(mode, "max") == 0) {
    made = largest(e, member, rows, totals);
  } else {
    made = VT_EXPORT(e, "MatMul", NULL, weights, rows);
    if (strcmp(mode, "mean") == 0)
      made = VT_EXPORT(e, "Div", NULL, made, VT_EXPORT(e, "Max", NULL, totals, vt_export_number(e, 1)));
  }
  snprintf(head, sizeof head, "start=0 end=%d", axes - 1);
  snprintf(tail, sizeof tail, "start=%d", axes);
  int shape = VT_EXPORT(e, "Concat", "axis=0", VT_EXPORT(e, "Shape", head, x), VT_EXPORT_INTS(e, count),
                        VT_EXPORT(e, "Shape", tail, x));
  VT_EXPORT_RESULT(e, "Reshape", NULL, made, shape);
}
