/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of BatchNormalization, InstanceNormalization and GroupNormalization.
 *
 * With d = 1 / √(variance + epsilon) and g = dy · scale, statistics taken from the same n numbers give
 * dx = d · (g − Σg / n − (x − mean) · d² · Σ g (x − mean) / n); given ones give dx = d · g.
 */
#include "ops/norm.h"

#include <math.h>

#include "ops/norm_rows.h"
#include "ops/plain.h"

/* Gradient of output 0, zeros where it is zero. NULL on failure. */
static const vt_tensor *main_gradient(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *x = gradient->call->inputs[0];
  vt_tensor *given = vt_gradient_output(gradient, 0);
  if (given) return given;
  given = vt_tensor_new(ctx, x->type, x->rank, x->dims);
  if (given) given->layout = x->layout;
  if (given) memset(given->data, 0, vt_bytes(given));
  return given;
}

/* Makes a wanted gradient of one number a channel. */
static vt_status write_vector(vt_ctx *ctx, const vt_gradient *gradient, int index, const double *values)
{
  if (!gradient->wanted[index]) return VT_OK;
  vt_tensor *made = vt_gradient_new(ctx, gradient, index);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  vt_plain_write(made, values);
  return VT_OK;
}

/* ---- BatchNormalization ---- */

typedef struct batch_work {
  vt_channels c;
  const vt_tensor *x, *g;
  vt_tensor *out; /* NULL: not wanted */
  bool training, need_sums;
  double epsilon;
  const double *scale;
  double *mean, *variance;                 /* training: found here */
  const double *of_mean, *of_variance;     /* training: gradients of the batch's statistics */
  double *of_scale, *of_bias;              /* Σ g (x − mean) d and Σ g, of dy without scale */
  double *of_given_mean, *of_given_spread; /* gradients of inputs 3 and 4 in inference */
} batch_work;

static int64_t stretch(const batch_work *work, int64_t item, int64_t channel)
{
  return (item * work->c.count + channel) * work->c.size;
}

static void batch_statistics(const batch_work *work, int64_t channel)
{
  double sum = 0, spread = 0, count = (double)work->c.batch * (double)work->c.size;
  for (int64_t n = 0; n < work->c.batch; n++)
    sum += vt_norm_sum(work->x->type, vt_norm_at(work->x, stretch(work, n, channel)), work->c.size);
  double mean = work->mean[channel] = sum / count;
  for (int64_t n = 0; n < work->c.batch; n++)
    spread +=
        vt_norm_spread(work->x->type, vt_norm_at(work->x, stretch(work, n, channel)), work->c.size, mean);
  work->variance[channel] = spread / count;
}

/* What a channel's gradient is made with: of_g · g + of_x · (x − mean) + rest. */
typedef struct channel_line {
  double of_g, of_x, rest;
} channel_line;

/* From Σ g and Σ g (x − mean); fills the channel's vectors as well. */
static channel_line batch_line(const batch_work *work, int64_t channel, double sum, double dot)
{
  double count = (double)work->c.batch * (double)work->c.size;
  double inverse = 1 / sqrt(work->variance[channel] + work->epsilon);
  channel_line line = {.of_g = work->scale[channel] * inverse};
  work->of_scale[channel] = dot * inverse;
  work->of_bias[channel] = sum;
  work->of_given_mean[channel] = -line.of_g * sum;
  work->of_given_spread[channel] = -0.5 * line.of_g * inverse * inverse * dot;
  if (work->training) {
    line.of_x = (2 * work->of_variance[channel] - line.of_g * inverse * inverse * dot) / count;
    line.rest = (work->of_mean[channel] - line.of_g * sum) / count;
  }
  return line;
}

