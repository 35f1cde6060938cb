/* SPDX-License-Identifier: Apache-2.0
 *
 * Drawing a study: body, facts, where findings are; its report; edits.
 */
#include <math.h>

#include "worlds/chest.h"

#define PI 3.14159265358979

/* ---- forms ---- */

int vt_chest_kinds(vt_chest_form form, const vt_finding_kind **kinds)
{
  static const vt_finding_kind usual[] = {VT_EFFUSION,      VT_ENLARGED_HEART, VT_NODULE,
                                          VT_CONSOLIDATION, VT_PNEUMOTHORAX,   VT_COLLAPSE};
  static const vt_finding_kind fine[] = {VT_EFFUSION, VT_NODULE,        VT_CONSOLIDATION, VT_PNEUMOTHORAX,
                                         VT_CAVITY,   VT_CALCIFICATION, VT_FRACTURE,      VT_NARROWING};
  *kinds = form == VT_CHEST_ANATOMY ? fine : usual;
  return form == VT_CHEST_ANATOMY ? (int)VT_COUNT(fine) : (int)VT_COUNT(usual);
}

const char *const vt_chest_label_names[VT_CHEST_LABELS] = {
    "effusion left",     "effusion right",     "enlarged heart",     "nodule small",
    "nodule medium",     "nodule large",       "consolidation left", "consolidation right",
    "pneumothorax left", "pneumothorax right", "collapse left",      "collapse right"};

int vt_chest_label_of(const vt_finding *finding)
{
  static const int first[VT_FINDING_KINDS] = {0, 2, 3, 6, 8, 10, -1, -1, -1, -1};
  int label = first[finding->kind];
  if (label < 0 || finding->kind == VT_ENLARGED_HEART) return label;
  if (finding->kind != VT_NODULE) return label + (finding->side == VT_SIDE_RIGHT);
  return finding->extent == VT_EXTENT_NONE ? -1 : label + (int)finding->extent - 1;
}

unsigned vt_chest_regions_of(vt_finding_kind kind)
{
  static const unsigned regions[VT_FINDING_KINDS] = {
      [VT_EFFUSION] = 3u << 10, [VT_ENLARGED_HEART] = 1u << 6, [VT_NODULE] = 63,
      [VT_CONSOLIDATION] = 63,  [VT_PNEUMOTHORAX] = 9,         [VT_COLLAPSE] = 36,
      [VT_CAVITY] = 63,         [VT_CALCIFICATION] = 1u << 7,  [VT_FRACTURE] = 1u << 8,
      [VT_NARROWING] = 1u << 9,
  };
  return regions[kind];
}

int vt_chest_region_of(const vt_finding *finding)
{
  int right = finding->side == VT_SIDE_RIGHT;
  switch (finding->kind) {
  case VT_EFFUSION:
    return 10 + right;
  case VT_PNEUMOTHORAX:
    return 3 * right;
  case VT_COLLAPSE:
    return 3 * right + 2;
  case VT_ENLARGED_HEART:
    return 6;
  case VT_CALCIFICATION:
    return 7;
  case VT_FRACTURE:
    return 8;
  case VT_NARROWING:
    return 9;
  default:
    return 3 * right + (int)finding->zone - 1;
  }
}

/* ---- body ---- */

static void draw_body(vt_draw *draw, int px, vt_chest_view view, bool shifted, vt_chest_body *body)
{
  double low = shifted ? .58 : .70, high = shifted ? .78 : 1.28, spread = shifted ? .20 : .14;
  body->scale = (float)(.47 * px * vt_draw_uniform(draw, low, high));
  body->aspect = (float)vt_draw_uniform(draw, .82, 1.16);
  body->angle = (float)vt_draw_uniform(draw, shifted ? -.35 : -.2, shifted ? .35 : .2);
  body->x = (float)(px * (.5 + vt_draw_uniform(draw, -spread, spread)));
  body->y = (float)(px * (.54 + vt_draw_uniform(draw, -spread, spread)));
  for (int i = 0; i < 2; i++) {
    body->lung_width[i] = (float)vt_draw_uniform(draw, .88, 1.1);
    body->lung_height[i] = (float)(vt_draw_uniform(draw, .8, 1.15) - (i == 1 ? .06 : 0)); /* liver below */
  }
  body->heart_x = (float)vt_draw_uniform(draw, -.06, .07);
  body->heart_size = (float)vt_draw_uniform(draw, .93, 1.07);
  body->heart_angle = (float)vt_draw_uniform(draw, .25, .75);
  body->aorta_x = (float)vt_draw_uniform(draw, -.03, .06);
  body->spine_bend = (float)vt_draw_uniform(draw, -.08, .08);
  body->trachea_x = (float)vt_draw_uniform(draw, -.05, .05);
  body->turn = view == VT_VIEW_OBLIQUE
                   ? (float)((vt_draw_chance(draw, .5) ? 1 : -1) * vt_draw_uniform(draw, .25, .45))
                   : 0;
  if (view == VT_VIEW_AP) { /* nearer: lower lungs, a larger heart */
    body->heart_size *= 1.07f;
    body->lung_height[0] *= .9f;
    body->lung_height[1] *= .9f;
  }
}

