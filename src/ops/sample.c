/* SPDX-License-Identifier: Apache-2.0
 *
 * GridSample, AffineGrid. Formulas: the ONNX operator specification, GridSample-20 and AffineGrid-20.
 */
#include <math.h>

#include "ops/families.h"
#include "ops/sample.h"

/* spatial axes, taps an axis, taps of a point, points worked on together */
enum { SPACE = 3, TAPS = 4, CORNERS = TAPS * TAPS * TAPS, BLOCK = 32 };

typedef enum sample_mode { LINEAR, NEAREST, CUBIC, BILINEAR, BICUBIC } sample_mode;
typedef enum sample_padding { ZEROS, BORDER, REFLECTION } sample_padding;

typedef struct sample_attributes {
  int mode, padding;
  bool align_corners;
} sample_attributes;

static const vt_field sample_fields[] = {
    {"mode", VT_FIELD_CHOICE, offsetof(sample_attributes, mode), "linear",
     .choices = "linear|nearest|cubic|bilinear|bicubic",
     .help = "interpolation; bilinear and bicubic are the names before opset 20"},
    {"padding_mode", VT_FIELD_CHOICE, offsetof(sample_attributes, padding), "zeros",
     .choices = "zeros|border|reflection", .help = "what stands outside the input"},
    {"align_corners", VT_FIELD_BOOL, offsetof(sample_attributes, align_corners), "false",
     .help = "-1 and 1 are the middles of the outer elements, not their edges"},
};

/* ---- GridSample ---- */

static sample_mode mode_of(const sample_attributes *attributes)
{
  return attributes->mode == BILINEAR  ? LINEAR
         : attributes->mode == BICUBIC ? CUBIC
                                       : (sample_mode)attributes->mode;
}

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
  if (space > SPACE)
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "%d spatial axes; at most %d are supported", space,
                        SPACE);
  dims[0] = data->dims[0];
  dims[1] = data->dims[1];
  for (int axis = 0; axis < space; axis++) {
    dims[2 + axis] = grid->dims[1 + axis];
    if (data->dims[2 + axis] == 0)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d has nothing to sample", 2 + axis);
  }
  return vt_set_output(ctx, call, 0, data->type, data->rank, dims);
}

/* Folds x into low..high as between two mirrors. */
static double reflected(double x, double low, double high)
{
  double range = high - low;
  if (range <= 0) return low;
  double rest = fmod(fabs(x - low), 2 * range);
  return low + (rest > range ? 2 * range - rest : rest);
}

/* Input index of a tap, −1 where nothing stands. */
static int64_t tap_index(double place, int64_t size, sample_padding padding, double low, double high)
{
  bool inside = place >= 0 && place <= (double)(size - 1);
  if (!inside && padding == ZEROS) return -1;
  if (!inside && padding == REFLECTION) place = trunc(reflected(place, low, high));
  return place < 0 ? 0 : place > (double)(size - 1) ? size - 1 : (int64_t)place;
}

