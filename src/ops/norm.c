/* SPDX-License-Identifier: Apache-2.0
 *
 * Normalisation with one scale and bias a channel: y = (x − mean) / √(variance + epsilon) · scale[c] +
 * bias[c].
 *
 * BatchNormalization takes mean and variance from its inputs or, when training, from all items of a channel;
 * InstanceNormalization from one channel of one item; GroupNormalization from a group of channels of one
 * item. Variances divide by the count (population).
 */
#include "ops/norm.h"

#include <math.h>

#include "ops/families.h"
#include "ops/plain.h"
#include "ops/rows.h"

vt_channels vt_channels_of(const vt_tensor *x)
{
  return (vt_channels){x->rank > 0 ? x->dims[0] : 1, x->rank > 1 ? x->dims[1] : 1, vt_span(x, 2, x->rank)};
}

/* Inputs first..last are vectors with one number a channel. */
static vt_status check_vectors(vt_ctx *ctx, const vt_call *call, int first, int last, int64_t count)
{
  char shape[160];
  for (int i = first; i <= last; i++)
    if (call->inputs[i]->rank != 1 || call->inputs[i]->dims[0] != count)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                          "input %d is %s; [%lld], one number a channel, is needed", i,
                          vt_shape_text(call->inputs[i], shape), (long long)count);
  return VT_OK;
}

static bool all_f32(const vt_call *call)
{
  for (int i = 0; i < call->input_count; i++)
    if (call->inputs[i]->type != VT_F32) return false;
  return true;
}

/* ---- BatchNormalization ---- */

static vt_status batch_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_batch_norm_attributes *attributes = call->attributes;
  const vt_tensor *x = call->inputs[0];
  char shape[160];
  vt_channels c = vt_channels_of(x);
  if (x->rank < 1)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "input 0 is a scalar; [batch, channels, …] is needed");
  VT_TRY(check_vectors(ctx, call, 1, 4, c.count));
  if (!attributes->training_mode && (vt_output(call, 1) || vt_output(call, 2)))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "running statistics are outputs only with training_mode = 1");
  if (attributes->training_mode && vt_count(x) == 0)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%s has no elements to take statistics of",
                        vt_shape_text(x, shape));
  VT_TRY(vt_set_output(ctx, call, 1, call->inputs[3]->type, 1, &c.count));
  VT_TRY(vt_set_output(ctx, call, 2, call->inputs[4]->type, 1, &c.count));
  return vt_set_output(ctx, call, 0, x->type, x->rank, x->dims);
}

/* running = old · momentum + batch · (1 − momentum); `batch` is used up. */
static void write_running(const vt_call *call, int output, double *batch, double momentum)
{
  vt_tensor *running = vt_output(call, output);
  const vt_tensor *old = call->inputs[output + 2];
  if (!running) return;
  for (int64_t c = 0; c < vt_count(running); c++)
    batch[c] = vt_get_f64(old, c) * momentum + batch[c] * (1 - momentum);
  vt_plain_write(running, batch);
}

static void plain_moments(vt_channels c, const double *x, int64_t channel, double *mean, double *variance)
{
  double sum = 0, spread = 0, count = (double)c.batch * (double)c.size;
  for (int64_t n = 0; n < c.batch; n++)
    for (int64_t i = 0; i < c.size; i++)
      sum += x[(n * c.count + channel) * c.size + i];
  *mean = sum / count;
  for (int64_t n = 0; n < c.batch; n++)
    for (int64_t i = 0; i < c.size; i++) {
      double distance = x[(n * c.count + channel) * c.size + i] - *mean;
      spread += distance * distance;
    }
  *variance = spread / count;
}

