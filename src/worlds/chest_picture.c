/* SPDX-License-Identifier: Apache-2.0
 *
 * Chest pictures: a plane of density (0 air, 1 metal) painted organ by organ, and eight ways to show it.
 */
#include <math.h>

#include "worlds/chest.h"

const char *const vt_modality_names[VT_MODALITIES] = {"x-ray",      "ct",     "mr",        "ultrasound",
                                                      "dermoscopy", "fundus", "endoscopy", "pathology"};
const char *const vt_chest_view_names[VT_CHEST_VIEWS] = {"pa", "ap", "oblique"};

/* ---- density ---- */

/* density += opacity · coverage · (value − density) */
static void blend(vt_raster *density, const vt_raster *plane, float value, float opacity)
{
  size_t pixels = (size_t)plane->width * (size_t)plane->height;
  for (size_t i = 0; i < pixels; i++)
    density->rgb[i] += opacity * plane->coverage[i] * (value - density->rgb[i]);
}

static void paint_organ(const vt_chest_body *body, vt_organ organ, double enlarged, float value,
                        float opacity, vt_chest_planes *planes, vt_raster *density)
{
  vt_raster_clear(&planes->shape);
  vt_chest_cover_organ(body, organ, enlarged, &planes->shape);
  blend(density, &planes->shape, value, opacity);
}

static void paint_trunk(const vt_chest_body *body, vt_chest_planes *planes, vt_raster *density)
{
  vt_raster_clear(&planes->shape);
  vt_shape trunk = vt_chest_place(body, (vt_shape){.kind = VT_SHAPE_ROUNDED,
                                                   .y = .55,
                                                   .half_width = .95 * body->aspect,
                                                   .half_height = 1.5,
                                                   .ratio = .55});
  vt_shape neck = vt_chest_place(
      body,
      (vt_shape){.kind = VT_SHAPE_RECTANGLE, .y = -1.6, .half_width = .26 * body->aspect, .half_height = 1});
  vt_raster_paint(&planes->shape, &trunk, &(vt_paint){.soft = 2}, VT_LABEL_KEEP);
  vt_raster_paint(&planes->shape, &neck, &(vt_paint){.soft = 2}, VT_LABEL_KEEP);
  blend(density, &planes->shape, .52f, 1);
}

/* Vessels from the hilum into both lungs. */
static void paint_vessels(const vt_chest_body *body, vt_chest_planes *planes, vt_raster *density)
{
  static const float end[5][2] = {{.36f, -.60f}, {.56f, -.34f}, {.62f, .02f}, {.52f, .24f}, {.32f, .28f}};
  vt_raster_clear(&planes->shape);
  for (int side = -1; side <= 1; side += 2)
    for (int i = 0; i < 5; i++) {
      double a[2], b[2];
      vt_chest_point(body, side * .16, -.1, a);
      vt_chest_point(body, side * end[i][0], end[i][1], b);
      vt_shape line = vt_shape_line(a[0], a[1], b[0], b[1], .035 * body->scale);
      vt_raster_paint(&planes->shape, &line, &(vt_paint){.soft = 1.5}, VT_LABEL_KEEP);
    }
  blend(density, &planes->shape, .5f, .28f);
}

/* Value and opacity of a finding. */
static void look_of(vt_finding_kind kind, float *value, float *opacity)
{
  static const float looks[VT_FINDING_KINDS][2] = {
      [VT_EFFUSION] = {.62f, .92f},     [VT_ENLARGED_HEART] = {.66f, 0},  [VT_NODULE] = {.70f, .9f},
      [VT_CONSOLIDATION] = {.58f, .8f}, [VT_PNEUMOTHORAX] = {.05f, .9f},  [VT_COLLAPSE] = {.66f, .85f},
      [VT_CAVITY] = {.70f, .85f},       [VT_CALCIFICATION] = {.94f, .9f}, [VT_FRACTURE] = {.40f, .9f},
      [VT_NARROWING] = {.60f, .85f},
  };
  *value = looks[kind][0];
  *opacity = looks[kind][1];
}

static void paint_findings(const vt_study *study, bool prior, vt_chest_planes *planes, vt_raster *density)
{
  size_t pixels = (size_t)study->px * (size_t)study->px;
  for (int i = 0; i < study->facts.findings; i++) {
    vt_finding_kind kind = study->facts.finding[i].kind;
    float value, opacity;
    look_of(kind, &value, &opacity);
    if (opacity <= 0) continue; /* the heart is painted large */
    vt_chest_cover_finding(study, i, prior, planes);
    blend(density, &planes->shape, value, opacity * study->contrast);
    if (kind != VT_PNEUMOTHORAX) continue;
    for (size_t p = 0; p < pixels; p++) { /* the lung's own edge shows as a fine line */
      float line = planes->shape.coverage[p] * planes->inner.coverage[p] * 4;
      density->rgb[p] += .5f * (line > 1 ? 1 : line) * study->contrast * (.5f - density->rgb[p]);
    }
  }
}

