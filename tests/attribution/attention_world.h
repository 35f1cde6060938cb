/* SPDX-License-Identifier: Apache-2.0
 *
 * Small transformers whose attention is known: scores are the logarithm of a given pattern plus a product of
 * queries and keys that may be switched off, values are the tokens themselves, nothing is normalised.
 *
 *   x [1, T, D] → one or two blocks of x + concat(A_h · x_h) → a token, or the mean → · head [D, K] + offset
 */
#ifndef VT_TESTS_ATTENTION_WORLD_H
#define VT_TESTS_ATTENTION_WORLD_H

#include <math.h>

#include "attribution/attribute_arrays.h"
#include "graph/builder.h"

enum { TOKENS = 5, HEADS = 2, EACH = 2, WIDTH = HEADS * EACH, CLASSES = 3 };

typedef double attention_pattern[HEADS][TOKENS][TOKENS];

typedef struct attention_world {
  vt_ctx *ctx;
  builder b;
  vt_tensor *x;
  double head[WIDTH][CLASSES];
} attention_world;

typedef enum attention_layout { FOUR_AXES, MERGED_HEADS, KEYS_TRANSPOSED, IN_WINDOWS } attention_layout;

typedef struct attention_options {
  int blocks;
  const attention_pattern *patterns; /* [blocks]; NULL: by queries and keys, which are the tokens */
  attention_layout layout;
  int read;       /* token that the head reads; −1: the mean */
  bool one_class; /* the head sees class 0 only, and class 1 is always 1 */
} attention_options;

static inline const char *numbered(const char *names, int block)
{
  static char buffers[4][256];
  static int next;
  char *out = buffers[next++ % 4], *at = out;
  for (; *names; names++)
    if (*names == '#')
      *at++ = (char)('0' + block);
    else
      *at++ = *names;
  *at = 0;
  return out;
}

static inline void attention_scores(builder *b, const attention_pattern *pattern, bool merged, int block)
{
  float bias[HEADS * TOKENS * TOKENS];
  for (int i = 0; i < HEADS * TOKENS * TOKENS; i++) {
    double p = pattern ? (&(*pattern)[0][0][0])[i] : 1;
    bias[i] = p > 0 ? (float)log(p) : -1e4f;
  }
  const int64_t dims[] = {1, HEADS, TOKENS, TOKENS};
  builder_constant(b, numbered("bias#", block), VT_F32, merged ? 3 : 4, merged ? dims + 1 : dims, bias);
  builder_scalar(b, numbered("scale#", block), pattern ? 0 : 0.7f);
  builder_node(b, "Mul", numbered("dots# scale#", block), numbered("scaled#", block), NULL);
  builder_node(b, "Add", numbered("scaled# bias#", block), numbered("scores#", block), NULL);
}

static inline void attention_block(builder *b, const attention_options *options, int n)
{
  static const char *const split[] = {"q", "k", "v"};
  bool merged = options->layout == MERGED_HEADS;
  for (int i = 0; i < 3; i++) {
    char in[32], laid[32];
    bool keys = i == 1 && options->layout == KEYS_TRANSPOSED;
    snprintf(in, sizeof in, "x%d split", n);
    snprintf(laid, sizeof laid, "%s_laid%d", split[i], n);
    builder_node(b, "Reshape", in, laid, NULL);
    char out[32];
    snprintf(out, sizeof out, "%s%d", split[i], n);
    builder_node(b, "Transpose", laid, out, merged ? "perm=1,0,2" : keys ? "perm=0,2,3,1" : "perm=0,2,1,3");
  }
  if (options->layout == KEYS_TRANSPOSED) {
    builder_node(b, "MatMul", numbered("q# k#", n), numbered("dots#", n), NULL);
  } else {
    builder_node(b, "Transpose", numbered("k#", n), numbered("kt#", n),
                 merged ? "perm=0,2,1" : "perm=0,1,3,2");
    builder_node(b, "MatMul", numbered("q# kt#", n), numbered("dots#", n), NULL);
  }
  if (options->layout != IN_WINDOWS)
    attention_scores(b, options->patterns ? &options->patterns[n] : NULL, merged, n);
  builder_node(b, "Softmax", numbered(options->layout == IN_WINDOWS ? "dots#" : "scores#", n),
               numbered("pattern#", n), "axis=-1");
  builder_node(b, "MatMul", numbered("pattern# v#", n), numbered("z#", n), NULL);
  builder_node(b, "Transpose", numbered("z#", n), numbered("back#", n),
               merged ? "perm=1,0,2" : "perm=0,2,1,3");
  builder_node(b, "Reshape", numbered("back# join", n), numbered("joined#", n), NULL);
  builder_node(b, "MatMul", numbered("joined# project", n), numbered("attended#", n), NULL);
  char out[32];
  snprintf(out, sizeof out, "x%d", n + 1);
  builder_node(b, "Add", numbered("x# attended#", n), out, NULL);
}

