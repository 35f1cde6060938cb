/* SPDX-License-Identifier: Apache-2.0
 *
 * Gather, GatherElements, GatherND, OneHot, ReverseSequence.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/move.h"

enum { TASK_BYTES = 1 << 18 };

typedef struct axis_attributes {
  int64_t axis;
} axis_attributes;

static const vt_field gather_fields[] = {
    {"axis", VT_FIELD_INT, offsetof(axis_attributes, axis), "0", .help = "axis the indices walk along"},
};

/* ---- Gather ---- */

static vt_status gather_shape(vt_ctx *ctx, const vt_call *call)
{
  const axis_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1];
  int axis, rank = 0;
  int64_t dims[2 * VT_MAX_RANK];
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, data->rank, &axis));
  for (int a = 0; a < axis; a++)
    dims[rank++] = data->dims[a];
  for (int a = 0; a < indices->rank; a++)
    dims[rank++] = indices->dims[a];
  for (int a = axis + 1; a < data->rank; a++)
    dims[rank++] = data->dims[a];
  return vt_set_output(ctx, call, 0, data->type, rank, dims);
}

typedef struct gather_job {
  const vt_tensor *indices;
  const char *from;
  char *to;
  int64_t count, size; /* indices; elements of the axis */
  size_t cell;         /* bytes behind one index */
} gather_job;

static void gather_cells(void *user, int64_t first, int64_t last)
{
  const gather_job *job = user;
  int64_t position = first % job->count, outer = first / job->count;
  for (int64_t i = first; i < last; i++) {
    int64_t index = vt_index_at(job->indices, position, job->size);
    vt_copy_element(job->to + (size_t)i * job->cell,
                    job->from + (size_t)(outer * job->size + index) * job->cell, job->cell);
    if (++position == job->count) {
      position = 0;
      outer++;
    }
  }
}

static vt_status gather_run(vt_ctx *ctx, const vt_call *call)
{
  const axis_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1];
  vt_tensor *output = call->outputs[0];
  int axis;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, data->rank, &axis));
  VT_TRY(vt_check_indices(ctx, call, 1, data->dims[axis]));
  if (vt_count(output) == 0) return VT_OK;
  gather_job job = {indices,          data->data,
                    output->data,     vt_count(indices),
                    data->dims[axis], (size_t)vt_span(data, axis + 1, data->rank) * vt_type_size(data->type)};
  vt_parallel(ctx, vt_span(data, 0, axis) * job.count, TASK_BYTES / (int64_t)(job.cell + 1), gather_cells,
              &job);
  return VT_OK;
}

/* As a map of the middle axis of [outer, size, inner]. */
static vt_status gather_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const axis_attributes *attributes = gradient->call->attributes;
  const vt_tensor *data = gradient->call->inputs[0], *indices = gradient->call->inputs[1];
  int axis;
  if (!gradient->wanted[0]) return VT_OK;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, data->rank, &axis));
  vt_tensor *sum = vt_gradient_new(ctx, gradient, 0);
  int64_t count = vt_count(indices), *map = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *map);
  if (!sum || !map) {
    vt_free(map);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  for (int64_t i = 0; i < count; i++)
    map[i] = vt_index_at(indices, i, data->dims[axis]);
  int64_t outer = vt_span(data, 0, axis), inner = vt_span(data, axis + 1, data->rank);
  vt_tensor to = {.type = sum->type, .rank = 3, .dims = {outer, data->dims[axis], inner}, .data = sum->data};
  vt_tensor from = {.type = sum->type,
                    .rank = 3,
                    .dims = {outer, count, inner},
                    .data = gradient->output_gradients[0]->data};
  const int64_t *maps[VT_MAX_RANK] = {NULL, map, NULL};
  vt_status status = vt_remap_add(ctx, &from, maps, &to);
  vt_free(map);
  return status;
}

/* ---- GatherElements ---- */

static vt_status gather_elements_shape(vt_ctx *ctx, const vt_call *call)
{
  const axis_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1];
  int axis;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, data->rank, &axis));
  bool fits = indices->rank == data->rank;
  for (int a = 0; fits && a < data->rank; a++)
    fits = a == axis || indices->dims[a] <= data->dims[a];
  if (!fits) {
    char a[160], b[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "indices %s reach beyond the data %s",
                        vt_shape_text(indices, a), vt_shape_text(data, b));
  }
  return vt_set_output(ctx, call, 0, data->type, indices->rank, indices->dims);
}

typedef struct element_job {
  const vt_tensor *data, *indices;
  vt_tensor *output;
  int axis;
  int64_t strides[VT_MAX_RANK]; /* of the data */
} element_job;