static double cubic_weight(double distance)
{
  const double a = -0.75;
  double x = fabs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/* Taps of one axis for grid coordinate `at` (−1..1 across the input); returns their number. */
static int axis_taps(const sample_attributes *attributes, double at, int64_t size, int64_t index[TAPS],
                     double weights[TAPS])
{
  const double far = 0x1p50;
  sample_padding padding = (sample_padding)attributes->padding;
  sample_mode mode = mode_of(attributes);
  double low = attributes->align_corners ? 0 : -0.5, high = (double)size - 1 - low;
  double x =
      attributes->align_corners ? (at + 1) / 2 * (double)(size - 1) : ((at + 1) * (double)size - 1) / 2;
  if (!(x > -far)) x = -far; /* NaN too */
  if (x > far) x = far;
  if (mode == NEAREST) x = rint(x);
  if (x < low || x > high) {
    if (padding == BORDER) x = x < 0 ? 0 : (double)(size - 1);
    if (padding == REFLECTION) x = reflected(x, low, high);
  }
  if (mode == NEAREST) {
    index[0] = tap_index(x, size, padding, low, high);
    weights[0] = 1;
    return 1;
  }
  int count = mode == LINEAR ? 2 : 4;
  double first = floor(x) - (mode == LINEAR ? 0 : 1);
  for (int t = 0; t < count; t++) {
    double place = first + t;
    index[t] = tap_index(place, size, padding, low, high);
    weights[t] = mode == LINEAR ? 1 - fabs(x - place) : cubic_weight(x - place);
  }
  return count;
}

typedef struct sample_job {
  const sample_attributes *attributes;
  const vt_tensor *data, *grid;
  vt_tensor *output;
  int space;
  int64_t points, plane; /* output elements and input elements of one channel */
} sample_job;

/* Addresses and weights of all taps of a point. The grid holds x first: the last spatial axis. */
static int point_taps(const sample_job *job, int64_t point, int64_t offsets[CORNERS], double weights[CORNERS])
{
  int count = 1;
  offsets[0] = 0;
  weights[0] = 1;
  for (int axis = 0; axis < job->space; axis++) {
    int64_t index[TAPS], size = job->data->dims[2 + axis];
    double axis_weights[TAPS],
        at = vt_sample_load(job->grid->data, job->grid->type, (point + 1) * job->space - 1 - axis);
    int taps = axis_taps(job->attributes, at, size, index, axis_weights), kept = 0;
    int64_t old_offsets[CORNERS];
    double old_weights[CORNERS];
    memcpy(old_offsets, offsets, sizeof *offsets * (size_t)count);
    memcpy(old_weights, weights, sizeof *weights * (size_t)count);
    for (int i = 0; i < count; i++)
      for (int t = 0; t < taps; t++) {
        if (index[t] < 0) continue;
        offsets[kept] = old_offsets[i] * size + index[t];
        weights[kept++] = old_weights[i] * axis_weights[t];
      }
    count = kept;
  }
  return count;
}

/* Taps of some neighbouring points of one item. */
typedef struct sample_block {
  int64_t first, within; /* point among all, among those of its item */
  int count,
      starts[BLOCK +
             1]; /* taps of point p: starts[p]..starts[p + 1] − 1, packed to stay in the nearest cache */
  int64_t offsets[BLOCK * CORNERS];
  double weights[BLOCK * CORNERS];
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
      block.starts[p + 1] =
          start + point_taps(job, block.first + p, block.offsets + start, block.weights + start);
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
                    .space = data->rank - 2,
                    .points = vt_span(output, 2, output->rank),
                    .plane = vt_span(data, 2, data->rank)};
  if (vt_count(output) == 0) return VT_OK;
  vt_parallel(ctx, data->dims[0] * job.points, (1 << 13) / data->dims[1], sample_points, &job);
  return VT_OK;
}

static double grid_sample_flops(const vt_call *call)
{
  const sample_attributes *attributes = call->attributes;
  double taps = mode_of(attributes) == NEAREST ? 1 : mode_of(attributes) == LINEAR ? 2 : 4;
  return 2 * (double)vt_count(call->outputs[0]) * pow(taps, call->inputs[0]->rank - 2);
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

/* Output point p of item n is theta[n] · (x, y(, z), 1), x along the last axis. */
static vt_status affine_grid_run(vt_ctx *ctx, const vt_call *call)
{
  const affine_attributes *attributes = call->attributes;
  const vt_tensor *theta = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  int space = output->rank - 2;
  int64_t points = vt_span(output, 1, output->rank - 1), total = output->dims[0] * points;
  VT_UNUSED(ctx);
  for (int64_t p = 0; p < total; p++) {
    int64_t rest = p % points, matrix = p / points * space * (space + 1);
    double place[SPACE + 1] = {0};
    for (int i = 0; i < space; i++) {
      int64_t size = output->dims[space - i], index = rest % size;
      rest /= size;
      if (attributes->align_corners)
        place[i] = size > 1 ? 2 * (double)index / (double)(size - 1) - 1 : -1;
      else
        place[i] = (2 * (double)index + 1) / (double)size - 1;
    }
    place[space] = 1;
    for (int i = 0; i < space; i++) {
      double sum = 0;
      for (int k = 0; k <= space; k++)
        sum += place[k] * vt_sample_load(theta->data, theta->type, matrix + i * (space + 1) + k);
      vt_sample_store(output->data, output->type, p * space + i, sum);
    }
  }
  return VT_OK;
}

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "GridSample",
     .since = 16,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(sample_attributes, sample_fields),
     .types = {VT_FLOATS},
     .shape = grid_sample_shape,
     .implementations = {{"plain", NULL, grid_sample_run}},
     .flops = grid_sample_flops},
    {.name = "AffineGrid",
     .since = 20,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(affine_attributes, affine_fields),
     .types = {VT_FLOATS, VT_INDICES},
     .shape = affine_grid_shape,
     .implementations = {{"plain", NULL, affine_grid_run}}},
};

const vt_op_family vt_ops_sample = {rows, VT_COUNT(rows)};