static vt_status batch_plain(vt_ctx *ctx, const vt_call *call)
{
  const vt_batch_norm_attributes *attributes = call->attributes;
  vt_channels c = vt_channels_of(call->inputs[0]);
  double *x = vt_plain_read(ctx, call->inputs[0]), *scale = vt_plain_read(ctx, call->inputs[1]);
  double *bias = vt_plain_read(ctx, call->inputs[2]), *mean = vt_plain_read(ctx, call->inputs[3]);
  double *variance = vt_plain_read(ctx, call->inputs[4]);
  bool ready = x && scale && bias && mean && variance;
  for (int64_t channel = 0; ready && channel < c.count; channel++) {
    if (attributes->training_mode) plain_moments(c, x, channel, &mean[channel], &variance[channel]);
    for (int64_t n = 0; n < c.batch; n++)
      for (int64_t i = 0; i < c.size; i++) {
        double *value = &x[(n * c.count + channel) * c.size + i];
        *value = (*value - mean[channel]) / sqrt(variance[channel] + attributes->epsilon) * scale[channel] +
                 bias[channel];
      }
  }
  if (ready) {
    vt_plain_write(call->outputs[0], x);
    write_running(call, 1, mean, attributes->momentum);
    write_running(call, 2, variance, attributes->momentum);
  }
  vt_free(x);
  vt_free(scale);
  vt_free(bias);
  vt_free(mean);
  vt_free(variance);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

typedef struct batch_work {
  vt_channels c;
  const float *x, *scale, *bias;
  float *y;
  double *mean, *variance;
  double epsilon;
} batch_work;

static void batch_moments(void *user, int64_t first, int64_t last)
{
  const batch_work *work = user;
  vt_channels c = work->c;
  double count = (double)c.batch * (double)c.size;
  for (int64_t channel = first; channel < last; channel++) {
    double sum = 0, spread = 0;
    for (int64_t n = 0; n < c.batch; n++)
      sum += vt_row_sum(work->x + (n * c.count + channel) * c.size, c.size);
    double mean = work->mean[channel] = sum / count;
    for (int64_t n = 0; n < c.batch; n++)
      spread += vt_row_spread(work->x + (n * c.count + channel) * c.size, c.size, mean);
    work->variance[channel] = spread / count;
  }
}

static void batch_planes(void *user, int64_t first, int64_t last)
{
  const batch_work *work = user;
  for (int64_t plane = first; plane < last; plane++) {
    int64_t channel = plane % work->c.count, at = plane * work->c.size;
    double factor = (double)work->scale[channel] / sqrt(work->variance[channel] + work->epsilon);
    vt_row_affine(work->x + at, work->y + at, work->c.size, work->mean[channel], (float)factor,
                  work->bias[channel]);
  }
}

static vt_status batch_fast(vt_ctx *ctx, const vt_call *call)
{
  const vt_batch_norm_attributes *attributes = call->attributes;
  batch_work work = {.c = vt_channels_of(call->inputs[0]),
                     .x = call->inputs[0]->data,
                     .scale = call->inputs[1]->data,
                     .bias = call->inputs[2]->data,
                     .y = call->outputs[0]->data,
                     .epsilon = attributes->epsilon};
  work.mean = vt_plain_read(ctx, call->inputs[3]);
  work.variance = vt_plain_read(ctx, call->inputs[4]);
  bool ready = work.mean && work.variance;
  if (ready) {
    if (attributes->training_mode) vt_parallel(ctx, work.c.count, 1, batch_moments, &work);
    vt_parallel(ctx, work.c.batch * work.c.count, 1 + 32768 / (work.c.size + 1), batch_planes, &work);
    write_running(call, 1, work.mean, attributes->momentum);
    write_running(call, 2, work.variance, attributes->momentum);
  }
  vt_free(work.mean);
  vt_free(work.variance);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* ---- channels-last ---- */

static vt_status batch_last(vt_ctx *ctx, const vt_call *call)
{
  const vt_batch_norm_attributes *attributes = call->attributes;
  const float *x = call->inputs[0]->data, *scale = call->inputs[1]->data, *bias = call->inputs[2]->data;
  vt_last shape = vt_last_of(call->inputs[0], false);
  vt_last_moments moments = {NULL};
  vt_last_line line = {NULL};
  double *mean = vt_plain_read(ctx, call->inputs[3]), *variance = vt_plain_read(ctx, call->inputs[4]);
  vt_status status = mean && variance ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK && attributes->training_mode)
    status = vt_last_find_moments(ctx, shape, x, NULL, &moments);
  if (status == VT_OK) status = vt_last_new_line(ctx, shape, &line);
  for (int64_t c = 0; status == VT_OK && c < shape.channels; c++) {
    if (attributes->training_mode) {
      mean[c] = moments.mean[c];
      variance[c] = moments.spread[c] / (double)shape.rows;
    }
    line.centre[c] = mean[c];
    line.of_x[c] = (double)scale[c] / sqrt(variance[c] + attributes->epsilon);
    line.rest[c] = (double)bias[c];
  }
  if (status == VT_OK) status = vt_last_write(ctx, shape, NULL, x, &line, call->outputs[0]->data);
  if (status == VT_OK) {
    write_running(call, 1, mean, attributes->momentum);
    write_running(call, 2, variance, attributes->momentum);
  }
  vt_free(moments.mean);
  vt_free(line.centre);
  vt_free(mean);
  vt_free(variance);
  return status;
}

/* Statistics of each group of one item, from those of its channels. */
void vt_group_statistics(vt_last shape, const vt_last_moments *moments, int64_t item, int64_t group,
                         int64_t inside, double *mean, double *variance)
{
  int64_t first = item * shape.channels + group * inside;
  double sum = 0, spread = 0;
  for (int64_t c = first; c < first + inside; c++)
    sum += moments->mean[c];
  *mean = sum / (double)inside;
  for (int64_t c = first; c < first + inside; c++) {
    double away = moments->mean[c] - *mean;
    spread += moments->spread[c] + (double)shape.rows * away * away;
  }
  *variance = spread / ((double)inside * (double)shape.rows);
}

static vt_status groups_last(vt_ctx *ctx, const vt_call *call, int64_t groups, double epsilon)
{
  const float *x = call->inputs[0]->data, *scale = call->inputs[1]->data, *bias = call->inputs[2]->data;
  vt_last shape = vt_last_of(call->inputs[0], true);
  int64_t inside = shape.channels / groups;
  vt_last_moments moments = {NULL};
  vt_last_line line = {NULL};
  vt_status status = vt_last_find_moments(ctx, shape, x, NULL, &moments);
  if (status == VT_OK) status = vt_last_new_line(ctx, shape, &line);
  for (int64_t group = 0; status == VT_OK && group < shape.items * groups; group++) {
    int64_t item = group / groups, first = group % groups * inside;
    double mean, variance;
    vt_group_statistics(shape, &moments, item, group % groups, inside, &mean, &variance);
    for (int64_t c = first; c < first + inside; c++) {
      int64_t at = item * shape.channels + c;
      line.centre[at] = mean;
      line.of_x[at] = (double)scale[c] / sqrt(variance + epsilon);
      line.rest[at] = (double)bias[c];
    }
  }
  if (status == VT_OK) status = vt_last_write(ctx, shape, NULL, x, &line, call->outputs[0]->data);
  vt_free(moments.mean);
  vt_free(line.centre);
  return status;
}

/* ---- InstanceNormalization is GroupNormalization with a group for each channel ---- */

typedef struct group_work {
  vt_channels c;
  int64_t groups;
  double epsilon;
  const double *x, *scale, *bias;
  double *y;
  const float *fast_x, *fast_scale, *fast_bias;
  float *fast_y;
} group_work;

/* Groups [first, last), counted over the batch. */
static void plain_groups(void *user, int64_t first, int64_t last)
{
  const group_work *work = user;
  int64_t inside = work->c.count / work->groups, length = inside * work->c.size;
  for (int64_t group = first; group < last; group++) {
    const double *x = work->x + group * length;
    double sum = 0, spread = 0;
    for (int64_t i = 0; i < length; i++)
      sum += x[i];
    double mean = sum / (double)length;
    for (int64_t i = 0; i < length; i++)
      spread += (x[i] - mean) * (x[i] - mean);
    double deviation = sqrt(spread / (double)length + work->epsilon);
    for (int64_t i = 0; i < length; i++) {
      int64_t channel = group % work->groups * inside + i / work->c.size;
      work->y[group * length + i] = (x[i] - mean) / deviation * work->scale[channel] + work->bias[channel];
    }
  }
}

static void fast_groups(void *user, int64_t first, int64_t last)
{
  const group_work *work = user;
  int64_t inside = work->c.count / work->groups, length = inside * work->c.size;
  for (int64_t group = first; group < last; group++) {
    const float *x = work->fast_x + group * length;
    float *y = work->fast_y + group * length;
    double mean = vt_row_sum(x, length) / (double)length;
    double deviation = sqrt(vt_row_spread(x, length, mean) / (double)length + work->epsilon);
    for (int64_t i = 0; i < inside; i++) {
      int64_t channel = group % work->groups * inside + i;
      vt_row_affine(x + i * work->c.size, y + i * work->c.size, work->c.size, mean,
                    (float)((double)work->fast_scale[channel] / deviation), work->fast_bias[channel]);
    }
  }
}

static vt_status groups_plain(vt_ctx *ctx, const vt_call *call, int64_t groups, double epsilon)
{
  double *x = vt_plain_read(ctx, call->inputs[0]), *scale = vt_plain_read(ctx, call->inputs[1]);
  double *bias = vt_plain_read(ctx, call->inputs[2]);
  bool ready = x && scale && bias;
  if (ready) {
    group_work work = {.c = vt_channels_of(call->inputs[0]),
                       .groups = groups,
                       .epsilon = epsilon,
                       .x = x,
                       .scale = scale,
                       .bias = bias,
                       .y = x};
    vt_parallel(ctx, work.c.batch * groups, 1, plain_groups, &work);
    vt_plain_write(call->outputs[0], x);
  }
  vt_free(x);
  vt_free(scale);
  vt_free(bias);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static vt_status groups_fast(vt_ctx *ctx, const vt_call *call, int64_t groups, double epsilon)
{
  group_work work = {.c = vt_channels_of(call->inputs[0]),
                     .groups = groups,
                     .epsilon = epsilon,
                     .fast_x = call->inputs[0]->data,
                     .fast_scale = call->inputs[1]->data,
                     .fast_bias = call->inputs[2]->data,
                     .fast_y = call->outputs[0]->data};
  vt_parallel(ctx, work.c.batch * groups, 1, fast_groups, &work);
  return VT_OK;
}

static vt_status channels_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0];
  char shape[160];
  if (x->rank < 2 || vt_span(x, 1, x->rank) == 0)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "input 0 is %s; [batch, channels, sizes of 1 or more] is needed",
                        vt_shape_text(x, shape));
  VT_TRY(check_vectors(ctx, call, 1, 2, x->dims[1]));
  return vt_set_output(ctx, call, 0, x->type, x->rank, x->dims);
}

