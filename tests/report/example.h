/* SPDX-License-Identifier: Apache-2.0
 *
 * An explanation by hand: a 12×8 input in four columns, seen in a photograph of 60×50.
 */
#ifndef VT_TESTS_REPORT_EXAMPLE_H
#define VT_TESTS_REPORT_EXAMPLE_H

#include <math.h>

#include "explain/method.h"
#include "report/report.h"
#include "test.h"

enum { WIDTH = 12, HEIGHT = 8, COLUMNS = 4, PHOTO_WIDTH = 60, PHOTO_HEIGHT = 50 };

typedef struct example {
  vt_ctx *ctx;
  vt_model *model;
  vt_regions *regions;
  vt_image *photo, *picture;
  vt_explanation *explanation;
  vt_report report;
} example;

static vt_status answer_nothing(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  (void)ctx;
  (void)user;
  (void)inputs;
  for (int i = 0; i < 3 * count; i++)
    outputs[i] = 0.0f;
  return VT_OK;
}

static const vt_method example_method = {
    .id = "by-hand", .title = "By hand", .summary = "Made up.", .citation = "none"};

/* The input lies at photo (6, 5) with 4 photo pixels to one of its pixels. Column c has value `values[c]`. */
static void example_open(example *made, const float values[COLUMNS])
{
  static const vt_class_score top[2] = {{1, 0.75}, {0, 0.2}};
  *made = (example){.ctx = vt_ctx_new()};
  vt_ctx *ctx = made->ctx;
  int32_t labels[HEIGHT * WIDTH];
  for (int i = 0; i < HEIGHT * WIDTH; i++)
    labels[i] = i % WIDTH / (WIDTH / COLUMNS);
  assert_ok(ctx, vt_regions_from_labels(ctx, labels, HEIGHT, WIDTH, &made->regions));
  assert_ok(ctx, vt_model_from_function(ctx, answer_nothing, NULL, 3, HEIGHT, WIDTH, 3, true, &made->model));
  assert_ok(ctx, vt_image_new(ctx, PHOTO_WIDTH, PHOTO_HEIGHT, 3, &made->photo));
  for (int i = 0; i < PHOTO_WIDTH * PHOTO_HEIGHT * 3; i++)
    made->photo->pixels[i] = 200;
  assert_ok(ctx, vt_image_new(ctx, WIDTH, HEIGHT, 3, &made->picture));
  assert_ok(ctx, vt_explanation_new(ctx, &made->explanation));
  vt_explanation *explanation = made->explanation;
  explanation->model = made->model;
  explanation->picture = made->picture;
  explanation->method = &example_method;
  explanation->target = 1;
  explanation->target_name = vt_strdup(ctx, "</script><b>\"cat\" & dog");
  explanation->full = 0.75;
  explanation->blank = 0.05;
  explanation->predicted = 1;
  assert_ok(ctx, vt_explanation_ranking(ctx, explanation, made->regions, false));
  static const int order[COLUMNS] = {2, 0, 3, 1};
  static const double insertion[COLUMNS + 1] = {0.05, 0.5, 0.7, 0.8, 0.75},
                                          deletion[COLUMNS + 1] = {0.75, 0.3, 0.2, 0.1, 0.05};
  memcpy(explanation->order, order, sizeof order);
  memcpy(explanation->insertion, insertion, sizeof insertion);
  memcpy(explanation->deletion, deletion, sizeof deletion);
  for (int i = 0; i <= COLUMNS; i++)
    explanation->areas[i] = 0.25 * i;
  explanation->known = COLUMNS;
  explanation->insertion_auc = 0.6;
  explanation->deletion_auc = 0.25;
  explanation->keep = (vt_subset_size){2, 0.5, 0.7};
  explanation->best = (vt_subset_size){3, 0.75, 0.8};
  explanation->flip = (vt_subset_size){-1, NAN, NAN};
  explanation->violation_rate = NAN;
  if (!explanation->saliency) explanation->saliency = vt_alloc_zero(ctx, HEIGHT * WIDTH, sizeof(float));
  for (int i = 0; i < HEIGHT * WIDTH; i++)
    explanation->saliency[i] = values[labels[i]];
  made->report = (vt_report){.explanation = explanation,
                             .photo = made->photo,
                             .placement = {4, 4, 6, 5, PHOTO_WIDTH, PHOTO_HEIGHT},
                             .photo_name = "photo.jpg",
                             .model_name = "model.onnx",
                             .top = top,
                             .top_count = 2};
}

static void example_close(example *made)
{
  vt_explanation_free(made->explanation);
  vt_image_free(made->picture);
  vt_image_free(made->photo);
  vt_model_free(made->model);
  vt_regions_free(made->regions);
  vt_ctx_free(made->ctx);
}

#endif
