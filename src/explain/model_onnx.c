/* SPDX-License-Identifier: Apache-2.0
 *
 * Running an ONNX model over many items: every worker owns a session of the same one-thread plan and takes
 * the next micro-batch from a counter. Which items share a forward follows from the model alone, so threads
 * change no bit.
 */
#include "explain/model_onnx.h"

#include <omp.h>
#include <stdatomic.h>

#include "explain/detector.h"
#include "explain/look.h"
#include "tensor/tensor.h"

/* ---- state ---- */

vt_status vt_onnx_state_new(vt_ctx *ctx, vt_onnx_state **out)
{
  vt_onnx_state *state = vt_alloc_zero(ctx, 1, sizeof *state);
  *out = state;
  if (!state) return VT_ERROR_OUT_OF_MEMORY;
  state->micro = 1;
  state->embedding = -1;
  if (pthread_mutex_init(&state->lock, NULL) == 0) return VT_OK;
  vt_free(state);
  *out = NULL;
  return vt_fail(ctx, VT_ERROR_RUNTIME, "the system has no lock left for a model");
}

static void free_onnx_state(void *pointer)
{
  vt_onnx_state *state = pointer;
  if (!state) return;
  for (size_t i = 0; i < state->idle_count; i++)
    vt_session_free(state->idle[i]);
  vt_free(state->idle);
  pthread_mutex_destroy(&state->lock);
  vt_plan_free(state->plan);
  vt_graph_free(state->graph);
  vt_free(state->embedding_name);
  vt_free(state);
}

/* ---- sessions ---- */

/* Room for one more idle session is made here, so that giving back cannot fail. */
static vt_status take_session(vt_ctx *ctx, vt_onnx_state *state, vt_session **out)
{
  *out = NULL;
  pthread_mutex_lock(&state->lock);
  if (state->idle_count) *out = state->idle[--state->idle_count];
  pthread_mutex_unlock(&state->lock);
  return *out ? VT_OK : vt_session_new(ctx, state->plan, out);
}

static void give_session(vt_ctx *ctx, vt_onnx_state *state, vt_session *session)
{
  if (!session) return;
  pthread_mutex_lock(&state->lock);
  bool room =
      vt_grow(ctx, &state->idle, &state->idle_capacity, state->idle_count, sizeof *state->idle) == VT_OK;
  if (room) state->idle[state->idle_count++] = session;
  pthread_mutex_unlock(&state->lock);
  if (!room) vt_session_free(session);
}

/* ---- one forward ---- */

typedef struct worker {
  vt_ctx *ctx;         /* its own */
  vt_session *session; /* NULL by trace */
  float *input;        /* by trace: the micro-batch */
  float *gathered;     /* of a detector: the outputs of one item */
  int failed_at;       /* first item of the micro-batch that failed, INT_MAX: none */
  int failed_item;     /* the item to blame, −1: the micro-batch as a whole */
} worker;

typedef struct onnx_run {
  vt_model *model;
  vt_onnx_state *state;
  vt_model_job *job;
  worker *workers;
  int worker_count;
  atomic_int next;   /* micro-batch */
  atomic_int lowest; /* first item of the lowest micro-batch that failed */
} onnx_run;

/* Items behind the last are copies of the first one of the micro-batch: never garbage that could be slow or
 * not finite. */
static void compose_micro_batch(const onnx_run *run, int first, int count, float *input)
{
  size_t floats = run->model->input_floats;
  for (int i = 0; i < run->state->micro; i++) {
    float *place = input + (size_t)i * floats;
    if (i < count)
      run->job->compose(run->job->user, first + i, place);
    else
      memcpy(place, input, floats * sizeof *place);
  }
}

/* `outputs`: those of all parts where the model is a detector, else one. */
static vt_status consume_micro_batch(const onnx_run *run, worker *w, int first, int count,
                                     const float *const *outputs, const float *embeddings)
{
  for (int i = 0; i < count; i++) {
    const float *output = w->gathered ? w->gathered : outputs[0] + (size_t)i * run->model->output_floats;
    if (w->gathered) vt_onnx_gather(run->model, outputs, i, w->gathered);
    const float *embedding = embeddings ? embeddings + (size_t)i * run->model->embedding_floats : NULL;
    vt_status status = vt_model_check_finite(w->ctx, run->model, first + i, output, embedding);
    if (status != VT_OK) {
      const vt_graph *graph = run->state->graph;
      vt_fail_prefix(w->ctx, "%s, output '%s'", graph->path, vt_graph_output_name(graph, run->state->output));
      w->failed_item = first + i;
      return status;
    }
    run->job->consume(run->job->user, first + i, output, embedding);
  }
  return VT_OK;
}