static void batch_channels(void *user, int64_t first, int64_t last)
{
  const batch_work *work = user;
  vt_type type = work->x->type;
  for (int64_t channel = first; channel < last; channel++) {
    if (work->training) batch_statistics(work, channel);
    double mean = work->mean[channel], sum = 0, dot = 0;
    for (int64_t n = 0; work->need_sums && n < work->c.batch; n++)
      vt_norm_add_sums(type, vt_norm_at(work->g, stretch(work, n, channel)), NULL,
                       vt_norm_at(work->x, stretch(work, n, channel)), work->c.size, mean, &sum, &dot);
    channel_line line = batch_line(work, channel, sum, dot);
    for (int64_t n = 0; work->out && n < work->c.batch; n++) {
      int64_t at = stretch(work, n, channel);
      vt_norm_combine(type, vt_norm_at(work->g, at), NULL, work->training ? vt_norm_at(work->x, at) : NULL,
                      vt_norm_at(work->out, at), work->c.size, mean, line.of_g, line.of_x, line.rest);
    }
  }
}

static vt_status batch_last(vt_ctx *ctx, const batch_work *work)
{
  vt_last shape = vt_last_of(work->x, false);
  vt_last_moments moments = {NULL};
  vt_last_line line = {NULL};
  vt_status status = VT_OK;
  if (work->training || work->need_sums)
    status =
        vt_last_find_moments(ctx, shape, work->x->data, work->need_sums ? work->g->data : NULL, &moments);
  if (status == VT_OK) status = vt_last_new_line(ctx, shape, &line);
  for (int64_t c = 0; status == VT_OK && c < shape.channels; c++) {
    double sum = 0, dot = 0;
    if (work->training) {
      work->mean[c] = moments.mean[c];
      work->variance[c] = moments.spread[c] / (double)shape.rows;
    }
    if (work->need_sums) { /* about the given mean, where there is one */
      sum = moments.sum[c];
      dot = moments.dot[c] + (moments.mean[c] - work->mean[c]) * sum;
    }
    channel_line of_channel = batch_line(work, c, sum, dot);
    line.centre[c] = work->mean[c];
    line.of_g[c] = of_channel.of_g;
    line.of_x[c] = of_channel.of_x;
    line.rest[c] = of_channel.rest;
  }
  if (status == VT_OK && work->out)
    status = vt_last_write(ctx, shape, work->g->data, work->training ? work->x->data : NULL, &line,
                           work->out->data);
  vt_free(moments.mean);
  vt_free(line.centre);
  return status;
}

/* Gradient of a batch statistic from that of the running one (output 1 or 2), where
 * running = old · momentum + batch · (1 − momentum). */
static double *of_statistic(vt_ctx *ctx, const vt_gradient *gradient, int output, int64_t count)
{
  const vt_batch_norm_attributes *attributes = gradient->call->attributes;
  double *values = vt_plain_read_or(ctx, vt_gradient_output(gradient, output), count, 0);
  for (int64_t c = 0; values && c < count; c++)
    values[c] *= 1 - attributes->momentum;
  return values;
}

/* The old running statistics (inputs 3 and 4) go into the new ones alone. */
static vt_status write_old(vt_ctx *ctx, const vt_gradient *gradient, int output, double *values,
                           int64_t count)
{
  const vt_batch_norm_attributes *attributes = gradient->call->attributes;
  const vt_tensor *given = vt_gradient_output(gradient, output);
  if (!given) return VT_OK;
  for (int64_t c = 0; c < count; c++)
    values[c] = vt_get_f64(given, c) * attributes->momentum;
  return write_vector(ctx, gradient, output + 2, values);
}

static vt_status write_batch_vectors(vt_ctx *ctx, const vt_gradient *gradient, const batch_work *work)
{
  VT_TRY(write_vector(ctx, gradient, 1, work->of_scale));
  VT_TRY(write_vector(ctx, gradient, 2, work->of_bias));
  if (work->training) {
    VT_TRY(write_old(ctx, gradient, 1, work->of_given_mean, work->c.count));
    return write_old(ctx, gradient, 2, work->of_given_spread, work->c.count);
  }
  VT_TRY(write_vector(ctx, gradient, 3, work->of_given_mean));
  return write_vector(ctx, gradient, 4, work->of_given_spread);
}

