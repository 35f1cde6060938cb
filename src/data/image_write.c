/* SPDX-License-Identifier: Apache-2.0
 *
 * PNG files with text chunks, whole or not at all. libvips encodes the pixels; the texts go in behind the
 * header as chunks tEXt (ASCII) or iTXt (UTF-8), see the PNG specification (third edition), 11.3.3.
 */
#include <zlib.h>

#include "data/picture.h"
#include "data/vips.h"

/* Signature and the IHDR chunk, the same length in every PNG. */
enum { HEAD_SIZE = 8 + 25 };

/* 1 to 79 printable ASCII characters, spaces only between words. */
static bool is_keyword(const char *key)
{
  size_t length = strlen(key);
  if (length < 1 || length > 79 || key[0] == ' ' || key[length - 1] == ' ' || strstr(key, "  ")) return false;
  for (size_t i = 0; i < length; i++)
    if (key[i] < ' ' || key[i] > '~') return false;
  return true;
}

static bool is_ascii(const char *text)
{
  for (; *text; text++)
    if ((unsigned char)*text > 127) return false;
  return true;
}

static void add_number(vt_ctx *ctx, vt_text *out, uint32_t value)
{
  unsigned char bytes[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                            (unsigned char)(value >> 8), (unsigned char)value};
  vt_text_add_bytes(ctx, out, bytes, 4);
}

static vt_status add_text_chunk(vt_ctx *ctx, vt_text *out, const char *key, const char *text)
{
  if (!is_keyword(key))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "PNG text key '%.100s': 1 to 79 printable ASCII characters with single spaces are needed",
                   key);
  if (strlen(text) > INT32_MAX / 2)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "PNG text '%s' is longer than a chunk can be", key);
  /* behind the key: a zero; iTXt has flags for no compression and two empty fields
   * (language, translated key) */
  bool plain = is_ascii(text);
  size_t between = plain ? 1 : 5;
  add_number(ctx, out, (uint32_t)(strlen(key) + between + strlen(text)));
  size_t start = out->length;
  vt_text_add(ctx, out, plain ? "tEXt" : "iTXt");
  vt_text_add(ctx, out, key);
  vt_text_add_bytes(ctx, out, "\0\0\0\0\0", between);
  vt_text_add(ctx, out, text);
  if (!out->failed)
    add_number(ctx, out, (uint32_t)crc32_z(0, (const unsigned char *)out->data + start, out->length - start));
  return VT_OK;
}

static vt_status encode(vt_ctx *ctx, const vt_image *image, void **png, size_t *size)
{
  VipsInterpretation meaning = image->channels < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  VipsImage *described = NULL;
  VipsImage *borrowed = vips_image_new_from_memory(image->pixels, vt_image_bytes(image), image->width,
                                                   image->height, image->channels, VIPS_FORMAT_UCHAR);
  vt_status status = VT_OK;
  if (!borrowed || vips_copy(borrowed, &described, "interpretation", meaning, NULL) != 0 ||
      vips_pngsave_buffer(described, png, size, NULL) != 0 || *size < HEAD_SIZE)
    status = vt_vips_fail(ctx, VT_ERROR_RUNTIME, "cannot encode the PNG");
  if (described) g_object_unref(described);
  if (borrowed) g_object_unref(borrowed);
  vips_thread_shutdown();
  return status;
}

vt_status vt_image_write_png(vt_ctx *ctx, const vt_image *image, const char *path, const char *const *texts)
{
  VT_TRY(vt_init(ctx));
  void *png = NULL;
  size_t size = 0;
  vt_text file = {0};
  vt_status status = encode(ctx, image, &png, &size);
  if (status == VT_OK) vt_text_add_bytes(ctx, &file, png, HEAD_SIZE);
  for (size_t i = 0; status == VT_OK && texts && texts[2 * i] && texts[2 * i + 1]; i++)
    status = add_text_chunk(ctx, &file, texts[2 * i], texts[2 * i + 1]);
  if (status == VT_OK) vt_text_add_bytes(ctx, &file, (const char *)png + HEAD_SIZE, size - HEAD_SIZE);
  if (status == VT_OK && file.failed) status = vt_ctx_status(ctx);
  if (status != VT_OK)
    vt_fail_prefix(ctx, "%s", path);
  else
    status = vt_write_file(ctx, path, file.data, file.length);
  vt_text_free(&file);
  g_free(png);
  return status;
}

vt_status vt_image_jpeg(vt_ctx *ctx, const vt_image *image, int quality, unsigned char **bytes, size_t *size)
{
  *bytes = NULL;
  *size = 0;
  VT_TRY(vt_init(ctx));
  vt_status status = VT_OK;
  VipsImage *borrowed = NULL, *described = NULL;
  void *jpeg = NULL;
  borrowed = vips_image_new_from_memory(image->pixels, vt_image_bytes(image), image->width, image->height,
                                        image->channels, VIPS_FORMAT_UCHAR);
  VipsInterpretation meaning = image->channels < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  if (!borrowed || vips_copy(borrowed, &described, "interpretation", meaning, NULL) != 0 ||
      vips_jpegsave_buffer(described, &jpeg, size, "Q", quality, "strip", TRUE, NULL) != 0)
    status = vt_vips_fail(ctx, VT_ERROR_RUNTIME, "cannot encode the JPEG");
  if (status == VT_OK) {
    *bytes = vt_alloc(ctx, *size);
    if (*bytes)
      memcpy(*bytes, jpeg, *size);
    else
      status = VT_ERROR_OUT_OF_MEMORY;
  }
  if (described) g_object_unref(described);
  if (borrowed) g_object_unref(borrowed);
  g_free(jpeg);
  vips_thread_shutdown();
  return status;
}
