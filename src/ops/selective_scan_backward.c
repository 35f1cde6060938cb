/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradient of SelectiveScan. With e[t, n] the gradient of h[t, n] and a = exp(Δ A),
 *
 *   e[t] = C[t] g[t] + a[t+1] e[t+1]           ∂C[t, n] = Σ_d g h           ∂B[t, n] = Σ_d e Δ u
 *   ∂u = Δ Σ_n e B + D g                       ∂Δ = u Σ_n e B + Σ_n e a h[t−1] A
 *   ∂A[d, n] = Σ_t e a h[t−1] Δ                ∂D[d] = Σ_t g u
 *
 * States are not held by the forward pass: one pass notes them every ⌈√steps⌉ steps, then each stretch is
 * run again before it is walked back. A task is one item and VT_SCAN_CHANNELS channels; what tasks share is
 * summed by task afterwards, in order.
 */
#include <math.h>

#include "ops/plain.h"
#include "ops/selective_scan.h"

typedef struct back_job {
  const void *inputs[VT_SCAN_INPUTS];
  const void *given; /* gradient of y */
  int64_t rows, steps, channels, states, groups;
  int64_t stretch, stretches;      /* steps of a stretch; how many there are */
  void *u, *delta;                 /* gradients, [items, steps, channels] */
  double *b, *c;                   /* [groups, items, steps, states] */
  double *a, *skip;                /* [items, channels, states], [items, channels] */
  void *notes;                     /* by thread */
  int64_t note, notes_size, grain; /* elements of one state of a task, and of a thread; tasks of a thread */
} back_job;

