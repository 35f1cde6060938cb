/* SPDX-License-Identifier: Apache-2.0
 *
 * Helpers on pictures and maps for the rooms above: sizes, blur, mean colour, enlarging a map.
 */
#ifndef VT_DATA_PICTURE_H
#define VT_DATA_PICTURE_H

#include "base/base.h"
#include "vitrail/data.h"

/* Bytes of the pixels. */
size_t vt_image_bytes(const vt_image *image);
/* A copy of its own. Free with vt_image_free(). */
vt_status vt_image_copy(vt_ctx *ctx, const vt_image *image, vt_image **out);

/* The picture as JPEG bytes (quality 1..100), for embedding in pages. Free with vt_free(). */
vt_status vt_image_jpeg(vt_ctx *ctx, const vt_image *image, int quality, unsigned char **bytes, size_t *size);

/* Gaussian blur with kernel exp(−d²/2σ²), d = −radius..radius, weights summing to one, rows then columns,
 * edges repeated. `radius` 0: ceil(3σ). σ = 0 changes nothing. `out` has the picture's layout. */
vt_status vt_image_smooth(vt_ctx *ctx, const vt_image *image, double sigma, int radius, double *out);
/* The same as a picture, rounded once at the end. Free with vt_image_free(). */
vt_status vt_image_blur(vt_ctx *ctx, const vt_image *image, double sigma, int radius, vt_image **out);

/* Mean of each channel over all pixels, not rounded. `mean` has image->channels
 * numbers (at most 4 are written). */
void vt_image_mean(const vt_image *image, double mean[4]);

/* RGB to one grey channel: (299·R + 587·G + 114·B) / 1000, in the 16-bit fixed point
 * of the ITU-R 601 weights. */
uint8_t vt_luma(const uint8_t rgb[3]);

/* Bilinear enlarging (or shrinking, without anti-aliasing) of a map [in_height, in_width] into `out` [height,
 * width]: pixel centres at half-integers, edges clamped. */
void vt_map_resize(const float *map, int in_height, int in_width, float *out, int height, int width);

/* Carries a map at the model's size [height, width] back onto the photo [photo_height, photo_width]:
 * bilinear, by the placement; photo pixels that the model did not see get `outside`. */
void vt_map_to_photo(const float *map, int height, int width, const vt_placement *placement, float outside,
                     float *out);
/* The same for labels: nearest. */
void vt_labels_to_photo(const int32_t *labels, int height, int width, const vt_placement *placement,
                        int32_t outside, int32_t *out);

#endif
