/* SPDX-License-Identifier: Apache-2.0
 *
 * Maps of the shown pictures, shrunk for the page.
 */
#include <math.h>

#include "comparison/compare_page.h"
#include "data/picture.h"
#include "report/page.h"

enum { SIDE = VT_COMPARE_TILE, JPEG_QUALITY = 85 };

/* A method's values over all its tiles. */
typedef struct reach {
  double least, most;
} reach;

/* Means over the pixels of each square; a map smaller than the tile repeats its pixels. */
static void shrink(const float *map, int height, int width, double tile[SIDE * SIDE])
{
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      int top = y * height / SIDE, bottom = (y + 1) * height / SIDE, left = x * width / SIDE,
          right = (x + 1) * width / SIDE;
      double sum = 0;
      if (bottom <= top) bottom = top + 1;
      if (right <= left) right = left + 1;
      for (int v = top; v < bottom; v++)
        for (int u = left; u < right; u++)
          sum += (double)map[(size_t)v * (size_t)width + (size_t)u];
      tile[y * SIDE + x] = sum / ((double)(bottom - top) * (right - left));
    }
}

static vt_status base64_json(vt_ctx *ctx, const char *prefix, const void *bytes, size_t size, json_t **out)
{
  vt_text text = {0};
  vt_text_add(ctx, &text, prefix);
  vt_text_add_base64(ctx, &text, bytes, size);
  *out = text.failed ? NULL : json_string(text.data ? text.data : "");
  vt_text_free(&text);
  return *out ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for a picture of the page");
}

static vt_status tile_json(vt_ctx *ctx, const double tile[SIDE * SIDE], reach *all, json_t **out)
{
  double least = INFINITY, most = -INFINITY;
  uint8_t bytes[2 * SIDE * SIDE];
  json_t *text;
  for (int i = 0; i < SIDE * SIDE; i++) {
    least = fmin(least, tile[i]);
    most = fmax(most, tile[i]);
  }
  for (int i = 0; i < SIDE * SIDE; i++) {
    unsigned step = most > least ? (unsigned)(65535 * (tile[i] - least) / (most - least) + .5) : 0;
    bytes[2 * i] = (uint8_t)step; /* little-endian whatever the host */
    bytes[2 * i + 1] = (uint8_t)(step >> 8);
  }
  VT_TRY(base64_json(ctx, "", bytes, sizeof bytes, &text));
  all->least = fmin(all->least, least);
  all->most = fmax(all->most, most);
  *out = json_pack("{s:f, s:f, s:o}", "least", least, "most", most, "data", text);
  return *out ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for a tile of the page");
}

/* One map; null where it was not kept, {error} where there is none. */
static vt_status read_tile(vt_ctx *ctx, const vt_summary *summary, size_t entry, size_t contender, reach *all,
                           json_t **out)
{
  int channels, height, width;
  const vt_ledger_row *row = vt_compared_explanation(summary->compared, entry, (int)contender);
  *out = json_null();
  if (row && row->error) {
    *out = json_pack("{s:o}", "error", vt_json_outside(row->error));
    return *out ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for a tile of the page");
  }
  char *name =
      vt_compare_map_path(ctx, summary->compare, summary->compared->entries[entry].picture, (int)contender);
  char *path = name ? vt_path_join(ctx, summary->compare->folder, name) : NULL;
  vt_free(name);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  float *map = NULL;
  double tile[SIDE * SIDE];
  vt_model_input_size(summary->compare->model, &channels, &height, &width);
  vt_status status = VT_OK;
  if (vt_file_exists(path)) {
    status = vt_map_read(ctx, path, height, width, &map, NULL);
    if (status == VT_ERROR_INVALID_DATA) { /* damaged since, or not finite: an empty tile */
      vt_ctx_clear(ctx);
      status = VT_OK;
    }
  }
  if (map) {
    shrink(map, height, width, tile);
    status = tile_json(ctx, tile, all, out);
  }
  vt_free(map);
  vt_free(path);
  return status;
}

