/* SPDX-License-Identifier: Apache-2.0
 *
 * Picture files to 8-bit RGB. Sizes are known from the header and checked before anything is decoded; the
 * file is read into memory first, so that its name is never parsed for options.
 */
#include "data/picture.h"
#include "data/vips.h"
#include "tensor/tensor.h"

enum { STRIP = 64 }; /* rows decoded at a time */

vt_image_limits vt_image_limits_default(void)
{
  return (vt_image_limits){sizeof(vt_image_limits), 200u * 1000 * 1000, (uint64_t)1 << 30};
}

static vt_status check_size(vt_ctx *ctx, const char *path, const VipsImage *image,
                            const vt_image_limits *limits)
{
  uint64_t width = (uint64_t)vips_image_get_width(image), height = (uint64_t)vips_image_get_height(image);
  if (width * height > limits->max_pixels)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "%s: %llu×%llu pixels, more than the %llu allowed; shrink the picture or raise the limit",
                   path, (unsigned long long)width, (unsigned long long)height,
                   (unsigned long long)limits->max_pixels);
  return VT_OK;
}

/* Loaders of formats that libvips marks as untrusted stay blocked until vt_allow_loader(). `loader` is a
 * class name, or NULL when there is none. */
static bool is_open(const char *loader)
{
  GType type = loader ? g_type_from_name(loader) : 0;
  if (!type) return false;
  VipsOperationClass *class = g_type_class_ref(type);
  bool open = !(class->flags & VIPS_OPERATION_BLOCKED);
  g_type_class_unref(class);
  return open;
}

/* A few formats are only read from files. A name that ends in ']' would be taken for one with options. */
static bool has_file_loader(const char *path)
{
  size_t length = strlen(path);
  return length > 0 && path[length - 1] != ']' && is_open(vips_foreign_find_load(path));
}

