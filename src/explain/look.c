/* SPDX-License-Identifier: Apache-2.0
 *
 * Traced runs of many items. Every worker owns a trace and takes the next item from a counter; finished items
 * wait for their turn to be handed over.
 */
#include "explain/look.h"

#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>

#include "explain/detector.h"
#include "explain/model_kind.h"
#include "tensor/tensor.h"

vt_status vt_model_subject(vt_ctx *ctx, const vt_model *model, vt_subject *out)
{
  if (!model->kind->subject)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED,
                   "this model is a %s: only its outputs can be seen, and methods that look inside need an "
                   "ONNX graph",
                   model->kind->name);
  return model->kind->subject(ctx, model, out);
}

size_t vt_subject_floats(const vt_subject *subject)
{
  size_t floats = 1;
  for (int i = 0; i < subject->rank; i++)
    floats *= (size_t)subject->dims[i];
  return floats;
}

void vt_look_add(double *sums, const vt_tensor *tensor, double factor)
{
  int64_t count = vt_count(tensor);
  if (tensor->type == VT_F32) {
    const float *values = tensor->data;
    for (int64_t i = 0; i < count; i++)
      sums[i] += factor * (double)values[i];
  } else {
    const double *values = tensor->data;
    for (int64_t i = 0; i < count; i++)
      sums[i] += factor * values[i];
  }
}

/* ---- one worker ---- */

typedef struct look_run {
  const vt_subject *subject;
  const vt_look *look;
  int count;
  vt_compose_fn compose;
  vt_see_fn see;
  void *user;
  const char *reads[VT_DETECTOR_OUTPUTS]; /* what the target reads, one tensor behind the other */
  int read_count;
  atomic_int next, lowest;
  pthread_mutex_t lock;
  pthread_cond_t turned;
  int turn; /* item to be handed over next */
} look_run;

typedef struct look_worker {
  vt_ctx *ctx;
  vt_trace *trace, *reference;
  float *input;
  vt_tensor **inputs, **values, **gradients;
  double *scratch;     /* [6 · outputs] */
  size_t scratch_size; /* outputs it has room for */
  int failed_at;
} look_worker;

static int input_of(const vt_subject *subject)
{
  for (int i = 0; i < vt_graph_input_count(subject->graph); i++)
    if (strcmp(vt_graph_input_name(subject->graph, i), subject->varying) == 0) return i;
  return -1;
}

static vt_status set_up_trace(vt_ctx *ctx, const look_run *run, vt_trace *trace)
{
  const vt_look *look = run->look;
  VT_TRY(vt_trace_unhook(ctx, trace, NULL));
  VT_TRY(vt_trace_precision(ctx, trace, look->precision == VT_F64 ? VT_F64 : VT_F32));
  VT_TRY(vt_trace_segments(ctx, trace, look->segments));
  vt_trace_rules(trace, look->rules);
  vt_trace_lazy(trace, input_of(run->subject) < 0); /* what makes the varying tensor need not be run */
  if (look->gradient) VT_TRY(vt_trace_watch(ctx, trace, run->subject->varying));
  for (int i = 0; i < run->read_count; i++)
    VT_TRY(vt_trace_read(ctx, trace, run->reads[i]));
  for (int i = 0; i < look->name_count; i++) {
    VT_TRY(vt_trace_read(ctx, trace, look->names[i]));
    if (look->name_gradients) VT_TRY(vt_trace_watch(ctx, trace, look->names[i]));
  }
  return VT_OK;
}

/* The inputs of the graph for these values of the varying tensor. */
static vt_status give_inputs(look_worker *w, const look_run *run, vt_trace *trace, const float *values)
{
  const vt_subject *subject = run->subject;
  int place = input_of(subject);
  for (int i = 0; i < vt_graph_input_count(subject->graph); i++)
    w->inputs[i] = subject->inputs ? (vt_tensor *)(uintptr_t)subject->inputs[i] : NULL;
  vt_tensor *varying =
      vt_tensor_borrow(w->ctx, VT_F32, subject->rank, subject->dims, (void *)(uintptr_t)values);
  if (!varying) return VT_ERROR_OUT_OF_MEMORY;
  if (place >= 0) {
    w->inputs[place] = varying;
    return VT_OK;
  }
  return vt_trace_replace(w->ctx, trace, subject->varying, varying);
}

