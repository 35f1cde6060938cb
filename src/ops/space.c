/* SPDX-License-Identifier: Apache-2.0
 *
 * DepthToSpace, SpaceToDepth, Trilu.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/move.h"

typedef enum depth_mode { DEPTH_FIRST, COLUMN_FIRST } depth_mode; /* DCR, CRD */

typedef struct space_attributes {
  int64_t blocksize;
  int mode; /* DepthToSpace only */
} space_attributes;

static const vt_field space_fields[] = {
    {"blocksize", VT_FIELD_INT, offsetof(space_attributes, blocksize), VT_RANGE(1, 1 << 20),
     .help = "pixels of a block along height and width", .required = true},
    {"mode", VT_FIELD_CHOICE, offsetof(space_attributes, mode), "DCR", .choices = "DCR|CRD",
     .help = "order of the channels: block row, block column, channel (DCR) or channel, row, column (CRD)"},
};

static vt_status copy(vt_ctx *ctx, vt_move move, const vt_tensor *from, vt_tensor *to)
{
  vt_move_run(ctx, &move, vt_type_size(from->type), to->data, from->data);
  return VT_OK;
}

/* Both are rearrangements: every element goes back where it came from. */
static vt_status copy_back(vt_ctx *ctx, vt_move move, const vt_gradient *gradient)
{
  vt_tensor *to = vt_gradient_new(ctx, gradient, 0);
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  vt_move_turn(&move);
  return copy(ctx, move, gradient->output_gradients[0], to);
}

/* ---- DepthToSpace ---- */

static vt_status depth_to_space_shape(vt_ctx *ctx, const vt_call *call)
{
  const space_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  int64_t block = attributes->blocksize;
  if (data->rank != 4 || block < 1 || block > 1 << 20 || data->dims[1] % (block * block) != 0) {
    char shape[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "%s: blocks of %lld need [N, C, H, W] with C divisible by %lld²",
                        vt_shape_text(data, shape), (long long)block, (long long)block);
  }
  int64_t dims[4] = {data->dims[0], data->dims[1] / (block * block), data->dims[2], data->dims[3]};
  if (__builtin_mul_overflow(dims[2], block, &dims[2]) || __builtin_mul_overflow(dims[3], block, &dims[3]))
    return vt_call_fail(ctx, call, VT_ERROR_OUT_OF_MEMORY, "the enlarged sizes do not fit in 64 bits");
  return vt_set_output(ctx, call, 0, data->type, 4, dims);
}

static vt_move depth_to_space_move(const vt_call *call)
{
  const space_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *output = call->outputs[0];
  int64_t block = attributes->blocksize, channels = output->dims[1], height = data->dims[2],
          width = data->dims[3];
  int64_t plane = height * width; /* one input channel */
  bool depth_first = attributes->mode == DEPTH_FIRST;
  int64_t channel_step = depth_first ? plane : plane * block * block;
  int64_t column_step = depth_first ? plane * channels : plane, row_step = column_step * block;
  vt_move move = {0};
  vt_move_axis(&move, data->dims[0], 0, plane * data->dims[1]);
  vt_move_axis(&move, channels, 0, channel_step);
  vt_move_axis(&move, height, 0, width);
  vt_move_axis(&move, block, 0, row_step);
  vt_move_axis(&move, width, 0, 1);
  vt_move_axis(&move, block, 0, column_step);
  vt_move_dense(&move);
  return move;
}

static vt_status depth_to_space_run(vt_ctx *ctx, const vt_call *call)
{
  return copy(ctx, depth_to_space_move(call), call->inputs[0], call->outputs[0]);
}

static vt_status depth_to_space_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return copy_back(ctx, depth_to_space_move(gradient->call), gradient);
}

/* ---- SpaceToDepth ---- */

static vt_status space_to_depth_shape(vt_ctx *ctx, const vt_call *call)
{
  const space_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  int64_t block = attributes->blocksize;
  if (data->rank != 4 || block < 1 || block > 1 << 20 || data->dims[2] % block != 0 ||
      data->dims[3] % block != 0) {
    char shape[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "%s: blocks of %lld need [N, C, H, W] with H and W divisible by %lld",
                        vt_shape_text(data, shape), (long long)block, (long long)block);
  }
  int64_t dims[4] = {data->dims[0], data->dims[1], data->dims[2] / block, data->dims[3] / block};
  if (__builtin_mul_overflow(dims[1], block * block, &dims[1]))
    return vt_call_fail(ctx, call, VT_ERROR_OUT_OF_MEMORY, "the number of channels does not fit in 64 bits");
  return vt_set_output(ctx, call, 0, data->type, 4, dims);
}

