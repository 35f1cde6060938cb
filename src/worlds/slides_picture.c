/* SPDX-License-Identifier: Apache-2.0
 *
 * Slides painted: stroma, what lies in it, structures, nuclei. Structures and nuclei are painted twice, on
 * the picture and on their label maps, by the same calls.
 */
#include <math.h>

#include "worlds/raster.h"
#include "worlds/slides.h"

typedef struct painter {
  const vt_slide *slide;
  vt_raster picture, structures, nuclei; /* label maps have no colours */
} painter;

/* Haematoxylin and eosin at the strength of the stain: `blue` and `pink` from 0 to 1 are how much of each. */
static void stain(const vt_slide *slide, double blue, double pink, float out[3])
{
  static const double absorb[2][3] = {{.62, .70, .29}, {.10, .75, .28}};
  double strength = .8 + .25 * slide->stain;
  for (int c = 0; c < 3; c++) {
    double density = strength * (blue * absorb[0][c] + pink * absorb[1][c]);
    out[c] = (float)(.97 * exp(-1.6 * density) + (c == 0 ? slide->hue : c == 2 ? -slide->hue : 0));
    out[c] = out[c] < 0 ? 0 : out[c] > 1 ? 1 : out[c];
  }
}

static vt_paint paint_of(const vt_slide *slide, double blue, double pink)
{
  vt_paint paint = {.soft = 1.5};
  stain(slide, blue, pink, paint.colour);
  return paint;
}

static vt_shape ellipse(double x, double y, double half_width, double half_height, double angle)
{
  return (vt_shape){.kind = VT_SHAPE_ELLIPSE,
                    .x = x,
                    .y = y,
                    .half_width = half_width,
                    .half_height = half_height,
                    .angle = angle};
}

static void paint_ground(painter *p)
{
  vt_paint paint = {
      .texture = VT_TEXTURE_CLOUDED, .period = 9. / 64 * p->slide->px, .seed = (uint32_t)p->slide->nuisance};
  stain(p->slide, .03, .28, paint.colour);
  stain(p->slide, .06, .5, paint.second);
  vt_raster_fill(&p->picture, &paint, 0);
}

static void paint_extra(painter *p, const vt_extra *extra)
{
  vt_shape shape = ellipse(extra->x, extra->y, extra->half_width, extra->half_height, extra->angle);
  vt_paint paint;
  switch (extra->kind) {
  case VT_EXTRA_FIBRE:
    shape.kind = VT_SHAPE_CAPSULE;
    paint = paint_of(p->slide, .05, .7);
    break;
  case VT_EXTRA_VESSEL:
    paint = paint_of(p->slide, .1, .75);
    vt_raster_paint(&p->picture, &shape, &paint, 0);
    shape.half_width *= .7, shape.half_height *= .7;
    paint = paint_of(p->slide, 0, .12);
    break;
  case VT_EXTRA_TEAR:
    shape.kind = VT_SHAPE_LEAF;
    paint = paint_of(p->slide, 0, .02);
    break;
  case VT_EXTRA_SMUDGE:
    paint = paint_of(p->slide, .5, .4);
    paint.opacity = .6;
    paint.soft = 4;
    break;
  default:
    paint = paint_of(p->slide, 0, 1.25);
    paint.colour[0] = .85f;
  }
  vt_raster_paint(&p->picture, &shape, &paint, 0);
}

static void paint_structure(painter *p, int number)
{
  const vt_structure *s = &p->slide->structures[number];
  vt_shape whole = ellipse(s->x, s->y, s->half_width, s->half_height, s->angle),
           inside = ellipse(s->x, s->y, s->half_width * s->inner, s->half_height * s->inner, s->angle);
  double blue[VT_TISSUES] = {.28, .06, .2}, pink[VT_TISSUES] = {.45, .55, .7};
  vt_paint paint = paint_of(p->slide, blue[s->tissue], pink[s->tissue]);
  vt_raster_paint(&p->structures, &whole, &paint, (uint16_t)(number + 1));
  vt_raster_paint(&p->picture, &whole, &paint, 0);
  if (s->tissue != VT_TISSUE_NEST) { /* lumen or air */
    paint = paint_of(p->slide, 0, s->tissue == VT_TISSUE_AIR ? .02 : .1);
    vt_raster_paint(&p->picture, &inside, &paint, 0);
    return;
  }
  for (int layer = 0; layer < 3; layer++) { /* keratin, darker and paler in turn */
    vt_shape ring = inside;
    ring.half_width *= 1 - .33 * layer, ring.half_height *= 1 - .33 * layer;
    paint = paint_of(p->slide, 0, layer == 1 ? .45 : 1.5);
    vt_raster_paint(&p->picture, &ring, &paint, 0);
  }
}

static void paint_nucleus(painter *p, int number)
{
  const vt_nucleus *n = &p->slide->nuclei[number];
  vt_shape shape = ellipse(n->x, n->y, n->long_axis, n->short_axis, n->angle);
  vt_paint paint = paint_of(p->slide, .75 + .5 * n->dark, .25);
  if (n->kind == VT_NUCLEUS_TUMOUR) {
    paint.texture = VT_TEXTURE_SPECKLED;
    paint.seed = (uint32_t)(p->slide->nuisance >> 32) + (uint32_t)number;
    stain(p->slide, .5 + .5 * n->dark, .25, paint.second);
  }
  vt_raster_paint(&p->picture, &shape, &paint, 0);
  vt_raster_paint(&p->nuclei, &shape, &paint, (uint16_t)(number + 1));
  if (n->structure >= 0) vt_raster_paint(&p->structures, &shape, &paint, (uint16_t)(n->structure + 1));
}

static vt_status paint_all(vt_ctx *ctx, painter *p, uint8_t *rgb)
{
  const vt_slide *slide = p->slide;
  paint_ground(p);
  for (int i = 0; i < slide->extra_count; i++)
    paint_extra(p, &slide->extras[i]);
  for (int i = slide->structure_count - 1; i >= 0; i--) /* the first lies over the second */
    paint_structure(p, i);
  for (int i = 0; i < slide->nucleus_count; i++)
    paint_nucleus(p, i);
  if (!rgb) return VT_OK;
  VT_TRY(vt_raster_blur(ctx, &p->picture, .5 * slide->px / 64));
  vt_raster_noise(&p->picture, slide->noise, slide->nuisance);
  vt_raster_bytes(&p->picture, rgb);
  return VT_OK;
}

vt_status vt_slide_render(vt_ctx *ctx, const vt_slide *slide, uint8_t *rgb, uint16_t *structures,
                          uint16_t *nuclei)
{
  painter p = {.slide = slide};
  size_t bytes = (size_t)slide->px * (size_t)slide->px * sizeof *structures;
  vt_status status = vt_raster_new(ctx, slide->px, slide->px, rgb ? VT_PLANE_RGB : 0, &p.picture);
  if (status == VT_OK)
    status = vt_raster_new(ctx, slide->px, slide->px, structures ? VT_PLANE_LABELS : 0, &p.structures);
  if (status == VT_OK)
    status = vt_raster_new(ctx, slide->px, slide->px, nuclei ? VT_PLANE_LABELS : 0, &p.nuclei);
  if (status == VT_OK) status = paint_all(ctx, &p, rgb);
  if (status == VT_OK && structures) memcpy(structures, p.structures.labels, bytes);
  if (status == VT_OK && nuclei) memcpy(nuclei, p.nuclei.labels, bytes);
  vt_raster_free(&p.picture);
  vt_raster_free(&p.structures);
  vt_raster_free(&p.nuclei);
  return status;
}
