/* SPDX-License-Identifier: Apache-2.0
 *
 * An anti-aliased painter of shapes. A shape is a signed distance (pixels, negative inside), a pixel's
 * coverage is clamp(½ − distance), so edges are smooth at any size and angle. Beside the colours a label map
 * and a coverage plane can be painted by the same calls, so truth and picture never differ.
 *
 * Coordinates: pixels from the upper left corner, y downward; pixel (i, j) covers [i, i+1) × [j, j+1) and is
 * judged at its centre. Angles: radians, clockwise on the screen. Colours: 0 to 1.
 *
 * Cost: the pixels of a shape's bounding box, about 2 to 10 ns each. To add a shape: its line in
 * vt_shape_kind, its case in raster_shape.c and its outline in tests/worlds/test_raster.c.
 */
#ifndef VT_WORLDS_RASTER_H
#define VT_WORLDS_RASTER_H

#include "base/base.h"

enum { VT_RASTER_SIDE = 1024 }; /* longest side of a canvas */

/* Planes are independent; a NULL plane is not painted. */
typedef struct vt_raster {
  int width, height;
  float *rgb;       /* [height, width, 3] */
  uint16_t *labels; /* [height, width]: label of the topmost shape that covers at least half the pixel; 0 */
  float *coverage;  /* [height, width]: largest coverage any shape had, whatever lies above it */
} vt_raster;

enum { VT_PLANE_RGB = 1, VT_PLANE_LABELS = 2, VT_PLANE_COVERAGE = 4 };
/* Planes named by the bits, all zero. Free with vt_raster_free(). */
vt_status vt_raster_new(vt_ctx *ctx, int width, int height, unsigned planes, vt_raster *out);
void vt_raster_free(vt_raster *canvas);
void vt_raster_clear(vt_raster *canvas); /* all planes zero again */

/* `half_width`, `half_height` are those of the bounding box before rotation. "up" is y < centre. */
typedef enum vt_shape_kind {
  VT_SHAPE_NONE, /* covers nothing */
  VT_SHAPE_ELLIPSE,
  VT_SHAPE_RECTANGLE,
  VT_SHAPE_ROUNDED,   /* rectangle; ratio: corner radius / smaller half side */
  VT_SHAPE_CAPSULE,   /* lying along the longer half side */
  VT_SHAPE_RING,      /* ratio: hole / outer radius */
  VT_SHAPE_ARC,       /* upper part of a ring; ratio: half of its opening / π, thickness a quarter */
  VT_SHAPE_HALF_DISC, /* flat side down */
  VT_SHAPE_CRESCENT,  /* open to the right; ratio: radius of the bite / outer radius */
  VT_SHAPE_TRIANGLE,  /* apex up */
  VT_SHAPE_TRAPEZOID, /* ratio: upper side / lower side, may be above 1 */
  VT_SHAPE_POLYGON,   /* regular with `corners` (3 to 12), one of them up */
  VT_SHAPE_STAR,      /* `corners` points (3 to 12); ratio: inner / outer radius */
  VT_SHAPE_CROSS,     /* plus sign; ratio: arm width / whole width */
  VT_SHAPE_ARROW,     /* pointing right; ratio: shaft height / whole height */
  VT_SHAPE_HEART,
  VT_SHAPE_DROP, /* tip up */
  VT_SHAPE_LEAF, /* lens with tips left and right; ratio unused */
  VT_SHAPE_FREE, /* the caller's polygon in units of the half sides */
  VT_SHAPE_KINDS
} vt_shape_kind;

enum { VT_SHAPE_CORNERS = 40 }; /* most corners of a polygon */

typedef struct vt_shape {
  vt_shape_kind kind;
  double x, y, half_width, half_height;
  double angle;
  bool mirror;               /* left and right exchanged before the rotation */
  double ratio;              /* 0: a usual value of the kind */
  int corners;               /* 0: 6 for polygons, 5 for stars */
  const float (*outline)[2]; /* FREE: `corners` points in −1..1, borrowed */
} vt_shape;

/* A thick line with round ends. */
vt_shape vt_shape_line(double x0, double y0, double x1, double y1, double thickness);

