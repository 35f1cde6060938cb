/* SPDX-License-Identifier: Apache-2.0
 *
 * Creatures: painting, truth and edits of a record.
 */
#include "worlds/creatures.h"

#include <math.h>

/* ---- painting ---- */

static float bright(const float *colour)
{
  return .3f * colour[0] + .59f * colour[1] + .11f * colour[2];
}

/* The part's colour with its tint; the other colour of its texture is dark on light and light on dark. */
static vt_paint paint_of(const vt_creature *creature, vt_creature_part part, int mark)
{
  static const float white[3] = {.97f, .97f, .95f}, black[3] = {.06f, .06f, .08f};
  const vt_trait *trait = &creature->traits[part];
  vt_paint paint = {.texture = (vt_texture)trait->value[VT_CREATURE_TEXTURE], .shade = .18};
  if (mark) {
    memcpy(paint.colour, mark == 1 ? white : black, sizeof paint.colour);
    paint.texture = VT_TEXTURE_PLAIN;
    paint.shade = 0;
    return paint;
  }
  for (int c = 0; c < 3; c++) {
    float value = vt_colour_rgb[trait->value[VT_CREATURE_COLOUR]][c] + creature->view.tint[part][c];
    paint.colour[c] = value < 0 ? 0 : value > 1 ? 1 : value;
  }
  bool light = bright(paint.colour) > .52f;
  for (int c = 0; c < 3; c++) {
    paint.second[c] = light ? .12f + .25f * paint.colour[c] : .80f + .15f * paint.colour[c];
    paint.line[c] = .42f * paint.colour[c];
  }
  bool large = part == VT_CREATURE_BODY || part == VT_CREATURE_WING || part == VT_CREATURE_HEAD ||
               part == VT_CREATURE_TAIL;
  paint.outline = (large ? .034 : .024) * creature->view.unit;
  paint.period = fmax(.17 * creature->view.unit, 3.2);
  return paint;
}

static void paint_layer(const vt_creature *creature, vt_creature_part part, vt_creature_layer layer,
                        vt_raster *canvas)
{
  vt_creature_piece pieces[VT_CREATURE_PART_SHAPES];
  if (creature->dropped[part]) return;
  const vt_creature_view *view = &creature->view;
  int count = vt_creature_pieces(creature, part, pieces);
  for (int i = 0; i < count; i++) {
    if (pieces[i].layer != layer) continue;
    vt_shape shape = pieces[i].shape;
    double centre[2];
    vt_paint paint = paint_of(creature, part, pieces[i].mark);
    vt_creature_to_pixels(view, (const double[2]){shape.x, shape.y}, centre);
    shape.x = centre[0];
    shape.y = centre[1];
    shape.half_width *= view->unit;
    shape.half_height *= view->unit;
    shape.angle = (view->mirror ? -shape.angle : shape.angle) + view->angle;
    shape.mirror = view->mirror;
    vt_raster_paint(canvas, &shape, &paint, (uint16_t)(part + 1));
  }
}

static void paint_scrap(const vt_scrap *scrap, int px, vt_raster *canvas, uint16_t label)
{
  vt_shape shape = {.kind = scrap->shape,
                    .x = scrap->x * (float)px,
                    .y = scrap->y * (float)px,
                    .half_width = scrap->half_width * (float)px,
                    .half_height = scrap->half_height * (float)px,
                    .angle = scrap->angle};
  vt_paint paint = {.colour = {scrap->colour[0], scrap->colour[1], scrap->colour[2]}, .shade = .12};
  vt_raster_paint(canvas, &shape, &paint, label);
}

static void paint_background(const vt_creature *creature, vt_raster *canvas)
{
  vt_paint paint = {
      .texture = creature->ground_texture, .period = creature->px / 4., .seed = (uint32_t)creature->nuisance};
  for (int field = 0; field < 2; field++) {
    for (int c = 0; c < 3; c++) {
      paint.colour[c] = creature->ground[field][c];
      paint.second[c] = .82f * creature->ground[field][c] + .08f;
    }
    if (field == 0) {
      vt_raster_fill(canvas, &paint, 0);
    } else if (creature->horizon < 1) {
      double px = creature->px, top = creature->horizon * px;
      vt_shape below = {.kind = VT_SHAPE_RECTANGLE,
                        .x = px / 2,
                        .y = top + px / 2,
                        .half_width = px / 2 + 2,
                        .half_height = px / 2};
      vt_raster_paint(canvas, &below, &paint, 0);
    }
  }
  for (int i = 0; i < creature->scraps; i++)
    paint_scrap(&creature->scrap[i], creature->px, canvas, 0);
}

static void paint_all(const vt_creature *creature, vt_raster *canvas)
{
  static const vt_creature_part order[VT_CREATURE_PARTS] = {VT_CREATURE_TAIL, VT_CREATURE_LEG,
                                                            VT_CREATURE_BODY, VT_CREATURE_BEAK,
                                                            VT_CREATURE_HEAD, VT_CREATURE_WING};
  paint_background(creature, canvas);
  for (int layer = 0; layer <= VT_CREATURE_FRONT; layer++)
    for (int i = 0; i < VT_CREATURE_PARTS; i++)
      paint_layer(creature, order[i], (vt_creature_layer)layer, canvas);
  if (creature->occluder.shape) paint_scrap(&creature->occluder, creature->px, canvas, VT_CREATURE_OCCLUDER);
}

