/* SPDX-License-Identifier: Apache-2.0
 *
 * Learners as graphs: the model is recorded at two sizes, and what follows the sizes stays open.
 */
#include "training/export.h"

#include <math.h>

#include "graph/assemble.h"
#include "graph/record.h"
#include "ops/layout.h"
#include "vitrail/data.h"
#include "vitrail/graph.h"

enum { MOST_ITEMS = 4 };

static int count_inputs(const vt_learner *learner)
{
  int count = 0;
  while (count < VT_LEARNER_INPUTS && learner->kind->inputs[count].field)
    count++;
  return count;
}

/* Inputs of `count` items from `first` on, open axes `shorter` by one. */
static vt_status take_inputs(vt_ctx *ctx, const vt_learner *learner, int64_t first, int count, bool shorter,
                             vt_tensor *inputs[VT_LEARNER_INPUTS])
{
  int64_t indices[MOST_ITEMS];
  const char *names[VT_LEARNER_INPUTS + 1] = {NULL};
  uint32_t fields;
  vt_batch batch;
  int input_count = count_inputs(learner);
  for (int i = 0; i < count; i++)
    indices[i] = (first + i) % learner->set->count;
  for (int i = 0; i < input_count; i++)
    names[i] = learner->kind->inputs[i].field;
  VT_TRY(vt_fields_of(ctx, learner->set, names, &fields));
  VT_TRY(vt_batch_make(ctx, learner->set, indices, count, 0, &fields, &batch));
  for (int i = 0; i < input_count; i++) {
    const vt_learner_input *input = &learner->kind->inputs[i];
    inputs[i] = vt_batch_get(ctx, &batch, input->field);
    for (int axis = 0; axis < VT_DATASET_RANK && shorter; axis++)
      if (input->open[axis])
        inputs[i] = vt_slice(ctx, inputs[i], axis + 1, 0, vt_dim(inputs[i], axis + 1) - 1);
  }
  return vt_ctx_status(ctx);
}

static void run_model(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters, bool locked,
                      vt_tensor *const *inputs, vt_tensor *outputs[VT_LEARNER_OUTPUTS])
{
  vt_run run = {.ctx = ctx, .parameters = parameters, .locked = locked, .lora = &learner->lora};
  vt_run_begin(&run);
  learner->kind->forward(vt_root(&run), learner, inputs, outputs);
  vt_run_end(&run);
}

vt_status vt_learner_begin(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters)
{
  vt_tensor *inputs[VT_LEARNER_INPUTS] = {NULL}, *outputs[VT_LEARNER_OUTPUTS] = {NULL};
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = take_inputs(ctx, learner, 0, 1, false, inputs);
  if (status == VT_OK) run_model(ctx, learner, parameters, false, inputs, outputs);
  if (status == VT_OK) status = vt_ctx_status(ctx);
  vt_tensor_release(ctx, mark);
  return status;
}

/* ---- recording ---- */

static vt_status introduce(vt_ctx *ctx, const vt_learner *learner, vt_record *record,
                           vt_tensor *const *inputs)
{
  for (int i = 0; i < count_inputs(learner); i++) {
    const vt_learner_input *input = &learner->kind->inputs[i];
    const char *names[VT_MAX_RANK] = {"batch"};
    for (int axis = 0; axis < VT_DATASET_RANK; axis++)
      names[axis + 1] = input->open[axis];
    VT_TRY(vt_record_input(ctx, record, inputs[i], input->field, names));
  }
  return VT_OK;
}

static vt_status record_run(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters,
                            vt_record *record, vt_tensor *const *inputs)
{
  vt_tensor *outputs[VT_LEARNER_OUTPUTS] = {NULL};
  vt_run run = {.ctx = ctx, .parameters = parameters, .record = record, .locked = true};
  vt_run_begin(&run);
  vt_status status = introduce(ctx, learner, record, inputs);
  if (status == VT_OK) learner->kind->forward(vt_root(&run), learner, inputs, outputs);
  if (status == VT_OK) status = vt_ctx_status(ctx);
  for (int i = 0; i < VT_LEARNER_OUTPUTS && learner->kind->outputs[i] && status == VT_OK; i++)
    status = vt_record_output(ctx, record, outputs[i], learner->kind->outputs[i]);
  vt_run_end(&run);
  return status;
}

static vt_status record_items(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters, int count,
                              bool shorter, vt_record **out)
{
  vt_tensor *inputs[VT_LEARNER_INPUTS] = {NULL};
  size_t mark = vt_tensor_mark(ctx);
  VT_TRY(vt_record_new(ctx, out));
  vt_status status = take_inputs(ctx, learner, 0, count, shorter, inputs);
  if (status == VT_OK) {
    vt_record_start(ctx, *out);
    status = record_run(ctx, learner, parameters, *out, inputs);
    vt_record_stop(ctx);
  }
  vt_tensor_release(ctx, mark);
  return status;
}

/* ---- comparing ---- */

