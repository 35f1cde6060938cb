/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and sizes of the file become those of nn/bert.h.
 */
#include "nn/sentence.h"

#include <jansson.h>
#include <math.h>

#include "data/safetensors.h"
#include "nn/bert.h"
#include "nn/layers.h"
#include "vitrail/tokenizer.h"

enum { CONFIG_BYTES = 1 << 20, MOST_LAYERS = 256 };

struct vt_sentence_encoder {
  vt_parameters *parameters;
  vt_tokenizer *tokenizer;
  vt_bert_settings settings;
};

void vt_sentence_encoder_free(vt_sentence_encoder *encoder)
{
  if (!encoder) return;
  vt_parameters_free(encoder->parameters);
  vt_tokenizer_free(encoder->tokenizer);
  vt_free(encoder);
}

int64_t vt_sentence_encoder_width(const vt_sentence_encoder *encoder)
{
  return encoder->settings.width;
}

/* ---- config.json ---- */

static vt_status wrong(vt_ctx *ctx, const char *key, const char *expected)
{
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "\"%s\" must be %s", key, expected);
}

static vt_status read_settings(vt_ctx *ctx, const json_t *config, vt_bert_settings *out)
{
  const json_t *heads = json_object_get(config, "num_attention_heads"),
               *epsilon = json_object_get(config, "layer_norm_eps"),
               *activation = json_object_get(config, "hidden_act");
  if (!json_is_integer(heads) || json_integer_value(heads) < 1 || json_integer_value(heads) > 4096)
    return wrong(ctx, "num_attention_heads", "a whole number from 1 to 4096");
  if (epsilon && !(json_number_value(epsilon) > 0 && json_number_value(epsilon) < 1))
    return wrong(ctx, "layer_norm_eps", "a number between 0 and 1");
  if (activation && (!json_is_string(activation) || strcmp(json_string_value(activation), "gelu") != 0))
    return wrong(ctx, "hidden_act", "gelu, the one that sentence encoders are read with");
  *out = (vt_bert_settings){.no_pooler = true,
                            .block = {.heads = json_integer_value(heads),
                                      .post_norm = true,
                                      .activation = VT_GELU,
                                      .epsilon = epsilon ? json_number_value(epsilon) : 1e-12}};
  return VT_OK;
}

static vt_status read_config(vt_ctx *ctx, const char *path, vt_bert_settings *out)
{
  unsigned char *bytes;
  size_t size;
  json_error_t error;
  VT_TRY(vt_read_file(ctx, path, CONFIG_BYTES, &bytes, &size));
  json_t *config = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, &error);
  vt_free(bytes);
  vt_status status = json_is_object(config) ? read_settings(ctx, config, out)
                                            : vt_fail(ctx, VT_ERROR_INVALID_DATA, "no JSON object%s%s",
                                                      config ? "" : ": ", config ? "" : error.text);
  json_decref(config);
  return status == VT_OK ? VT_OK : vt_fail_prefix(ctx, "%s", path);
}

/* ---- model.safetensors ---- */

typedef struct weights {
  vt_safetensors *file;
  const char *prefix; /* of every name */
} weights;

static const char *const outer[][2] = {
    {"embeddings.word_embeddings.weight", "embed_tokens.weight"},
    {"embeddings.position_embeddings.weight", "embed_positions.weight"},
    {"embeddings.token_type_embeddings.weight", "embed_types.weight"},
    {"embeddings.LayerNorm.weight", "embed_norm.weight"},
    {"embeddings.LayerNorm.bias", "embed_norm.bias"},
};
/* Each with weight and bias. */
static const char *const inner[][2] = {
    {"attention.self.query", "attn.q_proj"},
    {"attention.self.key", "attn.k_proj"},
    {"attention.self.value", "attn.v_proj"},
    {"attention.output.dense", "attn.out_proj"},
    {"attention.output.LayerNorm", "norm1"},
    {"intermediate.dense", "mlp.fc1"},
    {"output.dense", "mlp.fc2"},
    {"output.LayerNorm", "norm2"},
};

