/* SPDX-License-Identifier: Apache-2.0
 *
 * One run on arrays: which tensor varies, what the target is, the method, the finished explanation.
 */
#include "attribution/attribute_arrays.h"

#include <math.h>

#include "attribution/question.h"
#include "attribution/rule_stop.h"
#include "attribution/words.h"
#include "explain/map.h"

/* ---- what varies ---- */

/* Whether `value` is an integer input of the graph, casts and views apart. */
static bool from_integer_input(const vt_graph *graph, int value)
{
  for (int steps = 0; value != VT_NO_VALUE && steps < 8; steps++) {
    const vt_value *at = &graph->values[value];
    if (at->producer < 0) {
      for (int i = 0; i < graph->input_count; i++)
        if (graph->inputs[i] == value) return VT_INDICES & VT_T(at->type);
      return false;
    }
    const vt_node *node = &graph->nodes[at->producer];
    value = node->input_count > 0 ? node->inputs[0] : VT_NO_VALUE;
  }
  return false;
}

/* Rows of a float table picked by an integer input: embedded tokens. The first such node is that of the
 * words: tables for positions and segments are smaller where there are several. */
static int embedded_tokens(const vt_graph *graph)
{
  int best = VT_NO_VALUE;
  int64_t rows = 0;
  for (int i = 0; i < graph->node_count; i++) {
    const vt_node *node = &graph->nodes[i];
    if (strcmp(node->op->name, "Gather") != 0 || node->inputs[0] == VT_NO_VALUE) continue;
    const vt_tensor *table = graph->values[node->inputs[0]].constant;
    if (!table || table->type != VT_F32 || table->rank != 2 || table->dims[0] <= rows) continue;
    if (!from_integer_input(graph, node->inputs[1])) continue;
    best = node->outputs[0];
    rows = table->dims[0];
  }
  return best;
}

vt_status vt_array_varying(vt_ctx *ctx, const vt_graph *graph, const char *asked, const char **out)
{
  *out = asked;
  if (asked) return VT_OK;
  for (int i = 0; i < graph->input_count && !*out; i++)
    if (graph->values[graph->inputs[i]].type == VT_F32) *out = graph->values[graph->inputs[i]].name;
  int tokens = *out ? VT_NO_VALUE : embedded_tokens(graph);
  if (tokens != VT_NO_VALUE) *out = graph->values[tokens].name;
  if (*out) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "%s has no float input and no table of embeddings behind an integer one: name the tensor to "
                 "explain",
                 graph->path);
}

static vt_status choose_output(vt_ctx *ctx, const vt_graph *graph, const char *asked, const char **out)
{
  *out = asked;
  for (int i = 0; i < graph->output_count && !*out; i++)
    if (graph->values[graph->outputs[i]].type == VT_F32) *out = graph->values[graph->outputs[i]].name;
  if (*out) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no float output", graph->path);
}

/* ---- one run ---- */

typedef struct array_run {
  vt_subject subject;
  bool asked;   /* the varying tensor was named, not chosen here */
  float *input; /* the varying tensor as it is */
  size_t floats;
  double *outputs; /* what the target reads */
  size_t classes;
  vt_stop_attention *stop; /* NULL: gradients pass through patterns */
} array_run;

/* Of a tensor that nobody asked for the inputs are at fault. */
static vt_status refuse_varying(vt_ctx *ctx, const vt_graph *graph, const array_run *run,
                                const vt_tensor *tensor)
{
  char shape[160];
  return vt_fail(ctx, run->asked ? VT_ERROR_INVALID_ARGUMENT : VT_ERROR_INVALID_DATA,
                 "%s: tensor '%s' is %s; what is explained is f32 with a batch of one as its first axis, and "
                 "not empty",
                 graph->path, run->subject.varying, vt_shape_text(tensor, shape));
}

/* Runs the graph once to see the varying tensor and the output. */
static vt_status first_look(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, array_run *run,
                            vt_trace *trace)
{
  vt_tensor *varying, *output;
  vt_subject *subject = &run->subject;
  VT_TRY(vt_trace_read(ctx, trace, subject->varying));
  VT_TRY(vt_trace_read(ctx, trace, subject->output));
  VT_TRY(vt_trace_run(ctx, trace, inputs));
  VT_TRY(vt_trace_value(ctx, trace, subject->varying, &varying));
  VT_TRY(vt_trace_value(ctx, trace, subject->output, &output));
  if (varying->type != VT_F32 || varying->rank < 2 || varying->dims[0] != 1 || vt_count(varying) == 0)
    return refuse_varying(ctx, graph, run, varying);
  subject->rank = varying->rank;
  memcpy(subject->dims, varying->dims, sizeof subject->dims);
  run->floats = vt_subject_floats(subject);
  size_t count = (size_t)vt_count(output);
  subject->last_row = output->rank > 2;
  run->classes = subject->last_row ? (size_t)output->dims[output->rank - 1] : count;
  run->input = vt_alloc_zero(ctx, run->floats, sizeof *run->input);
  run->outputs = vt_alloc_zero(ctx, run->classes, sizeof *run->outputs);
  if (!run->input || !run->outputs) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(run->input, varying->data, run->floats * sizeof *run->input);
  for (size_t i = 0; i < run->classes; i++)
    run->outputs[i] = vt_get_f64(output, (int64_t)(count - run->classes + i));
  return VT_OK;
}