/* The same body on another day: the picture taken a little differently. */
static void draw_before(vt_draw *draw, int px, const vt_chest_body *body, vt_chest_body *out)
{
  *out = *body;
  out->x += (float)(px * vt_draw_uniform(draw, -.03, .03));
  out->y += (float)(px * vt_draw_uniform(draw, -.03, .03));
  out->scale *= (float)vt_draw_uniform(draw, .95, 1.05);
  out->angle += (float)vt_draw_uniform(draw, -.05, .05);
  for (int i = 0; i < 2; i++)
    out->lung_height[i] *= (float)vt_draw_uniform(draw, .96, 1.04);
}

/* ---- facts ---- */

static vt_finding draw_finding(const vt_study *study, vt_draw *draw, bool novel)
{
  const vt_finding_kind *kinds;
  int count = vt_chest_kinds(study->form, &kinds);
  vt_finding f = {.kind = kinds[vt_draw_below(draw, count)]};
  /* novel: no cavity in training, and consolidation on the left only */
  while (novel && f.kind == VT_CAVITY)
    f.kind = kinds[vt_draw_below(draw, count)];
  if (vt_finding_rows[f.kind].sided) f.side = (vt_side)(1 + vt_draw_below(draw, 2));
  if (novel && f.kind == VT_CONSOLIDATION) f.side = VT_SIDE_LEFT;
  if (vt_finding_rows[f.kind].zoned) f.zone = (vt_zone)(1 + vt_draw_below(draw, 3));
  if (study->has_prior) f.change = (vt_change)(1 + vt_draw_below(draw, VT_CHANGES - 1));
  if (f.change != VT_CHANGE_RESOLVED) f.extent = (vt_extent)(1 + vt_draw_below(draw, 3));
  return f;
}

/* Large things of one lung leave no room for each other. */
static bool room_for(const vt_chest_facts *facts, const vt_finding *f)
{
  for (int i = 0; i < facts->findings; i++) {
    const vt_finding *other = &facts->finding[i];
    if (other->kind == f->kind && !vt_finding_rows[f->kind].zoned && other->side == f->side) return false;
    if (f->side == VT_SIDE_NONE || other->side != f->side) continue;
    bool whole = !vt_finding_rows[f->kind].zoned, other_whole = !vt_finding_rows[other->kind].zoned;
    if (whole && other_whole) return false;
    if (!whole && !other_whole && f->zone == other->zone) return false;
    const vt_finding *wide = whole ? f : other, *spot = whole ? other : f;
    if (whole == other_whole) continue;
    if (wide->kind == VT_PNEUMOTHORAX ? spot->zone == VT_ZONE_UPPER : spot->zone == VT_ZONE_LOWER)
      return false;
  }
  return true;
}

static void draw_facts(const vt_world *world, vt_draw *draw, vt_study *study)
{
  static const double how_many[4] = {.22, .36, .27, .15};
  const vt_chest_options *options = world->options;
  int findings = vt_draw_weighted(draw, how_many, 4);
  bool novel = options->novel && study->split != VT_TEST;
  for (int i = 0; i < findings; i++) {
    vt_finding f = draw_finding(study, draw, novel);
    if (room_for(&study->facts, &f)) vt_chest_facts_add_finding(&study->facts, f);
  }
  if (study->form == VT_CHEST_ANATOMY) return;
  int devices = vt_draw_chance(draw, .55) ? 0 : 1 + vt_draw_chance(draw, .4);
  for (int i = 0; i < devices; i++) {
    vt_device device = {.kind = (vt_device_kind)vt_draw_below(draw, VT_DEVICE_KINDS)};
    if (device.kind == VT_TUBE || device.kind == VT_LINE)
      device.placement = (vt_placement)(1 + vt_draw_below(draw, VT_PLACEMENTS - 1));
    if (device.kind == VT_PACEMAKER) device.side = (vt_side)(1 + vt_draw_below(draw, VT_SIDES - 1));
    vt_chest_facts_add_device(&study->facts, device);
  }
}

/* ---- places ---- */

