/* SPDX-License-Identifier: Apache-2.0
 *
 * One training step (forward, loss, gradients of all parameters) of a block of layers, for bench/blocks.py:
 *
 *   blocks cnn 32 64 32 last 2       channels, image side, batch, layout (last, rows), threads
 *   blocks vit 96 65 32 2            width, tokens, batch, threads
 *   blocks lm 128 256 8 2            the same, with a causal mask and a loss over 256 tokens
 *
 * Reads numbers of steps, a line each, and answers milliseconds a step: of the clock, or of the processor
 * when BLOCKS_PROCESSOR_TIME is set (one thread on a busy machine).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ops/layout.h"
#include "ops/tape.h"

enum { MOST_PARAMETERS = 128, MOST_SETTINGS = 512, SETTINGS_SIZE = 256 };

typedef struct bench {
  vt_ctx *ctx;
  vt_tape *tape;
  vt_tensor *parameters[MOST_PARAMETERS];
  int count, next; /* made; used in this step */
  _Alignas(16) unsigned char settings[MOST_SETTINGS][SETTINGS_SIZE];
  const vt_op *ops[MOST_SETTINGS];
  int calls, made_calls; /* of this step; with settings made */
} bench;

static void check(const bench *b, bool ok)
{
  if (ok) return;
  fprintf(stderr, "bench: %s\n", vt_ctx_message(b->ctx));
  exit(1);
}

#define SHAPE(...)                                                                                           \
  (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[])                               \
  {                                                                                                          \
    __VA_ARGS__                                                                                              \
  }

static vt_tensor *random_tensor(const bench *b, double size, int rank, const int64_t *dims)
{
  vt_tensor *tensor = vt_tensor_new(b->ctx, VT_F32, rank, dims);
  check(b, tensor != NULL);
  for (int64_t i = 0; i < vt_count(tensor); i++)
    ((float *)tensor->data)[i] =
        (float)(size * (2 * vt_random_uniform(7, (uint64_t)b->count, (uint64_t)i) - 1));
  return tensor;
}

/* The next parameter, made in the first step. */
static vt_tensor *parameter(bench *b, double size, int rank, const int64_t *dims)
{
  if (b->next == b->count) {
    check(b, b->count < MOST_PARAMETERS);
    vt_tensor *fresh = random_tensor(b, size, rank, dims);
    b->parameters[b->count++] = vt_tensor_keep(b->ctx, fresh);
  }
  vt_tensor *tensor = b->parameters[b->next++];
  check(b, vt_tape_watch(b->ctx, b->tape, tensor) == VT_OK);
  return tensor;
}

/* Attributes "name=value;name=value" are read in the first step only. */
static vt_tensor *call(bench *b, const char *name, const char *attributes, int count, vt_tensor **inputs)
{
  int number = b->calls++;
  check(b, number < MOST_SETTINGS);
  if (number == b->made_calls) {
    const vt_op *op = b->ops[number] = vt_op_find(NULL, name);
    check(b, op && op->attributes_size <= SETTINGS_SIZE);
    check(b, vt_params_defaults(b->ctx, op->fields, op->field_count, b->settings[number],
                                op->attributes_size) == VT_OK);
    char text[256];
    snprintf(text, sizeof text, "%s", attributes);
    for (char *rest = text, *piece; (piece = strsep(&rest, ";")) && *piece;) {
      char *value = strchr(piece, '=');
      *value++ = 0;
      check(b,
            vt_params_set(b->ctx, op->fields, op->field_count, b->settings[number], piece, value) == VT_OK);
    }
    b->made_calls++;
  }
  vt_tensor *output = NULL;
  check(b, vt_apply(b->ctx, b->ops[number], b->settings[number], "", count, inputs, 1, &output) == VT_OK);
  return output;
}
#define CALL(name, attributes, ...)                                                                          \
  call(b, name, attributes, (int)(sizeof((vt_tensor *[]){__VA_ARGS__}) / sizeof(vt_tensor *)),               \
       (vt_tensor *[]){__VA_ARGS__})