static vt_status room_for(vt_ctx *ctx, look_worker *w, size_t count)
{
  if (count <= w->scratch_size) return VT_OK;
  vt_free(w->scratch);
  w->scratch = vt_alloc_zero(ctx, 6 * count, sizeof *w->scratch);
  w->scratch_size = w->scratch ? count : 0;
  return w->scratch ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* Of the output, what the target reads: all of it, or its last row. */
static int64_t values_read(const look_run *run, const vt_tensor *output)
{
  bool last = run->subject->last_row && output->rank > 0 && run->reads[0] == run->subject->output;
  return last ? output->dims[output->rank - 1] : vt_count(output);
}

static void read_values(const vt_tensor *tensor, int64_t read, double *out)
{
  int64_t first = vt_count(tensor) - read;
  for (int64_t i = 0; i < read; i++)
    out[i] = vt_get_f64(tensor, first + i);
}

/* Numbers that the target reads in all. */
static int64_t all_values(const look_run *run, vt_tensor *const *outputs)
{
  int64_t count = 0;
  for (int i = 0; i < run->read_count; i++)
    count += values_read(run, outputs[i]);
  return count;
}

static void read_all(const look_run *run, vt_tensor *const *outputs, double *out)
{
  for (int i = 0; i < run->read_count; i++) {
    int64_t read = values_read(run, outputs[i]);
    read_values(outputs[i], read, out);
    out += read;
  }
}

static vt_status check_target(vt_ctx *ctx, const look_run *run, vt_tensor *const *outputs)
{
  const vt_target *target = run->look->target;
  const vt_tensor *output = outputs[0];
  int64_t count = all_values(run, outputs);
  bool fits = target->score == VT_SCORE_DETECTION
                  ? target->wanted && vt_detector_floats(target->wanted->detector) == (size_t)count
              : target->score == VT_SCORE_SIMILARITY ? target->direction_count == (size_t)count
              : vt_score_has_class(target->score)    ? target->index >= 0 && target->index < count
                                                     : count > 0;
  if (target->score == VT_SCORE_MEAN && target->weights) fits = target->weight_count == (size_t)count;
  char shape[160];
  for (int i = 0; i < run->read_count; i++)
    fits = fits && (VT_FLOATS & VT_T(outputs[i]->type));
  if (fits) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "tensor '%s' is %s: the target does not fit it",
                 run->reads[0], vt_shape_text(output, shape));
}

/* A gradient by `output`, zero but for the `read` numbers at its end. */
static vt_status make_seed(vt_ctx *ctx, const vt_tensor *output, const double *gradient, int64_t read,
                           vt_tensor **out)
{
  vt_tensor *seed = *out = vt_tensor_new(ctx, output->type, output->rank, output->dims);
  if (!seed) return VT_ERROR_OUT_OF_MEMORY;
  memset(seed->data, 0, vt_bytes(seed));
  int64_t first = vt_count(output) - read;
  for (int64_t i = 0; i < read; i++)
    if (output->type == VT_F32)
      ((float *)seed->data)[first + i] = (float)gradient[i];
    else
      ((double *)seed->data)[first + i] = gradient[i];
  return VT_OK;
}

/* Score and, where a backward pass is wanted, its seed. */
static vt_status start(look_worker *w, const look_run *run, vt_tensor *const *outputs, vt_sight *sight,
                       vt_tensor **seeds)
{
  const vt_look *look = run->look;
  size_t count = (size_t)all_values(run, outputs);
  VT_TRY(check_target(w->ctx, run, outputs));
  VT_TRY(room_for(w->ctx, w, count));
  double *values = w->scratch, *gradient = w->scratch + count;
  read_all(run, outputs, values);
  sight->score = vt_target_evaluate(look->target, run->subject->logits, values, count, gradient);
  double *slopes = w->scratch + 5 * count;
  memcpy(slopes, gradient, count * sizeof *slopes);
  sight->read_count = count;
  sight->read = values;
  sight->slopes = slopes;
  if (!look->gradient && !look->name_gradients) return VT_OK;
  if (look->start == VT_START_RELEVANCE)
    for (size_t i = 0; i < count; i++)
      gradient[i] *= values[i];
  if (look->start == VT_START_DIFFERENCE) {
    vt_tensor *others[VT_DETECTOR_OUTPUTS];
    double *from = w->scratch + 2 * count;
    for (int i = 0; i < run->read_count; i++)
      VT_TRY(vt_trace_value(w->ctx, w->reference, run->reads[i], &others[i]));
    read_all(run, others, from);
    vt_target_average_gradient(look->target, run->subject->logits, from, values, count,
                               w->scratch + 3 * count, gradient);
  }
  for (int i = 0; i < run->read_count; i++) {
    int64_t read = values_read(run, outputs[i]);
    VT_TRY(make_seed(w->ctx, outputs[i], gradient, read, &seeds[i]));
    gradient += read;
  }
  return VT_OK;
}