/* A row is a run along the last axis. */
static void gather_element_rows(void *user, int64_t first, int64_t last)
{
  const element_job *job = user;
  const vt_tensor *indices = job->indices;
  int end = indices->rank - 1, axis = job->axis;
  int64_t width = indices->dims[end], size = job->data->dims[axis];
  size_t element = vt_type_size(job->data->type);
  for (int64_t row = first; row < last; row++) {
    int64_t rest = row, base = 0;
    for (int a = end - 1; a >= 0; a--) {
      if (a != axis) base += rest % indices->dims[a] * job->strides[a];
      rest /= indices->dims[a];
    }
    char *to = (char *)job->output->data + (size_t)(row * width) * element;
    for (int64_t i = 0; i < width; i++) {
      int64_t from =
          base + vt_index_at(indices, row * width + i, size) * job->strides[axis] + (axis == end ? 0 : i);
      vt_copy_element(to + (size_t)i * element, (const char *)job->data->data + (size_t)from * element,
                      element);
    }
  }
}

static vt_status gather_elements_run(vt_ctx *ctx, const vt_call *call)
{
  const axis_attributes *attributes = call->attributes;
  element_job job = {.data = call->inputs[0], .indices = call->inputs[1], .output = call->outputs[0]};
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, job.data->rank, &job.axis));
  VT_TRY(vt_check_indices(ctx, call, 1, job.data->dims[job.axis]));
  if (vt_count(job.output) == 0) return VT_OK;
  vt_strides(job.data, job.strides);
  int64_t width = job.indices->dims[job.indices->rank - 1];
  vt_parallel(ctx, vt_count(job.output) / width, (1 << 15) / width, gather_element_rows, &job);
  return VT_OK;
}

/* ---- GatherND ---- */

typedef struct nd_attributes {
  int64_t batch_dims;
} nd_attributes;

static const vt_field nd_fields[] = {
    {"batch_dims", VT_FIELD_INT, offsetof(nd_attributes, batch_dims), "0", VT_RANGE(0, VT_MAX_RANK),
     .help = "leading axes that data and indices share"},
};

static vt_status gather_nd_shape(vt_ctx *ctx, const vt_call *call)
{
  const nd_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1];
  int64_t wanted = attributes->batch_dims;
  int batch = wanted < 0 || wanted > VT_MAX_RANK ? VT_MAX_RANK : (int)wanted,
      rank = 0; /* too many never fit */
  int64_t dims[2 * VT_MAX_RANK];
  bool fits = indices->rank > batch && data->rank > batch;
  for (int a = 0; fits && a < batch; a++)
    fits = data->dims[a] == indices->dims[a];
  int64_t depth = fits ? indices->dims[indices->rank - 1] : 0;
  if (!fits || depth > data->rank - batch) {
    char a[160], b[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "indices %s do not fit data %s with %d batch axes",
                        vt_shape_text(indices, a), vt_shape_text(data, b), batch);
  }
  for (int a = 0; a < indices->rank - 1; a++)
    dims[rank++] = indices->dims[a];
  for (int a = batch + (int)depth; a < data->rank; a++)
    dims[rank++] = data->dims[a];
  return vt_set_output(ctx, call, 0, data->type, rank, dims);
}

static vt_status gather_nd_run(vt_ctx *ctx, const vt_call *call)
{
  const nd_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1];
  int batch = (int)attributes->batch_dims;
  int64_t depth = indices->dims[indices->rank - 1];
  if (vt_count(call->outputs[0]) == 0) return VT_OK;
  int64_t batches = vt_span(data, 0, batch), tuples = vt_span(indices, batch, indices->rank - 1);
  int64_t block = vt_span(data, batch, data->rank), position = 0;
  size_t cell = (size_t)vt_span(data, batch + (int)depth, data->rank) * vt_type_size(data->type);
  const char *from = data->data;
  char *to = call->outputs[0]->data;
  for (int64_t b = 0; b < batches; b++, from += (size_t)block * vt_type_size(data->type))
    for (int64_t t = 0; t < tuples; t++, to += cell) {
      int64_t offset = 0;
      for (int64_t k = 0; k < depth; k++, position++) {
        int64_t size = data->dims[batch + k], index = vt_index_at(indices, position, size);
        if (index < 0 || index >= size)
          return vt_call_fail(ctx, call, VT_ERROR_INVALID_DATA,
                              "index %lld at position %lld is outside axis %lld of %lld",
                              (long long)vt_get_i64(indices, position), (long long)position,
                              (long long)(batch + k), (long long)size);
        offset = offset * size + index;
      }
      vt_copy_element(to, from + (size_t)offset * cell, cell);
    }
  return VT_OK;
}

/* ---- OneHot ---- */

static const vt_field one_hot_fields[] = {
    {"axis", VT_FIELD_INT, offsetof(axis_attributes, axis), "-1", .help = "new axis of the output"},
};

static vt_status one_hot_shape(vt_ctx *ctx, const vt_call *call)
{
  const axis_attributes *attributes = call->attributes;
  const vt_tensor *indices = call->inputs[0], *depth = call->inputs[1], *values = call->inputs[2];
  int axis;
  int64_t dims[VT_MAX_RANK + 1];
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, indices->rank + 1, &axis));
  if (vt_count(depth) != 1 || vt_count(values) != 2)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "one depth and two values are needed, not %lld and %lld", (long long)vt_count(depth),
                        (long long)vt_count(values));
  VT_TRY(vt_need_value(call, 1));
  for (int a = 0; a <= indices->rank; a++)
    dims[a] = a == axis ? vt_get_i64(depth, 0) : indices->dims[a < axis ? a : a - 1];
  return vt_set_output(ctx, call, 0, values->type, indices->rank + 1, dims);
}