static vt_status instance_plain(vt_ctx *ctx, const vt_call *call)
{
  const vt_instance_norm_attributes *attributes = call->attributes;
  return groups_plain(ctx, call, call->inputs[0]->dims[1], attributes->epsilon);
}

static vt_status instance_fast(vt_ctx *ctx, const vt_call *call)
{
  const vt_instance_norm_attributes *attributes = call->attributes;
  return groups_fast(ctx, call, call->inputs[0]->dims[1], attributes->epsilon);
}

static vt_status instance_last(vt_ctx *ctx, const vt_call *call)
{
  const vt_instance_norm_attributes *attributes = call->attributes;
  return groups_last(ctx, call, call->inputs[0]->dims[1], attributes->epsilon);
}

static vt_status group_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_group_norm_attributes *attributes = call->attributes;
  VT_TRY(channels_shape(ctx, call));
  if (attributes->num_groups < 1 || call->inputs[0]->dims[1] % attributes->num_groups)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%lld channels cannot be divided into %lld groups",
                        (long long)call->inputs[0]->dims[1], (long long)attributes->num_groups);
  return VT_OK;
}

static vt_status group_plain(vt_ctx *ctx, const vt_call *call)
{
  const vt_group_norm_attributes *attributes = call->attributes;
  return groups_plain(ctx, call, attributes->num_groups, attributes->epsilon);
}

