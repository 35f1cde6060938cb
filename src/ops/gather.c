/* SPDX-License-Identifier: Apache-2.0
 *
 * Gather, GatherElements, GatherND.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/places.h"

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

/* What cells gave comes back to them. */
static vt_status return_cells(vt_ctx *ctx, const vt_gradient *gradient, const vt_places *places)
{
  vt_tensor *sum = vt_gradient_new(ctx, gradient, 0);
  if (!sum) return VT_ERROR_OUT_OF_MEMORY;
  vt_tensor from = vt_places_view(gradient->output_gradients[0], places->count, places->cell);
  vt_tensor to = vt_places_view(sum, places->cells, places->cell);
  const int64_t *maps[VT_MAX_RANK] = {places->list};
  return vt_remap_add(ctx, &from, maps, &to);
}

static vt_status gather_elements_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const axis_attributes *attributes = gradient->call->attributes;
  vt_places places;
  if (!gradient->wanted[0]) return VT_OK;
  VT_TRY(vt_places_of_elements(ctx, gradient->call, attributes->axis, &places));
  vt_status status = return_cells(ctx, gradient, &places);
  vt_free(places.list);
  return status;
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
  vt_places places;
  if (vt_count(call->outputs[0]) == 0) return VT_OK;
  VT_TRY(vt_places_of_tuples(ctx, call, (int)attributes->batch_dims, &places));
  vt_tensor from = vt_places_view(call->inputs[0], places.cells, places.cell);
  vt_tensor to = vt_places_view(call->outputs[0], places.count, places.cell);
  const int64_t *maps[VT_MAX_RANK] = {places.list};
  vt_status status = vt_remap(ctx, &from, &to, maps, NULL);
  vt_free(places.list);
  return status;
}

static vt_status gather_nd_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const nd_attributes *attributes = gradient->call->attributes;
  vt_places places;
  if (!gradient->wanted[0]) return VT_OK;
  if (vt_count(gradient->output_gradients[0]) == 0)
    return vt_gradient_zero(ctx, gradient, 0) ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_places_of_tuples(ctx, gradient->call, (int)attributes->batch_dims, &places));
  vt_status status = return_cells(ctx, gradient, &places);
  vt_free(places.list);
  return status;
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
     .implementations = {{"plain", NULL, gather_elements_run}},
     .backward = gather_elements_backward,
     .saves = VT_SAVES_INPUT(1)},
    {.name = "GatherND",
     .since = 11,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(nd_attributes, nd_fields),
     .types = {VT_STORED, VT_INDICES},
     .shape = gather_nd_shape,
     .implementations = {{"plain", NULL, gather_nd_run}},
     .backward = gather_nd_backward,
     .saves = VT_SAVES_INPUT(1)},
};

const vt_op_family vt_ops_gather = {rows, VT_COUNT(rows)};
