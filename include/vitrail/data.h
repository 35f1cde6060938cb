/* SPDX-License-Identifier: Apache-2.0
 *
 * data: pictures, arrays, masks, superpixels, and how a model wants its input prepared.
 */
#ifndef VITRAIL_DATA_H
#define VITRAIL_DATA_H

#include "vitrail/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sets up libvips and GLib once per process. Safe to call again and from several
 * threads; calls that need it do. */
VT_API VT_MUST_CHECK vt_status vt_init(vt_ctx *ctx);
/* Lets libvips open a format it marks as untrusted (SVG, PDF, …), by loader name such as "svgload". */
VT_API VT_MUST_CHECK vt_status vt_allow_loader(vt_ctx *ctx, const char *loader);

/* An 8-bit picture, rows from top to bottom, channels interleaved: pixels[(y·width +
 * x)·channels + c]. RGB has 3. */
typedef struct vt_image {
  int width, height, channels;
  uint8_t *pixels;
} vt_image;

typedef struct vt_image_limits {
  size_t struct_size;
  uint64_t max_pixels; /* default 200 million */
  uint64_t max_bytes;  /* of the file, default 1 GiB */
} vt_image_limits;
VT_API vt_image_limits vt_image_limits_default(void);

/* Decodes a file to RGB: EXIF orientation honoured, 16-bit, grey, RGBA (over black) and CMYK
 * converted, first frame of several. `.npy` files of u8 [H,W,3] are taken as they are. `limits` may be
 * NULL. Free with vt_image_free(). */
VT_API VT_MUST_CHECK vt_status vt_image_read(vt_ctx *ctx, const char *path, const vt_image_limits *limits,
                                             vt_image **out);
/* Empty picture of that size, black. */
VT_API VT_MUST_CHECK vt_status vt_image_new(vt_ctx *ctx, int width, int height, int channels, vt_image **out);
VT_API void vt_image_free(vt_image *image); /* accepts NULL */
/* PNG with the given text chunks: pairs of key and text, NULL-terminated (may be NULL). */
VT_API VT_MUST_CHECK vt_status vt_image_write_png(vt_ctx *ctx, const vt_image *image, const char *path,
                                                  const char *const *texts);

typedef enum vt_interpolation { VT_NEAREST, VT_BILINEAR, VT_BICUBIC } vt_interpolation;

/* Resamples with anti-aliasing: the filter (triangle, or Catmull-Rom-like cubic with a = −0.5) is widened by
 * the shrink factor, weights normalised, edges clamped, 8-bit rounding after each pass: what Pillow does. */
VT_API VT_MUST_CHECK vt_status vt_image_resize(vt_ctx *ctx, const vt_image *image, int width, int height,
                                               vt_interpolation interpolation, vt_image **out);
/* Part of a picture; places outside are black. */
VT_API VT_MUST_CHECK vt_status vt_image_crop(vt_ctx *ctx, const vt_image *image, int x, int y, int width,
                                             int height, vt_image **out);

/* ---- arrays ---- */

/* One NumPy array: `.npy` versions 1 and 2, number and bool types, both byte orders, Fortran order converted.
 * Object arrays are refused. The tensor is made in `ctx`. */
VT_API VT_MUST_CHECK vt_status vt_npy_read(vt_ctx *ctx, const char *path, vt_tensor **out);
VT_API VT_MUST_CHECK vt_status vt_npy_parse(vt_ctx *ctx, const void *bytes, size_t size, vt_tensor **out);
VT_API VT_MUST_CHECK vt_status vt_npy_write(vt_ctx *ctx, const char *path, const vt_tensor *tensor);
/* One array of a `.npz` archive (stored or deflated, Zip64 too). */
VT_API VT_MUST_CHECK vt_status vt_npz_read(vt_ctx *ctx, const char *path, const char *name, vt_tensor **out);
VT_API VT_MUST_CHECK vt_status vt_npz_parse(vt_ctx *ctx, const void *bytes, size_t size, const char *name,
                                            vt_tensor **out);
/* Writes arrays under their names into one archive, stored, whole or not at all; the same arrays give the
 * same bytes. Up to 4 GiB. */
VT_API VT_MUST_CHECK vt_status vt_npz_write(vt_ctx *ctx, const char *path, const char *const *names,
                                            vt_tensor *const *tensors, int count);

/* ---- masks ---- */

/* A stack of masks, any overlap: bits[(n·height + y)·width + x] is 0 or 1. */
typedef struct vt_masks {
  int count, height, width;
  uint8_t *bits;
} vt_masks;
VT_API void vt_masks_free(vt_masks *masks);
/* Masks from a COCO-like JSON file (list, or object with "annotations"; RLE counts, compressed RLE strings,
 * polygons), a folder of PNGs in order of their names (all but black), one PNG in which every value (or
 * colour) but 0 is a mask, in rising order, or `.npy` [count, height, width]. Polygons cover the pixels whose
 * centres lie inside (even-odd); the polygons of one annotation are united. Free with vt_masks_free(). */
VT_API VT_MUST_CHECK vt_status vt_masks_read(vt_ctx *ctx, const char *path, vt_masks **out);
/* The JSON form from memory; the size is taken from the first RLE, or from
 * "images", or given (0: unknown). */
VT_API VT_MUST_CHECK vt_status vt_masks_parse(vt_ctx *ctx, const char *json, size_t size, int height,
                                              int width, vt_masks **out);
/* A label map as it stands, i32[height,width] made in `ctx`: from `.npy` of integers, or a picture (grey
 * values of 8 or 16 bits; colours as R·65536 + G·256 + B unless all are grey). */
