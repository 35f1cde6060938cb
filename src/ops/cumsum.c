/* SPDX-License-Identifier: Apache-2.0
 *
 * CumSum: running sums along one axis, f32 in f64, integers wrapping.
 */
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/gradient.h"

typedef struct cumsum_settings {
  bool exclusive, reverse;
} cumsum_settings;

static const vt_field cumsum_fields[] = {
    {.name = "exclusive",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(cumsum_settings, exclusive),
     .fallback = "0",
     .help = "an element's sum leaves the element out"},
    {.name = "reverse",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(cumsum_settings, reverse),
     .fallback = "0",
     .help = "from the end of the axis"},
};

static vt_status cumsum_axis(vt_ctx *ctx, const vt_call *call, int *axis)
{
  int64_t value;
  int count;
  VT_TRY(vt_input_ints(ctx, call, 1, &value, 1, &count));
  if (count != 1) return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis must be one number");
  return vt_axis(ctx, "axis", value, call->inputs[0]->rank, axis);
}

static vt_status cumsum_shape(vt_ctx *ctx, const vt_call *call)
{
  int axis;
  VT_TRY(cumsum_axis(ctx, call, &axis));
  return vt_shape_same(ctx, call);
}

typedef struct running {
  const void *data;
  void *out;
  int64_t length, inner; /* [outer, length, inner] */
  bool exclusive, reverse;
} running;

#define RUNNING(name, type, wide)                                                                            \
  static void name(void *user, int64_t first, int64_t last)                                                  \
  {                                                                                                          \
    const running *job = user;                                                                               \
    for (int64_t line = first; line < last; line++) {                                                        \
      int64_t start = line / job->inner * job->length * job->inner + line % job->inner;                      \
      wide sum = 0;                                                                                          \
      for (int64_t i = 0; i < job->length; i++) {                                                            \
        int64_t place = start + (job->reverse ? job->length - 1 - i : i) * job->inner;                       \
        wide before = sum;                                                                                   \
        sum += (wide)((const type *)job->data)[place];                                                       \
        ((type *)job->out)[place] = (type)(job->exclusive ? before : sum);                                   \
      }                                                                                                      \
    }                                                                                                        \
  }

RUNNING(running_f32, float, double)
RUNNING(running_f64, double, double)
RUNNING(running_i32, int32_t, uint64_t)
RUNNING(running_i64, int64_t, uint64_t)
RUNNING(running_u32, uint32_t, uint64_t)
RUNNING(running_u64, uint64_t, uint64_t)

static vt_status cumsum_run(vt_ctx *ctx, const vt_call *call)
{
  static const vt_range_fn loops[VT_TYPE_COUNT] = {
      VT_FLOAT_ENTRIES(running), [VT_I32] = running_i32, [VT_I64] = running_i64,
      [VT_U32] = running_u32,    [VT_U64] = running_u64,
  };
  const vt_tensor *input = call->inputs[0];
  if (vt_is_half(input)) return vt_run_widened(ctx, call);
  const cumsum_settings *settings = call->attributes;
  int axis;
  VT_TRY(cumsum_axis(ctx, call, &axis));
  running job = {.data = input->data, .out = call->outputs[0]->data};
  job.length = input->dims[axis];
  job.inner = vt_span(input, axis + 1, input->rank);
  job.exclusive = settings->exclusive;
  job.reverse = settings->reverse;
  int64_t lines = vt_span(input, 0, axis) * job.inner;
  vt_parallel(ctx, lines, 1 + VT_LOOP_GRAIN / (job.length + 1), loops[input->type], &job);
  return VT_OK;
}

/* An element goes into the sums from it on: running sums the other way. */
static vt_status cumsum_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  cumsum_settings other_way = *(const cumsum_settings *)gradient->call->attributes;
  other_way.reverse = !other_way.reverse;
  if (!gradient->wanted[0]) return VT_OK;
  return vt_compute(ctx, "CumSum", &other_way, 2,
                    (vt_tensor *[]){gradient->output_gradients[0], gradient->call->inputs[1]},
                    &gradient->input_gradients[0]);
}

static const vt_op rows[] = {
    {
        .name = "CumSum",
        .since = 11,
        VT_INPUTS(2, 2),
        VT_OUTPUTS(1, 1),
        VT_SETTINGS(cumsum_settings, cumsum_fields),
        .types = {VT_FLOATS | VT_HALVES | VT_INDICES | VT_T(VT_U32) | VT_T(VT_U64), VT_INDICES},
        .shape = cumsum_shape,
        .implementations = {{"plain", NULL, cumsum_run}},
        .backward = cumsum_backward,
        .saves = VT_SAVES_INPUT(1),
    },
};

const vt_op_family vt_ops_cumsum = {rows, VT_COUNT(rows)};
