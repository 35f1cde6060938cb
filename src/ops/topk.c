/* SPDX-License-Identifier: Apache-2.0
 *
 * TopK. Equal elements are taken lowest index first; NaN is larger than every number.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/move.h"
#include "ops/order.h"

typedef struct topk_attributes {
  int64_t axis;
  bool largest, sorted;
} topk_attributes;

static const vt_field topk_fields[] = {
    {"axis", VT_FIELD_INT, offsetof(topk_attributes, axis), "-1", .help = "axis to choose along"},
    {"largest", VT_FIELD_BOOL, offsetof(topk_attributes, largest), "true",
     .help = "largest elements, else smallest"},
    {"sorted", VT_FIELD_BOOL, offsetof(topk_attributes, sorted), "true",
     .help = "best first; without it the order is free, and the same here"},
};

static vt_status topk_shape(vt_ctx *ctx, const vt_call *call)
{
  const topk_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  int axis, count;
  int64_t k, dims[VT_MAX_RANK];
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, data->rank, &axis));
  VT_TRY(vt_input_ints(ctx, call, 1, &k, 1, &count));
  if (count != 1) return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "k is empty");
  if (k < 0 || k > data->dims[axis])
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "k is %lld, the axis has %lld elements",
                        (long long)k, (long long)data->dims[axis]);
  memcpy(dims, data->dims, sizeof dims);
  dims[axis] = k;
  VT_TRY(vt_set_output(ctx, call, 0, data->type, data->rank, dims));
  return vt_set_output(ctx, call, 1, VT_I64, data->rank, dims);
}

typedef struct entry {
  uint64_t key; /* larger is better */
  int64_t index;
} entry;

static bool worse(const entry *a, const entry *b)
{
  return a->key != b->key ? a->key < b->key : a->index > b->index;
}

/* Lets the entry at `at` sink until no worse one lies below: the worst of the heap stands on top. */
static void sink(entry *heap, int64_t count, int64_t at)
{
  entry moving = heap[at];
  for (int64_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && worse(&heap[child + 1], &heap[child])) child++;
    if (!worse(&heap[child], &moving)) break;
    heap[at] = heap[child];
  }
  heap[at] = moving;
}

typedef struct topk_job {
  const vt_tensor *data;
  vt_tensor *values, *indices;
  entry *entries; /* k for each line */
  int64_t size, inner, k;
  bool largest;
} topk_job;

/* Leaves the best k of a line in `heap`, best first. */
static void choose(const topk_job *job, int64_t start, entry *heap)
{
  int64_t k = job->k;
  for (int64_t i = 0; i < job->size; i++) {
    uint64_t key = vt_order_key(job->data, start + i * job->inner);
    entry next = {job->largest ? key : ~key, i};
    if (i < k) {
      heap[i] = next;
      if (i == k - 1)
        for (int64_t at = k / 2 - 1; at >= 0; at--)
          sink(heap, k, at);
    } else if (worse(&heap[0], &next)) {
      heap[0] = next;
      sink(heap, k, 0);
    }
  }
  for (int64_t left = k - 1; left > 0; left--) { /* the worst goes to the end, then the next */
    entry worst = heap[0];
    heap[0] = heap[left];
    heap[left] = worst;
    sink(heap, left, 0);
  }
}

static void topk_lines(void *user, int64_t first, int64_t last)
{
  const topk_job *job = user;
  size_t size = vt_type_size(job->data->type);
  for (int64_t line = first; line < last; line++) {
    int64_t outer = line / job->inner, within = line % job->inner,
            start = outer * job->size * job->inner + within;
    entry *heap = job->entries + line * job->k;
    choose(job, start, heap);
    for (int64_t i = 0; i < job->k; i++) {
      int64_t to = (outer * job->k + i) * job->inner + within;
      if (job->indices) ((int64_t *)job->indices->data)[to] = heap[i].index;
      if (job->values)
        vt_copy_element((char *)job->values->data + (size_t)to * size,
                        (const char *)job->data->data + (size_t)(start + heap[i].index * job->inner) * size,
                        size);
    }
  }
}

static vt_status find_best(vt_ctx *ctx, const vt_call *call, vt_tensor *values, vt_tensor *indices)
{
  const topk_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  int axis;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, data->rank, &axis));
  topk_job job = {.data = data,
                  .values = values,
                  .indices = indices,
                  .size = data->dims[axis],
                  .inner = vt_span(data, axis + 1, data->rank),
                  .k = vt_get_i64(call->inputs[1], 0),
                  .largest = attributes->largest};
  int64_t lines = vt_span(data, 0, axis) * job.inner;
  if (lines == 0 || job.k == 0) return VT_OK;
  job.entries = vt_alloc_zero(ctx, (size_t)(lines * job.k), sizeof(entry));
  if (!job.entries) return VT_ERROR_OUT_OF_MEMORY;
  vt_parallel(ctx, lines, (1 << 14) / job.size, topk_lines, &job);
  vt_free(job.entries);
  return VT_OK;
}

static vt_status topk_run(vt_ctx *ctx, const vt_call *call)
{
  return find_best(ctx, call, vt_output(call, 0), vt_output(call, 1));
}

#define RETURN_VALUES(type)                                                                                  \
  for (int64_t i = 0; i < count; i++)                                                                        \
  ((type *)to->data)[(i / inner / k * size + index[i]) * inner + i % inner] = ((const type *)from->data)[i]

/* Chosen elements get what their values get. The choice is made again: a graph may have
 * dropped the indices. */
static vt_status topk_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const topk_attributes *attributes = gradient->call->attributes;
  const vt_tensor *from = vt_gradient_output(gradient, 0);
  int axis;
  if (!from || !gradient->wanted[0]) return VT_OK;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, from->rank, &axis));
  vt_tensor *to = vt_gradient_zero(ctx, gradient, 0);
  vt_tensor *indices = vt_tensor_new(ctx, VT_I64, from->rank, from->dims);
  if (!to || !indices) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(find_best(ctx, gradient->call, NULL, indices));
  const int64_t *index = indices->data;
  int64_t count = vt_count(from), inner = vt_span(to, axis + 1, to->rank), size = to->dims[axis],
          k = from->dims[axis];
  if (to->type == VT_F32)
    RETURN_VALUES(float);
  else
    RETURN_VALUES(double);
  return VT_OK;
}

static const vt_op rows[] = {
    {.name = "TopK",
     .since = 1,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(2, 2),
     VT_SETTINGS(topk_attributes, topk_fields),
     .types = {VT_NUMBERS | VT_T(VT_F16) | VT_T(VT_BF16), VT_INDICES},
     .shape = topk_shape,
     .implementations = {{"plain", NULL, topk_run}},
     .backward = topk_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1)},
};

const vt_op_family vt_ops_topk = {rows, VT_COUNT(rows)};