/* An index outside −depth..depth−1 leaves its line at the off value. */
static vt_status one_hot_run(vt_ctx *ctx, const vt_call *call)
{
  const axis_attributes *attributes = call->attributes;
  const vt_tensor *indices = call->inputs[0], *values = call->inputs[2];
  vt_tensor *output = call->outputs[0];
  int axis;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, output->rank, &axis));
  size_t element = vt_type_size(values->type);
  const char *on = (const char *)values->data + element;
  int64_t depth = output->dims[axis], inner = vt_span(output, axis + 1, output->rank),
          count = vt_count(indices);
  vt_fill_elements(output->data, vt_count(output), element, values->data);
  for (int64_t i = 0; i < count; i++) {
    int64_t index = vt_get_i64(indices, i);
    if (index < 0) index += depth;
    if (index < 0 || index >= depth) continue;
    int64_t to = (i / inner * depth + index) * inner + i % inner;
    vt_copy_element((char *)output->data + (size_t)to * element, on, element);
  }
  return VT_OK;
}

/* ---- ReverseSequence ---- */

typedef struct reverse_attributes {
  int64_t batch_axis, time_axis;
} reverse_attributes;

static const vt_field reverse_fields[] = {
    {"batch_axis", VT_FIELD_INT, offsetof(reverse_attributes, batch_axis), "1", VT_RANGE(0, 1),
     .help = "0 or 1"},
    {"time_axis", VT_FIELD_INT, offsetof(reverse_attributes, time_axis), "0", VT_RANGE(0, 1),
     .help = "the other one of 0 and 1"},
};

static vt_status reverse_shape(vt_ctx *ctx, const vt_call *call)
{
  const reverse_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *lengths = call->inputs[1];
  int64_t batch = attributes->batch_axis;
  if (data->rank < 2 || batch < 0 || batch > 1 || attributes->time_axis != 1 - batch || lengths->rank != 1 ||
      lengths->dims[0] != data->dims[batch]) {
    char a[160], b[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "lengths %s and axes %lld, %lld do not fit data %s", vt_shape_text(lengths, a),
                        (long long)batch, (long long)attributes->time_axis, vt_shape_text(data, b));
  }
  return vt_shape_same(ctx, call);
}

static vt_status reverse_run(vt_ctx *ctx, const vt_call *call)
{
  const reverse_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *lengths = call->inputs[1];
  vt_tensor *output = call->outputs[0];
  int64_t batches = data->dims[attributes->batch_axis], steps = data->dims[attributes->time_axis];
  int64_t batch_stride = attributes->batch_axis ? 1 : steps,
          time_stride = attributes->batch_axis ? batches : 1;
  size_t cell = (size_t)vt_span(data, 2, data->rank) * vt_type_size(data->type);
  for (int64_t b = 0; b < batches; b++) {
    int64_t length = vt_get_i64(lengths, b);
    if (length < 0 || length > steps)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_DATA, "length %lld of item %lld is outside 0..%lld",
                          (long long)length, (long long)b, (long long)steps);
    for (int64_t t = 0; t < steps; t++) {
      int64_t from = t < length ? length - 1 - t : t;
      memcpy((char *)output->data + (size_t)(b * batch_stride + t * time_stride) * cell,
             (const char *)data->data + (size_t)(b * batch_stride + from * time_stride) * cell, cell);
    }
  }
  return VT_OK;
}

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "Gather",
     .since = 1,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(axis_attributes, gather_fields),
     .types = {VT_STORED, VT_INDICES},
     .shape = gather_shape,
     .implementations = {{"plain", NULL, gather_run}},
     .backward = gather_backward,
     .saves = VT_SAVES_INPUT(1)},
    {.name = "GatherElements",
     .since = 11,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(axis_attributes, gather_fields),
     .types = {VT_STORED, VT_INDICES},
     .shape = gather_elements_shape,
     .implementations = {{"plain", NULL, gather_elements_run}}},
    {.name = "GatherND",
     .since = 11,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(nd_attributes, nd_fields),
     .types = {VT_STORED, VT_INDICES},
     .shape = gather_nd_shape,
     .implementations = {{"plain", NULL, gather_nd_run}}},
    {.name = "OneHot",
     .since = 9,
     VT_INPUTS(3, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(axis_attributes, one_hot_fields),
     .types = {VT_NUMBERS | VT_T(VT_F16), VT_NUMBERS | VT_T(VT_F16), VT_STORED},
     .shape = one_hot_shape,
     .implementations = {{"plain", NULL, one_hot_run}}},
    {.name = "ReverseSequence",
     .since = 10,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(reverse_attributes, reverse_fields),
     .types = {VT_STORED, VT_INDICES},
     .shape = reverse_shape,
     .implementations = {{"plain", NULL, reverse_run}}},
};

const vt_op_family vt_ops_gather = {rows, VT_COUNT(rows)};