typedef enum vt_texture {
  VT_TEXTURE_PLAIN,
  VT_TEXTURE_STRIPED, /* bands across local x */
  VT_TEXTURE_DOTTED,  /* discs on a square grid */
  VT_TEXTURE_CHECKED,
  VT_TEXTURE_ZIGZAG,
  VT_TEXTURE_SPECKLED, /* per-pixel grain */
  VT_TEXTURE_CLOUDED,  /* smooth value noise, two octaves */
  VT_TEXTURE_GRADIENT, /* `colour` at the top of the shape to `second` at its bottom */
  VT_TEXTURES
} vt_texture;

typedef struct vt_paint {
  float colour[3], second[3]; /* second: the other colour of the texture */
  vt_texture texture;
  double period; /* of the texture, pixels; 0: a fifth of the shape's larger side, at least 4 */
  double angle;  /* of the texture, relative to the shape */
  uint32_t seed; /* SPECKLED, CLOUDED */
  double
      opacity; /* 0 means 1, so that a zeroed paint is opaque; nothing is invisible but what is not drawn */
  double outline; /* width in pixels of a darker or other line inside the edge; 0: none */
  float line[3];  /* its colour */
  double shade;   /* 0 to 1: lighter towards the upper left, darker towards the lower right */
  double gloss;   /* 0 to 1: a white spot in the upper left */
  double soft;    /* width of the edge in pixels; 0 means 1 (sharp) */
} vt_paint;

enum { VT_LABEL_KEEP = 0xffff }; /* label that leaves the label map as it is (shadows, highlights) */

/* Paints one shape on all planes. Where coverage · opacity ≥ ½ the label is set. */
void vt_raster_paint(vt_raster *canvas, const vt_shape *shape, const vt_paint *paint, uint16_t label);
/* A shape made ready: its frame, and the corners of angular ones on the canvas. */
typedef struct vt_shape_plan {
  const vt_shape *shape;   /* borrowed */
  float along[3], down[3]; /* own coordinates of a pixel: u = along · (x, y, 1), v = down · (x, y, 1) */
  int corners;             /* 0: round */
  float corner[VT_SHAPE_CORNERS][2];
} vt_shape_plan;
void vt_shape_prepare(const vt_shape *shape, vt_shape_plan *out);
/* Signed distance of `count` pixel centres from (x, y) to the right. */
void vt_shape_distances(const vt_shape_plan *plan, int x, int y, int count, float *out);
/* Own coordinates of those pixel centres. */
void vt_shape_frame(const vt_shape_plan *plan, int x, int y, int count, float *u, float *v);
/* Pixels a shape can touch, with `margin` around them, cut to the size: half-open. False: none. */
bool vt_shape_bounds(const vt_shape *shape, double margin, int width, int height, int box[4]);
/* Mix of `colour` (0) and `second` (1) of the texture at `count` points in the shape's own frame, pixels from
 * its centre. */
void vt_texture_mix(const vt_paint *paint, double half_width, double half_height, const float *u,
                    const float *v, int count, float *out);

/* ---- whole canvas (rgb only) ---- */
/* Every pixel, also the labels: a background. */
void vt_raster_fill(vt_raster *canvas, const vt_paint *paint, uint16_t label);
/* Independent noise on every pixel and channel, mean 0, standard deviation `sigma`: a sum of four uniform
 * numbers, bell-shaped, never beyond 3.5 sigma. A function of (seed, pixel). */
void vt_raster_noise(vt_raster *canvas, double sigma, uint64_t seed);
/* Gaussian blur, edges repeated, cut at 3 sigma. */
vt_status vt_raster_blur(vt_ctx *ctx, vt_raster *canvas, double sigma);
/* Multiplies with a plane that rises from 1 − strength to 1 + strength along `angle`: uneven light. */
void vt_raster_light(vt_raster *canvas, double strength, double angle);

/* Rounded to bytes [height, width, 3]. */
void vt_raster_bytes(const vt_raster *canvas, uint8_t *out);
/* What training sees of a picture in bytes: f32 [3, height, width], (value / 255 − ½) / ½. */
void vt_picture_floats(const uint8_t *rgb, int width, int height, float *out);
/* The inverse, values rounded and cut to bytes. */
void vt_picture_bytes(const float *floats, int width, int height, uint8_t *rgb);

#endif
