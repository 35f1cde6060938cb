/* SPDX-License-Identifier: Apache-2.0
 *
 * An ONNX model that is a detector: several outputs of the graph are the one output that targets read, one
 * tensor behind the other.
 */
#include "explain/detector.h"
#include "explain/model_onnx.h"
#include "tensor/tensor.h"

vt_status vt_onnx_detector_names(vt_ctx *ctx, vt_model *model, const char *path)
{
  vt_onnx_state *state = model->state;
  vt_detector *detector = vt_alloc_zero(ctx, 1, sizeof *detector);
  if (!detector) return VT_ERROR_OUT_OF_MEMORY;
  model->detector = detector;
  vt_detector_names(model->preprocess->detection, detector);
  for (int i = 0; i < detector->output_count; i++) {
    int output = 0, count = vt_graph_output_count(state->graph);
    while (output < count && strcmp(vt_graph_output_name(state->graph, output), detector->names[i]) != 0)
      output++;
    if (output == count)
      return vt_fail(
          ctx, VT_ERROR_INVALID_DATA,
          "%s has no output '%s', which its sidecar names (\"detection\"); 'vitrail inspect' lists "
          "them",
          path, detector->names[i]);
    state->parts[i] = output;
  }
  state->part_count = detector->output_count;
  return VT_OK;
}

vt_status vt_onnx_detector_shape(vt_ctx *ctx, vt_model *model, const char *path,
                                 const vt_tensor *const *outputs)
{
  const vt_onnx_state *state = model->state;
  vt_detector *detector = model->detector;
  int64_t dims[VT_DETECTOR_OUTPUTS][VT_MAX_RANK];
  int ranks[VT_DETECTOR_OUTPUTS];
  char shape[160];
  if (!detector) return VT_OK;
  for (int i = 0; i < state->part_count; i++) {
    const vt_tensor *output = outputs[i];
    if (output->type != VT_F32 || output->rank < 2 || output->dims[0] != state->micro)
      return vt_fail(ctx, VT_ERROR_UNSUPPORTED,
                     "%s: output '%s' is %s for %d item%s; what a detector finds is read from f32 with the "
                     "batch as its first axis",
                     path, detector->names[i], vt_shape_text(output, shape), state->micro,
                     state->micro > 1 ? "s" : "");
    ranks[i] = output->rank - 1;
    memcpy(dims[i], output->dims + 1, (size_t)ranks[i] * sizeof *output->dims);
  }
  if (vt_detector_shape(ctx, detector, (const int64_t(*)[VT_MAX_RANK])dims, ranks, model->preprocess->width,
                        model->preprocess->height) != VT_OK)
    return vt_fail_prefix(ctx, "%s", path);
  model->output_floats = vt_detector_floats(detector);
  if (model->output_floats > INT32_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: %zu numbers an item are too many", path,
                   model->output_floats);
  model->classes = (int)model->output_floats;
  model->map = true;
  model->output_rank = 0;
  return VT_OK;
}

void vt_onnx_gather(const vt_model *model, const float *const *outputs, int item, float *to)
{
  const vt_detector *detector = model->detector;
  for (int i = 0; i < detector->output_count; i++) {
    memcpy(to, outputs[i] + (size_t)item * detector->floats[i], detector->floats[i] * sizeof *to);
    to += detector->floats[i];
  }
}
