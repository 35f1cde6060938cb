/* SPDX-License-Identifier: Apache-2.0
 *
 * GridSample, AffineGrid. Formulas: the ONNX operator specification, GridSample-20 and AffineGrid-20.
 */
#include <math.h>

#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/plain.h"
#include "ops/sample.h"
#include "ops/sample_taps.h"

enum { BLOCK = 32 }; /* points worked on together */

static const vt_field sample_fields[] = {
    {"mode", VT_FIELD_CHOICE, offsetof(vt_grid_attributes, mode), "linear",
     .choices = "linear|nearest|cubic|bilinear|bicubic",
     .help = "interpolation; bilinear and bicubic are the names before opset 20"},
    {"padding_mode", VT_FIELD_CHOICE, offsetof(vt_grid_attributes, padding), "zeros",
     .choices = "zeros|border|reflection", .help = "what stands outside the input"},
    {"align_corners", VT_FIELD_BOOL, offsetof(vt_grid_attributes, align_corners), "false",
     .help = "-1 and 1 are the middles of the outer elements, not their edges"},
};

/* ---- GridSample ---- */

static vt_status grid_sample_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0], *grid = call->inputs[1];
  int space = data->rank - 2;
  int64_t dims[VT_MAX_RANK];
  if (space < 1 || grid->rank != data->rank || grid->dims[0] != data->dims[0] ||
      grid->dims[grid->rank - 1] != space) {
    char a[160], b[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "the grid %s does not fit the data %s",
                        vt_shape_text(grid, b), vt_shape_text(data, a));
  }
  if (space > VT_GRID_SPACE)
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "%d spatial axes; at most %d are supported", space,
                        VT_GRID_SPACE);
  dims[0] = data->dims[0];
  dims[1] = data->dims[1];
  for (int axis = 0; axis < space; axis++) {
    dims[2 + axis] = grid->dims[1 + axis];
    if (data->dims[2 + axis] == 0)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d has nothing to sample", 2 + axis);
  }
  return vt_set_output(ctx, call, 0, data->type, data->rank, dims);
}

typedef struct sample_job {
  const vt_grid_attributes *attributes;
  const vt_tensor *data, *grid;
  vt_tensor *output;
  int64_t points, plane; /* output elements and input elements of one channel */
} sample_job;

/* Taps of some neighbouring points of one item. */
typedef struct sample_block {
  int64_t first, within; /* point among all, among those of its item */
  int count,
      starts[BLOCK +
             1]; /* taps of point p: starts[p]..starts[p + 1] − 1, packed to stay in the nearest cache */
  int64_t offsets[BLOCK * VT_GRID_CORNERS];
  double weights[BLOCK * VT_GRID_CORNERS];
} sample_block;

/* Every channel of a block. Called with a constant type, so that each type has its own loop. */
static inline void sample_channels(const sample_job *job, const sample_block *block, vt_type type)
{
  int64_t channels = job->data->dims[1], item = block->first / job->points;
  for (int64_t c = item * channels; c < (item + 1) * channels; c++)
    for (int p = 0; p < block->count; p++) {
      double sum = 0;
      for (int i = block->starts[p]; i < block->starts[p + 1]; i++)
        sum += block->weights[i] * vt_sample_load(job->data->data, type, c * job->plane + block->offsets[i]);
      vt_sample_store(job->output->data, type, c * job->points + block->within + p, sum);
    }
}

static void sample_points(void *user, int64_t first, int64_t last)
{
  const sample_job *job = user;
  sample_block block;
  for (block.first = first; block.first < last; block.first += block.count) {
    block.within = block.first % job->points;
    int64_t left = last - block.first, of_item = job->points - block.within;
    if (left > of_item) left = of_item;
    block.count = left < BLOCK ? (int)left : BLOCK;
    block.starts[0] = 0;
    for (int p = 0; p < block.count; p++) {
      int start = block.starts[p];
      block.starts[p + 1] = start + vt_grid_taps(job->attributes, job->data, job->grid, block.first + p,
                                                 block.offsets + start, block.weights + start, NULL);
    }
    if (job->data->type == VT_F32)
      sample_channels(job, &block, VT_F32);
    else
      sample_channels(job, &block, VT_F64);
  }
}

static vt_status grid_sample_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  sample_job job = {.attributes = call->attributes,
                    .data = data,
                    .grid = call->inputs[1],
                    .output = output,
                    .points = vt_span(output, 2, output->rank),
                    .plane = vt_span(data, 2, data->rank)};
  if (vt_count(output) == 0) return VT_OK;
  vt_parallel(ctx, data->dims[0] * job.points, (1 << 13) / data->dims[1], sample_points, &job);
  return VT_OK;
}