/* All loops of one type. A state of a task is [VT_SCAN_CHANNELS, states]. */
#define BACK(suffix, type)                                                                                   \
  /* Step t of channels [first, last): `after` from `before`, which may be one. */                           \
  VT_CLONES static void scan_step_##suffix(const back_job *job, int64_t t, int64_t first, int64_t last,      \
                                           const type *before, type *after)                                  \
  {                                                                                                          \
    const int64_t states = job->states;                                                                      \
    const type *b = (const type *)job->inputs[VT_SCAN_B] + t * states;                                       \
    for (int64_t d = first; d < last; d++, before += states, after += states) {                              \
      const type *a = (const type *)job->inputs[VT_SCAN_A] + d * states;                                     \
      const type u = ((const type *)job->inputs[VT_SCAN_U])[t * job->channels + d];                          \
      const type delta = ((const type *)job->inputs[VT_SCAN_DELTA])[t * job->channels + d];                  \
      _Pragma("omp simd") for (int64_t n = 0; n < states; n++) after[n] =                                    \
          VT_EXP(delta * a[n]) * before[n] + delta * u * b[n];                                               \
    }                                                                                                        \
  }                                                                                                          \
  /* Step t backwards. `e` comes with a[t+1] e[t+1] and leaves with a[t] e[t]. */                            \
  VT_CLONES static void scan_back_##suffix(const back_job *job, int64_t t, int64_t first, int64_t last,      \
                                           const type *before, const type *after, type *e)                   \
  {                                                                                                          \
    const int64_t states = job->states, item = t / job->steps;                                               \
    const type *b = (const type *)job->inputs[VT_SCAN_B] + t * states;                                       \
    const type *c = (const type *)job->inputs[VT_SCAN_C] + t * states;                                       \
    double *of_b = job->b + (first / VT_SCAN_CHANNELS * job->rows + t) * states;                             \
    double *of_c = job->c + (first / VT_SCAN_CHANNELS * job->rows + t) * states;                             \
    for (int64_t d = first; d < last; d++, before += states, after += states, e += states) {                 \
      const type *a = (const type *)job->inputs[VT_SCAN_A] + d * states;                                     \
      const type u = ((const type *)job->inputs[VT_SCAN_U])[t * job->channels + d];                          \
      const type delta = ((const type *)job->inputs[VT_SCAN_DELTA])[t * job->channels + d];                  \
      const type given = ((const type *)job->given)[t * job->channels + d];                                  \
      double *of_a = job->a + (item * job->channels + d) * states, by_b = 0, by_a = 0;                       \
      type parts_b[VT_SCAN_STATES], parts_a[VT_SCAN_STATES];                                                 \
      _Pragma("omp simd") for (int64_t n = 0; n < states; n++)                                               \
      {                                                                                                      \
        const type decay = VT_EXP(delta * a[n]), whole = e[n] + given * c[n];                                \
        const type through = whole * decay * before[n];                                                      \
        of_c[n] += (double)(given * after[n]);                                                               \
        of_b[n] += (double)(whole * delta * u);                                                              \
        of_a[n] += (double)(through * delta);                                                                \
        parts_b[n] = whole * b[n];                                                                           \
        parts_a[n] = through * a[n];                                                                         \
        e[n] = whole * decay;                                                                                \
      }                                                                                                      \
      for (int64_t n = 0; n < states; n++) {                                                                 \
        by_b += (double)parts_b[n];                                                                          \
        by_a += (double)parts_a[n];                                                                          \
      }                                                                                                      \
      const type *skip = job->inputs[VT_SCAN_SKIP];                                                          \
      ((type *)job->u)[t * job->channels + d] = (type)((double)delta * by_b) + (skip ? skip[d] * given : 0); \
      ((type *)job->delta)[t * job->channels + d] = (type)((double)u * by_b + by_a);                         \
      job->skip[item * job->channels + d] += (double)given * (double)u;                                      \
    }                                                                                                        \
  }                                                                                                          \
  static void scan_back_task_##suffix(const back_job *job, int64_t task, type *notes)                        \
  {                                                                                                          \
    const int64_t item = task / job->groups, first = task % job->groups * VT_SCAN_CHANNELS;                  \
    const int64_t end = first + VT_SCAN_CHANNELS, last = end < job->channels ? end : job->channels;          \
    const size_t bytes = (size_t)job->note * sizeof *notes;                                                  \
    type *starts = notes, *inside = starts + job->stretches * job->note;                                     \
    type *e = inside + (job->stretch + 1) * job->note;                                                       \
    memset(e, 0, bytes);                                                                                     \
    memset(inside, 0, bytes);                                                                                \
    for (int64_t s = 0; s < job->stretches; s++) {                                                           \
      memcpy(starts + s * job->note, inside, bytes);                                                         \
      for (int64_t t = s * job->stretch; t < (s + 1) * job->stretch && t < job->steps; t++)                  \
        scan_step_##suffix(job, item * job->steps + t, first, last, inside, inside);                         \
    }                                                                                                        \
    for (int64_t s = job->stretches - 1; s >= 0; s--) {                                                      \
      int64_t start = s * job->stretch;                                                                      \
      int64_t count = job->steps - start < job->stretch ? job->steps - start : job->stretch;                 \
      memcpy(inside, starts + s * job->note, bytes);                                                         \
      for (int64_t k = 0; k < count; k++)                                                                    \
        scan_step_##suffix(job, item * job->steps + start + k, first, last, inside + k * job->note,          \
                           inside + (k + 1) * job->note);                                                    \
      for (int64_t k = count - 1; k >= 0; k--)                                                               \
        scan_back_##suffix(job, item * job->steps + start + k, first, last, inside + k * job->note,          \
                           inside + (k + 1) * job->note, e);                                                 \
    }                                                                                                        \
  }                                                                                                          \
  static void scan_back_tasks_##suffix(void *user, int64_t first, int64_t last)                              \
  {                                                                                                          \
    const back_job *job = user;                                                                              \
    for (int64_t task = first; task < last; task++)                                                          \
      scan_back_task_##suffix(job, task, (type *)job->notes + first / job->grain * job->notes_size);         \
  }
BACK(f32, float)
BACK(f64, double)