static void paint_density(const vt_study *study, bool prior, vt_chest_planes *planes, vt_raster *density)
{
  const vt_chest_body *body = prior ? &study->before : &study->body;
  size_t pixels = (size_t)study->px * (size_t)study->px;
  for (size_t i = 0; i < pixels; i++)
    density->rgb[i] = .03f;
  paint_trunk(body, planes, density);
  paint_organ(body, VT_LEFT_LUNG, 1, .19f, .95f, planes, density);
  paint_organ(body, VT_RIGHT_LUNG, 1, .19f, .95f, planes, density);
  paint_vessels(body, planes, density);
  paint_organ(body, VT_SPINE, 1, .60f, .75f, planes, density);
  vt_raster_clear(&planes->shape);
  vt_chest_cover_vertebrae(body, &planes->shape);
  blend(density, &planes->shape, .76f, .7f);
  paint_organ(body, VT_AORTA, 1, .66f, .75f, planes, density);
  paint_organ(body, VT_HEART_ORGAN, vt_chest_enlarged(study, prior), .68f, .82f, planes, density);
  paint_organ(body, VT_TRACHEA, 1, .16f, .72f, planes, density);
  vt_raster_clear(&planes->shape);
  vt_chest_cover_ribs(body, &planes->shape);
  blend(density, &planes->shape, .78f, .20f);
  paint_findings(study, prior, planes, density);
  for (int i = 0; !prior && i < study->facts.devices; i++) {
    vt_chest_cover_device(study, i, planes);
    blend(density, &planes->shape, 1, .92f);
  }
}

/* ---- ways to show it ---- */

typedef struct look {
  float low[3], middle[3], high[3]; /* colours of density 0, ½, 1 */
  float noise, speckle;             /* standard deviations: added to density, multiplied */
  float gamma;                      /* of density before the colours */
} look;

static const look looks[VT_MODALITIES] = {
    [VT_XRAY] = {{.02f, .02f, .02f}, {.52f, .52f, .52f}, {.99f, .99f, .99f}, .018f, 0, 1},
    [VT_CT] = {{0, 0, 0}, {.42f, .42f, .44f}, {1, 1, 1}, .012f, 0, 1.3f},
    [VT_MR] = {{.03f, .03f, .05f}, {.86f, .86f, .88f}, {.10f, .10f, .12f}, .03f, 0, .9f},
    [VT_ULTRASOUND] = {{.01f, .02f, .03f}, {.36f, .40f, .43f}, {.85f, .90f, .93f}, .01f, .20f, 1.1f},
    [VT_DERMOSCOPY] = {{.95f, .78f, .68f}, {.66f, .40f, .28f}, {.22f, .10f, .08f}, .015f, 0, 1},
    [VT_FUNDUS] = {{.28f, .06f, .02f}, {.78f, .34f, .12f}, {1, .86f, .48f}, .02f, 0, 1},
    [VT_ENDOSCOPY] = {{.30f, .06f, .07f}, {.80f, .42f, .38f}, {1, .84f, .80f}, .015f, .05f, .9f},
    [VT_PATHOLOGY] = {{.97f, .94f, .97f}, {.80f, .52f, .74f}, {.34f, .12f, .46f}, .02f, .12f, 1},
};

bool vt_chest_in_field(const vt_study *study, int x, int y)
{
  double u = (x + .5) / study->px - .5, v = (y + .5) / study->px - .5;
  switch (study->modality) {
  case VT_ULTRASOUND: { /* a fan from above */
    double down = v + .75, far = sqrt(u * u + down * down);
    return far > .26 && far < 1.24 && fabs(u) < .80 * down;
  }
  case VT_CT:
  case VT_FUNDUS:
    return u * u + v * v < .53 * .53;
  case VT_ENDOSCOPY:
    return fabs(u) + fabs(v) < .82;
  default:
    return true;
  }
}

static void colour_of(const look *l, float density, float out[3])
{
  float d = density < 0 ? 0 : density > 1 ? 1 : density, t = d < .5f ? 2 * d : 2 * d - 1;
  const float *from = d < .5f ? l->low : l->middle, *to = d < .5f ? l->middle : l->high;
  for (int c = 0; c < 3; c++)
    out[c] = from[c] + t * (to[c] - from[c]);
}

/* How bright a place is: uneven coils, lamps and skins. */
static float shading(vt_modality modality, double u, double v)
{
  double square = u * u + v * v;
  switch (modality) {
  case VT_MR:
    return (float)(1.12 - .35 * (u + .5) * .8 - .2 * (v + .5));
  case VT_DERMOSCOPY:
    return (float)(1.05 - .7 * square);
  case VT_ENDOSCOPY:
    return (float)(1.15 - 1.5 * square);
  case VT_FUNDUS:
    return (float)(1.1 - .8 * square);
  default:
    return 1;
  }
}

/* The plane as a picture of three channels that has as many numbers: so that noise is drawn a pixel. */
static vt_raster as_numbers(const vt_raster *density)
{
  return (vt_raster){.width = density->width, .height = (density->height + 2) / 3, .rgb = density->rgb};
}

