/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole training steps (forward, loss, all gradients, AdamW) of the models of src/nn, for bench/train.py:
 *
 *   train resnet 32 2       batch, threads
 *   train vit 32 2
 *   train gpt 32 2
 *
 * Reads numbers of steps, a line each, and answers milliseconds a step: of the clock, or of the processor
 * when PROCESSOR_TIME is set (one thread on a busy machine). At the end of input: the largest size of the
 * process in bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "nn/gpt.h"
#include "nn/loss.h"
#include "nn/optimiser.h"
#include "nn/resnet.h"
#include "nn/vit.h"

enum { SIDE = 64, CLASSES = 12, TOKENS = 128, VOCABULARY = 512 };

typedef struct bench {
  vt_ctx *ctx;
  vt_tape *tape;
  vt_parameters *parameters;
  const char *model;
  bool row_major;
  vt_tensor *x, *labels;
  int steps;
} bench;

static void check(const bench *b, vt_status status)
{
  if (status == VT_OK) return;
  fprintf(stderr, "bench: %s\n", vt_ctx_message(b->ctx));
  exit(1);
}

static vt_tensor *scores_of(const bench *b, vt_scope s)
{
  if (strcmp(b->model, "resnet") == 0) {
    vt_resnet_settings settings = {.stages = {{.width = 16},
                                              {.width = 32, .stride = 2, .blocks = 2},
                                              {.width = 64, .stride = 2, .blocks = 2},
                                              {.width = 96, .stride = 2}},
                                   .row_major = b->row_major};
    return vt_resnet(s, b->x, CLASSES, &settings);
  }
  if (strcmp(b->model, "vit") == 0) {
    vt_vit_settings settings = {.width = 128,
                                .layers = 4,
                                .patch = 8,
                                .rows = 8,
                                .columns = 8,
                                .classes = CLASSES,
                                .block = {.heads = 4}};
    vt_vit_outputs out;
    vt_vit(s, &settings, b->x, NULL, &out);
    return out.logits;
  }
  vt_gpt_settings settings = {
      .vocabulary = VOCABULARY, .width = 128, .layers = 4, .limit = TOKENS, .block = {.heads = 4}};
  return vt_gpt(s, &settings, &(vt_gpt_inputs){.ids = b->x});
}

static void step(bench *b)
{
  size_t mark = vt_tensor_mark(b->ctx);
  vt_run run = {.ctx = b->ctx, .parameters = b->parameters, .training = true, .step = (uint64_t)b->steps++};
  vt_run_begin(&run);
  vt_parameters_drop_gradients(b->parameters);
  vt_tape_start(b->ctx, b->tape);
  vt_tensor *loss =
      vt_cross_entropy(b->ctx, scores_of(b, vt_root(&run)), b->labels, -1, (vt_entropy_settings){0});
  vt_tape_stop(b->ctx);
  check(b, vt_ctx_status(b->ctx));
  check(b, vt_parameters_backward(b->ctx, b->parameters, b->tape, loss, 1));
  vt_tape_clear(b->tape);
  vt_optimiser_settings settings = vt_optimiser_default();
  check(b, vt_optimiser_step(b->ctx, b->parameters, &settings, 1e-4, NULL));
  vt_run_end(&run);
  vt_tensor_release(b->ctx, mark);
}

static void prepare(bench *b, int64_t batch)
{
  bool text = strcmp(b->model, "gpt") == 0;
  b->x = text ? vt_tensor_new(b->ctx, VT_I64, 2, (int64_t[]){batch, TOKENS})
              : vt_tensor_new(b->ctx, VT_F32, 4, (int64_t[]){batch, 3, SIDE, SIDE});
  b->labels = vt_tensor_new(b->ctx, VT_I64, text ? 2 : 1, (int64_t[]){batch, TOKENS});
  check(b, vt_ctx_status(b->ctx));
  for (int64_t i = 0; i < vt_count(b->labels); i++)
    ((int64_t *)b->labels->data)[i] = i * 7 % (text ? VOCABULARY : CLASSES);
  for (int64_t i = 0; i < vt_count(b->x); i++)
    if (text)
      ((int64_t *)b->x->data)[i] = i * 31 % VOCABULARY;
    else
      ((float *)b->x->data)[i] = (float)vt_random_normal(7, 0, (uint64_t)i);
}

static double now(void)
{
  struct timespec time;
  clock_gettime(getenv("PROCESSOR_TIME") ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(int count, char **arguments)
{
  if (count < 4) return 2;
  bench b = {.ctx = vt_ctx_new(), .model = arguments[1], .row_major = count > 4};
  if (!b.ctx) return 2;
  vt_ctx_set_threads(b.ctx, atoi(arguments[3]));
  vt_ctx_set_short_products(b.ctx, getenv("BF16") != NULL);
  check(&b, vt_tape_new(b.ctx, &b.tape));
  check(&b, vt_parameters_new(b.ctx, 1, &b.parameters));
  prepare(&b, atoll(arguments[2]));
  for (int i = 0; i < 3; i++)
    step(&b);
  char line[32];
  while (fgets(line, sizeof line, stdin)) {
    int steps = atoi(line);
    double start = now();
    for (int i = 0; i < steps; i++)
      step(&b);
    printf("%.4f\n", 1e3 * (now() - start) / steps);
    fflush(stdout);
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("%lld\n", 1024LL * (long long)usage.ru_maxrss);
  vt_parameters_free(b.parameters);
  vt_tape_free(b.tape);
  vt_ctx_free(b.ctx);
  return 0;
}