/* Gradient of input `index` as sums over `parts` arrays of `count`, one after the other. */
static vt_status sum_parts(vt_ctx *ctx, const vt_gradient *gradient, int index, double *values, int64_t parts)
{
  if (!vt_gradient_wanted(gradient, index) || !gradient->call->inputs[index]) return VT_OK;
  vt_tensor *made = vt_gradient_new(ctx, gradient, index);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  int64_t count = vt_count(made);
  for (int64_t part = 1; part < parts; part++)
    for (int64_t i = 0; i < count; i++)
      values[i] += values[part * count + i];
  vt_plain_write(made, values);
  return VT_OK;
}

static vt_status zero_all(vt_ctx *ctx, const vt_gradient *gradient)
{
  for (int i = 0; i < gradient->call->input_count; i++)
    if (gradient->wanted[i] && !vt_gradient_zero(ctx, gradient, i)) return VT_ERROR_OUT_OF_MEMORY;
  return VT_OK;
}

vt_status vt_selective_scan_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_call *call = gradient->call;
  const vt_tensor *u = call->inputs[VT_SCAN_U];
  int64_t items = u->dims[0], threads = vt_ctx_threads(ctx);
  back_job job = {.given = gradient->output_gradients[0]->data,
                  .rows = items * u->dims[1],
                  .steps = u->dims[1],
                  .channels = u->dims[2],
                  .states = call->inputs[VT_SCAN_A]->dims[1]};
  if (vt_count(u) == 0) return zero_all(ctx, gradient);
  for (int i = 0; i < VT_SCAN_INPUTS; i++)
    job.inputs[i] = vt_input(call, i) ? call->inputs[i]->data : NULL;
  job.groups = (job.channels + VT_SCAN_CHANNELS - 1) / VT_SCAN_CHANNELS;
  job.stretch = (int64_t)ceil(sqrt((double)job.steps));
  job.stretches = (job.steps + job.stretch - 1) / job.stretch;
  job.note = VT_SCAN_CHANNELS * job.states;
  job.notes_size = (job.stretches + job.stretch + 2) * job.note;
  int64_t tasks = items * job.groups;
  job.grain = (tasks + threads - 1) / threads;
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  /* made even when not wanted: the loops write both */
  vt_tensor *of_u = vt_tensor_new(ctx, u->type, u->rank, u->dims),
            *of_delta = vt_tensor_new(ctx, u->type, u->rank, u->dims);
  job.b = vt_plain_read_or(ctx, NULL, job.groups * job.rows * job.states, 0);
  job.c = vt_plain_read_or(ctx, NULL, job.groups * job.rows * job.states, 0);
  job.a = vt_plain_read_or(ctx, NULL, items * job.channels * job.states, 0);
  job.skip = vt_plain_read_or(ctx, NULL, items * job.channels, 0);
  job.notes = vt_plain_read_or(ctx, NULL, threads * job.notes_size, 0);
  if (!of_u || !of_delta || !job.b || !job.c || !job.a || !job.skip || !job.notes) goto done;
  job.u = of_u->data;
  job.delta = of_delta->data;
  vt_parallel(ctx, tasks, job.grain, u->type == VT_F32 ? scan_back_tasks_f32 : scan_back_tasks_f64, &job);
  if (gradient->wanted[VT_SCAN_U]) gradient->input_gradients[VT_SCAN_U] = of_u;
  if (gradient->wanted[VT_SCAN_DELTA]) gradient->input_gradients[VT_SCAN_DELTA] = of_delta;
  VT_TRY_DONE(sum_parts(ctx, gradient, VT_SCAN_A, job.a, items));
  VT_TRY_DONE(sum_parts(ctx, gradient, VT_SCAN_B, job.b, job.groups));
  VT_TRY_DONE(sum_parts(ctx, gradient, VT_SCAN_C, job.c, job.groups));
  VT_TRY_DONE(sum_parts(ctx, gradient, VT_SCAN_SKIP, job.skip, items));
done:
  vt_free(job.b);
  vt_free(job.c);
  vt_free(job.a);
  vt_free(job.skip);
  vt_free(job.notes);
  return status;
}
