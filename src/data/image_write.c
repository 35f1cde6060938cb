/* SPDX-License-Identifier: Apache-2.0
 *
 * PNG files with text chunks, whole or not at all.
 */
#include "data/picture.h"
#include "data/vips.h"

/* PNG keywords are 1 to 79 Latin-1 characters; without spaces here, since libvips cuts them there. */
static bool is_keyword(const char *key)
{
  size_t length = strlen(key);
  if (length < 1 || length > 79) return false;
  for (size_t i = 0; i < length; i++)
    if (key[i] <= ' ' || key[i] > '~') return false;
  return true;
}

vt_status vt_image_write_png(vt_ctx *ctx, const vt_image *image, const char *path, const char *const *texts)
{
  VT_TRY(vt_init(ctx));
  vt_status status = VT_OK;
  VipsImage *borrowed = NULL, *described = NULL;
  void *png = NULL;
  size_t size = 0;
  borrowed = vips_image_new_from_memory(image->pixels, vt_image_bytes(image), image->width, image->height,
                                        image->channels, VIPS_FORMAT_UCHAR);
  VipsInterpretation meaning = image->channels < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  if (!borrowed || vips_copy(borrowed, &described, "interpretation", meaning, NULL) != 0) {
    status = vt_vips_fail(ctx, VT_ERROR_RUNTIME, "cannot prepare the picture for PNG");
    goto done;
  }
  for (int i = 0; texts && texts[2 * i] && texts[2 * i + 1]; i++) {
    if (!is_keyword(texts[2 * i])) {
      status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                       "PNG text key '%s': 1 to 79 printable ASCII characters without spaces are needed",
                       texts[2 * i]);
      goto done;
    }
    char name[128];
    snprintf(name, sizeof name, "png-comment-%d-%s", i, texts[2 * i]);
    vips_image_set_string(described, name, texts[2 * i + 1]);
  }
  if (vips_pngsave_buffer(described, &png, &size, NULL) != 0) {
    status = vt_vips_fail(ctx, VT_ERROR_RUNTIME, "cannot encode the PNG");
    goto done;
  }
  status = vt_write_file(ctx, path, png, size);
done:
  if (described) g_object_unref(described);
  if (borrowed) g_object_unref(borrowed);
  g_free(png);
  vips_thread_shutdown();
  return status;
}
