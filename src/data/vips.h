/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this room that call libvips share.
 */
#ifndef VT_DATA_VIPS_H
#define VT_DATA_VIPS_H

#include <vips/vips.h>

#include "base/base.h"
#include "vitrail/data.h"

/* Records a failure with libvips' own explanation behind `what`, and empties libvips'
 * (process-wide) error text. */
vt_status vt_vips_fail(vt_ctx *ctx, vt_status status, const char *what);

/* Decodes `size` bytes (or, when no loader takes memory, the file at `path`) lazily. The caller unrefs `out`;
 * `bytes` must live until then. */
vt_status vt_vips_open(vt_ctx *ctx, const char *path, const void *bytes, size_t size,
                       const vt_image_limits *limits, VipsImage **out);

/* Runs the pipeline and copies all pixels, strip by strip, into `pixels` (height rows of
 * VIPS_IMAGE_SIZEOF_LINE). */
vt_status vt_vips_pixels(vt_ctx *ctx, const char *path, VipsImage *image, void *pixels);

#endif