static inline void attention_open(attention_world *w, const attention_options *options)
{
  *w = (attention_world){.ctx = vt_ctx_new()};
  builder *b = &w->b;
  float identity[WIDTH * WIDTH] = {0}, head[WIDTH * CLASSES];
  builder_init(b, w->ctx);
  builder_input(b, "x0", VT_F32, 3, DIMS(1, TOKENS, WIDTH));
  if (options->layout == MERGED_HEADS)
    builder_ints(b, "split", 3, DIMS(TOKENS, HEADS, EACH));
  else if (options->layout == IN_WINDOWS) /* one token in each */
    builder_ints(b, "split", 4, DIMS(TOKENS, 1, HEADS, EACH));
  else
    builder_ints(b, "split", 4, DIMS(1, TOKENS, HEADS, EACH));
  builder_ints(b, "join", 3, DIMS(1, TOKENS, WIDTH));
  for (int i = 0; i < WIDTH; i++)
    identity[i * WIDTH + i] = 1;
  builder_constant(b, "project", VT_F32, 2, DIMS(WIDTH, WIDTH), identity);
  for (int n = 0; n < options->blocks; n++)
    attention_block(b, options, n);
  char last[16];
  snprintf(last, sizeof last, "x%d", options->blocks);
  if (options->read < 0) {
    builder_ints(b, "axes", 1, DIMS(1));
    char in[32];
    snprintf(in, sizeof in, "%s axes", last);
    builder_node(b, "ReduceMean", in, "pooled", "keepdims=0");
  } else {
    int64_t read = options->read;
    builder_constant(b, "read", VT_I64, 0, NULL, &read);
    char in[32];
    snprintf(in, sizeof in, "%s read", last);
    builder_node(b, "Gather", in, "pooled", "axis=1");
  }
  for (int i = 0; i < WIDTH * CLASSES; i++) {
    head[i] = (float)vt_random_normal(3, vt_stream("head", 0), (uint64_t)i);
    if (options->one_class && i % CLASSES != 0) head[i] = 0;
    w->head[i / CLASSES][i % CLASSES] = (double)head[i];
  }
  builder_constant(b, "head", VT_F32, 2, DIMS(WIDTH, CLASSES), head);
  builder_constant(b, "offset", VT_F32, 1, DIMS(CLASSES), (const float[CLASSES]){0, options->one_class, 0});
  builder_node(b, "MatMul", "pooled head", "raw", NULL);
  builder_node(b, "Add", "raw offset", "logits", NULL);
  builder_output(b, "logits");
  assert_non_null(w->x = vt_tensor_new(w->ctx, VT_F32, 3, DIMS(1, TOKENS, WIDTH)));
  for (int i = 0; i < TOKENS * WIDTH; i++)
    ((float *)w->x->data)[i] = (float)vt_random_normal(4, vt_stream("tokens", 0), (uint64_t)i);
}

static inline void attention_close(attention_world *w)
{
  builder_free(&w->b);
  vt_ctx_free(w->ctx);
}

static inline double token_at(const attention_world *w, int token, int head, int channel)
{
  return vt_get_f64(w->x, token * WIDTH + head * EACH + channel);
}

typedef union attention_settings {
  unsigned char bytes[512];
  double aligned;
} attention_settings;

/* Defaults with options "name=value" of the method or the request, which NULL ends. */
static inline void attention_options_read(vt_ctx *ctx, const vt_method *method, const char *const *options,
                                          attention_settings *settings, vt_request *request)
{
  assert_non_null(method);
  assert_ok(ctx, vt_params_defaults(ctx, method->fields, method->field_count, settings, sizeof *settings));
  assert_ok(ctx,
            vt_params_defaults(ctx, vt_request_fields, vt_request_field_count, request, sizeof *request));
  for (; options && *options; options++) {
    char text[256];
    snprintf(text, sizeof text, "%s", *options);
    char *equals = strchr(text, '=');
    *equals = 0;
    if (vt_params_find(vt_request_fields, vt_request_field_count, text))
      assert_ok(ctx,
                vt_params_set(ctx, vt_request_fields, vt_request_field_count, request, text, equals + 1));
    else
      assert_ok(ctx, vt_params_set(ctx, method->fields, method->field_count, settings, text, equals + 1));
  }
}

static inline void attention_options_free(const vt_method *method, attention_settings *settings,
                                          vt_request *request)
{
  vt_params_free(method->fields, method->field_count, settings);
  vt_params_free(vt_request_fields, vt_request_field_count, request);
}

static inline vt_status attention_try(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs,
                                      const vt_array_request *arrays, const char *id,
                                      const char *const *options, vt_explanation **out)
{
  const vt_method *method = vt_method_find(&vt_methods, id);
  attention_settings settings;
  vt_request request;
  attention_options_read(ctx, method, options, &settings, &request);
  vt_status status = vt_attribute_arrays(ctx, graph, inputs, method, &settings, &request, arrays, out);
  attention_options_free(method, &settings, &request);
  return status;
}

static inline vt_explanation *attention_run(attention_world *w, const char *id, const char *const *options)
{
  vt_explanation *explanation;
  const vt_array_request arrays = {.output = "logits"};
  assert_ok(w->ctx, attention_try(w->ctx, &w->b.graph, &w->x, &arrays, id, options, &explanation));
  assert_int_equal(explanation->native_rank, 2);
  assert_int_equal(explanation->native_dims[0], 1);
  assert_int_equal(explanation->native_dims[1], TOKENS);
  assert_int_equal(explanation->attribution_rank, 2);
  return explanation;
}

#endif