static vt_status look_at(look_worker *w, const look_run *run, int item, vt_sight *sight)
{
  const vt_look *look = run->look;
  vt_tensor *outputs[VT_DETECTOR_OUTPUTS] = {NULL}, *seeds[VT_DETECTOR_OUTPUTS] = {NULL}, *found;
  *sight = (vt_sight){.item = item};
  bool inner = input_of(run->subject) < 0;
  if (look->prepare || inner) VT_TRY(set_up_trace(w->ctx, run, w->trace));
  run->compose(run->user, item, w->input);
  VT_TRY(give_inputs(w, run, w->trace, w->input));
  if (look->prepare) VT_TRY(look->prepare(w->ctx, run->user, item, w->trace));
  VT_TRY(vt_trace_run(w->ctx, w->trace, w->inputs));
  for (int i = 0; i < run->read_count; i++)
    VT_TRY(vt_trace_value(w->ctx, w->trace, run->reads[i], &outputs[i]));
  sight->output = outputs[0];
  if (look->target) VT_TRY(start(w, run, outputs, sight, seeds));
  bool seed = seeds[0] != NULL;
  if (seed)
    VT_TRY(vt_trace_backward_from(w->ctx, w->trace, run->reads, (const vt_tensor *const *)seeds,
                                  run->read_count, look->start == VT_START_DIFFERENCE ? w->reference : NULL,
                                  false));
  if (look->gradient && seed) {
    VT_TRY(vt_trace_gradient(w->ctx, w->trace, run->subject->varying, &found));
    sight->gradient = found;
  }
  for (int i = 0; i < look->name_count; i++) {
    VT_TRY(vt_trace_value(w->ctx, w->trace, look->names[i], &w->values[i]));
    if (look->name_gradients && seed)
      VT_TRY(vt_trace_gradient(w->ctx, w->trace, look->names[i], &w->gradients[i]));
  }
  sight->values = w->values;
  sight->gradients = look->name_gradients ? w->gradients : NULL;
  return VT_OK;
}

/* ---- order ---- */

static void lower(atomic_int *lowest, int value)
{
  int now = atomic_load(lowest);
  while (value < now && !atomic_compare_exchange_weak(lowest, &now, value)) {
  }
}

/* Waits for the item's turn; false when an earlier item failed. */
static bool await_turn(look_run *run, int item)
{
  pthread_mutex_lock(&run->lock);
  while (run->turn < item && atomic_load(&run->lowest) > item)
    pthread_cond_wait(&run->turned, &run->lock);
  bool mine = run->turn == item && atomic_load(&run->lowest) > item;
  pthread_mutex_unlock(&run->lock);
  return mine;
}

static void next_turn(look_run *run, int item)
{
  pthread_mutex_lock(&run->lock);
  if (run->turn == item) run->turn = item + 1;
  pthread_cond_broadcast(&run->turned);
  pthread_mutex_unlock(&run->lock);
}

static void work(look_run *run, look_worker *w)
{
  for (;;) {
    int item = atomic_fetch_add(&run->next, 1);
    if (item >= run->count || item > atomic_load(&run->lowest)) return;
    size_t mark = vt_tensor_mark(w->ctx);
    vt_sight sight;
    vt_status status = vt_check_cancel(w->ctx);
    if (status == VT_OK) status = look_at(w, run, item, &sight);
    if (status == VT_OK && await_turn(run, item)) status = run->see(w->ctx, run->user, &sight);
    vt_tensor_release(w->ctx, mark);
    if (status != VT_OK) {
      w->failed_at = item;
      lower(&run->lowest, item);
    }
    next_turn(run, item);
    if (status != VT_OK) return;
  }
}

/* ---- putting it together ---- */

