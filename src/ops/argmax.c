/* SPDX-License-Identifier: Apache-2.0
 *
 * ArgMax, ArgMin: position along one axis, as i64. Of equal values the first counts, or the last on request;
 * a NaN is more extreme than any number.
 */
#include "ops/elementwise.h"
#include "ops/families.h"

typedef struct arg_settings {
  int64_t axis;
  bool keepdims, select_last_index;
} arg_settings;

static const vt_field arg_fields[] = {
    {.name = "axis",
     .kind = VT_FIELD_INT,
     .offset = offsetof(arg_settings, axis),
     .fallback = "0",
     .help = "the axis searched; negative counts from the end"},
    {.name = "keepdims",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(arg_settings, keepdims),
     .fallback = "1",
     .help = "the axis stays, with size 1"},
    {.name = "select_last_index",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(arg_settings, select_last_index),
     .fallback = "0",
     .help = "of equal values the last counts"},
};

static vt_status arg_shape(vt_ctx *ctx, const vt_call *call)
{
  const arg_settings *settings = call->attributes;
  const vt_tensor *input = call->inputs[0];
  int axis, rank = 0;
  VT_TRY(vt_axis(ctx, "axis", settings->axis, input->rank, &axis));
  int64_t dims[VT_MAX_RANK];
  for (int i = 0; i < input->rank; i++) {
    if (i != axis)
      dims[rank++] = input->dims[i];
    else if (settings->keepdims)
      dims[rank++] = 1;
  }
  if (input->dims[axis] == 0 && vt_span(input, 0, axis) * vt_span(input, axis + 1, input->rank) > 0)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_ARGUMENT,
                        "axis %d is empty; there is no position to give", axis);
  return vt_set_output(ctx, call, 0, VT_I64, rank, dims);
}

typedef struct search {
  const void *data;
  int64_t *out;
  int64_t length, inner; /* [outer, length, inner] */
  bool minimum, last;
} search;

/* Outputs first..last of [outer, inner]. `later` beats `best` when it is more extreme, or
 * equal with the last wanted. */
#define SEARCH(name, type, more)                                                                             \
  static void name(void *user, int64_t first, int64_t last)                                                  \
  {                                                                                                          \
    const search *job = user;                                                                                \
    for (int64_t output = first; output < last; output++) {                                                  \
      const type *column =                                                                                   \
          (const type *)job->data + output / job->inner * job->length * job->inner + output % job->inner;    \
      type best = column[0];                                                                                 \
      int64_t position = 0;                                                                                  \
      for (int64_t i = 1; i < job->length; i++) {                                                            \
        const type later = column[i * job->inner];                                                           \
        bool equal = later == best || (later != later && best != best);                                      \
        bool beats = equal ? job->last : best == best && (later != later || (more));                         \
        if (beats) best = later, position = i;                                                               \
      }                                                                                                      \
      job->out[output] = position;                                                                           \
    }                                                                                                        \
  }
#define SEARCH_LOOPS(suffix, type)                                                                           \
  SEARCH(largest_##suffix, type, later > best)                                                               \
  SEARCH(smallest_##suffix, type, later < best)

SEARCH_LOOPS(f32, float)
SEARCH_LOOPS(f64, double)
SEARCH_LOOPS(i8, int8_t)
SEARCH_LOOPS(i16, int16_t)
SEARCH_LOOPS(i32, int32_t)
SEARCH_LOOPS(i64, int64_t)
SEARCH_LOOPS(u8, uint8_t)
SEARCH_LOOPS(u16, uint16_t)
SEARCH_LOOPS(u32, uint32_t)
SEARCH_LOOPS(u64, uint64_t)

static const vt_range_fn largest[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(largest)};
static const vt_range_fn smallest[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(smallest)};

static vt_status arg_run(vt_ctx *ctx, const vt_call *call, const vt_range_fn loops[VT_TYPE_COUNT])
{
  const vt_tensor *input = call->inputs[0];
  if (vt_is_half(input)) return vt_run_widened(ctx, call);
  const arg_settings *settings = call->attributes;
  int axis;
  VT_TRY(vt_axis(ctx, "axis", settings->axis, input->rank, &axis));
  search job = {.data = input->data, .out = call->outputs[0]->data, .last = settings->select_last_index};
  job.length = input->dims[axis];
  job.inner = vt_span(input, axis + 1, input->rank);
  vt_parallel(ctx, vt_count(call->outputs[0]), 1 + VT_LOOP_GRAIN / (job.length + 1), loops[input->type],
              &job);
  return VT_OK;
}

static vt_status arg_max_run(vt_ctx *ctx, const vt_call *call)
{
  return arg_run(ctx, call, largest);
}

static vt_status arg_min_run(vt_ctx *ctx, const vt_call *call)
{
  return arg_run(ctx, call, smallest);
}

/* clang-format off */
#define ROW(operator, function)                                                                              \
  {                                                                                                          \
    .name = operator, .since = 1, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),                                         \
    VT_SETTINGS(arg_settings, arg_fields),                                                                   \
    .types = {VT_NUMBERS | VT_HALVES}, .flags = VT_OP_NOT_REAL, .shape = arg_shape,                          \
    .implementations = {{"plain", NULL, function}}                                                           \
  }
static const vt_op rows[] = {
    ROW("ArgMax", arg_max_run),
    ROW("ArgMin", arg_min_run),
};
/* clang-format on */

const vt_op_family vt_ops_argmax = {rows, VT_COUNT(rows)};
