/* SPDX-License-Identifier: Apache-2.0
 *
 * ReduceSum Mean Max Min Prod L1 L2 LogSum LogSumExp SumSquare. f32 and f64 accumulate in f64, integers in 64
 * bits (wrapping), f16 and bf16 go by way of f32. The order of additions depends on the shape alone, never on
 * threads or instruction set.
 */
#include "ops/reduce.h"
#include "ops/convert.h"
#include "ops/elementwise.h"
#include "ops/families.h"

enum { LANES = 16, COLUMNS = 256, GRAIN = 32768 };

typedef union cell {
  double real;
  int64_t integer;
  uint64_t natural;
} cell;

/* Takes `count` elements into one cell (row) or one each into `count` cells (columns). `shift` belongs to
 * FOLD_EXP: one for the row, one a column. */
typedef void (*fold_fn)(const void *data, int64_t count, cell *cells, const double *shift);

typedef struct fold {
  cell identity;
  fold_fn row, columns;
} fold;

/* MAP turns an element x into an accumulator's value; COMBINE joins two of them. Long rows keep LANES partial
 * results, joined in lane order. */
#define FOLD(name, type, wide, member, start, MAP, COMBINE)                                                  \
  VT_CLONES static void name##_row(const void *data, int64_t count, cell *cells, const double *shift)        \
  {                                                                                                          \
    const type *row = data;                                                                                  \
    wide lanes[LANES], total = cells->member;                                                                \
    int64_t whole = count - count % LANES;                                                                   \
    (void)shift;                                                                                             \
    for (int lane = 0; lane < LANES; lane++)                                                                 \
      lanes[lane] = (start);                                                                                 \
    for (int64_t i = 0; i < whole; i += LANES) {                                                             \
      _Pragma("omp simd") for (int lane = 0; lane < LANES; lane++)                                           \
      {                                                                                                      \
        const type x = row[i + lane];                                                                        \
        const wide a = lanes[lane], b = MAP(0);                                                              \
        lanes[lane] = COMBINE;                                                                               \
      }                                                                                                      \
    }                                                                                                        \
    for (int lane = 0; whole > 0 && lane < LANES; lane++) {                                                  \
      const wide a = total, b = lanes[lane];                                                                 \
      total = COMBINE;                                                                                       \
    }                                                                                                        \
    for (int64_t i = whole; i < count; i++) {                                                                \
      const type x = row[i];                                                                                 \
      const wide a = total, b = MAP(0);                                                                      \
      total = COMBINE;                                                                                       \
    }                                                                                                        \
    cells->member = total;                                                                                   \
  }                                                                                                          \
  VT_CLONES static void name##_columns(const void *data, int64_t count, cell *cells, const double *shift)    \
  {                                                                                                          \
    const type *row = data;                                                                                  \
    (void)shift;                                                                                             \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                  \
    {                                                                                                        \
      const type x = row[i];                                                                                 \
      const wide a = cells[i].member, b = MAP(i);                                                            \
      cells[i].member = COMBINE;                                                                             \
    }                                                                                                        \
  }

#define AS_REAL(i)    (double)x
#define AS_SIZE(i)    fabs((double)x)
#define AS_SQUARE(i)  (double)x *(double)x
#define AS_INTEGER(i) x
#define SUM           a + b
#define PRODUCT       a *b
/* NaN wins */
#define LARGEST  (b > a || b != b ? b : a)
#define SMALLEST (b < a || b != b ? b : a)