static double grid_sample_flops(const vt_call *call)
{
  const vt_grid_attributes *attributes = call->attributes;
  double taps = vt_grid_mode_of(attributes) == VT_GRID_NEAREST  ? 1
                : vt_grid_mode_of(attributes) == VT_GRID_LINEAR ? 2
                                                                : 4;
  return 2 * (double)vt_count(call->outputs[0]) * pow(taps, call->inputs[0]->rank - 2);
}

/* ---- GridSample backwards ---- */

enum { CHANNELS = 16 }; /* of a task: they share the taps */

typedef struct sample_back_job {
  const vt_grid_attributes *attributes;
  const vt_tensor *data, *grid, *from;
  double *sums;  /* of the data */
  vt_tensor *to; /* gradient of the grid */
  int64_t points, plane, groups;
} sample_back_job;

/* Groups of channels of an item: what was read at a tap is added there, point by point. */
static void add_to_data(void *user, int64_t first, int64_t last)
{
  const sample_back_job *job = user;
  int64_t offsets[VT_GRID_CORNERS], channels = job->data->dims[1];
  double weights[VT_GRID_CORNERS];
  for (int64_t task = first; task < last; task++) {
    int64_t item = task / job->groups, start = task % job->groups * CHANNELS;
    int64_t end = start + CHANNELS < channels ? start + CHANNELS : channels;
    for (int64_t p = 0; p < job->points; p++) {
      int taps =
          vt_grid_taps(job->attributes, job->data, job->grid, item * job->points + p, offsets, weights, NULL);
      for (int64_t c = item * channels + start; c < item * channels + end; c++) {
        double share = vt_sample_load(job->from->data, job->from->type, c * job->points + p);
        for (int i = 0; i < taps; i++)
          job->sums[c * job->plane + offsets[i]] += weights[i] * share;
      }
    }
  }
}

static void move_points(void *user, int64_t first, int64_t last)
{
  const sample_back_job *job = user;
  int64_t offsets[VT_GRID_CORNERS], channels = job->data->dims[1];
  double weights[VT_GRID_CORNERS], slopes[VT_GRID_SPACE][VT_GRID_CORNERS];
  int space = job->data->rank - 2;
  for (int64_t point = first; point < last; point++) {
    int taps = vt_grid_taps(job->attributes, job->data, job->grid, point, offsets, weights, slopes);
    int64_t item = point / job->points;
    double sums[VT_GRID_SPACE] = {0};
    for (int64_t c = item * channels; c < (item + 1) * channels; c++) {
      double share = vt_sample_load(job->from->data, job->from->type, c * job->points + point % job->points);
      for (int i = 0; i < taps; i++) {
        double value = share * vt_sample_load(job->data->data, job->data->type, c * job->plane + offsets[i]);
        for (int axis = 0; axis < space; axis++)
          sums[axis] += slopes[axis][i] * value;
      }
    }
    for (int axis = 0; axis < space; axis++)
      vt_sample_store(job->to->data, job->to->type, vt_grid_index(space, point, axis), sums[axis]);
  }
}

static vt_status grid_sample_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *data = gradient->call->inputs[0], *from = gradient->output_gradients[0];
  sample_back_job job = {.attributes = gradient->call->attributes,
                         .data = data,
                         .grid = gradient->call->inputs[1],
                         .from = from,
                         .points = vt_span(from, 2, from->rank),
                         .plane = vt_span(data, 2, data->rank),
                         .groups = (data->dims[1] + CHANNELS - 1) / CHANNELS};
  if (gradient->wanted[0]) {
    vt_tensor *to = vt_gradient_new(ctx, gradient, 0);
    if (!to) return VT_ERROR_OUT_OF_MEMORY;
    job.sums = vt_alloc_zero(ctx, (size_t)vt_count(data) + 1, sizeof *job.sums);
    if (!job.sums) return VT_ERROR_OUT_OF_MEMORY;
    vt_parallel(ctx, data->dims[0] * job.groups, 1, add_to_data, &job);
    vt_plain_write(to, job.sums);
    vt_free(job.sums);
  }
  if (gradient->wanted[1] &&
      vt_grid_mode_of(job.attributes) != VT_GRID_NEAREST) { /* the nearest element does not slide */
    job.to = vt_gradient_new(ctx, gradient, 1);
    if (!job.to) return VT_ERROR_OUT_OF_MEMORY;
    vt_parallel(ctx, data->dims[0] * job.points, (1 << 11) / (data->dims[1] + 1), move_points, &job);
  }
  return VT_OK;
}