static void develop(const vt_study *study, vt_raster *density, const vt_raster *grain, uint8_t *rgb)
{
  const look *l = &looks[study->modality];
  int px = study->px;
  for (int y = 0; y < px; y++)
    for (int x = 0; x < px; x++) {
      size_t at = (size_t)(y * px + x);
      float colour[3], value = powf(fmaxf(density->rgb[at], 0), l->gamma * study->gain);
      value = value * (1 + l->speckle * grain->rgb[at]) + l->noise * study->noise * grain->rgb[at];
      colour_of(l, value, colour);
      bool seen = vt_chest_in_field(study, x, y);
      float light = shading(study->modality, (x + .5) / px - .5, (y + .5) / px - .5);
      for (int c = 0; c < 3; c++) {
        float shown = seen ? colour[c] * light : 0;
        rgb[3 * at + (size_t)c] = (uint8_t)((shown < 0 ? 0 : shown > 1 ? 1 : shown) * 255 + .5f);
      }
    }
}

vt_status vt_chest_picture(vt_ctx *ctx, const vt_study *study, bool prior, uint8_t *rgb)
{
  vt_chest_planes planes = {0};
  size_t numbers = (size_t)study->px * 3 * (size_t)((study->px + 2) / 3);
  vt_raster density = {.width = study->px, .height = study->px}, grain = density;
  density.rgb = vt_alloc_zero(ctx, numbers, sizeof *density.rgb);
  grain.rgb = vt_alloc_zero(ctx, numbers, sizeof *grain.rgb);
  vt_status status =
      density.rgb && grain.rgb ? vt_chest_planes_new(ctx, study->px, &planes) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    vt_raster drops = as_numbers(&grain);
    paint_density(study, prior, &planes, &density);
    vt_raster_noise(&drops, 1, prior ? vt_stream("prior", study->nuisance) : study->nuisance);
    develop(study, &density, &grain, rgb);
  }
  vt_chest_planes_free(&planes);
  vt_free(density.rgb);
  vt_free(grain.rgb);
  return status;
}

/* ---- masks ---- */

static void to_bits(const vt_study *study, const vt_raster *plane, uint8_t *bits, int64_t *area)
{
  int64_t sum = 0;
  for (int y = 0; y < study->px; y++)
    for (int x = 0; x < study->px; x++) {
      int at = y * study->px + x;
      bits[at] = plane->coverage[at] >= .5f && vt_chest_in_field(study, x, y);
      sum += bits[at];
    }
  if (area) *area = sum;
}

vt_status vt_chest_organ_mask(vt_ctx *ctx, const vt_study *study, vt_organ organ, uint8_t *bits,
                              int64_t *area)
{
  vt_raster plane;
  VT_TRY(vt_raster_new(ctx, study->px, study->px, VT_PLANE_COVERAGE, &plane));
  vt_chest_cover_organ(&study->body, organ, vt_chest_enlarged(study, false), &plane);
  to_bits(study, &plane, bits, area);
  vt_raster_free(&plane);
  return VT_OK;
}

vt_status vt_chest_region_mask(vt_ctx *ctx, const vt_study *study, int region, uint8_t *bits, int64_t *area)
{
  static const double border[4] = {-9, -.40, .02, 9}; /* of zones, body frame */
  if (region >= 6)
    return vt_chest_organ_mask(ctx, study, (vt_organ)(VT_HEART_ORGAN + region - 6), bits, area);
  VT_TRY(vt_chest_organ_mask(ctx, study, region < 3 ? VT_LEFT_LUNG : VT_RIGHT_LUNG, bits, area));
  int64_t sum = 0;
  for (int y = 0; y < study->px; y++)
    for (int x = 0; x < study->px; x++) {
      double at[2];
      uint8_t *bit = &bits[y * study->px + x];
      if (!*bit) continue;
      vt_chest_unplace(&study->body, x + .5, y + .5, at);
      *bit = at[1] >= border[region % 3] && at[1] < border[region % 3 + 1];
      sum += *bit;
    }
  if (area) *area = sum;
  return VT_OK;
}

static vt_status thing_mask(vt_ctx *ctx, const vt_study *study, int finding, int device, uint8_t *bits,
                            int64_t *area)
{
  vt_chest_planes planes;
  VT_TRY(vt_chest_planes_new(ctx, study->px, &planes));
  if (finding >= 0)
    vt_chest_cover_finding(study, finding, false, &planes);
  else
    vt_chest_cover_device(study, device, &planes);
  to_bits(study, &planes.shape, bits, area);
  vt_chest_planes_free(&planes);
  return VT_OK;
}

vt_status vt_chest_finding_mask(vt_ctx *ctx, const vt_study *study, int finding, uint8_t *bits, int64_t *area)
{
  return thing_mask(ctx, study, finding, -1, bits, area);
}

vt_status vt_chest_device_mask(vt_ctx *ctx, const vt_study *study, int device, uint8_t *bits, int64_t *area)
{
  return thing_mask(ctx, study, -1, device, bits, area);
}