#define REAL_FOLDS(suffix, type)                                                                             \
  FOLD(sum_##suffix, type, double, real, 0, AS_REAL, SUM)                                                    \
  FOLD(size_##suffix, type, double, real, 0, AS_SIZE, SUM)                                                   \
  FOLD(square_##suffix, type, double, real, 0, AS_SQUARE, SUM)                                               \
  FOLD(product_##suffix, type, double, real, 1, AS_REAL, PRODUCT)                                            \
  FOLD(maximum_##suffix, type, double, real, -INFINITY, AS_REAL, LARGEST)                                    \
  FOLD(minimum_##suffix, type, double, real, INFINITY, AS_REAL, SMALLEST)

REAL_FOLDS(f32, float)
REAL_FOLDS(f64, double)
#define AS_EXP_F32(i) (double)vt_exp_f32((float)((double)x - shift[i]))
#define AS_EXP_F64(i) exp(x - shift[i])
FOLD(exp_f32, float, double, real, 0, AS_EXP_F32, SUM)
FOLD(exp_f64, double, double, real, 0, AS_EXP_F64, SUM)

/* All integers come here as 64-bit ones; sums and products wrap the same whether signed or not. */
#define AS_SIZE_INTEGER(i)   (x >> 63 ? 0 - x : x)
#define AS_SQUARE_INTEGER(i) x *x
FOLD(sum_integer, uint64_t, uint64_t, natural, 0, AS_INTEGER, SUM)
FOLD(size_integer, uint64_t, uint64_t, natural, 0, AS_SIZE_INTEGER, SUM)
FOLD(square_integer, uint64_t, uint64_t, natural, 0, AS_SQUARE_INTEGER, SUM)
FOLD(product_integer, uint64_t, uint64_t, natural, 1, AS_INTEGER, PRODUCT)
FOLD(maximum_i64, int64_t, int64_t, integer, INT64_MIN, AS_INTEGER, (b > a ? b : a))
FOLD(minimum_i64, int64_t, int64_t, integer, INT64_MAX, AS_INTEGER, (b < a ? b : a))
FOLD(maximum_u64, uint64_t, uint64_t, natural, 0, AS_INTEGER, (b > a ? b : a))
FOLD(minimum_u64, uint64_t, uint64_t, natural, UINT64_MAX, AS_INTEGER, (b < a ? b : a))

enum { FOLD_SUM, FOLD_SIZE, FOLD_SQUARE, FOLD_PRODUCT, FOLD_MAXIMUM, FOLD_MINIMUM, FOLD_EXP };
enum { CLASS_F32, CLASS_F64, CLASS_I64, CLASS_U64 };

#define ENTRY(name, member, start)                                                                           \
  {                                                                                                          \
    {.member = (start)}, name##_row, name##_columns                                                          \
  }

static const fold folds[][4] = {
    [FOLD_SUM] = {ENTRY(sum_f32, real, 0), ENTRY(sum_f64, real, 0), ENTRY(sum_integer, natural, 0),
                  ENTRY(sum_integer, natural, 0)},
    [FOLD_SIZE] = {ENTRY(size_f32, real, 0), ENTRY(size_f64, real, 0), ENTRY(size_integer, natural, 0),
                   ENTRY(sum_integer, natural, 0)},
    [FOLD_SQUARE] = {ENTRY(square_f32, real, 0), ENTRY(square_f64, real, 0),
                     ENTRY(square_integer, natural, 0), ENTRY(square_integer, natural, 0)},
    [FOLD_PRODUCT] = {ENTRY(product_f32, real, 1), ENTRY(product_f64, real, 1),
                      ENTRY(product_integer, natural, 1), ENTRY(product_integer, natural, 1)},
    [FOLD_MAXIMUM] = {ENTRY(maximum_f32, real, -INFINITY), ENTRY(maximum_f64, real, -INFINITY),
                      ENTRY(maximum_i64, integer, INT64_MIN), ENTRY(maximum_u64, natural, 0)},
    [FOLD_MINIMUM] = {ENTRY(minimum_f32, real, INFINITY), ENTRY(minimum_f64, real, INFINITY),
                      ENTRY(minimum_i64, integer, INT64_MAX), ENTRY(minimum_u64, natural, UINT64_MAX)},
    [FOLD_EXP] = {ENTRY(exp_f32, real, 0), ENTRY(exp_f64, real, 0)}, /* integers are made f64 first */
};

/* ---- walking: kept axes give the outputs, reduced axes are folded into each ---- */

typedef struct axes {
  int count;
  int64_t dims[VT_MAX_RANK], strides[VT_MAX_RANK]; /* elements */
} axes;

typedef struct reduction {
  const fold *main, *shift; /* shift: maxima to subtract before exp, NULL for all but LogSumExp */
  const char *data;
  int64_t element_size;
  axes kept, reduced; /* without the innermost axis of the tensor, which is described by the next two */
  int64_t inner;      /* its length */
  bool inner_reduced;
  cell *results; /* one an output, row-major over kept (and inner) */
} reduction;

static void axes_push(axes *list, int64_t dim, int64_t stride)
{
  /* adjacent axes of the same kind are one; called from the innermost outwards */
  if (list->count > 0 && list->strides[list->count - 1] * list->dims[list->count - 1] == stride) {
    list->dims[list->count - 1] *= dim;
    return;
  }
  list->dims[list->count] = dim;
  list->strides[list->count++] = stride;
}

/* Element offset of position `index` along the axes, innermost first. */
static int64_t axes_offset(const axes *list, int64_t index)
{
  int64_t offset = 0;
  for (int axis = 0; axis < list->count; axis++) {
    offset += index % list->dims[axis] * list->strides[axis];
    index /= list->dims[axis];
  }
  return offset;
}

static int64_t axes_size(const axes *list)
{
  int64_t size = 1;
  for (int axis = 0; axis < list->count; axis++)
    size *= list->dims[axis];
  return size;
}

/* All reduced positions of `width` neighbouring outputs (1 when the innermost axis is reduced). */
static void fold_all(const reduction *job, const fold *how, int64_t base, int64_t width, cell *cells,
                     const double *shift)
{
  int64_t steps = axes_size(&job->reduced);
  for (int64_t i = 0; i < width; i++)
    cells[i] = how->identity;
  for (int64_t step = 0; step < steps; step++) {
    const char *data = job->data + (base + axes_offset(&job->reduced, step)) * job->element_size;
    if (job->inner_reduced)
      how->row(data, job->inner, cells, shift);
    else
      how->columns(data, width, cells, shift);
  }
}

static void reduce_range(void *user, int64_t first, int64_t last)
{
  const reduction *job = user;
  for (int64_t output = first; output < last;) {
    int64_t width = 1, base = 0;
    if (job->inner_reduced) {
      base = axes_offset(&job->kept, output);
    } else {
      int64_t column = output % job->inner;
      base = axes_offset(&job->kept, output / job->inner) + column;
      width = job->inner - column < last - output ? job->inner - column : last - output;
      if (width > COLUMNS) width = COLUMNS;
    }
    double shift[COLUMNS];
    if (job->shift) {
      fold_all(job, job->shift, base, width, job->results + output, NULL);
      /* infinite maxima are not subtracted: exp gives 0 or ∞ then, and the logarithm the right limit */
      for (int64_t i = 0; i < width; i++)
        shift[i] = isfinite(job->results[output + i].real) ? job->results[output + i].real : 0;
    }
    fold_all(job, job->main, base, width, job->results + output, shift);
    if (job->shift)
      for (int64_t i = 0; i < width; i++)
        job->results[output + i].real = log(job->results[output + i].real) + shift[i];
    output += width;
  }
}

/* ---- operators ---- */

enum { NO_FINISH, FINISH_MEAN, FINISH_ROOT, FINISH_LOG };

static const vt_field reduce_fields[] = {
    {.name = "keepdims",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(vt_reduce_settings, keepdims),
     .fallback = "1",
     .help = "reduced axes stay, with size 1"},
    {.name = "noop_with_empty_axes",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(vt_reduce_settings, noop_with_empty_axes),
     .fallback = "0",
     .help = "no axes given: reduce none instead of all"},
};

vt_status vt_reduced_axes(vt_ctx *ctx, const vt_call *call, bool reduced[VT_MAX_RANK])
{
  const vt_reduce_settings *settings = call->attributes;
  int64_t list[VT_MAX_RANK];
  int count, rank = call->inputs[0]->rank;
  VT_TRY(vt_input_ints(ctx, call, 1, list, VT_MAX_RANK, &count));
  for (int axis = 0; axis < VT_MAX_RANK; axis++)
    reduced[axis] = count <= 0 && !settings->noop_with_empty_axes;
  for (int i = 0; i < count; i++) {
    int axis;
    VT_TRY(vt_axis(ctx, "axes", list[i], rank, &axis));
    if (reduced[axis])
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d is named twice in axes", axis);
    reduced[axis] = true;
  }
  return VT_OK;
}

static vt_status reduce_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_reduce_settings *settings = call->attributes;
  const vt_tensor *input = call->inputs[0];
  bool reduced[VT_MAX_RANK];
  VT_TRY(vt_reduced_axes(ctx, call, reduced));
  int rank = 0;
  int64_t dims[VT_MAX_RANK];
  for (int axis = 0; axis < input->rank; axis++) {
    if (!reduced[axis])
      dims[rank++] = input->dims[axis];
    else if (settings->keepdims)
      dims[rank++] = 1;
  }
  return vt_set_output(ctx, call, 0, input->type, rank, dims);
}

static void set_axes(reduction *job, const vt_tensor *input, const bool reduced[VT_MAX_RANK])
{
  int64_t strides[VT_MAX_RANK];
  vt_strides(input, strides);
  int axis = input->rank - 1;
  while (axis >= 0 && input->dims[axis] == 1)
    axis--;
  job->inner = 1;
  job->inner_reduced = axis < 0 || reduced[axis];
  for (; axis >= 0 && reduced[axis] == job->inner_reduced; axis--)
    job->inner *= input->dims[axis];
  for (; axis >= 0; axis--)
    if (input->dims[axis] != 1)
      axes_push(reduced[axis] ? &job->reduced : &job->kept, input->dims[axis], strides[axis]);
}

/* The accumulators into the output, with the last step of the operator; `count`
 * elements were folded into each. */
static void finish_real(const cell *cells, vt_tensor *output, int finish, double count)
{
  for (int64_t i = 0, total = vt_count(output); i < total; i++) {
    double value = cells[i].real;
    if (finish == FINISH_MEAN) value /= count;
    if (finish == FINISH_ROOT) value = sqrt(value);
    if (finish == FINISH_LOG) value = log(value);
    if (output->type == VT_F32)
      ((float *)output->data)[i] = (float)value;
    else
      ((double *)output->data)[i] = value;
  }
}

static void finish_integer(const cell *cells, vt_tensor *output, int finish, int64_t count)
{
  bool natural = output->type == VT_U64;
  for (int64_t i = 0, total = vt_count(output); i < total; i++) {
    cell value = cells[i];
    double real = natural ? (double)value.natural : (double)value.integer;
    if (finish == FINISH_MEAN && natural) value.natural = count > 0 ? value.natural / (uint64_t)count : 0;
    if (finish == FINISH_MEAN && !natural) value.integer = count > 0 ? value.integer / count : 0;
    if (finish == FINISH_ROOT) value.natural = real > 0 ? (uint64_t)sqrt(real) : 0;
    if (finish == FINISH_LOG) value.natural = real > 0 ? (uint64_t)log(real) : 0;
    ((uint64_t *)output->data)[i] = value.natural;
  }
}

static int class_of(vt_type type)
{
  return type == VT_F32 ? CLASS_F32 : type == VT_F64 ? CLASS_F64 : type == VT_U64 ? CLASS_U64 : CLASS_I64;
}

/* `input` and `output` have one of the four types that are folded. */
static vt_status reduce(vt_ctx *ctx, const vt_call *call, const vt_tensor *input, vt_tensor *output, int kind,
                        int finish)
{
  bool reduced[VT_MAX_RANK];
  VT_TRY(vt_reduced_axes(ctx, call, reduced));
  reduction job = {.data = input->data, .element_size = (int64_t)vt_type_size(input->type)};
  job.main = &folds[kind][class_of(input->type)];
  if (kind == FOLD_EXP) job.shift = &folds[FOLD_MAXIMUM][class_of(input->type)];
  set_axes(&job, input, reduced);
  int64_t outputs = vt_count(output);
  if (outputs == 0) return VT_OK;
  if (!(job.results = vt_alloc_zero(ctx, (size_t)outputs, sizeof *job.results)))
    return VT_ERROR_OUT_OF_MEMORY;
  int64_t folded = axes_size(&job.reduced) * (job.inner_reduced ? job.inner : 1);
  vt_parallel(ctx, outputs, folded > 0 ? 1 + GRAIN / folded : GRAIN, reduce_range, &job);
  if (class_of(output->type) == CLASS_F32 || class_of(output->type) == CLASS_F64)
    finish_real(job.results, output, finish, (double)folded);
  else
    finish_integer(job.results, output, finish, folded);
  vt_free(job.results);
  return VT_OK;
}

/* Other types are computed in the smallest of the four that holds them; half types in f32. */
static vt_type computing_type(vt_type type, int kind)
{
  if (VT_FLOATS & VT_T(type)) return type;
  if (VT_HALVES & VT_T(type)) return VT_F32;
  if (kind == FOLD_EXP) return VT_F64;
  return type == VT_U64 ? VT_U64 : VT_I64;
}

static vt_status run(vt_ctx *ctx, const vt_call *call, int kind, int finish)
{
  const vt_tensor *input = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  vt_type type = computing_type(input->type, kind);
  if (type == input->type) return reduce(ctx, call, input, output, kind, finish);
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  const vt_tensor *wide_input = vt_converted(ctx, input, type);
  vt_tensor *wide_output = wide_input ? vt_tensor_new(ctx, type, output->rank, output->dims) : NULL;
  if (wide_output) status = reduce(ctx, call, wide_input, wide_output, kind, finish);
  if (status == VT_OK) vt_convert(ctx, wide_output, output);
  vt_tensor_release(ctx, mark);
  return status;
}

#define REDUCE(name, kind, finish)                                                                           \
  static vt_status name##_run(vt_ctx *ctx, const vt_call *call)                                              \
  {                                                                                                          \
    return run(ctx, call, kind, finish);                                                                     \
  }

REDUCE(sum, FOLD_SUM, NO_FINISH)
REDUCE(mean, FOLD_SUM, FINISH_MEAN)
REDUCE(maximum, FOLD_MAXIMUM, NO_FINISH)
REDUCE(minimum, FOLD_MINIMUM, NO_FINISH)
REDUCE(product, FOLD_PRODUCT, NO_FINISH)
REDUCE(l1, FOLD_SIZE, NO_FINISH)
REDUCE(l2, FOLD_SQUARE, FINISH_ROOT)
REDUCE(log_sum, FOLD_SUM, FINISH_LOG)
REDUCE(log_sum_exp, FOLD_EXP, NO_FINISH)
REDUCE(sum_square, FOLD_SQUARE, NO_FINISH)

static double reduce_flops(const vt_call *call)
{
  return (double)vt_count(call->inputs[0]);
}

/* clang-format off */
#define ROW(operator, type_set, function, backward_function, values)                                         \
  {                                                                                                          \
    .name = operator, .since = 1, VT_INPUTS(1, 2), VT_OUTPUTS(1, 1),                                         \
    VT_SETTINGS(vt_reduce_settings, reduce_fields),                                                          \
    .types = {type_set, VT_INDICES}, .shape = reduce_shape,                                                  \
    .implementations = {{"plain", NULL, function}}, .flops = reduce_flops,                                   \
    .backward = backward_function, .saves = VT_SAVES_INPUT(1) | (values)                                     \
  }
#define X VT_SAVES_INPUT(0)
#define Y VT_SAVES_OUTPUT(0)

static const vt_op rows[] = {
    ROW("ReduceSum", VT_NUMBERS | VT_HALVES, sum_run, vt_reduce_sum_backward, 0),
    ROW("ReduceMean", VT_NUMBERS | VT_HALVES, mean_run, vt_reduce_mean_backward, 0),
    ROW("ReduceMax", VT_NUMBERS | VT_HALVES | VT_T(VT_BOOL), maximum_run, vt_reduce_extreme_backward, X | Y),
    ROW("ReduceMin", VT_NUMBERS | VT_HALVES | VT_T(VT_BOOL), minimum_run, vt_reduce_extreme_backward, X | Y),
    ROW("ReduceProd", VT_NUMBERS | VT_HALVES, product_run, vt_reduce_prod_backward, X),
    ROW("ReduceL1", VT_NUMBERS | VT_HALVES, l1_run, vt_reduce_l1_backward, X),
    ROW("ReduceL2", VT_NUMBERS | VT_HALVES, l2_run, vt_reduce_l2_backward, X | Y),
    ROW("ReduceLogSum", VT_NUMBERS | VT_HALVES, log_sum_run, vt_reduce_log_sum_backward, Y),
    ROW("ReduceLogSumExp", VT_NUMBERS | VT_HALVES, log_sum_exp_run, vt_reduce_log_sum_exp_backward, X | Y),
    ROW("ReduceSumSquare", VT_NUMBERS | VT_HALVES, sum_square_run, vt_reduce_sum_square_backward, X),
};
/* clang-format on */

const vt_op_family vt_ops_reduce = {rows, VT_COUNT(rows)};
