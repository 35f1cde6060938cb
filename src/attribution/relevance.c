/* SPDX-License-Identifier: Apache-2.0
 *
 * From a composite to a map.
 */
#include "attribution/relevance.h"

#include "graph/canonise.h"

/* The darkest and brightest picture as the model reads them: [floats] each, `high` behind `low`. */
static vt_status extremes(vt_ctx *ctx, const vt_task *task, float **out)
{
  size_t floats = vt_subject_floats(task->subject);
  int channels, height, width;
  vt_image *image;
  *out = NULL;
  if (!task->model) return VT_OK;
  vt_model_input_size(task->model, &channels, &height, &width);
  *out = vt_alloc_zero(ctx, 2 * floats, sizeof **out);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_image_new(ctx, width, height, 3, &image));
  memset(image->pixels, 0, (size_t)width * (size_t)height * 3);
  vt_preprocess_floats(vt_model_preprocess(task->model), image, *out);
  memset(image->pixels, 255, (size_t)width * (size_t)height * 3);
  vt_preprocess_floats(vt_model_preprocess(task->model), image, *out + floats);
  vt_image_free(image);
  return VT_OK;
}

static vt_status set_map(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, const vt_graph *graph,
                         const vt_composite *composite)
{
  const vt_rule_request request = {
      .rules = vt_composite_rules(composite), .graph = graph, .start = VT_START_RELEVANCE};
  vt_rule_start start;
  double *map, sum = 0;
  VT_TRY(vt_rule_map_start(ctx, task, explanation, &request, &map, &start));
  for (size_t i = 0; i < vt_subject_floats(task->subject); i++)
    sum += map[i];
  vt_status status = vt_map_set(ctx, task, explanation, map, VT_REDUCE_SUM);
  vt_map_complete(explanation, sum, start.relevance);
  vt_free(map);
  return status;
}

vt_status vt_relevance_map(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                           const vt_composite_settings *settings)
{
  vt_composite_settings own = *settings;
  vt_subject subject = *task->subject;
  vt_composite *composite = NULL;
  vt_graph *graph = NULL;
  float *bounds = NULL;
  vt_status status = extremes(ctx, task, &bounds);
  if (status == VT_OK) status = vt_canonise(ctx, task->subject->graph, &graph, NULL);
  if (status == VT_OK) {
    own.low = bounds;
    own.high = bounds ? bounds + vt_subject_floats(task->subject) : NULL;
    subject.graph = graph;
    status = vt_composite_new(ctx, &subject, &own, &composite);
  }
  if (status == VT_OK) status = set_map(ctx, task, explanation, graph, composite);
  vt_composite_free(composite);
  vt_canonise_free(graph);
  vt_free(bounds);
  return status;
}
