/* SPDX-License-Identifier: Apache-2.0
 *
 * A sentence encoder in a folder of its own, whose one layer adds nothing, so that its answers are known by
 * hand.
 */
#ifndef VT_TESTS_NN_PLANTED_SENTENCE_H
#define VT_TESTS_NN_PLANTED_SENTENCE_H

#include <math.h>

#include "data/safetensors.h"
#include "test.h"

enum { WIDTH = 4, PIECES = 7, PLACES = 6, HIDDEN = 3 };

static const char planted_vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nred\ncar\n##s\n";
static const char planted_config[] =
    "{\"num_attention_heads\": 2, \"hidden_act\": \"gelu\", \"layer_norm_eps\": 1e-12}";

static float words[PIECES][WIDTH], places[PLACES][WIDTH], kinds[2][WIDTH];

typedef struct planted {
  vt_ctx *ctx;
  char folder[64];
  const char *names[32];
  vt_tensor *tensors[32];
  int count;
} planted;

static inline void add_tensor(planted *p, const char *name, int rows, int columns, const float *values,
                              float fill)
{
  int64_t dims[2] = {rows, columns};
  vt_tensor *x = vt_tensor_new(p->ctx, VT_F32, columns ? 2 : 1, dims);
  assert_non_null(x);
  for (int64_t i = 0; i < vt_count(x); i++)
    ((float *)x->data)[i] = values ? values[i] : fill;
  p->names[p->count] = name;
  p->tensors[p->count++] = x;
}

#define LAYER "encoder.layer.0."

static inline void write_part(const planted *p, const char *name, const char *text)
{
  char path[128];
  snprintf(path, sizeof path, "%s/%s", p->folder, name);
  assert_ok(p->ctx, vt_write_file(p->ctx, path, text, strlen(text)));
}

static inline void write_tensors(const planted *p, int count)
{
  char path[128];
  snprintf(path, sizeof path, "%s/model.safetensors", p->folder);
  assert_ok(p->ctx, vt_safetensors_write(p->ctx, path, p->names, p->tensors, count, NULL));
}

/* A layer whose two outputs are zero. */
static inline int plant(void **state)
{
  static planted p;
  p = (planted){.ctx = vt_ctx_new()};
  snprintf(p.folder, sizeof p.folder, "/tmp/vitrail-sentence-XXXXXX");
  if (!p.ctx || !mkdtemp(p.folder)) return -1;
  for (int i = 0; i < WIDTH; i++) {
    for (int w = 0; w < PIECES; w++)
      words[w][i] = (float)vt_random_normal(3, 1, (uint64_t)(w * WIDTH + i));
    for (int w = 0; w < PLACES; w++)
      places[w][i] = (float)vt_random_normal(3, 2, (uint64_t)(w * WIDTH + i));
    kinds[0][i] = (float)(0.25 * i);
  }
  add_tensor(&p, "embeddings.word_embeddings.weight", PIECES, WIDTH, words[0], 0);
  add_tensor(&p, "embeddings.position_embeddings.weight", PLACES, WIDTH, places[0], 0);
  add_tensor(&p, "embeddings.token_type_embeddings.weight", 2, WIDTH, kinds[0], 0);
  add_tensor(&p, "embeddings.LayerNorm.weight", WIDTH, 0, NULL, 1);
  add_tensor(&p, "embeddings.LayerNorm.bias", WIDTH, 0, NULL, 0);
  add_tensor(&p, LAYER "attention.self.query.weight", WIDTH, WIDTH, NULL, 0.5f);
  add_tensor(&p, LAYER "attention.self.query.bias", WIDTH, 0, NULL, 0.25f);
  add_tensor(&p, LAYER "attention.self.key.weight", WIDTH, WIDTH, NULL, -0.5f);
  add_tensor(&p, LAYER "attention.self.key.bias", WIDTH, 0, NULL, 0);
  add_tensor(&p, LAYER "attention.self.value.weight", WIDTH, WIDTH, NULL, 1);
  add_tensor(&p, LAYER "attention.self.value.bias", WIDTH, 0, NULL, 1);
  add_tensor(&p, LAYER "attention.output.dense.weight", WIDTH, WIDTH, NULL, 0);
  add_tensor(&p, LAYER "attention.output.dense.bias", WIDTH, 0, NULL, 0);
  add_tensor(&p, LAYER "attention.output.LayerNorm.weight", WIDTH, 0, NULL, 1);
  add_tensor(&p, LAYER "attention.output.LayerNorm.bias", WIDTH, 0, NULL, 0);
  add_tensor(&p, LAYER "intermediate.dense.weight", HIDDEN, WIDTH, NULL, 1);
  add_tensor(&p, LAYER "intermediate.dense.bias", HIDDEN, 0, NULL, 1);
  add_tensor(&p, LAYER "output.dense.weight", WIDTH, HIDDEN, NULL, 0);
  add_tensor(&p, LAYER "output.dense.bias", WIDTH, 0, NULL, 0);
  add_tensor(&p, LAYER "output.LayerNorm.weight", WIDTH, 0, NULL, 1);
  add_tensor(&p, LAYER "output.LayerNorm.bias", WIDTH, 0, NULL, 0);
  write_tensors(&p, p.count);
  write_part(&p, "config.json", planted_config);
  write_part(&p, "vocab.txt", planted_vocabulary);
  *state = &p;
  return 0;
}

static inline int clear_planted(void **state)
{
  static const char *const parts[] = {"config.json", "vocab.txt", "model.safetensors"};
  const planted *p = *state;
  char path[128];
  for (size_t i = 0; i < VT_COUNT(parts); i++) {
    snprintf(path, sizeof path, "%s/%s", p->folder, parts[i]);
    unlink(path);
  }
  rmdir(p->folder);
  vt_ctx_free(p->ctx);
  return 0;
}

/* What the encoder must say of `count` token ids, before and after it is brought to length one: the mean of
 * the tokens' normalised vectors. Norms of what is normal already change it by 1e-12 or so. */
static inline void planted_answer(const int *ids, int count, double out[WIDTH])
{
  double length = 0;
  memset(out, 0, WIDTH * sizeof *out);
  for (int t = 0; t < count; t++) {
    double x[WIDTH], centre = 0, square = 0;
    for (int i = 0; i < WIDTH; i++) {
      x[i] = (double)words[ids[t]][i] + (double)places[t][i] + (double)kinds[0][i];
      centre += x[i] / WIDTH;
    }
    for (int i = 0; i < WIDTH; i++)
      square += (x[i] - centre) * (x[i] - centre) / WIDTH;
    for (int i = 0; i < WIDTH; i++)
      out[i] += (x[i] - centre) / sqrt(square) / count;
  }
  for (int i = 0; i < WIDTH; i++)
    length += out[i] * out[i];
  for (int i = 0; i < WIDTH; i++)
    out[i] /= sqrt(length);
}

#endif