static vt_status take(vt_ctx *ctx, const weights *from, vt_parameters *parameters, const char *theirs,
                      const char *ours)
{
  char name[256];
  snprintf(name, sizeof name, "%s%s", from->prefix, theirs);
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *tensor;
  vt_status status = vt_safetensors_tensor(ctx, from->file, name, &tensor);
  if (status == VT_OK) status = vt_parameters_put(ctx, parameters, ours, tensor, false);
  if (status == VT_ERROR_INVALID_ARGUMENT) status = vt_fail_restate(ctx, VT_ERROR_INVALID_DATA);
  vt_tensor_release(ctx, mark);
  return status;
}

/* The two sizes of a table. */
static vt_status sizes(vt_ctx *ctx, const vt_parameters *parameters, const char *name, int64_t *rows,
                       int64_t *columns)
{
  const vt_tensor *value = vt_parameters_find(parameters, name)->value;
  char shape[160];
  if (value->rank != 2 || value->dims[0] < 1 || value->dims[1] < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "tensor for %s is %s; a table has two axes", name,
                   vt_shape_text(value, shape));
  *rows = value->dims[0];
  *columns = value->dims[1];
  return VT_OK;
}

static vt_status take_layer(vt_ctx *ctx, const weights *from, vt_parameters *parameters, int64_t layer)
{
  static const char *const ends[] = {"weight", "bias"};
  char theirs[160], ours[160];
  for (size_t i = 0; i < VT_COUNT(inner); i++)
    for (int end = 0; end < 2; end++) {
      snprintf(theirs, sizeof theirs, "encoder.layer.%lld.%s.%s", (long long)layer, inner[i][0], ends[end]);
      snprintf(ours, sizeof ours, "blocks.%lld.%s.%s", (long long)layer, inner[i][1], ends[end]);
      VT_TRY(take(ctx, from, parameters, theirs, ours));
    }
  return VT_OK;
}

static bool has_layer(const weights *from, int64_t layer)
{
  char name[160];
  snprintf(name, sizeof name, "%sencoder.layer.%lld.attention.self.query.weight", from->prefix,
           (long long)layer);
  return vt_safetensors_find(from->file, name) >= 0;
}

static vt_status take_all(vt_ctx *ctx, const weights *from, vt_sentence_encoder *encoder)
{
  vt_bert_settings *settings = &encoder->settings;
  vt_parameters *parameters = encoder->parameters;
  int64_t width;
  for (size_t i = 0; i < VT_COUNT(outer); i++)
    VT_TRY(take(ctx, from, parameters, outer[i][0], outer[i][1]));
  while (has_layer(from, settings->layers)) {
    if (settings->layers == MOST_LAYERS)
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "more than %d layers", MOST_LAYERS);
    VT_TRY(take_layer(ctx, from, parameters, settings->layers++));
  }
  if (settings->layers == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "no layer: tensor encoder.layer.0.… is missing");
  VT_TRY(sizes(ctx, parameters, "embed_tokens.weight", &settings->vocabulary, &settings->width));
  VT_TRY(sizes(ctx, parameters, "embed_positions.weight", &settings->limit, &width));
  VT_TRY(sizes(ctx, parameters, "embed_types.weight", &settings->types, &width));
  VT_TRY(sizes(ctx, parameters, "blocks.0.mlp.fc1.weight", &settings->block.hidden, &width));
  if (settings->width % settings->block.heads)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "vectors of %lld numbers do not divide among %lld heads",
                   (long long)settings->width, (long long)settings->block.heads);
  return VT_OK;
}

static vt_status read_weights(vt_ctx *ctx, const char *path, vt_sentence_encoder *encoder)
{
  weights from = {.prefix = ""};
  VT_TRY(vt_safetensors_open(ctx, path, &from.file));
  if (vt_safetensors_find(from.file, "bert.embeddings.word_embeddings.weight") >= 0) from.prefix = "bert.";
  vt_status status = vt_parameters_new(ctx, 0, &encoder->parameters);
  if (status == VT_OK) status = take_all(ctx, &from, encoder);
  vt_safetensors_close(from.file);
  return status == VT_OK ? VT_OK : vt_fail_prefix(ctx, "%s", path);
}