static vt_tensor *integers(const bench *b, int count, const int64_t *values)
{
  int64_t dims[] = {count};
  vt_tensor *tensor = vt_tensor_new(b->ctx, VT_I64, 1, dims);
  check(b, tensor != NULL);
  memcpy(tensor->data, values, sizeof *values * (size_t)count);
  return tensor;
}

/* ---- blocks ---- */

static vt_tensor *convolution(bench *b, vt_tensor *x, int64_t channels)
{
  vt_tensor *w = parameter(b, 0.1, SHAPE(channels, channels, 3, 3));
  vt_tensor *y = CALL("Conv", "pads=1,1,1,1", x, w);
  vt_tensor *scale = parameter(b, 1, SHAPE(channels)), *bias = parameter(b, 1, SHAPE(channels));
  vt_tensor *mean = random_tensor(b, 1, SHAPE(channels)), *variance = random_tensor(b, 1, SHAPE(channels));
  for (int64_t c = 0; c < channels; c++)
    ((float *)variance->data)[c] = 1;
  return CALL("BatchNormalization", "training_mode=1", y, scale, bias, mean, variance);
}

/* Two residual blocks, global average, linear classifier. */
static vt_tensor *cnn(bench *b, vt_tensor *x, int64_t channels, vt_tensor *labels)
{
  for (int block = 0; block < 2; block++) {
    vt_tensor *inner = CALL("Relu", "", convolution(b, x, channels));
    x = CALL("Relu", "", CALL("Add", "", convolution(b, inner, channels), x));
  }
  x = CALL("Flatten", "", CALL("GlobalAveragePool", "", x));
  vt_tensor *w = parameter(b, 0.1, SHAPE(10, channels)), *bias = parameter(b, 0.1, SHAPE(10));
  return CALL("SoftmaxCrossEntropyLoss", "", CALL("Gemm", "transB=1", x, w, bias), labels);
}

static vt_tensor *norm(bench *b, vt_tensor *x, int64_t width)
{
  vt_tensor *scale = parameter(b, 1, SHAPE(width)), *bias = parameter(b, 1, SHAPE(width));
  return CALL("LayerNormalization", "", x, scale, bias);
}

static vt_tensor *linear(bench *b, vt_tensor *x, int64_t from, int64_t to)
{
  vt_tensor *w = parameter(b, 0.1, SHAPE(to, from)), *bias = parameter(b, 0.1, SHAPE(to));
  return CALL("Gemm", "transB=1", x, w, bias);
}

/* x: [batch · tokens, width] */
static vt_tensor *attention(bench *b, vt_tensor *x, int64_t width, int64_t tokens, int64_t batch,
                            vt_tensor *mask)
{
  int64_t heads = width / 32;
  vt_tensor *part[3];
  for (int i = 0; i < 3; i++) {
    vt_tensor *flat = linear(b, x, width, width);
    vt_tensor *split = CALL("Reshape", "", flat, integers(b, SHAPE(batch, tokens, heads, 32)));
    part[i] = CALL("Transpose", i == 1 ? "perm=0,2,3,1" : "perm=0,2,1,3", split);
  }
  vt_tensor *factor = vt_tensor_new(b->ctx, VT_F32, 0, NULL);
  check(b, factor != NULL);
  *(float *)factor->data = 0.17677669f;
  vt_tensor *scores = CALL("Mul", "", CALL("MatMul", "", part[0], part[1]), factor);
  if (mask) scores = CALL("Add", "", scores, mask);
  vt_tensor *mixed = CALL("MatMul", "", CALL("Softmax", "axis=-1", scores), part[2]);
  vt_tensor *joined = CALL("Reshape", "", CALL("Transpose", "perm=0,2,1,3", mixed),
                           integers(b, SHAPE(batch * tokens, width)));
  return linear(b, joined, width, width);
}

