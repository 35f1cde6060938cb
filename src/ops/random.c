/* SPDX-License-Identifier: Apache-2.0
 *
 * Dropout, Bernoulli, RandomNormal(Like), RandomUniform(Like), Multinomial. A number depends on the seed
 * attribute and on its place in the output alone; without a seed attribute the seed is 0, so that every run
 * repeats.
 */
#include "ops/convert.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/gradient.h"

/* A seed given as a real number: every value is a seed of its own. */
static uint64_t seed_of(double seed)
{
  uint64_t bits;
  memcpy(&bits, &seed, sizeof bits);
  return bits;
}

/* ---- Dropout ---- */

typedef struct dropout_settings {
  int64_t seed;
} dropout_settings;

static const vt_field dropout_fields[] = {
    {.name = "seed",
     .kind = VT_FIELD_INT,
     .offset = offsetof(dropout_settings, seed),
     .fallback = "0",
     .help = "of the random numbers"},
};

static vt_status dropout_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  for (int i = 1; i < 3; i++) {
    const vt_tensor *input = vt_input(call, i);
    char text[160];
    if (input && vt_count(input) != 1)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "input %d is %s; one value is needed", i,
                          vt_shape_text(input, text));
  }
  VT_TRY(vt_set_output(ctx, call, 1, VT_BOOL, data->rank, data->dims));
  return vt_shape_same(ctx, call);
}

/* 0 outside training. */
static double dropout_ratio(const vt_call *call)
{
  const vt_tensor *ratio = vt_input(call, 1), *training = vt_input(call, 2);
  if (!training || !vt_get_i64(training, 0)) return 0;
  return ratio ? vt_get_f64(ratio, 0) : 0.5;
}

/* An element is kept with probability 1 − ratio and then divided by that. */
static void drop(const vt_call *call, double ratio, const vt_tensor *from, vt_tensor *to, vt_tensor *mask)
{
  const dropout_settings *settings = call->attributes;
  uint64_t stream = vt_stream("dropout", 0);
  double scale = 1 / (1 - ratio);
  for (int64_t i = 0, count = vt_count(from); i < count; i++) {
    bool keep = vt_random_uniform((uint64_t)settings->seed, stream, (uint64_t)i) >= ratio;
    if (from->type == VT_F32)
      ((float *)to->data)[i] = keep ? (float)((double)((const float *)from->data)[i] * scale) : 0;
    else
      ((double *)to->data)[i] = keep ? ((const double *)from->data)[i] * scale : 0;
    if (mask) ((uint8_t *)mask->data)[i] = keep;
  }
}

static vt_status dropout_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  vt_tensor *output = call->outputs[0], *mask = vt_output(call, 1);
  double ratio = dropout_ratio(call);
  int64_t count = vt_count(data);
  if (!(ratio >= 0 && ratio < 1))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_ARGUMENT, "ratio %g is not in [0, 1)", ratio);
  if (ratio == 0) {
    if (count > 0 && output->data != data->data) memcpy(output->data, data->data, vt_bytes(data));
    if (mask && count > 0) memset(mask->data, 1, (size_t)count);
    return VT_OK;
  }
  if (vt_is_half(data)) return vt_run_widened(ctx, call);
  drop(call, ratio, data, output, mask);
  return VT_OK;
}

/* The same elements dropped, the others divided alike. The ratio counts as a setting: it gets nothing. */
static vt_status dropout_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  double ratio = dropout_ratio(gradient->call);
  if (ratio == 0) return vt_backward_same(ctx, gradient);
  if (!vt_gradient_wanted(gradient, 0)) return VT_OK;
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  drop(gradient->call, ratio, vt_gradient_output(gradient, 0), made, NULL);
  return VT_OK;
}

/* ---- Bernoulli ---- */

typedef struct bernoulli_settings {
  int64_t dtype;
  double seed;
} bernoulli_settings;

static const vt_field bernoulli_fields[] = {
    {.name = "dtype",
     .kind = VT_FIELD_INT,
     .offset = offsetof(bernoulli_settings, dtype),
     .fallback = "0",
     .help = "element type of the output; 0: that of the input"},
    {.name = "seed",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(bernoulli_settings, seed),
     .fallback = "0",
     .help = "of the random numbers"},
};

static vt_status bernoulli_shape(vt_ctx *ctx, const vt_call *call)
{
  const bernoulli_settings *settings = call->attributes;
  const vt_tensor *input = call->inputs[0];
  vt_type type = input->type;
  if (settings->dtype) VT_TRY(vt_type_attribute(ctx, call, "dtype", settings->dtype, VT_CASTABLE, &type));
  return vt_set_output(ctx, call, 0, type, input->rank, input->dims);
}