/* ---- the whole ---- */

static vt_status read_vocabulary(vt_ctx *ctx, const char *path, vt_sentence_encoder *encoder)
{
  VT_TRY(vt_tokenizer_read(ctx, path, &encoder->tokenizer));
  int64_t pieces = vt_tokenizer_size(encoder->tokenizer);
  if (pieces <= encoder->settings.vocabulary) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s has %lld pieces, the encoder vectors for %lld", path,
                 (long long)pieces, (long long)encoder->settings.vocabulary);
}

vt_status vt_sentence_encoder_open(vt_ctx *ctx, const char *folder, vt_sentence_encoder **out)
{
  *out = NULL;
  vt_sentence_encoder *encoder = vt_alloc_zero(ctx, 1, sizeof *encoder);
  char *config = vt_path_join(ctx, folder, "config.json"),
       *tensors = vt_path_join(ctx, folder, "model.safetensors"),
       *words = vt_path_join(ctx, folder, "vocab.txt");
  vt_status status = encoder && config && tensors && words ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = read_config(ctx, config, &encoder->settings);
  if (status == VT_OK) status = read_weights(ctx, tensors, encoder);
  if (status == VT_OK) status = read_vocabulary(ctx, words, encoder);
  vt_free(config);
  vt_free(tensors);
  vt_free(words);
  if (status != VT_OK) {
    vt_sentence_encoder_free(encoder);
    return status;
  }
  *out = encoder;
  return VT_OK;
}

/* ---- a text ---- */

static vt_status pool(vt_ctx *ctx, const vt_sentence_encoder *encoder, const vt_ids *ids, float *out)
{
  int64_t dims[2] = {1, (int64_t)ids->count};
  vt_tensor *tokens = vt_tensor_new(ctx, VT_I64, 2, dims);
  if (!tokens) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(tokens->data, ids->data, ids->count * sizeof *ids->data);
  vt_run run = {.ctx = ctx, .parameters = encoder->parameters, .locked = true};
  vt_bert_outputs found;
  vt_run_begin(&run);
  vt_bert(vt_root(&run), &encoder->settings, tokens, NULL, NULL, &found);
  vt_tensor *mean = vt_mean_over(ctx, found.hidden, NULL);
  vt_run_end(&run);
  VT_TRY(vt_ctx_status(ctx));
  double square = 0;
  for (int64_t i = 0; i < encoder->settings.width; i++) {
    double value = vt_get_f64(mean, i);
    square += value * value;
  }
  if (!(square > 0) || !isfinite(square))
    return vt_fail(ctx, VT_ERROR_NOT_FINITE, "the text encoder answers %s",
                   square == 0 ? "zeros, which point nowhere" : "what is no number");
  for (int64_t i = 0; i < encoder->settings.width; i++)
    out[i] = (float)(vt_get_f64(mean, i) / sqrt(square));
  return VT_OK;
}

vt_status vt_sentence_encode(vt_ctx *ctx, const vt_sentence_encoder *encoder, const char *text, float *out)
{
  vt_ids ids = {0};
  size_t blank = strspn(text, " \t\r\n");
  if (!text[blank]) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "the text is empty");
  vt_status status = vt_tokenizer_encode(ctx, encoder->tokenizer, text, strlen(text), true, &ids);
  if (status == VT_OK && (int64_t)ids.count > encoder->settings.limit)
    status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "the text is %zu tokens; the encoder reads %lld",
                     ids.count, (long long)encoder->settings.limit);
  size_t mark = vt_tensor_mark(ctx);
  if (status == VT_OK) status = pool(ctx, encoder, &ids, out);
  vt_tensor_release(ctx, mark);
  vt_ids_free(&ids);
  return status;
}