/* Two pre-norm blocks and a classifier of each token. */
static vt_tensor *transformer(bench *b, vt_tensor *x, int64_t width, int64_t tokens, int64_t batch,
                              vt_tensor *mask, int64_t classes, vt_tensor *labels)
{
  for (int block = 0; block < 2; block++) {
    x = CALL("Add", "", x, attention(b, norm(b, x, width), width, tokens, batch, mask));
    vt_tensor *inner = CALL("Gelu", "", linear(b, norm(b, x, width), width, 4 * width));
    x = CALL("Add", "", x, linear(b, inner, 4 * width, width));
  }
  return CALL("SoftmaxCrossEntropyLoss", "", linear(b, norm(b, x, width), width, classes), labels);
}

/* ---- steps ---- */

typedef struct setting {
  bool cnn, causal, last;
  int64_t width, size, batch, classes;
  vt_tensor *x, *labels, *mask;
} setting;

static void step(bench *b, const setting *s)
{
  size_t mark = vt_tensor_mark(b->ctx);
  b->next = b->calls = 0;
  vt_tape_clear(b->tape);
  vt_tape_start(b->ctx, b->tape);
  vt_tensor *x = s->last ? vt_channels_last(b->ctx, s->x) : s->x;
  vt_tensor *loss = s->cnn ? cnn(b, x, s->width, s->labels)
                           : transformer(b, x, s->width, s->size, s->batch, s->mask, s->classes, s->labels);
  vt_tape_stop(b->ctx);
  vt_tensor *seed = vt_tensor_new(b->ctx, VT_F32, 0, NULL);
  check(b, seed != NULL);
  *(float *)seed->data = 1;
  check(b, vt_tape_backward(b->ctx, b->tape, &loss, &seed, 1, NULL) == VT_OK);
  vt_tensor_release(b->ctx, mark);
}

static void prepare(const bench *b, setting *s)
{
  int64_t rows = s->cnn ? s->batch : s->batch * s->size;
  s->classes = s->causal ? 256 : 10;
  s->x = s->cnn ? random_tensor(b, 1, SHAPE(s->batch, s->width, s->size, s->size))
                : random_tensor(b, 1, SHAPE(rows, s->width));
  s->labels = vt_tensor_new(b->ctx, VT_I64, 1, &rows);
  check(b, s->labels != NULL);
  for (int64_t i = 0; i < rows; i++)
    ((int64_t *)s->labels->data)[i] = i * 7 % s->classes;
  if (!s->causal) return;
  s->mask = random_tensor(b, 0, SHAPE(s->size, s->size));
  for (int64_t i = 0; i < s->size * s->size; i++)
    ((float *)s->mask->data)[i] = i % s->size > i / s->size ? -1e9f : 0;
}

static double now(void)
{
  struct timespec time;
  clock_gettime(getenv("BLOCKS_PROCESSOR_TIME") ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(int count, char **arguments)
{
  bench *b = calloc(1, sizeof *b);
  if (!b || count < 6) return 2;
  b->ctx = vt_ctx_new();
  if (!b->ctx) return 2;
  setting s = {.cnn = strcmp(arguments[1], "cnn") == 0,
               .causal = strcmp(arguments[1], "lm") == 0,
               .width = atoll(arguments[2]),
               .size = atoll(arguments[3]),
               .batch = atoll(arguments[4])};
  s.last = s.cnn && strcmp(arguments[5], "last") == 0;
  vt_ctx_set_threads(b->ctx, atoi(arguments[count - 1]));
  check(b, vt_tape_new(b->ctx, &b->tape) == VT_OK);
  prepare(b, &s);
  for (int i = 0; i < 3; i++)
    step(b, &s);
  char line[32];
  while (fgets(line, sizeof line, stdin)) {
    int steps = atoi(line);
    double start = now();
    for (int i = 0; i < steps; i++)
      step(b, &s);
    printf("%.4f\n", 1e3 * (now() - start) / steps);
    fflush(stdout);
  }
  for (int i = 0; i < b->count; i++)
    vt_tensor_free(b->parameters[i]);
  vt_tape_free(b->tape);
  vt_ctx_free(b->ctx);
  free(b);
  return 0;
}