/* Output channel (row · block + column) · C + c. */
static vt_move space_to_depth_move(const vt_call *call)
{
  const space_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *output = call->outputs[0];
  int64_t block = attributes->blocksize, width = data->dims[3], plane = data->dims[2] * width;
  vt_move move = {0};
  vt_move_axis(&move, data->dims[0], 0, plane * data->dims[1]);
  vt_move_axis(&move, block, 0, width);
  vt_move_axis(&move, block, 0, 1);
  vt_move_axis(&move, data->dims[1], 0, plane);
  vt_move_axis(&move, output->dims[2], 0, width * block);
  vt_move_axis(&move, output->dims[3], 0, block);
  vt_move_dense(&move);
  return move;
}

static vt_status space_to_depth_run(vt_ctx *ctx, const vt_call *call)
{
  return copy(ctx, space_to_depth_move(call), call->inputs[0], call->outputs[0]);
}

static vt_status space_to_depth_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return copy_back(ctx, space_to_depth_move(gradient->call), gradient);
}

/* ---- Trilu ---- */

typedef struct trilu_attributes {
  bool upper;
} trilu_attributes;

static const vt_field trilu_fields[] = {
    {"upper", VT_FIELD_BOOL, offsetof(trilu_attributes, upper), "true",
     .help = "keep the upper triangle, else the lower"},
};

static vt_status trilu_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0], *k = vt_input(call, 1);
  if (data->rank < 2 || (k && vt_count(k) != 1)) {
    char shape[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "matrices and one diagonal are needed, not %s and %lld", vt_shape_text(data, shape),
                        (long long)(k ? vt_count(k) : 1));
  }
  return vt_shape_same(ctx, call);
}

typedef struct trilu_job {
  const char *from;
  char *to;
  int64_t rows, columns, diagonal;
  size_t size;
  bool upper;
} trilu_job;

static void trilu_rows(void *user, int64_t first, int64_t last)
{
  const trilu_job *job = user;
  for (int64_t row = first; row < last; row++) {
    int64_t edge = row % job->rows + job->diagonal + (job->upper ? 0 : 1); /* where keeping begins or ends */
    edge = edge < 0 ? 0 : edge > job->columns ? job->columns : edge;
    size_t offset = (size_t)(row * job->columns) * job->size, left = (size_t)edge * job->size;
    size_t whole = (size_t)job->columns * job->size;
    if (job->upper) {
      memset(job->to + offset, 0, left);
      memcpy(job->to + offset + left, job->from + offset + left, whole - left);
    } else {
      memcpy(job->to + offset, job->from + offset, left);
      memset(job->to + offset + left, 0, whole - left);
    }
  }
}

static vt_status keep_triangle(vt_ctx *ctx, const vt_call *call, const vt_tensor *from, vt_tensor *to)
{
  const trilu_attributes *attributes = call->attributes;
  const vt_tensor *k = vt_input(call, 1);
  if (vt_count(from) == 0) return VT_OK;
  trilu_job job = {.from = from->data,
                   .to = to->data,
                   .rows = from->dims[from->rank - 2],
                   .columns = from->dims[from->rank - 1],
                   .size = vt_type_size(from->type),
                   .upper = attributes->upper};
  int64_t diagonal = k ? vt_get_i64(k, 0) : 0;
  job.diagonal = diagonal < -job.rows ? -job.rows : diagonal > job.columns ? job.columns : diagonal;
  vt_parallel(ctx, vt_count(from) / job.columns, (1 << 16) / job.columns, trilu_rows, &job);
  return VT_OK;
}

static vt_status trilu_run(vt_ctx *ctx, const vt_call *call)
{
  return keep_triangle(ctx, call, call->inputs[0], call->outputs[0]);
}

static vt_status trilu_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  if (!gradient->wanted[0]) return VT_OK;
  vt_tensor *to = vt_gradient_new(ctx, gradient, 0);
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  return keep_triangle(ctx, gradient->call, gradient->output_gradients[0], to);
}

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "DepthToSpace",
     .since = 1,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(space_attributes, space_fields),
     .types = {VT_STORED},
     .shape = depth_to_space_shape,
     .implementations = {{"plain", NULL, depth_to_space_run}},
     .backward = depth_to_space_backward},
    {.name = "SpaceToDepth",
     .since = 1,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     .attributes_size = sizeof(space_attributes),
     .fields = space_fields,
     .field_count = 1,
     .types = {VT_STORED},
     .shape = space_to_depth_shape,
     .implementations = {{"plain", NULL, space_to_depth_run}},
     .backward = space_to_depth_backward},
    {.name = "Trilu",
     .since = 14,
     VT_INPUTS(1, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(trilu_attributes, trilu_fields),
     .types = {VT_STORED, VT_INDICES},
     .shape = trilu_shape,
     .implementations = {{"plain", NULL, trilu_run}},
     .backward = trilu_backward,
     .saves = VT_SAVES_INPUT(1)},
};

const vt_op_family vt_ops_space = {rows, VT_COUNT(rows)};