static vt_status group_fast(vt_ctx *ctx, const vt_call *call)
{
  const vt_group_norm_attributes *attributes = call->attributes;
  return groups_fast(ctx, call, attributes->num_groups, attributes->epsilon);
}

static vt_status group_last(vt_ctx *ctx, const vt_call *call)
{
  const vt_group_norm_attributes *attributes = call->attributes;
  return groups_last(ctx, call, attributes->num_groups, attributes->epsilon);
}

/* ---- rows ---- */

#define EPSILON(type)                                                                                        \
  {                                                                                                          \
    .name = "epsilon", .kind = VT_FIELD_REAL, .offset = offsetof(type, epsilon), .fallback = "1e-5",         \
    .help = "added to the variance"                                                                          \
  }

static const vt_field batch_fields[] = {
    EPSILON(vt_batch_norm_attributes),
    {.name = "momentum",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(vt_batch_norm_attributes, momentum),
     .fallback = "0.9",
     .help = "weight of the old running statistics"},
    {.name = "training_mode",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(vt_batch_norm_attributes, training_mode),
     .fallback = "0",
     .help = "statistics of this batch instead of the given ones"},
};
static const vt_field instance_fields[] = {EPSILON(vt_instance_norm_attributes)};
static const vt_field group_fields[] = {
    EPSILON(vt_group_norm_attributes),
    {.name = "num_groups",
     .kind = VT_FIELD_INT,
     .offset = offsetof(vt_group_norm_attributes, num_groups),
     .required = true,
     VT_RANGE(1, 0x7fffffff),
     .help = "groups of channels with common statistics"},
    {.name = "stash_type",
     .kind = VT_FIELD_INT,
     .offset = offsetof(vt_group_norm_attributes, stash_type),
     .fallback = "1",
     .help = "precision of the statistics; they are f64 here"},
};