/* A node that refuses what the nodes before it made: the model's fault, whatever the operator calls it. */
static vt_status refuse_run(vt_ctx *ctx, const vt_onnx_state *state, vt_status status)
{
  if (status == VT_ERROR_INVALID_DATA || status == VT_ERROR_INVALID_ARGUMENT)
    status = vt_fail_restate(ctx, VT_ERROR_RUNTIME);
  return status == VT_OK ? VT_OK : vt_fail_prefix(ctx, "%s", state->graph->path);
}

static vt_status forward_session(const onnx_run *run, worker *w, int first, int count)
{
  const vt_onnx_state *state = run->state;
  compose_micro_batch(run, first, count, vt_session_input(w->session, 0));
  VT_TRY(refuse_run(w->ctx, state, vt_session_run(w->ctx, w->session)));
  const float *embeddings = state->embedding >= 0 ? vt_session_output(w->session, state->embedding) : NULL;
  const float *outputs[VT_DETECTOR_OUTPUTS] = {vt_session_output(w->session, state->output)};
  for (int i = 0; i < state->part_count; i++)
    outputs[i] = vt_session_output(w->session, state->parts[i]);
  return consume_micro_batch(run, w, first, count, outputs, embeddings);
}

/* Whether an output of a traced run has `floats` numbers an item. */
static bool has_floats(const vt_onnx_state *state, const vt_tensor *tensor, size_t floats)
{
  return tensor->type == VT_F32 && (size_t)vt_count(tensor) == (size_t)state->micro * floats;
}

static const vt_tensor *odd_output(const onnx_run *run, vt_tensor *const *outputs)
{
  const vt_onnx_state *state = run->state;
  const vt_model *model = run->model;
  if (state->embedding >= 0 && !has_floats(state, outputs[state->embedding], model->embedding_floats))
    return outputs[state->embedding];
  for (int i = 0; i < state->part_count; i++)
    if (!has_floats(state, outputs[state->parts[i]], model->detector->floats[i]))
      return outputs[state->parts[i]];
  bool single = !state->part_count;
  return single && !has_floats(state, outputs[state->output], model->output_floats) ? outputs[state->output]
                                                                                    : NULL;
}

static vt_status forward_trace(const onnx_run *run, worker *w, int first, int count)
{
  const vt_onnx_state *state = run->state;
  compose_micro_batch(run, first, count, w->input);
  size_t mark = vt_tensor_mark(w->ctx);
  vt_tensor *input = vt_tensor_borrow(w->ctx, VT_F32, 4, state->input_dims, w->input);
  vt_tensor **outputs = vt_alloc_zero(w->ctx, (size_t)vt_graph_output_count(state->graph), sizeof *outputs);
  vt_status status = input && outputs ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_graph_run(w->ctx, state->graph, &input, outputs);
  if (status == VT_OK) {
    const vt_tensor *odd = odd_output(run, outputs);
    const float *read[VT_DETECTOR_OUTPUTS] = {outputs[state->output]->data};
    char shape[160];
    for (int i = 0; i < state->part_count; i++)
      read[i] = outputs[state->parts[i]]->data;
    if (odd)
      status =
          vt_fail(w->ctx, VT_ERROR_INVALID_MODEL,
                  "the model's output changed its shape to %s between two items", vt_shape_text(odd, shape));
    else
      status = consume_micro_batch(run, w, first, count, read,
                                   state->embedding >= 0 ? outputs[state->embedding]->data : NULL);
  }
  vt_free(outputs);
  vt_tensor_release(w->ctx, mark);
  return status;
}

/* ---- many forwards ---- */

static void lower(atomic_int *lowest, int value)
{
  int now = atomic_load(lowest);
  while (value < now && !atomic_compare_exchange_weak(lowest, &now, value)) {
  }
}

/* Takes micro-batches in rising order until none is left below the lowest failure, so that the failure
 * reported is the first one in order of the items, whoever met it. */