/* ---- AffineGrid ---- */

typedef struct affine_attributes {
  bool align_corners;
} affine_attributes;

static const vt_field affine_fields[] = {
    {"align_corners", VT_FIELD_BOOL, offsetof(affine_attributes, align_corners), "false",
     .help = "-1 and 1 are the middles of the outer elements, not their edges"},
};

static vt_status affine_grid_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *theta = call->inputs[0];
  int64_t sizes[5], dims[5];
  int count;
  VT_TRY(vt_input_ints(ctx, call, 1, sizes, 5, &count));
  int space = count - 2;
  if (space < 2 || theta->rank != 3 || theta->dims[0] != sizes[0] || theta->dims[1] != space ||
      theta->dims[2] != space + 1) {
    char shape[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "theta %s does not fit a size of %d numbers",
                        vt_shape_text(theta, shape), count);
  }
  dims[0] = sizes[0];
  for (int axis = 0; axis < space; axis++)
    dims[1 + axis] = sizes[2 + axis];
  dims[1 + space] = space;
  return vt_set_output(ctx, call, 0, theta->type, space + 2, dims);
}

/* Place (x, y(, z), 1) of point p of an item, x along the last axis of the grid. */
static void affine_place(const affine_attributes *attributes, const vt_tensor *grid, int64_t p,
                         double place[VT_GRID_SPACE + 1])
{
  int space = grid->rank - 2;
  for (int i = 0; i < space; i++) {
    int64_t size = grid->dims[space - i], index = p % size;
    p /= size;
    if (attributes->align_corners)
      place[i] = size > 1 ? 2 * (double)index / (double)(size - 1) - 1 : -1;
    else
      place[i] = (2 * (double)index + 1) / (double)size - 1;
  }
  place[space] = 1;
}

/* Output point p of item n is theta[n] · place(p). */
static vt_status affine_grid_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *theta = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  int space = output->rank - 2;
  int64_t points = vt_span(output, 1, output->rank - 1), total = output->dims[0] * points;
  VT_UNUSED(ctx);
  for (int64_t p = 0; p < total; p++) {
    int64_t matrix = p / points * space * (space + 1);
    double place[VT_GRID_SPACE + 1];
    affine_place(call->attributes, output, p % points, place);
    for (int i = 0; i < space; i++) {
      double sum = 0;
      for (int k = 0; k <= space; k++)
        sum += place[k] * vt_sample_load(theta->data, theta->type, matrix + i * (space + 1) + k);
      vt_sample_store(output->data, output->type, p * space + i, sum);
    }
  }
  return VT_OK;
}

static vt_status affine_grid_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *from = gradient->output_gradients[0];
  int space = from->rank - 2;
  int64_t points = vt_span(from, 1, from->rank - 1);
  vt_tensor *to = vt_gradient_new(ctx, gradient, 0);
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t n = 0; n < from->dims[0]; n++) {
    double sums[VT_GRID_SPACE * (VT_GRID_SPACE + 1)] = {0}, place[VT_GRID_SPACE + 1];
    for (int64_t p = 0; p < points; p++) {
      affine_place(gradient->call->attributes, from, p, place);
      for (int i = 0; i < space; i++)
        for (int k = 0; k <= space; k++)
          sums[i * (space + 1) + k] +=
              place[k] * vt_sample_load(from->data, from->type, (n * points + p) * space + i);
    }
    for (int i = 0; i < space * (space + 1); i++)
      vt_sample_store(to->data, to->type, n * space * (space + 1) + i, sums[i]);
  }
  return VT_OK;
}

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "GridSample",
     .since = 16,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_grid_attributes, sample_fields),
     .types = {VT_FLOATS},
     .shape = grid_sample_shape,
     .implementations = {{"plain", NULL, grid_sample_run}},
     .backward = grid_sample_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1),
     .flops = grid_sample_flops},
    {.name = "AffineGrid",
     .since = 20,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(affine_attributes, affine_fields),
     .types = {VT_FLOATS, VT_INDICES},
     .shape = affine_grid_shape,
     .implementations = {{"plain", NULL, affine_grid_run}},
     .backward = affine_grid_backward},
};

const vt_op_family vt_ops_sample = {rows, VT_COUNT(rows)};