/* Of a spot in a zone, outside of the heart; right sides mirrored. */
static void draw_spot(vt_draw *draw, const vt_finding *f, vt_lesion *lesion)
{
  static const double top[VT_ZONES] = {0, -.70, -.32, .08}, bottom[VT_ZONES] = {0, -.47, -.05, .24};
  static const double inner[VT_ZONES] = {0, .28, .36, .50}, outer[VT_ZONES] = {0, .48, .60, .62};
  double near = f->side == VT_SIDE_RIGHT && f->zone == VT_ZONE_LOWER ? .36 : inner[f->zone];
  lesion->x = (float)vt_draw_uniform(draw, near, outer[f->zone]);
  lesion->y = (float)vt_draw_uniform(draw, top[f->zone], bottom[f->zone]);
  if (f->side == VT_SIDE_RIGHT) lesion->x = -lesion->x;
}

static void draw_lesion(vt_draw *draw, const vt_chest_body *body, const vt_finding *f, vt_lesion *lesion)
{
  lesion->was = f->extent ? f->extent : (vt_extent)(1 + vt_draw_below(draw, 3));
  lesion->amount = (float)(((int)lesion->was - 1) * .42 + .06 + vt_draw_uniform(draw, -.06, .06));
  lesion->grow = 1;
  lesion->angle = (float)vt_draw_uniform(draw, -.4, .4);
  lesion->seed = (uint32_t)vt_draw_below(draw, 1 << 30);
  switch (f->kind) {
  case VT_CALCIFICATION:
    lesion->x = body->aorta_x + .17f;
    lesion->y = -.40f;
    return;
  case VT_FRACTURE: { /* one of the vertebrae in the middle */
    double y = -.98 + .215 * (2 + vt_draw_below(draw, 5));
    lesion->x = (float)(-.35 * body->turn + body->spine_bend * (1 - y * y / 3));
    lesion->y = (float)y;
    return;
  }
  case VT_NARROWING:
    lesion->x = body->trachea_x + .1f * body->turn;
    lesion->y = (float)vt_draw_uniform(draw, -.78, -.56);
    return;
  default:
    if (f->zone) draw_spot(draw, f, lesion);
  }
}

static int count_covered(const vt_study *study, const vt_raster *plane)
{
  int sum = 0;
  for (int y = 0; y < study->px; y++)
    for (int x = 0; x < study->px; x++)
      sum += plane->coverage[y * study->px + x] >= .5f && vt_chest_in_field(study, x, y);
  return sum;
}

/* Form 37: sizes are shares of the picture. Bisection on the growth until the area is the one wanted. */
static void fit_area(vt_study *study, int finding, vt_draw *draw, vt_chest_planes *planes)
{
  static const double shares[4] = {.0042, .0075, .0135, .025}; /* borders of small, medium, large */
  vt_lesion *lesion = &study->lesion[finding];
  int size = (int)lesion->was - 1;
  double wanted = study->px * study->px * vt_draw_uniform(draw, shares[size] * 1.06, shares[size + 1] * .94);
  double low = .05, high = 6;
  for (int step = 0; step < 10; step++) {
    lesion->grow = (float)sqrt(low * high);
    vt_chest_cover_finding(study, finding, false, planes);
    if (count_covered(study, &planes->shape) < wanted)
      low = lesion->grow;
    else
      high = lesion->grow;
  }
}

/* Pixels a finding has in one of the pictures. */
static int visible_area(const vt_study *study, int finding, bool prior, vt_chest_planes *planes)
{
  vt_chest_cover_finding(study, finding, prior, planes);
  return count_covered(study, &planes->shape);
}

/* Whether each finding can be seen where it is; in form 37 of the right size. */
static bool all_visible(vt_study *study, vt_draw *draw, vt_chest_planes *planes)
{
  int pixels = study->px * study->px;
  double least = study->form == VT_CHEST_ANATOMY ? .003 : .0012;
  for (int i = 0; i < study->facts.findings; i++) {
    const vt_finding *f = &study->facts.finding[i];
    if (study->form == VT_CHEST_ANATOMY) fit_area(study, i, draw, planes);
    if (vt_chest_in_current(f)) {
      int area = visible_area(study, i, false, planes);
      if (area < least * pixels || (study->form == VT_CHEST_ANATOMY && area > .03 * pixels)) return false;
    }
    if (vt_chest_in_prior(f) && visible_area(study, i, true, planes) < least / 2 * pixels) return false;
  }
  for (int i = 0; i < study->facts.devices; i++) {
    vt_chest_cover_device(study, i, planes);
    if (count_covered(study, &planes->shape) < 5) return false;
  }
  return true;
}

/* ---- studies ---- */

