/* SPDX-License-Identifier: Apache-2.0
 *
 * RoiAlign.
 */
#include <math.h>

#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/plain.h"
#include "ops/sample.h"

enum { MOST_SAMPLES = 4096 }; /* of a bin, along one axis: a region this large is a damaged one */

typedef struct roi_attributes {
  int coordinates, mode;
  int64_t output_height, output_width, sampling_ratio;
  double spatial_scale;
} roi_attributes;

static const vt_field roi_fields[] = {
    {"coordinate_transformation_mode", VT_FIELD_CHOICE, offsetof(roi_attributes, coordinates), "half_pixel",
     .choices = "half_pixel|output_half_pixel",
     .help = "whether pixel middles lie at half numbers in the input too"},
    {"mode", VT_FIELD_CHOICE, offsetof(roi_attributes, mode), "avg", .choices = "avg|max",
     .help = "how a bin is pooled"},
    {"output_height", VT_FIELD_INT, offsetof(roi_attributes, output_height), "1", .help = "bins"},
    {"output_width", VT_FIELD_INT, offsetof(roi_attributes, output_width), "1", .help = "bins"},
    {"sampling_ratio", VT_FIELD_INT, offsetof(roi_attributes, sampling_ratio), "0", VT_RANGE(0, MOST_SAMPLES),
     .help = "samples of a bin along each axis; 0: one a pixel"},
    {"spatial_scale", VT_FIELD_REAL, offsetof(roi_attributes, spatial_scale), "1",
     .help = "input pixels a unit of a region"},
};

static vt_status roi_shape(vt_ctx *ctx, const vt_call *call)
{
  const roi_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *rois = call->inputs[1], *batch = call->inputs[2];
  if (data->rank != 4 || rois->rank != 2 || rois->dims[1] != 4 || batch->rank != 1 ||
      batch->dims[0] != rois->dims[0] || rois->type != data->type) {
    char a[160], b[160], c[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "regions %s and items %s do not fit data %s",
                        vt_shape_text(rois, b), vt_shape_text(batch, c), vt_shape_text(data, a));
  }
  if (attributes->output_height < 1 || attributes->output_width < 1 || attributes->sampling_ratio < 0 ||
      attributes->sampling_ratio > MOST_SAMPLES || data->dims[2] < 1 || data->dims[3] < 1)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "output of %lld × %lld bins cannot be made",
                        (long long)attributes->output_height, (long long)attributes->output_width);
  int64_t dims[4] = {rois->dims[0], data->dims[1], attributes->output_height, attributes->output_width};
  return vt_set_output(ctx, call, 0, data->type, 4, dims);
}

/* One axis of a region. */
typedef struct roi_span {
  double start, bin; /* in input pixels */
  int64_t samples;   /* of a bin */
  int64_t size;      /* of the input */
} roi_span;

static vt_status make_span(vt_ctx *ctx, const vt_call *call, int64_t roi, int axis, int64_t bins,
                           roi_span *out)
{
  const roi_attributes *attributes = call->attributes;
  const vt_tensor *rois = call->inputs[1];
  double offset = attributes->coordinates == 0 ? 0.5 : 0;
  double start = vt_sample_load(rois->data, rois->type, roi * 4 + axis) * attributes->spatial_scale - offset;
  double length =
      vt_sample_load(rois->data, rois->type, roi * 4 + 2 + axis) * attributes->spatial_scale - offset - start;
  if (attributes->coordinates == 1 && length < 1) length = 1;
  double samples =
      attributes->sampling_ratio ? (double)attributes->sampling_ratio : ceil(length / (double)bins);
  if (!(fabs(start) < 0x1p50) || !(samples <= MOST_SAMPLES))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_DATA,
                        "region %lld starts at %g and is %g long, which cannot be pooled", (long long)roi,
                        start, length);
  out->start = start;
  out->bin = length / (double)bins;
  out->samples = samples > 0 ? (int64_t)samples : 0;
  out->size = call->inputs[0]->dims[axis == 0 ? 3 : 2]; /* regions are x1 y1 x2 y2 */
  return VT_OK;
}

