/* SPDX-License-Identifier: Apache-2.0 */
#include "report/svg.h"

#include <cairo-svg.h>
#include <math.h>
#include <stdlib.h>

vt_plot_axis vt_nice_axis(double low, double high)
{
  if (!(high > low)) {
    low -= 0.5;
    high += 0.5;
  }
  double raw = (high - low) / 5, power = pow(10, floor(log10(raw))), step = power;
  if (raw / power > 5)
    step = 10 * power;
  else if (raw / power > 2)
    step = 5 * power;
  else if (raw / power > 1)
    step = 2 * power;
  return (vt_plot_axis){step * floor(low / step + 1e-9), step * ceil(high / step - 1e-9), step};
}

/* cairo numbers its surfaces over the life of the process and writes that number as an id; here they count
 * from 0 in each document, so that the same curves are the same bytes. */
static void add_renumbered(vt_ctx *ctx, const char *svg, vt_text *out)
{
  enum { MOST = 64 };
  static const char word[] = "surface";
  int64_t seen[MOST];
  int count = 0;
  for (const char *at = svg, *found; *at; at = found) {
    found = strstr(at, word);
    if (!found) {
      vt_text_add(ctx, out, at);
      return;
    }
    found += strlen(word);
    vt_text_add_bytes(ctx, out, at, (size_t)(found - at));
    size_t digits = strspn(found, "0123456789");
    if (digits == 0) continue;
    int64_t number = strtoll(found, NULL, 10);
    int place = 0;
    while (place < count && seen[place] != number)
      place++;
    if (place == count && count < MOST) seen[count++] = number;
    vt_text_addf(ctx, out, "%d", place);
    found += digits;
  }
}

typedef struct sink {
  vt_ctx *ctx;
  vt_text text;
} sink;

static cairo_status_t take(void *user, const unsigned char *bytes, unsigned int count)
{
  sink *to = user;
  vt_text_add_bytes(to->ctx, &to->text, bytes, count);
  return to->text.failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

vt_status vt_svg_draw(vt_ctx *ctx, int width, int height, void (*draw)(cairo_t *canvas, const void *user),
                      const void *user, char **out, size_t *size)
{
  *out = NULL;
  *size = 0;
  sink to = {ctx, {0}};
  cairo_surface_t *surface = cairo_svg_surface_create_for_stream(take, &to, width, height);
  cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
  cairo_t *canvas = cairo_create(surface);
  draw(canvas, user);
  cairo_status_t drawn = cairo_status(canvas);
  cairo_destroy(canvas);
  cairo_surface_finish(surface);
  if (drawn == CAIRO_STATUS_SUCCESS) drawn = cairo_surface_status(surface);
  cairo_surface_destroy(surface);
  if (drawn != CAIRO_STATUS_SUCCESS) {
    vt_text_free(&to.text);
    return vt_fail(ctx, VT_ERROR_RUNTIME, "drawing an SVG picture failed: %s", cairo_status_to_string(drawn));
  }
  vt_text text = {0};
  add_renumbered(ctx, to.text.data ? to.text.data : "", &text);
  vt_text_free(&to.text);
  if (text.failed) {
    vt_text_free(&text);
    return vt_ctx_status(ctx);
  }
  *out = text.data;
  *size = text.length;
  return VT_OK;
}