static void draw_look(const vt_world *world, vt_draw *draw, int64_t index, vt_study *study)
{
  const vt_chest_options *options = world->options;
  study->modality =
      study->form == VT_CHEST_BILINGUAL ? (vt_modality)vt_draw_below(draw, (int)options->styles) : VT_XRAY;
  study->view = (vt_chest_view)vt_draw_below(draw, VT_CHEST_VIEWS);
  study->style = (vt_chest_style)vt_draw_below(draw, VT_CHEST_STYLES);
  study->language = options->language == 0 ? (vt_language)(index % 2) : (vt_language)(options->language - 1);
  study->has_prior = study->form == VT_CHEST_PRIOR && vt_draw_chance(draw, .7);
  study->contrast = study->form == VT_CHEST_ANATOMY ? (float)vt_draw_uniform(draw, .55, .8) : 1;
  study->gain = (float)vt_draw_uniform(draw, .88, 1.14);
  study->noise = (float)vt_draw_uniform(draw, .7, 1.3);
  double strength = (double)options->level / 3;
  if (options->shift == VT_CHEST_GAIN)
    study->gain *= vt_draw_chance(draw, .5) ? (float)(1 + .6 * strength) : (float)(1 / (1 + .6 * strength));
  if (options->shift == VT_CHEST_NOISE) study->noise *= (float)(1 + 3 * strength);
}

vt_status vt_chest_make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                        void *record)
{
  enum { TRIES = 40 };
  const vt_chest_options *options = world->options;
  vt_study *study = record;
  vt_chest_planes planes;
  vt_draw look = vt_draw_start(key, "look"), facts = vt_draw_start(key, "facts"),
          place = vt_draw_start(key, "place"), frame = vt_draw_start(key, "body");
  study->split = split;
  study->form = (vt_chest_form)options->form;
  study->px = vt_chest_px(world);
  study->nuisance = key;
  draw_look(world, &look, index, study);
  draw_facts(world, &facts, study);
  VT_TRY(vt_chest_planes_new(ctx, study->px, &planes));
  for (int i = 0; i < TRIES; i++) { /* until body and places leave everything in the picture */
    draw_body(&frame, study->px, study->view, options->shift == VT_CHEST_VIEW, &study->body);
    draw_before(&frame, study->px, &study->body, &study->before);
    for (int k = 0; k < study->facts.findings; k++)
      draw_lesion(&place, &study->body, &study->facts.finding[k], &study->lesion[k]);
    if (all_visible(study, &place, &planes)) break;
    if (i == TRIES - 1) study->facts = (vt_chest_facts){0}; /* has not been seen to happen */
  }
  vt_chest_planes_free(&planes);
  return VT_OK;
}

vt_status vt_chest_report(vt_ctx *ctx, const vt_study *study, vt_chest_style style, vt_language language,
                          char **out)
{
  return vt_chest_report_write(ctx, &study->facts, style, language, vt_stream("report", study->nuisance),
                               out);
}

/* ---- edits ---- */

void vt_chest_drop_finding(vt_study *study, int finding)
{
  size_t behind = (size_t)(study->facts.findings - finding - 1);
  memmove(&study->facts.finding[finding], &study->facts.finding[finding + 1],
          behind * sizeof *study->facts.finding);
  memmove(&study->lesion[finding], &study->lesion[finding + 1], behind * sizeof *study->lesion);
  study->facts.findings--;
}

static vt_side other_side(vt_side side)
{
  return side == VT_SIDE_NONE ? side : side == VT_SIDE_LEFT ? VT_SIDE_RIGHT : VT_SIDE_LEFT;
}

void vt_chest_flip(vt_study *study)
{
  vt_chest_facts facts = {0};
  vt_lesion lesion[VT_CHEST_FINDINGS];
  memcpy(lesion, study->lesion, sizeof lesion);
  for (int i = 0; i < study->facts.findings; i++) {
    vt_finding f = study->facts.finding[i];
    f.side = other_side(f.side);
    vt_chest_facts_add_finding(&facts, f);
  }
  for (int i = 0; i < study->facts.findings; i++) /* lesions follow their findings */
    for (int k = 0; k < facts.findings; k++) {
      const vt_finding *from = &study->facts.finding[i], *to = &facts.finding[k];
      if (from->kind != to->kind || from->zone != to->zone || other_side(from->side) != to->side) continue;
      study->lesion[k] = lesion[i];
      if (from->side) study->lesion[k].x = -lesion[i].x;
    }
  for (int i = 0; i < study->facts.devices; i++) {
    vt_device device = study->facts.device[i];
    device.side = other_side(device.side);
    vt_chest_facts_add_device(&facts, device);
  }
  study->facts = facts;
}