vt_status vt_batch_norm_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  enum { ARRAYS = 4 };
  const vt_call *call = gradient->call;
  const vt_batch_norm_attributes *attributes = call->attributes;
  const bool *wanted = gradient->wanted;
  batch_work work = {.c = vt_channels_of(call->inputs[0]),
                     .x = call->inputs[0],
                     .g = main_gradient(ctx, gradient),
                     .training = attributes->training_mode,
                     .epsilon = attributes->epsilon};
  if (!work.g) return VT_ERROR_OUT_OF_MEMORY;
  if (wanted[0] && !(work.out = vt_gradient_new(ctx, gradient, 0))) return VT_ERROR_OUT_OF_MEMORY;
  work.need_sums = work.training || wanted[1] || wanted[2] || wanted[3] || wanted[4];
  double *scale = vt_plain_read(ctx, call->inputs[1]);
  double *of_mean = of_statistic(ctx, gradient, 1, work.c.count);
  double *of_variance = of_statistic(ctx, gradient, 2, work.c.count);
  double *sums = vt_alloc_zero(ctx, (size_t)work.c.count + 1, ARRAYS * sizeof *sums);
  work.mean = vt_plain_read(ctx, call->inputs[3]);
  work.variance = vt_plain_read(ctx, call->inputs[4]);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (scale && of_mean && of_variance && sums && work.mean && work.variance) {
    work.scale = scale;
    work.of_mean = of_mean;
    work.of_variance = of_variance;
    work.of_scale = sums;
    work.of_bias = sums + work.c.count;
    work.of_given_mean = sums + 2 * work.c.count;
    work.of_given_spread = sums + 3 * work.c.count;
    status = VT_OK;
    if (work.x->layout == VT_STORED_CHANNELS_LAST)
      status = batch_last(ctx, &work);
    else
      vt_parallel(ctx, work.c.count, 1 + 16384 / (work.c.batch * work.c.size + 1), batch_channels, &work);
    if (status == VT_OK) status = write_batch_vectors(ctx, gradient, &work);
  }
  vt_free(scale);
  vt_free(of_mean);
  vt_free(of_variance);
  vt_free(sums);
  vt_free(work.mean);
  vt_free(work.variance);
  return status;
}

/* ---- InstanceNormalization is GroupNormalization with a group for each channel ---- */

typedef struct group_work {
  vt_channels c;
  int64_t groups;
  double epsilon;
  const vt_tensor *x, *g;
  vt_tensor *out; /* NULL: not wanted */
  const double *scale;
  double *sums, *dots; /* [batch, channels]: Σ dy and Σ dy (x − mean), later times d */
} group_work;

/* Groups [first, last), counted over the batch. */
static void back_groups(void *user, int64_t first, int64_t last)
{
  const group_work *work = user;
  vt_type type = work->x->type;
  int64_t inside = work->c.count / work->groups, size = work->c.size, length = inside * size;
  for (int64_t group = first; group < last; group++) {
    const double *scale = work->scale + group % work->groups * inside;
    const void *x = vt_norm_at(work->x, group * length);
    double mean = vt_norm_sum(type, x, length) / (double)length, sum = 0, dot = 0;
    double inverse = 1 / sqrt(vt_norm_spread(type, x, length, mean) / (double)length + work->epsilon);
    for (int64_t i = 0; i < inside; i++) {
      int64_t plane = group * inside + i;
      vt_norm_add_sums(type, vt_norm_at(work->g, plane * size), NULL, vt_norm_at(work->x, plane * size), size,
                       mean, &work->sums[plane], &work->dots[plane]);
      sum += scale[i] * work->sums[plane];
      dot += scale[i] * work->dots[plane];
      work->dots[plane] *= inverse;
    }
    double of_x = -inverse * inverse * inverse * dot / (double)length, rest = -inverse * sum / (double)length;
    for (int64_t i = 0; work->out && i < inside; i++) {
      int64_t at = (group * inside + i) * size;
      vt_norm_combine(type, vt_norm_at(work->g, at), NULL, vt_norm_at(work->x, at), vt_norm_at(work->out, at),
                      size, mean, scale[i] * inverse, of_x, rest);
    }
  }
}

