/* SPDX-License-Identifier: Apache-2.0
 *
 * The template with its holes filled. Text goes through HTML escapes; the JSON block must not end the script
 * element, so every '<' in it is written as an escape.
 */
#include "report/page.h"

#include "data/picture.h"
#include <glib.h>

/* Longer side of the photograph inside the page; the pictures beside the page have full size. */
enum { SHOWN_SIDE = 1280, JPEG_QUALITY = 88 };

void vt_text_add_base64(vt_ctx *ctx, vt_text *text, const void *bytes, size_t count)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const uint8_t *from = bytes;
  char block[4096];
  size_t filled = 0;
  for (size_t i = 0; i < count; i += 3) {
    size_t left = count - i;
    uint32_t group =
        (uint32_t)from[i] << 16 | (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) | (left > 2 ? from[i + 2] : 0);
    block[filled++] = digits[group >> 18];
    block[filled++] = digits[group >> 12 & 63];
    block[filled++] = left > 1 ? digits[group >> 6 & 63] : '=';
    block[filled++] = left > 2 ? digits[group & 63] : '=';
    if (filled == sizeof block) {
      vt_text_add_bytes(ctx, text, block, filled);
      filled = 0;
    }
  }
  vt_text_add_bytes(ctx, text, block, filled);
}

void vt_page_add_escaped(vt_ctx *ctx, vt_text *text, const char *piece)
{
  char *valid = g_utf8_make_valid(piece, -1); /* names of files may hold any bytes */
  for (const char *c = valid; *c; c++)
    if (*c == '<')
      vt_text_add(ctx, text, "&lt;");
    else if (*c == '&')
      vt_text_add(ctx, text, "&amp;");
    else if (*c == '"')
      vt_text_add(ctx, text, "&quot;");
    else
      vt_text_add_bytes(ctx, text, c, 1);
  g_free(valid);
}

vt_status vt_page_add_json(vt_ctx *ctx, vt_text *text, const json_t *data)
{
  char *json = NULL;
  VT_TRY(vt_json_text(ctx, data, &json));
  for (const char *start = json; *start;) {
    size_t length = strcspn(start, "<");
    vt_text_add_bytes(ctx, text, start, length);
    start += length;
    if (*start) {
      vt_text_add(ctx, text, "\\u003c");
      start++;
    }
  }
  vt_free(json);
  return VT_OK;
}

static vt_status add_data(vt_ctx *ctx, const vt_report *report, const vt_view *scene, vt_text *text)
{
  json_t *data = NULL;
  VT_TRY(vt_page_data(ctx, report, scene, &data));
  vt_status status = vt_page_add_json(ctx, text, data);
  json_decref(data);
  return status;
}

static vt_status add_photo(vt_ctx *ctx, const vt_image *photo, vt_text *text)
{
  vt_image *smaller = NULL;
  int side = photo->width > photo->height ? photo->width : photo->height;
  if (side > SHOWN_SIDE) {
    double shrink = (double)SHOWN_SIDE / side;
    int width = (int)(photo->width * shrink + 0.5), height = (int)(photo->height * shrink + 0.5);
    VT_TRY(vt_image_resize(ctx, photo, width < 1 ? 1 : width, height < 1 ? 1 : height, VT_BICUBIC, &smaller));
  }
  unsigned char *jpeg = NULL;
  size_t size = 0;
  vt_status status = vt_image_jpeg(ctx, smaller ? smaller : photo, JPEG_QUALITY, &jpeg, &size);
  if (status == VT_OK) vt_text_add_base64(ctx, text, jpeg, size);
  vt_free(jpeg);
  vt_image_free(smaller);
  return status;
}

static void add_title(vt_ctx *ctx, const vt_report *report, vt_text *text)
{
  char index[32];
  const vt_explanation *explanation = report->explanation;
  snprintf(index, sizeof index, "class %d", explanation->target);
  vt_text_add(ctx, text, "Why ");
  vt_page_add_escaped(ctx, text,
                      explanation->target_text   ? explanation->target_text
                      : explanation->target_name ? explanation->target_name
                                                 : index);
  if (report->photo_name) {
    vt_text_add(ctx, text, ": ");
    vt_page_add_escaped(ctx, text, report->photo_name);
  }
}

bool vt_page_hole_is(const char *hole, size_t length, const char *name)
{
  return strlen(name) == length && strncmp(hole, name, length) == 0;
}

vt_status vt_page_fill(vt_ctx *ctx, const char *template, vt_page_fill_fn fill, void *user, vt_text *out)
{
  *out = (vt_text){0};
  vt_status status = VT_OK;
  for (const char *at = template; *at && status == VT_OK;) {
    const char *open = strstr(at, "{{"), *close = open ? strstr(open, "}}") : NULL;
    if (!close) {
      vt_text_add(ctx, out, at);
      break;
    }
    vt_text_add_bytes(ctx, out, at, (size_t)(open - at));
    size_t length = (size_t)(close - open - 2);
    if (vt_page_hole_is(open + 2, length, "version"))
      vt_text_add(ctx, out, vt_version());
    else
      status = fill(ctx, user, open + 2, length, out);
    at = close + 2;
  }
  if (status == VT_OK && out->failed) status = vt_ctx_status(ctx);
  if (status != VT_OK) vt_text_free(out);
  return status;
}

/* ---- report.html ---- */

typedef struct filling {
  const vt_report *report;
  const vt_view *scene;
} filling;

static vt_status fill_hole(vt_ctx *ctx, void *user, const char *hole, size_t length, vt_text *text)
{
  const filling *self = user;
  if (vt_page_hole_is(hole, length, "title"))
    add_title(ctx, self->report, text);
  else if (vt_page_hole_is(hole, length, "style"))
    vt_text_add_bytes(ctx, text, vt_page_style, vt_page_style_size);
  else if (vt_page_hole_is(hole, length, "script"))
    vt_text_add_bytes(ctx, text, vt_page_script, vt_page_script_size);
  else if (vt_page_hole_is(hole, length, "photo"))
    return add_photo(ctx, self->scene->photo, text);
  else if (vt_page_hole_is(hole, length, "data"))
    return add_data(ctx, self->report, self->scene, text);
  else
    return vt_fail(ctx, VT_ERROR_RUNTIME, "report.html: the template has an unknown hole '%.*s'", (int)length,
                   hole);
  return VT_OK;
}

vt_status vt_page_html(vt_ctx *ctx, const vt_report *report, const vt_view *scene, vt_text *out)
{
  filling self = {report, scene};
  return vt_page_fill(ctx, vt_page_template, fill_hole, &self, out);
}