/* The two pixels around a sample and the weight of the second; false when it lies outside. */
static bool neighbours(const roi_span *span, int64_t bin, int64_t sample, int64_t pixels[2],
                       double weights[2])
{
  double x =
      span->start + (double)bin * span->bin + ((double)sample + 0.5) * span->bin / (double)span->samples;
  if (!(x >= -1 && x <= (double)span->size)) return false;
  if (x < 0) x = 0;
  int64_t low = (int64_t)x;
  if (low >= span->size - 1) {
    pixels[0] = pixels[1] = span->size - 1;
    x = (double)pixels[0];
  } else {
    pixels[0] = low;
    pixels[1] = low + 1;
  }
  weights[1] = x - (double)pixels[0];
  weights[0] = 1 - weights[1];
  return true;
}

/* The four pixels around a sample, in the first channel. */
typedef struct roi_sample {
  int64_t pixels[4];
  double weights[4];
} roi_sample;

/* Adds one sample to a bin of every channel. The specification's own data takes, for max, the largest of the
 * four weighted pixels and not of their sum; so do we. Called with a constant type, so that each type has its
 * own loop. */
static inline void add_sample(const vt_tensor *data, vt_type type, const roi_sample *sample, bool largest,
                              bool first, double *bins)
{
  int64_t channels = data->dims[1], plane = data->dims[2] * data->dims[3];
  for (int64_t c = 0; c < channels; c++) {
    double sum = 0, most = -INFINITY;
    for (int i = 0; i < 4; i++) {
      double value = sample->weights[i] * vt_sample_load(data->data, type, c * plane + sample->pixels[i]);
      sum += value;
      if (value > most) most = value;
    }
    if (!largest)
      bins[c] += sum;
    else if (first || most > bins[c])
      bins[c] = most;
  }
}

static roi_sample make_sample(const vt_tensor *data, int64_t item, const int64_t rows[2],
                              const double row_weights[2], const int64_t columns[2],
                              const double column_weights[2])
{
  roi_sample sample;
  for (int k = 0; k < 4; k++) {
    sample.pixels[k] =
        item * data->dims[1] * data->dims[2] * data->dims[3] + rows[k / 2] * data->dims[3] + columns[k % 2];
    sample.weights[k] = row_weights[k / 2] * column_weights[k % 2];
  }
  return sample;
}

/* One bin of all channels. */
static void pool_bin(const roi_attributes *attributes, const vt_tensor *data, int64_t item, const roi_span *x,
                     const roi_span *y, int64_t row, int64_t column, double *bins)
{
  bool first = true;
  memset(bins, 0, sizeof *bins * (size_t)data->dims[1]);
  for (int64_t i = 0; i < y->samples; i++) {
    int64_t rows[2], columns[2];
    double row_weights[2], column_weights[2];
    bool inside = neighbours(y, row, i, rows, row_weights);
    for (int64_t j = 0; j < x->samples; j++) {
      if (!inside || !neighbours(x, column, j, columns, column_weights)) {
        for (int64_t c = 0; c < data->dims[1] && attributes->mode == 1; c++)
          if (first || bins[c] < 0) bins[c] = 0;
      } else {
        roi_sample sample = make_sample(data, item, rows, row_weights, columns, column_weights);
        if (data->type == VT_F32)
          add_sample(data, VT_F32, &sample, attributes->mode == 1, first, bins);
        else
          add_sample(data, VT_F64, &sample, attributes->mode == 1, first, bins);
      }
      first = false;
    }
  }
  double count = (double)(x->samples * y->samples);
  for (int64_t c = 0; c < data->dims[1] && attributes->mode == 0 && count > 0; c++)
    bins[c] /= count;
}

/* Regions in parallel; task t works in bins[t · channels]. */
typedef struct roi_job {
  const vt_call *call;
  const roi_span *spans; /* x and y of each region */
  double *bins;
  int64_t grain;
} roi_job;

