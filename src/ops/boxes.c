/* SPDX-License-Identifier: Apache-2.0
 *
 * NonMaxSuppression.
 */
#include <math.h>
#include <stdlib.h>

#include "ops/families.h"

typedef struct nms_attributes {
  int64_t center_point_box;
} nms_attributes;

static const vt_field nms_fields[] = {
    {"center_point_box", VT_FIELD_INT, offsetof(nms_attributes, center_point_box), "0", VT_RANGE(0, 1),
     .help = "0: two opposite corners y1 x1 y2 x2; 1: middle and size x y w h"},
};

typedef struct nms_box {
  double low[2], high[2], score;
  int64_t index;
} nms_box;

/* Work space and result: rows of item, class, box. */
typedef struct nms_result {
  nms_box *boxes, *chosen;
  int64_t *rows;
  size_t count, capacity;
} nms_result;

static nms_box read_box(const float *numbers, bool center)
{
  nms_box box;
  for (int axis = 0; axis < 2; axis++) {
    double a = (double)numbers[axis], b = (double)numbers[axis + 2];
    double from = center ? a - b / 2 : a, to = center ? a + b / 2 : b;
    box.low[axis] = from < to ? from : to;
    box.high[axis] = from < to ? to : from;
  }
  return box;
}

static double overlap(const nms_box *a, const nms_box *b)
{
  double common = 1, area_a = 1, area_b = 1;
  for (int axis = 0; axis < 2; axis++) {
    double low = a->low[axis] > b->low[axis] ? a->low[axis] : b->low[axis];
    double high = a->high[axis] < b->high[axis] ? a->high[axis] : b->high[axis];
    common *= high > low ? high - low : 0;
    area_a *= a->high[axis] - a->low[axis];
    area_b *= b->high[axis] - b->low[axis];
  }
  return common > 0 ? common / (area_a + area_b - common) : 0;
}

/* Best score first, of equal ones the lower index. */
static int by_score(const void *a, const void *b)
{
  const nms_box *x = a, *y = b;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

static vt_status add_row(vt_ctx *ctx, nms_result *result, int64_t item, int64_t class, int64_t box)
{
  VT_TRY(vt_grow(ctx, &result->rows, &result->capacity, result->count, 3 * sizeof *result->rows));
  int64_t *row = result->rows + 3 * result->count++;
  row[0] = item;
  row[1] = class;
  row[2] = box;
  return VT_OK;
}

static double scalar_or(const vt_call *call, int input, double absent)
{
  const vt_tensor *tensor = vt_input(call, input);
  return tensor && vt_count(tensor) > 0 ? vt_get_f64(tensor, 0) : absent;
}

static vt_status suppress_class(vt_ctx *ctx, const vt_call *call, int64_t item, int64_t class,
                                nms_result *result)
{
  const nms_attributes *attributes = call->attributes;
  const vt_tensor *boxes = call->inputs[0], *scores = call->inputs[1];
  int64_t count = boxes->dims[1], candidates = 0, chosen = 0;
  double most = scalar_or(call, 2, 0), limit = scalar_or(call, 3, 0), least = scalar_or(call, 4, -INFINITY);
  const float *score = (const float *)scores->data + (item * scores->dims[1] + class) * count;
  for (int64_t i = 0; i < count; i++) {
    bool absent = !vt_input(call, 4);
    if (!(absent ? score[i] == score[i] : (double)score[i] > least)) continue;
    nms_box box =
        read_box((const float *)boxes->data + (item * count + i) * 4, attributes->center_point_box == 1);
    box.score = (double)score[i];
    box.index = i;
    result->boxes[candidates++] = box;
  }
  qsort(result->boxes, (size_t)candidates, sizeof *result->boxes, by_score);
  for (int64_t i = 0; i < candidates && (double)chosen < most; i++) {
    bool keep = true;
    for (int64_t k = 0; k < chosen && keep; k++)
      keep = !(overlap(&result->boxes[i], &result->chosen[k]) > limit);
    if (!keep) continue;
    result->chosen[chosen++] = result->boxes[i];
    VT_TRY(add_row(ctx, result, item, class, result->boxes[i].index));
  }
  return VT_OK;
}

static void nms_free(nms_result *result)
{
  vt_free(result->boxes);
  vt_free(result->chosen);
  vt_free(result->rows);
}

/* Caller frees the result, also after a failure. */
static vt_status suppress(vt_ctx *ctx, const vt_call *call, nms_result *result)
{
  const vt_tensor *scores = call->inputs[1];
  size_t count = (size_t)scores->dims[2];
  *result = (nms_result){0};
  result->boxes = vt_alloc_zero(ctx, count, sizeof *result->boxes);
  result->chosen = vt_alloc_zero(ctx, count, sizeof *result->chosen);
  if (!result->boxes || !result->chosen) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t item = 0; item < scores->dims[0]; item++) {
    VT_TRY(vt_check_cancel(ctx));
    for (int64_t class = 0; class < scores->dims[1]; class ++)
      VT_TRY(suppress_class(ctx, call, item, class, result));
  }
  return VT_OK;
}

static vt_status nms_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *boxes = call->inputs[0], *scores = call->inputs[1];
  nms_result result;
  if (boxes->rank != 3 || boxes->dims[2] != 4 || scores->rank != 3 || scores->dims[0] != boxes->dims[0] ||
      scores->dims[2] != boxes->dims[1]) {
    char a[160], b[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "boxes %s and scores %s do not fit: [N, B, 4], [N, C, B]", vt_shape_text(boxes, a),
                        vt_shape_text(scores, b));
  }
  for (int i = 0; i < call->input_count; i++)
    VT_TRY(vt_need_value(call, i));
  double limit = scalar_or(call, 3, 0);
  if (!(limit >= 0 && limit <= 1))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_DATA, "iou_threshold is %g, not in 0..1", limit);
  vt_status status = suppress(ctx, call, &result);
  if (status == VT_OK) status = vt_set_output(ctx, call, 0, VT_I64, 2, (int64_t[]){(int64_t)result.count, 3});
  nms_free(&result);
  return status;
}

static vt_status nms_run(vt_ctx *ctx, const vt_call *call)
{
  nms_result result;
  vt_status status = suppress(ctx, call, &result);
  if (status == VT_OK && result.count > 0)
    memcpy(call->outputs[0]->data, result.rows, vt_bytes(call->outputs[0]));
  nms_free(&result);
  return status;
}

static const vt_op rows[] = {
    {.name = "NonMaxSuppression",
     .since = 10,
     VT_INPUTS(2, 5),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(nms_attributes, nms_fields),
     .types = {VT_T(VT_F32), VT_T(VT_F32), VT_INDICES, VT_T(VT_F32)},
     .shape = nms_shape,
     .implementations = {{"plain", NULL, nms_run}},
     .flags = VT_OP_NOT_REAL},
};

const vt_op_family vt_ops_boxes = {rows, VT_COUNT(rows)};