/* Numbers of the items, [batch, channels], added into those of the first one. */
static void add_items(double *values, vt_channels c)
{
  for (int64_t n = 1; n < c.batch; n++)
    for (int64_t channel = 0; channel < c.count; channel++)
      values[channel] += values[n * c.count + channel];
}

static vt_status groups_last(vt_ctx *ctx, const group_work *work)
{
  vt_last shape = vt_last_of(work->x, true);
  int64_t inside = work->c.count / work->groups;
  double count = (double)inside * (double)shape.rows;
  vt_last_moments moments = {NULL};
  vt_last_line line = {NULL};
  vt_status status = vt_last_find_moments(ctx, shape, work->x->data, work->g->data, &moments);
  if (status == VT_OK) status = vt_last_new_line(ctx, shape, &line);
  for (int64_t group = 0; status == VT_OK && group < shape.items * work->groups; group++) {
    int64_t item = group / work->groups, first = item * shape.channels + group % work->groups * inside;
    const double *scale = work->scale + group % work->groups * inside;
    double mean, variance, sum = 0, dot = 0;
    vt_group_statistics(shape, &moments, item, group % work->groups, inside, &mean, &variance);
    double inverse = 1 / sqrt(variance + work->epsilon);
    for (int64_t i = 0, at = first; i < inside; i++, at++) {
      double of_channel = moments.dot[at] + (moments.mean[at] - mean) * moments.sum[at];
      work->sums[at] = moments.sum[at];
      work->dots[at] = of_channel * inverse;
      sum += scale[i] * moments.sum[at];
      dot += scale[i] * of_channel;
    }
    for (int64_t i = 0, at = first; i < inside; i++, at++) {
      line.centre[at] = mean;
      line.of_g[at] = scale[i] * inverse;
      line.of_x[at] = -inverse * inverse * inverse * dot / count;
      line.rest[at] = -inverse * sum / count;
    }
  }
  if (status == VT_OK && work->out)
    status = vt_last_write(ctx, shape, work->g->data, work->x->data, &line, work->out->data);
  vt_free(moments.mean);
  vt_free(line.centre);
  return status;
}

static vt_status groups_backward(vt_ctx *ctx, const vt_gradient *gradient, int64_t groups, double epsilon)
{
  const vt_call *call = gradient->call;
  group_work work = {.c = vt_channels_of(call->inputs[0]),
                     .groups = groups,
                     .epsilon = epsilon,
                     .x = call->inputs[0],
                     .g = gradient->output_gradients[0]};
  if (gradient->wanted[0] && !(work.out = vt_gradient_new(ctx, gradient, 0))) return VT_ERROR_OUT_OF_MEMORY;
  size_t planes = (size_t)(work.c.batch > 0 ? work.c.batch : 1) * (size_t)work.c.count;
  double *scale = vt_plain_read(ctx, call->inputs[1]);
  work.sums = vt_alloc_zero(ctx, planes, sizeof *work.sums);
  work.dots = vt_alloc_zero(ctx, planes, sizeof *work.dots);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (scale && work.sums && work.dots) {
    work.scale = scale;
    status = VT_OK;
    if (work.x->layout == VT_STORED_CHANNELS_LAST)
      status = groups_last(ctx, &work);
    else
      vt_parallel(ctx, work.c.batch * groups, 1, back_groups, &work);
    add_items(work.sums, work.c);
    add_items(work.dots, work.c);
    if (status == VT_OK) status = write_vector(ctx, gradient, 1, work.dots);
    if (status == VT_OK) status = write_vector(ctx, gradient, 2, work.sums);
  }
  vt_free(scale);
  vt_free(work.sums);
  vt_free(work.dots);
  return status;
}

vt_status vt_instance_norm_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_instance_norm_attributes *attributes = gradient->call->attributes;
  return groups_backward(ctx, gradient, gradient->call->inputs[0]->dims[1], attributes->epsilon);
}

vt_status vt_group_norm_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_group_norm_attributes *attributes = gradient->call->attributes;
  return groups_backward(ctx, gradient, attributes->num_groups, attributes->epsilon);
}