static vt_status bernoulli_run(vt_ctx *ctx, const vt_call *call)
{
  const bernoulli_settings *settings = call->attributes;
  const vt_tensor *input = call->inputs[0];
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *drawn = vt_tensor_new(ctx, VT_U8, input->rank, input->dims);
  if (!drawn) return VT_ERROR_OUT_OF_MEMORY;
  uint64_t seed = seed_of(settings->seed), stream = vt_stream("bernoulli", 0);
  for (int64_t i = 0, count = vt_count(input); i < count; i++)
    ((uint8_t *)drawn->data)[i] = vt_random_uniform(seed, stream, (uint64_t)i) < vt_get_f64(input, i);
  vt_convert(ctx, drawn, call->outputs[0]);
  vt_tensor_release(ctx, mark);
  return VT_OK;
}

/* ---- RandomNormal, RandomUniform, and their Like forms: a + b · number ---- */

typedef struct random_settings {
  int64_t dtype;
  double seed, mean, scale, low, high;
  vt_ints shape;
} random_settings;

#define DTYPE_FIELD(text)                                                                                    \
  {                                                                                                          \
    .name = "dtype", .kind = VT_FIELD_INT, .offset = offsetof(random_settings, dtype), .fallback = text,     \
    .help = "element type of the output; 0: that of the input"                                               \
  }
#define SHAPE_FIELD                                                                                          \
  {                                                                                                          \
    .name = "shape", .kind = VT_FIELD_INTS, .offset = offsetof(random_settings, shape), .required = true,    \
    .help = "of the output"                                                                                  \
  }
#define REAL_FIELD(field, text, description)                                                                 \
  {                                                                                                          \
    .name = #field, .kind = VT_FIELD_REAL, .offset = offsetof(random_settings, field), .fallback = text,     \
    .help = description                                                                                      \
  }
#define NORMAL_FIELDS                                                                                        \
  REAL_FIELD(seed, "0", "of the random numbers"), REAL_FIELD(mean, "0", "of the distribution"),              \
      REAL_FIELD(scale, "1", "standard deviation")
#define UNIFORM_FIELDS                                                                                       \
  REAL_FIELD(seed, "0", "of the random numbers"), REAL_FIELD(low, "0", "lower end"),                         \
      REAL_FIELD(high, "1", "upper end")

static const vt_field normal_fields[] = {DTYPE_FIELD("1"), SHAPE_FIELD, NORMAL_FIELDS};
static const vt_field normal_like_fields[] = {DTYPE_FIELD("0"), NORMAL_FIELDS};
static const vt_field uniform_fields[] = {DTYPE_FIELD("1"), SHAPE_FIELD, UNIFORM_FIELDS};
static const vt_field uniform_like_fields[] = {DTYPE_FIELD("0"), UNIFORM_FIELDS};

#define REALS (VT_FLOATS | VT_HALVES)

static vt_status random_shape(vt_ctx *ctx, const vt_call *call)
{
  const random_settings *settings = call->attributes;
  vt_type type;
  VT_TRY(vt_type_attribute(ctx, call, "dtype", settings->dtype, REALS, &type));
  if (settings->shape.count > VT_MAX_RANK)
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "shape has %zu dimensions; at most %d are supported",
                        settings->shape.count, VT_MAX_RANK);
  return vt_set_output(ctx, call, 0, type, (int)settings->shape.count, settings->shape.data);
}

static vt_status random_like_shape(vt_ctx *ctx, const vt_call *call)
{
  const random_settings *settings = call->attributes;
  const vt_tensor *input = call->inputs[0];
  vt_type type;
  VT_TRY(vt_type_attribute(ctx, call, "dtype", settings->dtype ? settings->dtype : (int64_t)input->type,
                           REALS, &type));
  return vt_set_output(ctx, call, 0, type, input->rank, input->dims);
}

typedef double (*draw_fn)(uint64_t seed, uint64_t stream, uint64_t index);

static vt_status draw(vt_ctx *ctx, const vt_call *call, draw_fn number, double offset, double factor)
{
  const random_settings *settings = call->attributes;
  vt_tensor *output = call->outputs[0];
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *drawn = vt_tensor_new(ctx, VT_F64, output->rank, output->dims);
  if (!drawn) return VT_ERROR_OUT_OF_MEMORY;
  uint64_t seed = seed_of(settings->seed), stream = vt_stream("random", 0);
  for (int64_t i = 0, count = vt_count(output); i < count; i++)
    ((double *)drawn->data)[i] = offset + factor * number(seed, stream, (uint64_t)i);
  vt_convert(ctx, drawn, output);
  vt_tensor_release(ctx, mark);
  return VT_OK;
}

static vt_status normal_run(vt_ctx *ctx, const vt_call *call)
{
  const random_settings *settings = call->attributes;
  return draw(ctx, call, vt_random_normal, settings->mean, settings->scale);
}

static vt_status uniform_run(vt_ctx *ctx, const vt_call *call)
{
  const random_settings *settings = call->attributes;
  return draw(ctx, call, vt_random_uniform, settings->low, settings->high - settings->low);
}

/* ---- Multinomial: classes drawn by unnormalised log probabilities [batch, classes] ---- */

typedef struct multinomial_settings {
  int64_t dtype, sample_size;
  double seed;
} multinomial_settings;

