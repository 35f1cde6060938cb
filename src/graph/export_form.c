/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators that opset 17 has with less: refused where more is asked for than it can say.
 */
#include "graph/draft.h"
#include "graph/export.h"

static void keep(vt_export *e)
{
  vt_export_keep(e, e->node->input_count, e->node->inputs);
}

static const vt_tensor *constant_input(const vt_export *e, int index)
{
  const vt_value *value = vt_export_value(e, index);
  return value ? value->constant : NULL;
}

/* In inference it hands its input on; the mask, which nothing else makes, only a Dropout gives. */
void vt_export_dropout(vt_export *e)
{
  const vt_tensor *training = constant_input(e, 2);
  bool mask = e->node->output_count > 1 && e->node->outputs[1] != VT_NO_VALUE;
  if (vt_export_input(e, 2) != VT_NO_VALUE && (!training || vt_get_i64(training, 0) != 0))
    vt_export_refuse(e, "it is in training mode: record the model in inference");
  else if (mask)
    vt_export_keep(e, 1, e->node->inputs);
  else
    VT_EXPORT_RESULT(e, "Identity", NULL, vt_export_input(e, 0));
}

void vt_export_batch_norm(vt_export *e)
{
  if (vt_attribute_number(e->node, "training_mode", 0) != 0)
    vt_export_refuse(e, "it is in training mode: record the model in inference");
  else
    keep(e);
}

/* The axes are an attribute in 17: the writer takes them from the constant. */
void vt_export_reduce(vt_export *e)
{
  int axes = vt_export_input(e, 1);
  bool none = axes == VT_NO_VALUE || (constant_input(e, 1) && vt_count(constant_input(e, 1)) == 0);
  if (axes != VT_NO_VALUE && !constant_input(e, 1))
    vt_export_refuse(e, "its axes are computed");
  else if (none && vt_attribute_number(e->node, "noop_with_empty_axes", 0) != 0)
    vt_export_refuse(e, "it reduces no axis");
  else
    vt_export_keep(e, none ? 1 : 2, e->node->inputs);
}

/* Unequal parts, which come from num_outputs alone in the inner form, are lengths in 17. */
void vt_export_split(vt_export *e)
{
  int64_t parts = (int64_t)vt_attribute_number(e->node, "num_outputs", 0);
  const vt_value *x = vt_export_value(e, 0);
  int64_t axis = (int64_t)vt_attribute_number(e->node, "axis", 0);
  if (x && axis < 0) axis += x->rank;
  bool known = x && axis >= 0 && axis < x->rank && x->dims[axis] >= 0;
  if (vt_export_input(e, 1) != VT_NO_VALUE || parts < 1 || !known || x->dims[axis] % parts == 0) {
    keep(e);
    return;
  }
  int64_t size = x->dims[axis], each = (size + parts - 1) / parts;
  int64_t *lengths = vt_alloc_zero(e->ctx, (size_t)parts, sizeof *lengths);
  if (!lengths) {
    e->status = VT_ERROR_OUT_OF_MEMORY;
    return;
  }
  for (int64_t i = 0; i < parts; i++) {
    int64_t left = size - i * each;
    lengths[i] = left < 0 ? 0 : left < each ? left : each;
  }
  int list = vt_export_integers(e, (int)parts, lengths);
  vt_free(lengths);
  vt_export_keep(e, 2, (int[]){e->node->inputs[0], list});
}

/* Pads of some axes become pads of all. */
void vt_export_pad(vt_export *e)
{
  char buffer[64];
  const vt_tensor *pads = constant_input(e, 1), *axes = constant_input(e, 3);
  if (strcmp(vt_attribute_text(e->node, "mode", "constant", buffer), "wrap") == 0) {
    vt_export_refuse(e, "mode 'wrap' came with opset 19");
    return;
  }
  if (vt_export_input(e, 3) == VT_NO_VALUE) {
    keep(e);
    return;
  }
  int rank = vt_export_rank(e, 0);
  if (rank < 0) return;
  if (!pads || !axes || vt_count(pads) != 2 * vt_count(axes)) {
    vt_export_refuse(e, "pads of axes that are computed came with opset 18");
    return;
  }
  int64_t all[2 * VT_MAX_RANK] = {0}, count = vt_count(axes);
  for (int64_t i = 0; i < count; i++) {
    int64_t axis = vt_get_i64(axes, i);
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank) {
      vt_export_refuse(e, "axis %lld is outside of %d dimensions", (long long)axis, rank);
      return;
    }
    all[axis] = vt_get_i64(pads, i);
    all[rank + axis] = vt_get_i64(pads, count + i);
  }
  int list = vt_export_integers(e, 2 * rank, all), value = vt_export_input(e, 2);
  vt_export_keep(e, value == VT_NO_VALUE ? 2 : 3, (int[]){e->node->inputs[0], list, value});
}

void vt_export_resize(vt_export *e)
{
  char buffer[64];
  const vt_ints *axes = vt_attribute_ints(e->node, "axes");
  if (axes && axes->count > 0)
    vt_export_refuse(e, "sizes of some axes alone came with opset 18");
  else if (vt_attribute_number(e->node, "antialias", 0) != 0)
    vt_export_refuse(e, "antialias came with opset 18");
  else if (strcmp(vt_attribute_text(e->node, "keep_aspect_ratio_policy", "stretch", buffer), "stretch") != 0)
    vt_export_refuse(e, "keep_aspect_ratio_policy came with opset 18");
  else if (strcmp(vt_attribute_text(e->node, "coordinate_transformation_mode", "", buffer),
                  "half_pixel_symmetric") == 0)
    vt_export_refuse(e, "half_pixel_symmetric came with opset 19");
  else
    keep(e);
}

/* AveragePool without dilations; LpPool without those and without rounding up. */
void vt_export_pool(vt_export *e)
{
  const vt_ints *dilations = vt_attribute_ints(e->node, "dilations");
  bool lp = strcmp(e->node->op->name, "LpPool") == 0;
  for (size_t i = 0; dilations && i < dilations->count; i++)
    if (dilations->data[i] != 1) {
      vt_export_refuse(e, "dilations came with opset %d", lp ? 18 : 19);
      return;
    }
  if (lp && vt_attribute_number(e->node, "ceil_mode", 0) != 0)
    vt_export_refuse(e, "ceil_mode came with opset 18");
  else
    keep(e);
}

void vt_export_scatter(vt_export *e)
{
  char buffer[64];
  const char *reduction = vt_attribute_text(e->node, "reduction", "none", buffer);
  if (strcmp(reduction, "max") == 0 || strcmp(reduction, "min") == 0)
    vt_export_refuse(e, "reduction '%s' came with opset 18", reduction);
  else
    keep(e);
}

void vt_export_grid_sample(vt_export *e)
{
  const vt_value *x = vt_export_value(e, 0);
  if (x && x->rank >= 0 && x->rank != 4)
    vt_export_refuse(e, "grids of other than 4 dimensions came with opset 20");
  else
    keep(e);
}