static void work(onnx_run *run, worker *w)
{
  int micro = run->state->micro;
  for (;;) {
    int64_t start = (int64_t)atomic_fetch_add(&run->next, 1) * micro;
    if (start >= run->job->count || start > atomic_load(&run->lowest)) return;
    int first = (int)start, left = run->job->count - first, count = left < micro ? left : micro;
    vt_status status = vt_check_cancel(w->ctx);
    if (status == VT_OK)
      status = w->session ? forward_session(run, w, first, count) : forward_trace(run, w, first, count);
    if (status == VT_OK) continue;
    w->failed_at = first;
    lower(&run->lowest, first);
    return;
  }
}

static vt_status hire(vt_ctx *ctx, onnx_run *run)
{
  for (int i = 0; i < run->worker_count; i++) {
    worker *w = &run->workers[i];
    *w = (worker){.failed_at = INT32_MAX, .failed_item = -1};
    w->ctx = vt_ctx_child(ctx);
    if (!w->ctx) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: no context for a worker");
    if (run->model->detector) {
      w->gathered = vt_alloc_zero(ctx, run->model->output_floats, sizeof *w->gathered);
      if (!w->gathered) return VT_ERROR_OUT_OF_MEMORY;
    }
    if (run->state->plan) {
      VT_TRY(take_session(ctx, run->state, &w->session));
      continue;
    }
    w->input = vt_alloc_zero(ctx, (size_t)run->state->micro, run->model->input_floats * sizeof *w->input);
    if (!w->input) return VT_ERROR_OUT_OF_MEMORY;
  }
  return VT_OK;
}

static void dismiss(onnx_run *run)
{
  for (int i = 0; i < run->worker_count; i++) {
    worker *w = &run->workers[i];
    if (w->session) give_session(w->ctx, run->state, w->session);
    vt_free(w->input);
    vt_free(w->gathered);
    vt_ctx_free(w->ctx);
  }
}

static vt_status report(vt_ctx *ctx, onnx_run *run)
{
  const worker *first = NULL;
  for (int i = 0; i < run->worker_count; i++)
    if (run->workers[i].failed_at < INT32_MAX && (!first || run->workers[i].failed_at < first->failed_at))
      first = &run->workers[i];
  if (!first) return VT_OK;
  run->job->failed_item = first->failed_item;
  return vt_fail_adopt(ctx, first->ctx);
}

static vt_status run_onnx(vt_ctx *ctx, vt_model *model, vt_model_job *job)
{
  onnx_run run = {.model = model, .state = model->state, .job = job};
  int batches = (job->count - 1) / run.state->micro + 1, threads = vt_ctx_threads(ctx);
  run.worker_count = threads < batches ? threads : batches;
  run.workers = vt_alloc_zero(ctx, (size_t)run.worker_count, sizeof *run.workers);
  if (!run.workers) return VT_ERROR_OUT_OF_MEMORY;
  atomic_init(&run.next, 0);
  atomic_init(&run.lowest, INT32_MAX);
  vt_status status = hire(ctx, &run);
  if (status == VT_OK) {
#pragma omp parallel num_threads(run.worker_count)
    work(&run, &run.workers[omp_get_thread_num()]);
    status = report(ctx, &run);
  }
  dismiss(&run);
  vt_free(run.workers);
  return status;
}

/* ---- looking inside ---- */

/* One item at a time; a graph that fixes a larger batch cannot be looked into. */
static vt_status onnx_subject(vt_ctx *ctx, const vt_model *model, vt_subject *out)
{
  const vt_onnx_state *state = model->state;
  const vt_graph *graph = state->graph;
  const vt_value *input = &graph->values[graph->inputs[0]];
  if (input->declared && input->rank == 4 && input->dims[0] > 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s fixes a batch of %lld items; methods that look inside run one item at a time",
                   graph->path, (long long)input->dims[0]);
  *out = (vt_subject){.graph = graph,
                      .varying = input->name,
                      .type = VT_F32,
                      .rank = 4,
                      .output = vt_graph_output_name(graph, state->output),
                      .embedding = state->embedding_name,
                      .detector = model->detector,
                      .logits = model->logits};
  memcpy(out->dims, state->input_dims, sizeof state->input_dims);
  out->dims[0] = 1;
  return VT_OK;
}

const vt_model_kind vt_model_kind_onnx = {
    .name = "onnx", .run = run_onnx, .free_state = free_onnx_state, .subject = onnx_subject};