static vt_status read_class(vt_ctx *ctx, const char *text, size_t classes, int *out)
{
  int64_t index;
  if (strcmp(text, "pred") == 0 || strcmp(text, "-1") == 0) {
    *out = -1;
    return VT_OK;
  }
  if (!vt_parse_integer(text, &index) || index < 0 || (size_t)index >= classes)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "target '%s': the output has the classes 0 to %zu, or pred", text, classes - 1);
  *out = (int)index;
  return VT_OK;
}

static vt_status make_target(vt_ctx *ctx, const vt_request *request, const array_run *run, vt_target *target,
                             int *predicted)
{
  *target = (vt_target){.score = (vt_score_kind)request->class_score, .index = -1, .contrast = -1};
  *predicted = -1;
  vt_tensor *direction;
  VT_TRY(vt_request_direction(ctx, request, &direction));
  if (direction) {
    target->direction = direction->data;
    target->direction_count = (size_t)vt_count(direction);
  }
  if (target->score == VT_SCORE_SIMILARITY && !target->direction)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the score 'similarity' needs a direction to compare with (similar_to)");
  if (!vt_score_has_class(target->score)) return VT_OK;
  if (target->score == VT_SCORE_LOGIT && !run->subject.logits && run->classes > 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "output '%s' holds probabilities, so there is no logit to explain: use the class score "
                   "'probability', or name an output with logits",
                   run->subject.output);
  int best = 0;
  for (size_t i = 1; i < run->classes; i++)
    if (run->outputs[i] > run->outputs[best]) best = (int)i;
  *predicted = best;
  VT_TRY(read_class(ctx, request->target, run->classes, &target->index));
  if (request->contrast) VT_TRY(read_class(ctx, request->contrast, run->classes, &target->contrast));
  if (target->index < 0) target->index = best;
  if (target->contrast == target->index)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "class %d cannot be contrasted with itself",
                   target->index);
  return VT_OK;
}

static vt_status check_method(vt_ctx *ctx, const vt_method *method)
{
  const char *lack = method->needs & VT_NEEDS_PICTURE ? "a picture"
                     : method->needs & VT_NEEDS_LAYER ? "a layer with spatial extent"
                                                      : NULL;
  if (!lack) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s needs %s, which arrays do not have", method->id, lack);
}

static vt_status describe(vt_ctx *ctx, const vt_method *method, const void *settings,
                          const vt_request *request, const array_run *run, vt_explanation *explanation)
{
  explanation->method = method;
  explanation->seed = (uint64_t)request->seed;
  explanation->batch = (int)request->batch;
  explanation->threads = vt_ctx_threads(ctx);
  snprintf(explanation->graph_sha256, sizeof explanation->graph_sha256, "%s",
           vt_graph_sha256(run->subject.graph));
  explanation->parameters = vt_params_json(ctx, method->fields, method->field_count, settings);
  if (!explanation->parameters ||
      json_object_set_new(explanation->parameters, "varying", vt_json_outside(run->subject.varying)) != 0 ||
      json_object_set_new(explanation->parameters, "output", vt_json_outside(run->subject.output)) != 0)
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory while writing parameters");
  return VT_OK;
}

static vt_status check_groups(vt_ctx *ctx, const vt_array_request *arrays, const array_run *run)
{
  if (!arrays->groups) return VT_OK;
  if (run->subject.dims[1] < 0 || (uint64_t)run->subject.dims[1] != arrays->group_places)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%zu places are grouped, tensor '%s' has %lld",
                   arrays->group_places, run->subject.varying, (long long)run->subject.dims[1]);
  if (arrays->group_count < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "no place of tensor '%s' may be hidden: nothing to explain", run->subject.varying);
  for (size_t i = 0; i < arrays->group_places; i++)
    if (arrays->groups[i] < -1 || arrays->groups[i] >= arrays->group_count)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "place %zu is in group %d of %d", i,
                     (int)arrays->groups[i], arrays->group_count);
  return VT_OK;
}

