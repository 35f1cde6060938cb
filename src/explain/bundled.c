/* SPDX-License-Identifier: Apache-2.0 */
#include "explain/bundled.h"

#include "explain/model_onnx.h"

vt_status vt_bundled_graph(vt_ctx *ctx, vt_graph **out)
{
  char *name = vt_strdup(ctx, VT_BUNDLED_NAME);
  *out = NULL;
  if (!name) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_graph_parse(ctx, vt_bundled_onnx, vt_bundled_onnx_size, NULL, NULL, out);
  if (status != VT_OK) {
    vt_free(name);
    return vt_fail_prefix(ctx, "the bundled model");
  }
  vt_free((*out)->path);
  (*out)->path = name;
  return VT_OK;
}

vt_status vt_bundled_preprocess(vt_ctx *ctx, vt_preprocess **out)
{
  vt_status status = vt_preprocess_parse(ctx, vt_bundled_sidecar, vt_bundled_sidecar_size, NULL, out);
  return status == VT_OK ? VT_OK : vt_fail_prefix(ctx, "the bundled model's sidecar");
}

vt_status vt_bundled_notice(vt_ctx *ctx, const vt_preprocess *preprocess, char **out)
{
  vt_text text = {0};
  vt_text_addf(ctx, &text, "this is the bundled drawing classifier: it knows %d classes of drawn things (",
               preprocess->label_count);
  for (int i = 0; i < preprocess->label_count; i++)
    vt_text_addf(ctx, &text, "%s%s", i ? ", " : "", preprocess->labels[i]);
  vt_text_addf(ctx, &text,
               ") and answers with one of them whatever it is shown; it is no judge of photographs");
  if (text.failed) {
    vt_text_free(&text);
    *out = NULL;
    return VT_ERROR_OUT_OF_MEMORY;
  }
  *out = text.data;
  return VT_OK;
}

vt_status vt_model_open_bundled(vt_ctx *ctx, const char *output, const char *embedding, vt_model **out)
{
  vt_preprocess *preprocess;
  vt_graph *graph;
  char *notice;
  *out = NULL;
  VT_TRY(vt_bundled_preprocess(ctx, &preprocess));
  vt_status status = vt_bundled_notice(ctx, preprocess, &notice);
  if (status == VT_OK) {
    status = vt_bundled_graph(ctx, &graph);
    if (status != VT_OK) vt_free(notice);
  }
  if (status != VT_OK) {
    vt_preprocess_free(preprocess);
    return status;
  }
  status = vt_model_of_graph(ctx, graph, VT_BUNDLED_NAME, preprocess, output, embedding, out);
  if (status == VT_OK)
    (*out)->notice = notice;
  else
    vt_free(notice);
  return status;
}
