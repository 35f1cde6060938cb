/* SPDX-License-Identifier: Apache-2.0
 *
 * A text in colours as a picture.
 */
#include <math.h>

#include "explain/method.h"
#include "report/canvas.h"
#include "report/colour.h"
#include "report/tokens.h"

enum { WIDTH = 900, MARGIN = 24, SIZE = 22, LINE = 44, PAD = 6, GAP = 4, MOST_LINES = 400 };

typedef struct flow {
  cairo_t *canvas;
  const vt_explanation *explanation;
  const vt_tokens *tokens;
  double largest; /* value of full colour */
  double x, y;    /* where the next place begins; y of the line's top */
  bool draw;
} flow;

/* What is written of place i: pieces that go on with a word stand close to it. */
static const char *label_of(const flow *f, int i, char number[32], bool *joined)
{
  const char *label = f->tokens->labels ? f->tokens->labels[i] : NULL;
  *joined = label && strncmp(label, "##", 2) == 0;
  if (label) return *joined ? label + 2 : label;
  snprintf(number, 32, "%d", i);
  return number;
}

static void put_place(flow *f, int i)
{
  char number[32];
  bool joined;
  const char *label = label_of(f, i, number, &joined);
  double width = vt_canvas_text_width(f->canvas, SIZE, false, label) + 2 * PAD;
  if (f->x + width > WIDTH - MARGIN && f->x > MARGIN) {
    f->x = MARGIN;
    f->y += LINE;
  } else if (joined) {
    f->x -= GAP;
  }
  double value = (double)f->explanation->saliency[i];
  if (f->draw) {
    uint8_t rgb[3];
    double position = f->largest > 0 ? 0.5 + 0.5 * value / f->largest : 0.5;
    const vt_colour_map *map = vt_colour_map_find("blue-white-red");
    if (map) {
      vt_colour_at(map, position, rgb);
      cairo_set_source_rgb(f->canvas, rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0);
      cairo_rectangle(f->canvas, f->x, f->y, width, LINE - 10);
      cairo_fill(f->canvas);
    }
    double dark = fabs(value) > 0.7 * f->largest && f->largest > 0 ? 1 : 0.05;
    cairo_set_source_rgb(f->canvas, dark, dark, dark);
    vt_canvas_text(f->canvas, f->x + PAD, f->y + 0.68 * (LINE - 10), SIZE, VT_ALIGN_LEFT, false, label);
  }
  f->x += width + GAP;
}

static void put_all(flow *f)
{
  char full[32], largest[32], note[256];
  f->x = MARGIN;
  f->y = MARGIN;
  for (int i = 0; i < f->tokens->count; i++)
    put_place(f, i);
  f->y += LINE + 10;
  if (!f->draw) return;
  snprintf(note, sizeof note, "%s, %s %s; red speaks for it, blue against; full colour is %s",
           f->explanation->method ? f->explanation->method->id : "", vt_score_name(f->explanation->score),
           vt_number_text(f->explanation->full, full), vt_number_text(f->largest, largest));
  cairo_set_source_rgb(f->canvas, 0.35, 0.35, 0.35);
  vt_canvas_text(f->canvas, MARGIN, f->y, 0.62 * SIZE, VT_ALIGN_LEFT, false, note);
}

/* A white picture of `height` rows as a canvas. */
static vt_status white_canvas(vt_ctx *ctx, int height, cairo_t **out)
{
  vt_image *image;
  VT_TRY(vt_image_new(ctx, WIDTH, height, 3, &image));
  memset(image->pixels, 255, (size_t)WIDTH * (size_t)height * 3);
  *out = vt_canvas_new(ctx, image);
  vt_image_free(image);
  return *out ? VT_OK : vt_ctx_status(ctx);
}

static vt_status draw(vt_ctx *ctx, flow *f, vt_image **out)
{
  VT_TRY(white_canvas(ctx, LINE, &f->canvas)); /* to measure on */
  put_all(f);
  cairo_destroy(f->canvas);
  if (f->y > (double)MOST_LINES * LINE)
    return vt_fail(ctx, VT_ERROR_LIMIT, "a text of more than %d lines is too long for a picture", MOST_LINES);
  VT_TRY(white_canvas(ctx, (int)f->y + MARGIN, &f->canvas));
  f->draw = true;
  put_all(f);
  vt_status status = vt_canvas_image(ctx, f->canvas, out);
  cairo_destroy(f->canvas);
  return status;
}

vt_status vt_tokens_write_picture(vt_ctx *ctx, const vt_explanation *explanation, const vt_tokens *tokens,
                                  bool force, const char *path)
{
  flow f = {.explanation = explanation, .tokens = tokens};
  vt_image *image = NULL;
  if (!force && vt_file_exists(path))
    return vt_fail(ctx, VT_ERROR_EXISTS, "%s exists; choose another name, or overwrite with --force", path);
  for (int i = 0; i < tokens->count; i++)
    f.largest = fmax(f.largest, fabs((double)explanation->saliency[i]));
  VT_TRY(draw(ctx, &f, &image));
  vt_status status = vt_image_write_png(ctx, image, path, NULL);
  vt_image_free(image);
  return status;
}