static void pool_regions(void *user, int64_t first, int64_t last)
{
  const roi_job *job = user;
  const vt_tensor *data = job->call->inputs[0];
  vt_tensor *output = job->call->outputs[0];
  int64_t channels = data->dims[1], height = output->dims[2], width = output->dims[3];
  double *bins = job->bins + first / job->grain * channels;
  for (int64_t roi = first; roi < last; roi++)
    for (int64_t row = 0; row < height; row++)
      for (int64_t column = 0; column < width; column++) {
        pool_bin(job->call->attributes, data, vt_get_i64(job->call->inputs[2], roi), &job->spans[2 * roi],
                 &job->spans[2 * roi + 1], row, column, bins);
        for (int64_t c = 0; c < channels; c++)
          vt_sample_store(output->data, output->type, ((roi * channels + c) * height + row) * width + column,
                          bins[c]);
      }
}

/* Both axes of every region, and its item, checked. */
static vt_status make_spans(vt_ctx *ctx, const vt_call *call, roi_span *spans)
{
  const vt_tensor *output = call->outputs[0];
  int64_t items = call->inputs[0]->dims[0];
  for (int64_t roi = 0; roi < output->dims[0]; roi++) {
    int64_t item = vt_get_i64(call->inputs[2], roi);
    if (item < 0 || item >= items)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_DATA, "region %lld is of item %lld, the data has %lld",
                          (long long)roi, (long long)item, (long long)items);
    VT_TRY(make_span(ctx, call, roi, 0, output->dims[3], &spans[2 * roi]));
    VT_TRY(make_span(ctx, call, roi, 1, output->dims[2], &spans[2 * roi + 1]));
  }
  return VT_OK;
}

static vt_status roi_run(vt_ctx *ctx, const vt_call *call)
{
  int64_t count = call->inputs[1]->dims[0], channels = call->inputs[0]->dims[1],
          threads = vt_ctx_threads(ctx);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  roi_job job = {.call = call, .grain = (count + threads - 1) / threads};
  roi_span *spans = vt_alloc_zero(ctx, (size_t)count, 2 * sizeof *spans);
  if (!spans) goto done;
  job.spans = spans;
  job.bins = vt_alloc_zero(ctx, (size_t)(threads * channels), sizeof *job.bins);
  if (!job.bins) goto done;
  VT_TRY_DONE(make_spans(ctx, call, spans));
  vt_parallel(ctx, count, job.grain, pool_regions, &job);
done:
  vt_free(spans);
  vt_free(job.bins);
  return status;
}

/* ---- backward ---- */

enum { CHANNELS = 16 }; /* of a task: they share the samples */

typedef struct roi_back_job {
  const vt_call *call;
  const vt_tensor *from;
  const roi_span *spans;
  double *sums; /* of the data */
} roi_back_job;

/* Where the value of a bin came from, by channel. */
typedef struct bin_winner {
  double value, weight;
  int64_t pixel; /* −1: nothing but the outside */
} bin_winner;

/* Finds, as add_sample() does, the largest weighted pixel. */
static void find_winners(const vt_tensor *data, const roi_sample *sample, int64_t channel, int count,
                         bin_winner *winners)
{
  int64_t plane = data->dims[2] * data->dims[3];
  for (int c = 0; c < count; c++)
    for (int k = 0; k < 4; k++) {
      int64_t pixel = (channel + c) * plane + sample->pixels[k];
      double value = sample->weights[k] * vt_sample_load(data->data, data->type, pixel);
      if (value > winners[c].value) winners[c] = (bin_winner){value, sample->weights[k], pixel};
    }
}