static vt_status picture_json(vt_ctx *ctx, const vt_summary *summary, size_t entry, json_t **out)
{
  const vt_compare *compare = summary->compare;
  const vt_entry *at = &summary->compared->entries[entry];
  const vt_album_picture *about = &compare->album->pictures[at->picture];
  const vt_ledger_row *row = vt_ledger_find(summary->compared->ledger, at->picture_key);
  char *name = vt_compare_map_path(ctx, compare, at->picture, -1), text[32], other[32];
  char *path = name ? vt_path_join(ctx, compare->folder, name) : NULL;
  unsigned char *jpeg = NULL;
  vt_image *picture = NULL;
  json_t *image = NULL;
  size_t size;
  vt_free(name);
  vt_status status = path ? vt_image_read(ctx, path, NULL, &picture) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_image_jpeg(ctx, picture, JPEG_QUALITY, &jpeg, &size);
  if (status == VT_OK) status = base64_json(ctx, "data:image/jpeg;base64,", jpeg, size, &image);
  vt_image_free(picture);
  vt_free(jpeg);
  vt_free(path);
  VT_TRY(status);
  int target = row ? row->target : -1, predicted = row ? row->predicted : -1;
  const char *class_name = vt_model_class_name(compare->model, target),
             *answer = vt_model_class_name(compare->model, predicted);
  snprintf(text, sizeof text, "class %d", target);
  snprintf(other, sizeof other, "class %d", predicted);
  *out = json_pack("{s:o, s:o, s:o, s:o, s:[]}", "name", vt_json_outside(about->name), "class",
                   vt_json_outside(class_name ? class_name : text), "wrong",
                   predicted == target ? json_null() : vt_json_outside(answer ? answer : other), "image",
                   image, "tiles");
  return *out ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for a picture of the page");
}

static vt_status add_picture(vt_ctx *ctx, const vt_summary *summary, size_t entry, reach *reaches,
                             json_t *pictures)
{
  json_t *picture;
  VT_TRY(picture_json(ctx, summary, entry, &picture));
  json_array_append_new(pictures, picture);
  for (size_t c = 0; c < summary->contenders; c++) {
    json_t *tile;
    VT_TRY(read_tile(ctx, summary, entry, c, &reaches[c], &tile));
    json_array_append_new(json_object_get(picture, "tiles"), tile);
  }
  return VT_OK;
}

vt_status vt_compare_page_tiles(vt_ctx *ctx, const vt_summary *summary, json_t *methods, json_t **out)
{
  reach *reaches = vt_alloc_zero(ctx, summary->contenders, sizeof *reaches);
  json_t *pictures = json_array();
  vt_status status =
      reaches && pictures ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for tiles");
  for (size_t c = 0; status == VT_OK && c < summary->contenders; c++)
    reaches[c] = (reach){INFINITY, -INFINITY};
  for (size_t e = 0; status == VT_OK && e < summary->compared->count; e++)
    if (summary->compared->entries[e].shown && summary->compared->entries[e].state == VT_ENTRY_JUDGED)
      status = add_picture(ctx, summary, e, reaches, pictures);
  for (size_t c = 0; status == VT_OK && c < summary->contenders; c++) {
    bool is_signed = reaches[c].least < 0 && reaches[c].most > 0;
    double most = is_signed ? fmax(-reaches[c].least, reaches[c].most) : reaches[c].most;
    if (reaches[c].least <= reaches[c].most)
      json_object_set_new(
          json_array_get(methods, c), "scale",
          json_pack("{s:b, s:f, s:f}", "signed", is_signed, "least", reaches[c].least, "most", most));
  }
  vt_free(reaches);
  *out = pictures;
  if (status != VT_OK) {
    json_decref(pictures);
    *out = NULL;
  }
  return status;
}