static const vt_op norm_ops[] = {
    {.name = "BatchNormalization",
     .since = 1,
     VT_INPUTS(5, 5),
     VT_OUTPUTS(1, 3),
     VT_SETTINGS(vt_batch_norm_attributes, batch_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .flags = VT_OP_CHANNELS_LAST,
     .shape = batch_shape,
     .implementations = {VT_BY_F32,
                         {"simd", all_f32, batch_fast},
                         {"last", all_f32, batch_last, .channels_last = true},
                         {"plain", NULL, batch_plain}},
     .backward = vt_batch_norm_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1) | VT_SAVES_INPUT(3) | VT_SAVES_INPUT(4)},
    {.name = "InstanceNormalization",
     .since = 1,
     VT_INPUTS(3, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_instance_norm_attributes, instance_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .same_types = true,
     .flags = VT_OP_CHANNELS_LAST,
     .shape = channels_shape,
     .implementations = {VT_BY_F32,
                         {"simd", all_f32, instance_fast},
                         {"last", all_f32, instance_last, .channels_last = true},
                         {"plain", NULL, instance_plain}},
     .backward = vt_instance_norm_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1)},
    {.name = "GroupNormalization",
     .since = 18,
     VT_INPUTS(3, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_group_norm_attributes, group_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .same_types = true,
     .flags = VT_OP_CHANNELS_LAST,
     .shape = group_shape,
     .implementations = {VT_BY_F32,
                         {"simd", all_f32, group_fast},
                         {"last", all_f32, group_last, .channels_last = true},
                         {"plain", NULL, group_plain}},
     .backward = vt_group_norm_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1)},
};

const vt_op_family vt_ops_norm = {norm_ops, VT_COUNT(norm_ops)};