VT_API VT_MUST_CHECK vt_status vt_label_map_read(vt_ctx *ctx, const char *path, vt_tensor **out);
/* COCO run lengths: column-major, first run counts zeros. `text` is the compressed string form. */
VT_API VT_MUST_CHECK vt_status vt_rle_decode(vt_ctx *ctx, const char *text, size_t length, int height,
                                             int width, uint8_t *bits);

/* ---- superpixels: labels [height, width] in 0..count−1, regions connected, no label unused ---- */

/* SLICO (zero-parameter SLIC). `step`: seed distance in pixels; 0: round(shorter side / 7.5), more for
 * pictures so long that this would give over 1024 regions. Fragments below a quarter of the mean area join
 * the neighbour with the longest shared border, here and in the next; their number goes to `merged` (may be
 * NULL). */
VT_API VT_MUST_CHECK vt_status vt_slico(vt_ctx *ctx, const vt_image *image, int step, int iterations,
                                        int32_t *labels, int *count, int *merged);
/* SEEDS (superpixels extracted via energy-driven sampling) for about `wanted` regions; `levels`
 * of block sizes, 3 or 4. */
VT_API VT_MUST_CHECK vt_status vt_seeds(vt_ctx *ctx, const vt_image *image, int wanted, int levels,
                                        int32_t *labels, int *count, int *merged);
/* Felzenszwalb–Huttenlocher graph segmentation: `scale` (k, colour in 8-bit units; 0: searched so that about
 * 50 regions come out), Gaussian `sigma` (0.8 is usual), `min_size` in pixels (0: area / 500). */
VT_API VT_MUST_CHECK vt_status vt_felzenszwalb(vt_ctx *ctx, const vt_image *image, double scale, double sigma,
                                               int min_size, int32_t *labels, int *count);

/* ---- how a model wants its picture ---- */

typedef enum vt_resize_mode { VT_RESIZE_SHORT_SIDE, VT_RESIZE_STRETCH, VT_RESIZE_LETTERBOX } vt_resize_mode;
typedef enum vt_output_kind {
  VT_OUTPUT_AUTO,
  VT_OUTPUT_LOGITS,
  VT_OUTPUT_PROBABILITIES,
  VT_OUTPUT_EMBEDDING
} vt_output_kind;

/* The sidecar MODEL.json in memory. x = (u8·scale − mean)/std, by channel in the order of `bgr`. */
typedef struct vt_preprocess {
  int height, width; /* size of the model's input; 0, not said: what the model declares */
  int resize_to;     /* short side before the crop; 0: the size itself */
  vt_resize_mode resize;
  bool center_crop;
  vt_interpolation interpolation;
  double scale, mean[4], std[4]; /* scale is 1/255 when not given, mean 0, std 1 */
  bool channels_last;            /* layout NHWC */
  int channels;                  /* 3, or 1 for grey */
  bool bgr;
  vt_output_kind output;
  char *output_name; /* NULL: first output */
  char **labels;     /* class names, NULL: none */
  int label_count;
  struct vt_text_space *text;             /* where text lies beside the model's embedding; NULL: nowhere */
  struct vt_detector_settings *detection; /* how a detector's outputs are read; NULL: it is none */
} vt_preprocess;

/* Reads a sidecar; unknown keys are an error that suggests the nearest. Keys left out: size unknown,
 * resize short-side, crop center (none for stretch and letterbox), interpolation bicubic, scale 1/255,
 * mean 0, std 1, layout NCHW, channels RGB, output auto; "{}" gives just these. Labels: a list of names,
 * or a file beside the sidecar: a name a line, a TSV with the class index in the first column and the name
 * in the last, or a .json list. */
VT_API VT_MUST_CHECK vt_status vt_preprocess_read(vt_ctx *ctx, const char *path, vt_preprocess **out);
VT_API VT_MUST_CHECK vt_status vt_preprocess_parse(vt_ctx *ctx, const char *json, size_t size,
                                                   const char *folder, vt_preprocess **out);
VT_API void vt_preprocess_free(vt_preprocess *preprocess);
/* Writes a sidecar with every key, whole or not at all; labels as a list. Settings that a reader would
 * refuse: VT_ERROR_INVALID_ARGUMENT. */
VT_API VT_MUST_CHECK vt_status vt_sidecar_write(vt_ctx *ctx, const char *path, const vt_preprocess *settings);

/* Where the model's input lies in the photograph, to carry maps back: input (x, y) shows photo (x·scale_x +
 * offset_x, …), both measured from the outer edge of the first pixel, so that pixel i covers i to i + 1. */
typedef struct vt_placement {
  double scale_x, scale_y, offset_x, offset_y;
  int photo_width, photo_height;
} vt_placement;

/* The 8-bit picture the model will see: resized, cropped or padded with black as the sidecar says, with one
 * grey channel for a model that takes one. Short side: the longer side is size·long/short rounded to the
 * nearest (halves to even); the crop starts at half the surplus, rounded down. `placement` may be NULL. A
 * picture of the model's size is taken as it is. */
VT_API VT_MUST_CHECK vt_status vt_preprocess_image(vt_ctx *ctx, const vt_preprocess *preprocess,
                                                   const vt_image *photo, vt_image **out,
                                                   vt_placement *placement);
/* Normalised floats in the model's layout from a picture of the model's size; `out` has
 * height·width·channels floats. */
VT_API void vt_preprocess_floats(const vt_preprocess *preprocess, const vt_image *picture, float *out);

#ifdef __cplusplus
}
#endif
#endif
