/* SPDX-License-Identifier: Apache-2.0
 *
 * Activations and norms that came after opset 17, from what they are defined by.
 */
#include "graph/draft.h"
#include "graph/export.h"

/* x/2 · (1 + erf(x/√2)), or x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))). */
void vt_export_gelu(vt_export *e)
{
  char buffer[64];
  int x = vt_export_input(e, 0), inner;
  if (strcmp(vt_attribute_text(e->node, "approximate", "none", buffer), "tanh") == 0) {
    int cube = VT_EXPORT(e, "Mul", NULL, VT_EXPORT(e, "Mul", NULL, x, x), x);
    int sum = VT_EXPORT(e, "Add", NULL, x, VT_EXPORT(e, "Mul", NULL, cube, vt_export_number(e, 0.044715)));
    inner =
        VT_EXPORT(e, "Tanh", NULL, VT_EXPORT(e, "Mul", NULL, sum, vt_export_number(e, 0.79788456080286536)));
  } else {
    inner = VT_EXPORT(e, "Erf", NULL, VT_EXPORT(e, "Mul", NULL, x, vt_export_number(e, 0.70710678118654752)));
  }
  int half = VT_EXPORT(e, "Mul", NULL, x, vt_export_number(e, 0.5));
  VT_EXPORT_RESULT(e, "Mul", NULL, half, VT_EXPORT(e, "Add", NULL, inner, vt_export_number(e, 1)));
}

void vt_export_mish(vt_export *e)
{
  int x = vt_export_input(e, 0);
  VT_EXPORT_RESULT(e, "Mul", NULL, x, VT_EXPORT(e, "Tanh", NULL, VT_EXPORT(e, "Softplus", NULL, x)));
}

/* [items, groups, rest] has one mean and variance for each group: InstanceNormalization of that, then scale
 * and bias of the channels. */
void vt_export_group_norm(vt_export *e)
{
  int rank = vt_export_rank(e, 0), x = vt_export_input(e, 0);
  if (rank < 0) return;
  int64_t groups = (int64_t)vt_attribute_number(e->node, "num_groups", 1), column[VT_MAX_RANK];
  char epsilon[64], number[32];
  snprintf(epsilon, sizeof epsilon, "epsilon=%s",
           vt_number_text(vt_attribute_number(e->node, "epsilon", 1e-5), number));
  for (int i = 0; i < rank; i++)
    column[i] = i == 0 ? -1 : 1;
  int count = VT_EXPORT_INTS(e, groups);
  int ones = VT_EXPORT(e, "Expand", NULL, vt_export_number(e, 1), count);
  int zeros = VT_EXPORT(e, "Expand", NULL, vt_export_number(e, 0), count);
  int rows = VT_EXPORT(e, "Reshape", NULL, x, VT_EXPORT_INTS(e, 0, groups, -1));
  int normed = VT_EXPORT(e, "InstanceNormalization", epsilon, rows, ones, zeros);
  int back = VT_EXPORT(e, "Reshape", NULL, normed, VT_EXPORT(e, "Shape", NULL, x));
  int shape = vt_export_integers(e, rank - 1, column); /* along the channels of [items, channels, …] */
  int scale = VT_EXPORT(e, "Reshape", NULL, vt_export_input(e, 1), shape);
  int bias = VT_EXPORT(e, "Reshape", NULL, vt_export_input(e, 2), shape);
  VT_EXPORT_RESULT(e, "Add", NULL, VT_EXPORT(e, "Mul", NULL, back, scale), bias);
}

/* x / √(mean of x² over the axes from `axis` on + ε) · scale */
void vt_export_rms_norm(vt_export *e)
{
  int64_t axis = (int64_t)vt_attribute_number(e->node, "axis", -1);
  int x = vt_export_input(e, 0);
  if (axis >= 0) {
    int rank = vt_export_rank(e, 0);
    if (rank < 0) return;
    axis -= rank;
  }
  int used = 0;
  int64_t list[VT_MAX_RANK];
  for (; axis < 0 && used < VT_MAX_RANK; axis++)
    list[used++] = axis;
  int squares = VT_EXPORT(e, "Mul", NULL, x, x);
  int mean = VT_EXPORT(e, "ReduceMean", NULL, squares, vt_export_integers(e, used, list));
  int shifted =
      VT_EXPORT(e, "Add", NULL, mean, vt_export_number(e, vt_attribute_number(e->node, "epsilon", 1e-5)));
  int normed = VT_EXPORT(e, "Div", NULL, x, VT_EXPORT(e, "Sqrt", NULL, shifted));
  VT_EXPORT_RESULT(e, "Mul", NULL, normed, vt_export_input(e, 1));
}