static vt_status hire(vt_ctx *ctx, const look_run *run, look_worker *w)
{
  const vt_subject *subject = run->subject;
  size_t names = (size_t)run->look->name_count + 1, inputs = (size_t)vt_graph_input_count(subject->graph) + 1;
  w->failed_at = INT32_MAX;
  w->ctx = vt_ctx_child(ctx);
  if (!w->ctx) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: no context for a worker");
  w->input = vt_alloc_zero(ctx, vt_subject_floats(subject), sizeof *w->input);
  w->inputs = vt_alloc_zero(ctx, inputs, sizeof *w->inputs);
  w->values = vt_alloc_zero(ctx, names, sizeof *w->values);
  w->gradients = vt_alloc_zero(ctx, names, sizeof *w->gradients);
  if (!w->input || !w->inputs || !w->values || !w->gradients) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_trace_new(ctx, subject->graph, &w->trace));
  VT_TRY(set_up_trace(ctx, run, w->trace));
  if (run->look->start != VT_START_DIFFERENCE) return VT_OK;
  VT_TRY(vt_trace_new(ctx, subject->graph, &w->reference));
  VT_TRY(set_up_trace(ctx, run, w->reference));
  size_t mark = vt_tensor_mark(w->ctx);
  vt_status status = give_inputs(w, run, w->reference, run->look->reference);
  if (status == VT_OK) status = vt_trace_run(w->ctx, w->reference, w->inputs);
  vt_tensor_release(w->ctx, mark);
  return status == VT_OK ? VT_OK : vt_fail_adopt(ctx, w->ctx);
}

static void dismiss(look_worker *w)
{
  vt_trace_free(w->trace);
  vt_trace_free(w->reference);
  vt_free(w->input);
  vt_free(w->inputs);
  vt_free(w->values);
  vt_free(w->gradients);
  vt_free(w->scratch);
  vt_ctx_free(w->ctx);
}

static vt_status report(vt_ctx *ctx, look_worker *workers, int count)
{
  const look_worker *first = NULL;
  for (int i = 0; i < count; i++)
    if (workers[i].failed_at < INT32_MAX && (!first || workers[i].failed_at < first->failed_at))
      first = &workers[i];
  return first ? vt_fail_adopt(ctx, first->ctx) : VT_OK;
}

vt_status vt_subject_look(vt_ctx *ctx, const vt_subject *subject, int count, const vt_look *look,
                          vt_compose_fn compose, vt_see_fn see, void *user)
{
  look_run run = {
      .subject = subject, .look = look, .count = count, .compose = compose, .see = see, .user = user};
  bool embedded = look->target && look->target->score == VT_SCORE_SIMILARITY && subject->embedding;
  run.reads[0] = embedded ? subject->embedding : subject->output;
  run.read_count = run.reads[0] ? 1 : 0;
  if (look->target && look->target->score == VT_SCORE_DETECTION && subject->detector) {
    run.read_count = subject->detector->output_count;
    memcpy(run.reads, subject->detector->names, sizeof run.reads);
  }
  if (count < 1) return VT_OK;
  if ((look->gradient || look->name_gradients) && !look->target)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a gradient needs a target");
  if (look->start == VT_START_DIFFERENCE && !look->reference)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "rules that compare need a reference");
  int threads = vt_ctx_threads(ctx);
  if (threads > count) threads = count;
  look_worker *workers = vt_alloc_zero(ctx, (size_t)threads, sizeof *workers);
  if (!workers) return VT_ERROR_OUT_OF_MEMORY;
  if (pthread_mutex_init(&run.lock, NULL) != 0 || pthread_cond_init(&run.turned, NULL) != 0) {
    vt_free(workers);
    return vt_fail(ctx, VT_ERROR_RUNTIME, "the system has no lock left");
  }
  atomic_init(&run.next, 0);
  atomic_init(&run.lowest, INT32_MAX);
  vt_status status = VT_OK;
  for (int i = 0; i < threads && status == VT_OK; i++)
    status = hire(ctx, &run, &workers[i]);
  if (status == VT_OK) {
#pragma omp parallel num_threads(threads)
    work(&run, &workers[omp_get_thread_num()]);
    status = report(ctx, workers, threads);
  }
  for (int i = 0; i < threads; i++)
    dismiss(&workers[i]);
  pthread_cond_destroy(&run.turned);
  pthread_mutex_destroy(&run.lock);
  vt_free(workers);
  return status;
}