static const vt_field multinomial_fields[] = {
    {.name = "dtype",
     .kind = VT_FIELD_INT,
     .offset = offsetof(multinomial_settings, dtype),
     .fallback = "6",
     .help = "element type of the output: i32 or i64"},
    {.name = "sample_size",
     .kind = VT_FIELD_INT,
     .offset = offsetof(multinomial_settings, sample_size),
     .fallback = "1",
     .help = "draws a row",
     VT_RANGE(0, 1e9)},
    {.name = "seed",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(multinomial_settings, seed),
     .fallback = "0",
     .help = "of the random numbers"},
};

static vt_status multinomial_shape(vt_ctx *ctx, const vt_call *call)
{
  const multinomial_settings *settings = call->attributes;
  const vt_tensor *input = call->inputs[0];
  vt_type type;
  VT_TRY(vt_type_attribute(ctx, call, "dtype", settings->dtype, VT_INDICES, &type));
  if (input->rank != 2 || input->dims[1] == 0) {
    char text[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "input is %s; [batch, classes] is needed",
                        vt_shape_text(input, text));
  }
  return vt_set_output(ctx, call, 0, type, 2, (const int64_t[]){input->dims[0], settings->sample_size});
}

static int64_t draw_class(const vt_tensor *input, int64_t row, double top, double place)
{
  int64_t classes = input->dims[1];
  double sum = 0;
  for (int64_t c = 0; c + 1 < classes; c++) {
    sum += exp(vt_get_f64(input, row * classes + c) - top);
    if (place < sum) return c;
  }
  return classes - 1;
}

static vt_status multinomial_run(vt_ctx *ctx, const vt_call *call)
{
  VT_UNUSED(ctx);
  const multinomial_settings *settings = call->attributes;
  const vt_tensor *input = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  int64_t classes = input->dims[1];
  uint64_t seed = seed_of(settings->seed), stream = vt_stream("multinomial", 0);
  for (int64_t row = 0; row < input->dims[0]; row++) {
    double top = -INFINITY, sum = 0;
    for (int64_t c = 0; c < classes; c++)
      top = fmax(top, vt_get_f64(input, row * classes + c));
    for (int64_t c = 0; c < classes; c++)
      sum += exp(vt_get_f64(input, row * classes + c) - top);
    for (int64_t i = 0; i < settings->sample_size; i++) {
      int64_t place = row * settings->sample_size + i;
      int64_t drawn = draw_class(input, row, top, sum * vt_random_uniform(seed, stream, (uint64_t)place));
      if (output->type == VT_I32)
        ((int32_t *)output->data)[place] = (int32_t)drawn;
      else
        ((int64_t *)output->data)[place] = drawn;
    }
  }
  return VT_OK;
}

/* clang-format off */
#define ROW(operator, first_version, inputs, type_set, settings_type, table, shape_rule, function, ...)      \
  {                                                                                                          \
    .name = operator, .since = first_version, VT_INPUTS(inputs, inputs), VT_OUTPUTS(1, 1),                   \
    VT_SETTINGS(settings_type, table), .types = {type_set},                                                  \
    .shape = shape_rule, .implementations = {{"plain", NULL, function}}, __VA_ARGS__                         \
  }

static const vt_op rows[] = {
    {
        .name = "Dropout", .since = 1, VT_INPUTS(1, 3), VT_OUTPUTS(1, 2),
        VT_SETTINGS(dropout_settings, dropout_fields), .types = {REALS, REALS, VT_T(VT_BOOL)}, .flags = VT_OP_RANDOM,
        .shape = dropout_shape, .implementations = {{"plain", NULL, dropout_run}},
        VT_BACKWARD(dropout_backward, VT_SAVES_INPUT(1) | VT_SAVES_INPUT(2)),
    },
    ROW("Bernoulli", 15, 1, REALS, bernoulli_settings, bernoulli_fields, bernoulli_shape, bernoulli_run,
        .flags = VT_OP_RANDOM, .no_gradient = "its numbers are drawn, and no derivative leads through a draw"),
    ROW("RandomNormal", 1, 0, 0, random_settings, normal_fields, random_shape, normal_run,
        .flags = VT_OP_RANDOM),
    ROW("RandomUniform", 1, 0, 0, random_settings, uniform_fields, random_shape, uniform_run,
        .flags = VT_OP_RANDOM),
    ROW("RandomNormalLike", 1, 1, VT_STORED, random_settings, normal_like_fields, random_like_shape, normal_run,
        .flags = VT_OP_RANDOM, .backward = vt_backward_zero),
    ROW("RandomUniformLike", 1, 1, VT_STORED, random_settings, uniform_like_fields, random_like_shape, uniform_run,
        .flags = VT_OP_RANDOM, .backward = vt_backward_zero),
    ROW("Multinomial", 7, 1, REALS, multinomial_settings, multinomial_fields, multinomial_shape, multinomial_run,
        .flags = VT_OP_RANDOM | VT_OP_NOT_REAL),
};
/* clang-format on */

const vt_op_family vt_ops_random = {rows, VT_COUNT(rows)};
