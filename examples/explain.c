/* SPDX-License-Identifier: Apache-2.0
 *
 * The library from C: explain a function of your own, or an ONNX file. Built and run by the tests.
 *
 *   cc explain.c $(pkg-config --cflags --libs vitrail) && ./a.out [MODEL.onnx PHOTO]
 */
#include <stdio.h>

#include <vitrail/vitrail.h>

enum { SIDE = 32, HALF = SIDE / 2 };

/* A model that says "bright corner" the more, the brighter the upper left quarter is: two probabilities from
 * the first channel of a picture [3, SIDE, SIDE] in 0..1. */
static vt_status corner_model(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  (void)ctx;
  (void)user;
  for (int n = 0; n < count; n++) {
    float sum = 0;
    for (int y = 0; y < HALF; y++)
      for (int x = 0; x < HALF; x++)
        sum += inputs[(n * 3 * SIDE + y) * SIDE + x];
    outputs[2 * n] = sum / (HALF * HALF);
    outputs[2 * n + 1] = 1 - outputs[2 * n];
  }
  return VT_OK;
}

static vt_status open_subject(vt_ctx *ctx, int argc, char **argv, vt_model **model, vt_image **photo)
{
  if (argc == 3) {
    vt_status status = vt_model_open(ctx, argv[1], NULL, NULL, NULL, model);
    return status == VT_OK ? vt_image_read(ctx, argv[2], NULL, photo) : status;
  }
  vt_status status = vt_model_from_function(ctx, corner_model, NULL, 3, SIDE, SIDE, 2, false, model);
  if (status == VT_OK) status = vt_image_new(ctx, SIDE, SIDE, 3, photo);
  if (status == VT_OK)
    for (int i = 0; i < SIDE * SIDE * 3; i++)
      (*photo)->pixels[i] = 255;
  return status;
}

int main(int argc, char **argv)
{
  static const vt_option options[] = {{"regions", "grid:2x2"}, {"target", "0"}, {"pending", "2"}};
  vt_ctx *ctx = vt_ctx_new();
  vt_model *model = NULL;
  vt_image *photo = NULL;
  vt_attribution *result = NULL;
  if (!ctx) return 1;
  vt_status status = open_subject(ctx, argc, argv, &model, &photo);
  if (status == VT_OK) status = vt_attribute(ctx, model, photo, "lima", options, argc == 3 ? 0 : 3, &result);
  if (status == VT_OK) {
    int count;
    const int *order = vt_attribution_order(result, &count);
    const double *shown = vt_attribution_insertion(result), *removed = vt_attribution_deletion(result);
    for (int j = 0; j < count && j < 10; j++)
      printf("%2d. region %2d   shown %.4f   removed %.4f\n", j + 1, order[j], shown[j + 1], removed[j + 1]);
  } else {
    printf("%s: %s\n", vt_status_name(status), vt_ctx_message(ctx));
  }
  vt_attribution_free(result);
  vt_image_free(photo);
  vt_model_free(model);
  vt_ctx_free(ctx);
  return status != VT_OK;
}
