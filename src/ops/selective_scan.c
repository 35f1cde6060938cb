/* SPDX-License-Identifier: Apache-2.0
 *
 * vt.SelectiveScan: a linear recurrence whose step follows the input (Gu and Dao 2023, arXiv 2312.00752,
 * equation 2a with their discretisation: A by zero-order hold, B by Euler's step). For each item and
 * channel d with states n,
 *
 *   h[t, n] = exp(Δ[t, d] · A[d, n]) · h[t−1, n] + Δ[t, d] · B[t, n] · u[t, d],   h[−1] = 0
 *   y[t, d] = Σ_n C[t, n] · h[t, n] + D[d] · u[t, d]
 *
 * u, Δ [items, steps, channels], A [channels, states], B, C [items, steps, states], D [channels] or left
 * out.
 *
 * ONNX: Scan over the steps with h [items, channels, states] as its state; Exp, Mul, Add and ReduceSum
 * inside.
 */
#include "ops/selective_scan.h"

#include "ops/families.h"
#include "ops/plain.h"

static vt_status scan_shape(vt_ctx *ctx, const vt_call *call)
{
  static const char *const names[] = {"u", "delta", "A", "B", "C", "D"};
  const vt_tensor *u = call->inputs[VT_SCAN_U], *a = call->inputs[VT_SCAN_A];
  char text[160];
  if (u->rank != 3 || a->rank != 2 || a->dims[0] != u->dims[2])
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "u must be [items, steps, channels] and A [channels, states]; %s is %s",
                        u->rank == 3 ? "A" : "u", vt_shape_text(u->rank == 3 ? a : u, text));
  if (a->dims[1] > VT_SCAN_STATES)
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "A is %s: at most %d states are supported",
                        vt_shape_text(a, text), VT_SCAN_STATES);
  for (int i = VT_SCAN_DELTA; i < VT_SCAN_INPUTS; i++) {
    const vt_tensor *input = vt_input(call, i);
    if (!input || i == VT_SCAN_A) continue;
    vt_tensor wanted = {.type = u->type, .rank = 3, .dims = {u->dims[0], u->dims[1], a->dims[1]}};
    if (i == VT_SCAN_DELTA) wanted.dims[2] = u->dims[2];
    if (i == VT_SCAN_SKIP) wanted = (vt_tensor){.type = u->type, .rank = 1, .dims = {u->dims[2]}};
    char other[160];
    if (!vt_same_shape(input, &wanted))
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%s is %s instead of %s", names[i],
                          vt_shape_text(input, text), vt_shape_text(&wanted, other));
  }
  return vt_shape_same(ctx, call);
}

typedef struct scan_job {
  const void *inputs[VT_SCAN_INPUTS];
  void *y;
  int64_t steps, channels, states, groups;
  void *state; /* of every channel */
} scan_job;

#define SCAN(suffix, type)                                                                                   \
  VT_CLONES static void scan_group_##suffix(const scan_job *job, int64_t item, int64_t first, int64_t last)  \
  {                                                                                                          \
    const int64_t channels = job->channels, states = job->states;                                            \
    const type *const *in = (const type *const *)(const void *)job->inputs;                                  \
    for (int64_t t = item * job->steps; t < (item + 1) * job->steps; t++) {                                  \
      const type *b = in[VT_SCAN_B] + t * states, *c = in[VT_SCAN_C] + t * states;                           \
      for (int64_t d = first; d < last; d++) {                                                               \
        const type *a = in[VT_SCAN_A] + d * states;                                                          \
        const type u = in[VT_SCAN_U][t * channels + d], delta = in[VT_SCAN_DELTA][t * channels + d];         \
        type *h = (type *)job->state + (item * channels + d) * states, parts[VT_SCAN_STATES];                \
        _Pragma("omp simd") for (int64_t n = 0; n < states; n++)                                             \
        {                                                                                                    \
          h[n] = VT_EXP(delta * a[n]) * h[n] + delta * u * b[n];                                             \
          parts[n] = h[n] * c[n];                                                                            \
        }                                                                                                    \
        double sum = in[VT_SCAN_SKIP] ? (double)in[VT_SCAN_SKIP][d] * (double)u : 0;                         \
        for (int64_t n = 0; n < states; n++)                                                                 \
          sum += (double)parts[n];                                                                           \
        ((type *)job->y)[t * channels + d] = (type)sum;                                                      \
      }                                                                                                      \
    }                                                                                                        \
  }                                                                                                          \
  static void scan_tasks_##suffix(void *user, int64_t first, int64_t last)                                   \
  {                                                                                                          \
    const scan_job *job = user;                                                                              \
    for (int64_t task = first; task < last; task++) {                                                        \
      int64_t start = task % job->groups * VT_SCAN_CHANNELS, end = start + VT_SCAN_CHANNELS;                 \
      scan_group_##suffix(job, task / job->groups, start, end < job->channels ? end : job->channels);        \
    }                                                                                                        \
  }
SCAN(f32, float)
SCAN(f64, double)

static vt_status scan_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *u = call->inputs[0];
  scan_job job = {.y = call->outputs[0]->data,
                  .steps = u->dims[1],
                  .channels = u->dims[2],
                  .states = call->inputs[VT_SCAN_A]->dims[1]};
  if (vt_count(u) == 0) return VT_OK;
  for (int i = 0; i < VT_SCAN_INPUTS; i++)
    job.inputs[i] = vt_input(call, i) ? call->inputs[i]->data : NULL;
  job.groups = (job.channels + VT_SCAN_CHANNELS - 1) / VT_SCAN_CHANNELS;
  job.state = vt_alloc_zero(ctx, (size_t)(u->dims[0] * job.channels * job.states + 1), sizeof(double));
  if (!job.state) return VT_ERROR_OUT_OF_MEMORY;
  vt_parallel(ctx, u->dims[0] * job.groups, 1, u->type == VT_F32 ? scan_tasks_f32 : scan_tasks_f64, &job);
  vt_free(job.state);
  return VT_OK;
}

static double scan_flops(const vt_call *call)
{
  return 10.0 * (double)vt_count(call->outputs[0]) * (double)call->inputs[VT_SCAN_A]->dims[1];
}

static const vt_op rows[] = {
    {
        .name = "SelectiveScan",
        .domain = "vt",
        .since = 1,
        VT_INPUTS(5, 6),
        VT_OUTPUTS(1, 1),
        .types = {VT_FLOATS | VT_HALVES},
        .same_types = true,
        .shape = scan_shape,
        .implementations = {VT_BY_F32, {"plain", NULL, scan_run}},
        .flops = scan_flops,
        .backward = vt_selective_scan_backward,
        .saves = VT_SAVES_INPUTS,
    },
};

const vt_op_family vt_ops_selective_scan = {rows, VT_COUNT(rows)};