vt_status vt_creature_render(vt_ctx *ctx, const vt_creature *creature, uint8_t *rgb, uint16_t *labels)
{
  vt_raster canvas;
  VT_TRY(vt_raster_new(ctx, creature->px, creature->px,
                       (rgb ? VT_PLANE_RGB : 0u) | (labels ? VT_PLANE_LABELS : 0u), &canvas));
  paint_all(creature, &canvas);
  if (labels) memcpy(labels, canvas.labels, sizeof *labels * (size_t)creature->px * (size_t)creature->px);
  if (rgb) {
    vt_raster_light(&canvas, creature->view.light, creature->view.light_angle);
    vt_raster_noise(&canvas, creature->view.noise, creature->nuisance);
    vt_raster_bytes(&canvas, rgb);
  }
  vt_raster_free(&canvas);
  return VT_OK;
}

/* ---- truth ---- */

vt_status vt_creature_mask(vt_ctx *ctx, const vt_creature *creature, vt_creature_part part, vt_mask_kind kind,
                           uint8_t *bits, int64_t *area)
{
  vt_raster canvas;
  size_t pixels = (size_t)creature->px * (size_t)creature->px;
  VT_TRY(vt_raster_new(ctx, creature->px, creature->px,
                       kind == VT_MASK_TOUCHED ? VT_PLANE_COVERAGE : VT_PLANE_LABELS, &canvas));
  if (kind == VT_MASK_VISIBLE)
    paint_all(creature, &canvas);
  else
    for (int layer = 0; layer <= VT_CREATURE_FRONT; layer++)
      paint_layer(creature, part, (vt_creature_layer)layer, &canvas);
  int64_t sum = 0;
  for (size_t i = 0; i < pixels; i++) {
    bits[i] = canvas.labels ? canvas.labels[i] == part + 1 : canvas.coverage[i] > 0;
    sum += bits[i];
  }
  if (area) *area = sum;
  vt_raster_free(&canvas);
  return VT_OK;
}

vt_keypoint vt_creature_keypoint(const vt_creature *creature, const uint16_t *labels, vt_creature_part part)
{
  double anchor[2], at[2];
  int px = creature->px;
  vt_creature_anchor(creature, part, anchor);
  vt_creature_to_pixels(&creature->view, anchor, at);
  vt_keypoint out = {at[0], at[1], false};
  if (at[0] >= 0 && at[1] >= 0 && at[0] < px && at[1] < px)
    out.visible = labels[(int)at[1] * px + (int)at[0]] == part + 1;
  return out;
}

static json_t *box_json(const uint16_t *labels, int px, int from, int to, int *area)
{
  int box[4] = {px, px, 0, 0};
  *area = 0;
  for (int y = 0; y < px; y++)
    for (int x = 0; x < px; x++) {
      int label = labels[y * px + x];
      if (label < from || label > to) continue;
      ++*area;
      box[0] = x < box[0] ? x : box[0];
      box[1] = y < box[1] ? y : box[1];
      box[2] = x >= box[2] ? x + 1 : box[2];
      box[3] = y >= box[3] ? y + 1 : box[3];
    }
  return *area ? json_pack("[i,i,i,i]", box[0], box[1], box[2], box[3]) : json_null();
}

json_t *vt_creature_json(const vt_creature *creature, const uint16_t *labels)
{
  json_t *parts = json_array();
  int area;
  for (int part = 0; part < VT_CREATURE_PARTS; part++) {
    const int *value = creature->traits[part].value;
    vt_keypoint point = vt_creature_keypoint(creature, labels, (vt_creature_part)part);
    json_t *box = box_json(labels, creature->px, part + 1, part + 1, &area);
    json_t *json = json_pack("{s:i, s:s, s:b, s:i, s:o, s:{s:f, s:f, s:b}}", "label", part + 1, "part",
                             vt_creature_part_names[part], "present", !creature->dropped[part], "area", area,
                             "box", box, "keypoint", "x", point.x, "y", point.y, "visible", point.visible);
    for (int i = 0; i < VT_CREATURE_ATTRIBUTES; i++)
      json_object_set_new(
          json, vt_creature_attribute_names[i],
          json_string(vt_creature_value_name((vt_creature_part)part, (vt_creature_attribute)i, value[i])));
    json_array_append_new(parts, json);
  }
  json_t *box = box_json(labels, creature->px, 1, VT_CREATURE_PARTS, &area);
  return json_pack("{s:o, s:o, s:s, s:b}", "parts", parts, "box", box, "looks",
                   creature->view.mirror ? "left" : "right", "occluded", creature->occluder.shape != 0);
}

/* ---- edits ---- */

void vt_creature_drop(vt_creature *creature, vt_creature_part part)
{
  creature->dropped[part] = true;
}

void vt_creature_recolour(vt_creature *creature, vt_creature_part part, vt_colour colour)
{
  creature->traits[part].value[VT_CREATURE_COLOUR] = (int)colour;
}

vt_status vt_creature_set(vt_ctx *ctx, vt_creature *creature, vt_creature_part part,
                          vt_creature_attribute attribute, int value)
{
  static const int bounds[VT_CREATURE_ATTRIBUTES] = {VT_CREATURE_SHAPES, VT_COLOURS, VT_CREATURE_TEXTURES};
  if ((unsigned)part >= VT_CREATURE_PARTS || (unsigned)attribute >= VT_CREATURE_ATTRIBUTES)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a creature has %d parts with %d attributes each",
                   VT_CREATURE_PARTS, VT_CREATURE_ATTRIBUTES);
  if (value < 0 || value >= bounds[attribute])
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s %d of the %s: values go from 0 to %d",
                   vt_creature_attribute_names[attribute], value, vt_creature_part_names[part],
                   bounds[attribute] - 1);
  creature->traits[part].value[attribute] = value;
  return VT_OK;
}