static vt_status compare(vt_ctx *ctx, const vt_learner *learner, const char *name, vt_tensor *eager,
                         vt_tensor *traced)
{
  enum { WORST = 100000 /* of the largest value: another order of sums in kernels that graphs choose */ };
  double most = 0, worst = 0;
  eager = vt_row_major(ctx, eager);
  VT_TRY(vt_ctx_status(ctx));
  if (!vt_same_shape(eager, traced))
    return vt_fail(ctx, VT_ERROR_RUNTIME, "learner %s: output %s of the graph has another shape",
                   learner->kind->id, name);
  for (int64_t i = 0; i < vt_count(eager); i++) {
    most = fmax(most, fabs(vt_get_f64(eager, i)));
    worst = fmax(worst, fabs(vt_get_f64(eager, i) - vt_get_f64(traced, i)));
  }
  if (worst * WORST <= fmax(most, 1)) return VT_OK;
  return vt_fail(ctx, VT_ERROR_RUNTIME, "learner %s: output %s of the graph differs from the model by %g",
                 learner->kind->id, name, worst);
}

static vt_status check_graph(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters,
                             const vt_graph *graph)
{
  vt_tensor *inputs[VT_LEARNER_INPUTS] = {NULL}, *eager[VT_LEARNER_OUTPUTS] = {NULL},
            *traced[VT_LEARNER_OUTPUTS] = {NULL};
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = take_inputs(ctx, learner, 2, 3, true, inputs);
  if (status == VT_OK) run_model(ctx, learner, parameters, true, inputs, eager);
  if (status == VT_OK) status = vt_graph_run(ctx, graph, inputs, traced);
  for (int i = 0; i < VT_LEARNER_OUTPUTS && learner->kind->outputs[i] && status == VT_OK; i++)
    status = compare(ctx, learner, learner->kind->outputs[i], eager[i], traced[i]);
  vt_tensor_release(ctx, mark);
  return status;
}

/* The graph of a model without adapters. */
static vt_status record_graph(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters,
                              vt_graph **out)
{
  vt_record *two = NULL, *three = NULL;
  vt_status status = record_items(ctx, learner, parameters, 2, false, &two);
  if (status == VT_OK) status = record_items(ctx, learner, parameters, 3, true, &three);
  if (status == VT_OK) status = vt_record_graph_open(ctx, two, three, out);
  vt_record_free(two);
  vt_record_free(three);
  return status;
}

vt_status vt_learner_graph(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters, vt_graph **out)
{
  vt_parameters *merged = NULL;
  *out = NULL;
  if (vt_lora_on(&learner->lora)) VT_TRY(vt_lora_merged(ctx, parameters, &learner->lora, &merged));
  vt_status status = record_graph(ctx, learner, merged ? merged : parameters, out);
  /* with the model as it was trained: adapters beside the weights, in the graph within them */
  if (status == VT_OK) status = check_graph(ctx, learner, parameters, *out);
  vt_parameters_free(merged);
  if (status == VT_OK) return VT_OK;
  vt_graph_free(*out);
  *out = NULL;
  return status;
}

/* ---- files ---- */

static const vt_dataset_field *picture_of(const vt_learner *learner)
{
  int index = vt_dataset_find(learner->set, learner->kind->inputs[0].field);
  if (index < 0) return NULL;
  const vt_dataset_field *field = &learner->set->fields[index];
  bool picture = field->type == VT_F32 && field->rank == 3 && (field->dims[0] == 3 || field->dims[0] == 1);
  return picture ? field : NULL;
}

/* Pictures of worlds are (value / 255 − .5) / .5 (worlds/world.h). */
static vt_status write_sidecar(vt_ctx *ctx, const vt_learner *learner, const char *path)
{
  const vt_dataset_field *field = picture_of(learner);
  if (!field) return VT_OK;
  vt_preprocess settings = {.channels = (int)field->dims[0],
                            .height = (int)field->dims[1],
                            .width = (int)field->dims[2],
                            .resize = VT_RESIZE_STRETCH,
                            .interpolation = VT_BICUBIC,
                            .scale = 1 / 255.,
                            .mean = {.5, .5, .5, .5},
                            .std = {.5, .5, .5, .5},
                            .output = VT_OUTPUT_LOGITS,
                            .output_name = (char *)(uintptr_t)learner->kind->outputs[0],
                            .labels = (char **)(uintptr_t)learner->set->classes,
                            .label_count = learner->set->class_count};
  return vt_sidecar_write(ctx, path, &settings);
}

vt_status vt_learner_export(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters,
                            const char *path)
{
  vt_graph *graph;
  const char *dot = strrchr(vt_path_name(path), '.');
  size_t length = dot ? (size_t)(dot - path) : strlen(path);
  VT_TRY(vt_learner_graph(ctx, learner, parameters, &graph));
  vt_status status = vt_graph_write(ctx, graph, path, NULL);
  vt_graph_free(graph);
  VT_TRY(status);
  char *sidecar = vt_format(ctx, "%.*s.json", (int)length, path);
  if (!sidecar) return VT_ERROR_OUT_OF_MEMORY;
  status = write_sidecar(ctx, learner, sidecar);
  vt_free(sidecar);
  return status;
}
