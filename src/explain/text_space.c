/* SPDX-License-Identifier: Apache-2.0 */
#include "explain/text_space.h"

#include <math.h>

#include "data/sidecar.h"
#include "nn/sentence.h"

double vt_text_scale(const vt_model *model)
{
  const vt_text_space *space = vt_model_preprocess(model)->text;
  return space ? space->scale : 1;
}

static vt_status read_mean(vt_ctx *ctx, const char *path, int64_t width, vt_tensor **out)
{
  char shape[160];
  *out = NULL;
  if (!path) return VT_OK;
  vt_status status = vt_npy_read(ctx, path, out);
  if (status == VT_ERROR_NO_SUCH_FILE || status == VT_ERROR_IO) /* the sidecar exists and is wrong */
    status = vt_fail_restate(ctx, VT_ERROR_INVALID_DATA);
  VT_TRY(status);
  if (((*out)->type != VT_F32 && (*out)->type != VT_F64) || vt_count(*out) != width)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s is %s; the mean of texts is %lld floats", path,
                   vt_shape_text(*out, shape), (long long)width);
  return vt_check_finite(ctx, *out, path);
}

static vt_status direct(vt_ctx *ctx, const vt_sentence_encoder *encoder, const vt_tensor *mean,
                        const char *text, vt_tensor **out)
{
  int64_t width = vt_sentence_encoder_width(encoder);
  *out = vt_tensor_new(ctx, VT_F32, 1, &width);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  float *values = (*out)->data;
  if (vt_sentence_encode(ctx, encoder, text, values) != VT_OK)
    return vt_fail_prefix(ctx, "text '%.64s'", text);
  double square = 0;
  for (int64_t i = 0; i < width; i++) {
    values[i] -= mean ? (float)vt_get_f64(mean, i) : 0;
    square += (double)values[i] * (double)values[i];
  }
  if (!(square > 0))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "text '%.64s' is the mean of all texts, which points nowhere",
                   text);
  for (int64_t i = 0; i < width; i++)
    values[i] = (float)((double)values[i] / sqrt(square));
  return VT_OK;
}

vt_status vt_text_directions(vt_ctx *ctx, const vt_model *model, const char *const *texts, int count,
                             vt_tensor **out)
{
  const vt_text_space *space = vt_model_preprocess(model)->text;
  size_t wanted =
      vt_model_embedding_floats(model) ? vt_model_embedding_floats(model) : vt_model_output_floats(model);
  vt_sentence_encoder *encoder = NULL;
  vt_tensor *mean;
  for (int i = 0; i < count; i++)
    out[i] = NULL;
  if (!space)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "a text can be compared with a model's embedding only when its sidecar names the encoder "
                   "of texts (key \"text\")");
  vt_status status = vt_sentence_encoder_open(ctx, space->encoder, &encoder);
  if (status == VT_ERROR_NO_SUCH_FILE || status == VT_ERROR_IO) {
    vt_fail_restate(ctx, VT_ERROR_INVALID_DATA);
    status = vt_fail_prefix(ctx, "sidecar: \"encoder\" in \"text\"");
  }
  VT_TRY(status);
  int64_t width = vt_sentence_encoder_width(encoder);
  if ((uint64_t)width != wanted)
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "texts have %lld numbers, the model's embedding %zu",
                     (long long)width, wanted);
  if (status == VT_OK) status = read_mean(ctx, space->mean, width, &mean);
  for (int i = 0; status == VT_OK && i < count; i++)
    if (texts[i]) status = direct(ctx, encoder, mean, texts[i], &out[i]);
  vt_sentence_encoder_free(encoder);
  return status;
}