/* Methods that rank regions rank words, or single places. */
static vt_status rank_words(vt_ctx *ctx, const vt_method *method, const void *settings, vt_task *task,
                            size_t classes, vt_explanation *explanation)
{
  vt_words words;
  vt_status status = vt_words_open(ctx, task, classes, explanation, &words);
  if (status == VT_OK) status = method->run(ctx, task, settings, explanation);
  if (status == VT_OK) status = vt_words_finish(ctx, &words, task, explanation);
  vt_words_close(&words, task);
  return status;
}

static vt_status explain_arrays(vt_ctx *ctx, const vt_method *method, const void *settings,
                                const vt_request *request, const vt_array_request *arrays, array_run *run,
                                vt_explanation *explanation)
{
  VT_TRY(check_groups(ctx, arrays, run));
  vt_task task = {.seed = (uint64_t)request->seed,
                  .subject = &run->subject,
                  .input = run->input,
                  .groups = arrays->groups,
                  .group_count = arrays->group_count,
                  .precision = request->precision ? VT_F64 : VT_F32};
  if (request->attention_gradient == 1) {
    VT_TRY(vt_stop_attention_new(ctx, run->subject.graph, &run->stop));
    task.rules = &run->stop->rules;
  }
  double *full = run->outputs;
  VT_TRY(make_target(ctx, request, run, &task.target, &explanation->predicted));
  explanation->target = task.target.index;
  explanation->score = task.target.score;
  if (request->contrast) {
    explanation->target_details = json_pack("{s:{s:i}}", "contrast", "index", task.target.contrast);
    if (!explanation->target_details)
      return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory while saying what is explained");
  }
  if (task.target.score == VT_SCORE_SIMILARITY && task.target.direction_count != run->classes)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the direction to compare with has %zu numbers, the output '%s' %zu",
                   task.target.direction_count, run->subject.output, run->classes);
  explanation->full = vt_target_evaluate(&task.target, run->subject.logits, full, run->classes, NULL);
  if (!isfinite(explanation->full)) {
    char number[32];
    return vt_fail(ctx, VT_ERROR_NOT_FINITE, "%s: the %s from output '%s' is %s, which cannot be explained",
                   run->subject.graph->path, vt_score_name(explanation->score), run->subject.output,
                   vt_number_text(explanation->full, number));
  }
  VT_TRY(describe(ctx, method, settings, request, run, explanation));
  if (method->check) VT_TRY(method->check(ctx, &task, settings));
  if (method->needs & VT_NEEDS_REGIONS)
    return rank_words(ctx, method, settings, &task, run->classes, explanation);
  VT_TRY(method->run(ctx, &task, settings, explanation));
  if (!explanation->attribution)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s makes no map, so arrays cannot be explained with it",
                   method->id);
  explanation->model_calls = explanation->traced_runs;
  return vt_map_finish(ctx, &task, explanation, (vt_reduction)request->reduce, false);
}

vt_status vt_attribute_arrays(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs,
                              const vt_method *method, const void *settings, const vt_request *given,
                              const vt_array_request *arrays, vt_explanation **out)
{
  vt_request asked = *given, *request = &asked; /* with the score it means; owns nothing */
  vt_score_kind score;
  double begin = vt_clock_seconds();
  array_run run = {.subject = {.graph = graph,
                               .inputs = (const vt_tensor *const *)inputs,
                               .type = VT_F32,
                               .logits = !arrays->probabilities},
                   .asked = arrays->varying != NULL};
  vt_explanation *explanation = NULL;
  vt_trace *trace = NULL;
  size_t mark = vt_tensor_mark(ctx);
  *out = NULL;
  vt_status status;
  VT_TRY(check_method(ctx, method));
  VT_TRY(vt_request_score(ctx, given, NULL, &score));
  asked.class_score = (int)score;
  VT_TRY(vt_array_varying(ctx, graph, arrays->varying, &run.subject.varying));
  VT_TRY(choose_output(ctx, graph, arrays->output, &run.subject.output));
  VT_TRY_DONE(vt_trace_new(ctx, graph, &trace));
  VT_TRY_DONE(first_look(ctx, graph, inputs, &run, trace));
  VT_TRY_DONE(vt_explanation_new(ctx, &explanation));
  VT_TRY_DONE(explain_arrays(ctx, method, settings, request, arrays, &run, explanation));
  explanation->seconds = vt_clock_seconds() - begin;
  *out = explanation;
  explanation = NULL;
done:
  vt_trace_free(trace);
  vt_free(run.input);
  vt_free(run.outputs);
  vt_stop_attention_free(run.stop);
  vt_explanation_free(explanation);
  vt_tensor_release(ctx, mark);
  return status;
}
