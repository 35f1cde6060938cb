/* SPDX-License-Identifier: Apache-2.0
 *
 * RoiAlign, NonMaxSuppression: operators of detectors.
 */
#include <math.h>
#include <stdlib.h>

#include "ops/families.h"
#include "ops/sample.h"

/* ---- RoiAlign ---- */

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
        roi_sample sample;
        for (int k = 0; k < 4; k++) {
          sample.pixels[k] = item * data->dims[1] * data->dims[2] * data->dims[3] +
                             rows[k / 2] * data->dims[3] + columns[k % 2];
          sample.weights[k] = row_weights[k / 2] * column_weights[k % 2];
        }
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

/* ---- NonMaxSuppression ---- */

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

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "RoiAlign",
     .since = 10,
     VT_INPUTS(3, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(roi_attributes, roi_fields),
     .types = {VT_FLOATS, VT_FLOATS, VT_INDICES},
     .shape = roi_shape,
     .implementations = {{"plain", NULL, roi_run}}},
    {.name = "NonMaxSuppression",
     .since = 10,
     VT_INPUTS(2, 5),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(nms_attributes, nms_fields),
     .types = {VT_T(VT_F32), VT_T(VT_F32), VT_INDICES, VT_T(VT_F32)},
     .shape = nms_shape,
     .implementations = {{"plain", NULL, nms_run}}},
};

const vt_op_family vt_ops_boxes = {rows, VT_COUNT(rows)};