vt_status vt_vips_open(vt_ctx *ctx, const char *path, const void *bytes, size_t size,
                       const vt_image_limits *limits, VipsImage **out)
{
  *out = NULL;
  VipsImage *image = NULL;
  VipsSource *source = vips_source_new_from_memory(bytes, size);
  if (source && is_open(vips_foreign_find_load_source(source))) {
    image = vips_image_new_from_source(source, "", "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                       VIPS_FAIL_ON_TRUNCATED, NULL);
  } else if (has_file_loader(path)) {
    image = vips_image_new_from_file(path, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                     VIPS_FAIL_ON_TRUNCATED, NULL);
  } else {
    if (source) g_object_unref(source);
    vips_error_clear();
    return vt_fail(
        ctx, VT_ERROR_INVALID_DATA,
        "%s: not a picture in a format that is read (JPEG, PNG, WebP, TIFF, GIF, HEIF, npy, …), or in "
        "one that is blocked as untrusted (SVG, PDF, slides: allow its loader by name)",
        path);
  }
  if (source) g_object_unref(source); /* the image holds on to it */
  if (!image) {
    vt_status status = vt_vips_fail(ctx, VT_ERROR_INVALID_DATA, "cannot read the picture");
    vt_fail_prefix(ctx, "%s", path);
    return status;
  }
  vt_status status = check_size(ctx, path, image, limits);
  if (status != VT_OK) {
    g_object_unref(image);
    return status;
  }
  *out = image;
  return VT_OK;
}

vt_status vt_vips_pixels(vt_ctx *ctx, const char *path, VipsImage *image, void *pixels)
{
  vt_status status = VT_OK;
  VipsRegion *region = vips_region_new(image);
  size_t line = VIPS_IMAGE_SIZEOF_LINE(image);
  int width = vips_image_get_width(image), height = vips_image_get_height(image);
  for (int top = 0; top < height && status == VT_OK; top += STRIP) {
    VipsRect strip = {0, top, width, height - top < STRIP ? height - top : STRIP};
    status = vt_check_cancel(ctx);
    if (status == VT_OK && (!region || vips_region_prepare(region, &strip) != 0)) {
      status = vt_vips_fail(ctx, VT_ERROR_INVALID_DATA, "the picture is damaged");
      vt_fail_prefix(ctx, "%s", path);
    }
    for (int y = top; y < top + strip.height && status == VT_OK; y++)
      memcpy((char *)pixels + (size_t)y * line, VIPS_REGION_ADDR(region, 0, y), line);
  }
  if (region) g_object_unref(region);
  return status;
}

/* Takes `*image` one step further: unrefs the old one and keeps the new. `next` is what a vips call wrote,
 * `failed` what it returned. */
static vt_status step(vt_ctx *ctx, const char *path, VipsImage **image, VipsImage *next, int failed)
{
  g_object_unref(*image);
  *image = failed ? NULL : next;
  if (!failed) return VT_OK;
  vt_status status = vt_vips_fail(ctx, VT_ERROR_INVALID_DATA, "cannot convert the picture to RGB");
  vt_fail_prefix(ctx, "%s", path);
  return status;
}

/* Any decoded picture to three 8-bit sRGB bands, alpha composited over black. */
static vt_status to_rgb(vt_ctx *ctx, const char *path, VipsImage **image)
{
  VipsImage *next = NULL;
  int failed;
  VipsInterpretation space = vips_image_guess_interpretation(*image);
  bool whole = vips_image_get_coding(*image) != VIPS_CODING_NONE ||
               vips_band_format_isint(vips_image_get_format(*image));
  if (!whole && space != VIPS_INTERPRETATION_scRGB && space != VIPS_INTERPRETATION_LAB &&
      space != VIPS_INTERPRETATION_XYZ)
    return vt_fail(
        ctx, VT_ERROR_INVALID_DATA,
        "%s: pixels are floating-point numbers without a known scale; save the picture with 8 or 16 bits",
        path);
  failed = vips_colourspace(*image, &next, VIPS_INTERPRETATION_sRGB, "source_space", space, NULL);
  VT_TRY(step(ctx, path, image, next, failed));
  if (vips_image_hasalpha(*image)) {
    failed = vips_flatten(*image, &next, NULL);
    VT_TRY(step(ctx, path, image, next, failed));
  }
  int bands = vips_image_get_bands(*image);
  if (bands > 3) {
    failed = vips_extract_band(*image, &next, 0, "n", 3, NULL);
    VT_TRY(step(ctx, path, image, next, failed));
  } else if (bands < 3) {
    VipsImage *grey = NULL;
    failed = vips_extract_band(*image, &grey, 0, "n", 1, NULL);
    if (!failed) {
      VipsImage *three[3] = {grey, grey, grey};
      failed = vips_bandjoin(three, &next, 3, NULL);
      g_object_unref(grey);
    }
    VT_TRY(step(ctx, path, image, next, failed));
  }
  if (vips_image_get_format(*image) != VIPS_FORMAT_UCHAR) {
    failed = vips_cast_uchar(*image, &next, NULL);
    VT_TRY(step(ctx, path, image, next, failed));
  }
  return VT_OK;
}

/* Undoes the EXIF orientation 2..8: the stored pixel (x, y) goes where the viewer should see it. */
static vt_status orient(vt_ctx *ctx, vt_image **image, int orientation)
{
  if (orientation < 2 || orientation > 8) return VT_OK;
  const vt_image *stored = *image;
  bool turned = orientation >= 5;
  int width = turned ? stored->height : stored->width, height = turned ? stored->width : stored->height;
  vt_image *upright;
  VT_TRY(vt_image_new(ctx, width, height, stored->channels, &upright));
  size_t channels = (size_t)stored->channels;
  for (int y = 0; y < stored->height; y++)
    for (int x = 0; x < stored->width; x++) {
      int mirror_x = stored->width - 1 - x, mirror_y = stored->height - 1 - y, to_x = x, to_y = y;
      switch (orientation) {
      case 2:
        to_x = mirror_x;
        break;
      case 3:
        to_x = mirror_x, to_y = mirror_y;
        break;
      case 4:
        to_y = mirror_y;
        break;
      case 5:
        to_x = y, to_y = x;
        break;
      case 6:
        to_x = mirror_y, to_y = x;
        break;
      case 7:
        to_x = mirror_y, to_y = mirror_x;
        break;
      default:
        to_x = y, to_y = mirror_x;
        break;
      }
      memcpy(upright->pixels + ((size_t)to_y * (size_t)width + (size_t)to_x) * channels,
             stored->pixels + ((size_t)y * (size_t)stored->width + (size_t)x) * channels, channels);
    }
  vt_image_free(*image);
  *image = upright;
  return VT_OK;
}

static vt_status read_npy(vt_ctx *ctx, const char *path, const unsigned char *bytes, size_t size,
                          const vt_image_limits *limits, vt_image **out)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *array;
  vt_status status = vt_npy_parse(ctx, bytes, size, &array);
  if (status != VT_OK) {
    vt_fail_prefix(ctx, "%s", path);
    goto done;
  }
  char shape[160];
  if (array->type != VT_U8 || array->rank != 3 || array->dims[2] != 3 || array->dims[0] < 1 ||
      array->dims[1] < 1) {
    status =
        vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: %s is no picture; an .npy picture is u8[height,width,3]",
                path, vt_shape_text(array, shape));
    goto done;
  }
  if ((uint64_t)array->dims[0] > limits->max_pixels / (uint64_t)array->dims[1] ||
      array->dims[0] > INT32_MAX || array->dims[1] > INT32_MAX) {
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: %s has more than the %llu pixels allowed", path,
                     vt_shape_text(array, shape), (unsigned long long)limits->max_pixels);
    goto done;
  }
  VT_TRY_DONE(vt_image_new(ctx, (int)array->dims[1], (int)array->dims[0], 3, out));
  memcpy((*out)->pixels, array->data, vt_image_bytes(*out));
done:
  vt_tensor_release(ctx, mark);
  return status;
}

vt_status vt_image_read(vt_ctx *ctx, const char *path, const vt_image_limits *limits, vt_image **out)
{
  *out = NULL;
  vt_image_limits standard = vt_image_limits_default();
  if (!limits) limits = &standard;
  unsigned char *bytes = NULL;
  size_t size;
  VipsImage *decoded = NULL;
  vt_image *image = NULL;
  vt_status status = VT_OK;
  VT_TRY_DONE(vt_init(ctx));
  VT_TRY_DONE(vt_read_file(ctx, path, limits->max_bytes, &bytes, &size));
  if (size == 0) {
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: the file is empty", path);
    goto done;
  }
  if (size >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0) {
    status = read_npy(ctx, path, bytes, size, limits, out);
    goto done;
  }
  VT_TRY_DONE(vt_vips_open(ctx, path, bytes, size, limits, &decoded));
  int orientation = vips_image_get_orientation(decoded);
  VT_TRY_DONE(to_rgb(ctx, path, &decoded));
  VT_TRY_DONE(vt_image_new(ctx, vips_image_get_width(decoded), vips_image_get_height(decoded), 3, &image));
  VT_TRY_DONE(vt_vips_pixels(ctx, path, decoded, image->pixels));
  VT_TRY_DONE(orient(ctx, &image, orientation));
  *out = image;
  image = NULL;
done:
  if (decoded) g_object_unref(decoded);
  vt_image_free(image);
  vt_free(bytes);
  vips_thread_shutdown();
  return status;
}