/* One bin of some channels; `shares` are the gradients of its values. */
static void return_bin(const roi_back_job *job, int64_t roi, int64_t row, int64_t column, int64_t channel,
                       int count, const double *shares)
{
  const roi_attributes *attributes = job->call->attributes;
  const vt_tensor *data = job->call->inputs[0];
  const roi_span *x = &job->spans[2 * roi], *y = x + 1;
  int64_t plane = data->dims[2] * data->dims[3], item = vt_get_i64(job->call->inputs[2], roi);
  double samples = (double)(x->samples * y->samples);
  bin_winner winners[CHANNELS];
  for (int c = 0; c < count; c++)
    winners[c] = (bin_winner){-INFINITY, 0, -1};
  for (int64_t i = 0; i < y->samples; i++) {
    int64_t rows[2], columns[2];
    double row_weights[2], column_weights[2];
    bool inside = neighbours(y, row, i, rows, row_weights);
    for (int64_t j = 0; j < x->samples; j++) {
      if (!inside || !neighbours(x, column, j, columns, column_weights)) {
        for (int c = 0; c < count; c++)
          if (winners[c].value < 0) winners[c] = (bin_winner){0, 0, -1};
        continue;
      }
      roi_sample sample = make_sample(data, item, rows, row_weights, columns, column_weights);
      if (attributes->mode == 1)
        find_winners(data, &sample, channel, count, winners);
      else
        for (int c = 0; c < count; c++)
          for (int k = 0; k < 4; k++)
            job->sums[(channel + c) * plane + sample.pixels[k]] += sample.weights[k] * shares[c] / samples;
    }
  }
  for (int c = 0; c < count && attributes->mode == 1; c++)
    if (winners[c].pixel >= 0) job->sums[winners[c].pixel] += winners[c].weight * shares[c];
}

/* Groups of channels, each with all regions one after the other. */
static void return_channels(void *user, int64_t first, int64_t last)
{
  const roi_back_job *job = user;
  const vt_tensor *from = job->from;
  int64_t channels = from->dims[1], height = from->dims[2], width = from->dims[3];
  for (int64_t group = first; group < last; group++) {
    int64_t channel = group * CHANNELS;
    int count = channels - channel < CHANNELS ? (int)(channels - channel) : CHANNELS;
    for (int64_t roi = 0; roi < from->dims[0]; roi++)
      for (int64_t bin = 0; bin < height * width; bin++) {
        double shares[CHANNELS];
        for (int c = 0; c < count; c++)
          shares[c] =
              vt_sample_load(from->data, from->type, (roi * channels + channel + c) * height * width + bin);
        return_bin(job, roi, bin / width, bin % width, channel, count, shares);
      }
  }
}

/* Only the data has a gradient: regions say where to look and count as fixed. */
static vt_status roi_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_call *call = gradient->call;
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (!gradient->wanted[0]) return VT_OK;
  vt_tensor *to = vt_gradient_new(ctx, gradient, 0);
  roi_back_job job = {.call = call, .from = gradient->output_gradients[0]};
  roi_span *spans = vt_alloc_zero(ctx, (size_t)call->inputs[1]->dims[0] + 1, 2 * sizeof *spans);
  job.spans = spans;
  job.sums = vt_alloc_zero(ctx, (size_t)vt_count(call->inputs[0]) + 1, sizeof *job.sums);
  if (!to || !spans || !job.sums) goto done;
  VT_TRY_DONE(make_spans(ctx, call, spans));
  vt_parallel(ctx, (to->dims[1] + CHANNELS - 1) / CHANNELS, 1, return_channels, &job);
  vt_plain_write(to, job.sums);
done:
  vt_free(spans);
  vt_free(job.sums);
  return status;
}

static const vt_op rows[] = {
    {.name = "RoiAlign",
     .since = 10,
     VT_INPUTS(3, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(roi_attributes, roi_fields),
     .types = {VT_FLOATS, VT_FLOATS, VT_INDICES},
     .shape = roi_shape,
     .implementations = {{"plain", NULL, roi_run}},
     .backward = roi_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1) | VT_SAVES_INPUT(2)},
};

const vt_op_family vt_ops_roi_align = {rows, VT_COUNT(rows)};
