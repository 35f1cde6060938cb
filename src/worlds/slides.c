/* SPDX-License-Identifier: Apache-2.0
 *
 * slides/tissue: three kinds of lung tissue that their structures tell apart, with a sentence about each.
 */
#include "worlds/slides.h"

#include <math.h>

#include "worlds/corrupt.h"
#include "worlds/presets.h"
#include "worlds/raster.h"

#define PI 3.14159265358979

typedef struct tissue_options {
  int64_t px;
  double second, smaller, block_erase;
} tissue_options;

static const vt_field fields[] = {
    {"px", VT_FIELD_INT, offsetof(tissue_options, px), "64", VT_RANGE(48, 256),
     .help = "side in pixels, a multiple of 8"},
    {"second", VT_FIELD_REAL, offsetof(tissue_options, second), "0", VT_RANGE(0, 1),
     .help = "share of slides with a second, smaller structure of another tissue"},
    {"smaller", VT_FIELD_REAL, offsetof(tissue_options, smaller), "0.7", VT_RANGE(.3, 1),
     .help = "its size, the first one's being 1"},
    {"block_erase", VT_FIELD_REAL, offsetof(tissue_options, block_erase), "0", VT_RANGE(0, 1),
     .help = "share of training pictures that keep only 15 to 100 % of their 8 x 8 blocks, others black"},
};

const char *const vt_tissue_names[VT_TISSUES] = {"lung adenocarcinoma", "benign lung",
                                                 "lung squamous cell carcinoma"};
const char *const vt_nucleus_names[VT_NUCLEUS_KINDS] = {"tumour", "stroma", "lymphocyte", "wall"};

/* ---- record ---- */

static void add_nucleus(vt_slide *slide, vt_draw *draw, vt_nucleus_kind kind, int structure, double x,
                        double y, double angle)
{
  static const double axes[VT_NUCLEUS_KINDS][2] = {{2.6, 2.1}, {2.7, 1.0}, {1.5, 1.5}, {2.4, .9}};
  if (slide->nucleus_count == VT_SLIDE_NUCLEI) return;
  double unit = slide->px / 64., grow = vt_draw_uniform(draw, .85, 1.2);
  slide->nuclei[slide->nucleus_count++] = (vt_nucleus){.kind = kind,
                                                       .structure = structure,
                                                       .x = (float)x,
                                                       .y = (float)y,
                                                       .long_axis = (float)(unit * grow * axes[kind][0]),
                                                       .short_axis = (float)(unit * grow * axes[kind][1]),
                                                       .angle = (float)angle,
                                                       .dark = (float)vt_draw_uniform(draw, 0, 1)};
}

/* A point of a structure at `radius` (1: its edge) and `turn`; returns the direction along the edge. */
static double place_in(const vt_structure *s, double radius, double turn, double *x, double *y)
{
  double u = radius * s->half_width * cos(turn), v = radius * s->half_height * sin(turn), c = cos(s->angle),
         d = sin(s->angle);
  *x = s->x + c * u - d * v;
  *y = s->y + d * u + c * v;
  return atan2(s->half_height * cos(turn), -s->half_width * sin(turn)) + s->angle;
}

static void add_structure(vt_slide *slide, vt_draw *draw, vt_tissue tissue, double size)
{
  int number = slide->structure_count++;
  vt_structure *s = &slide->structures[number];
  double px = slide->px, radius = px * size * vt_draw_uniform(draw, .19, .25), x, y;
  s->tissue = tissue;
  s->half_width = (float)(radius * vt_draw_uniform(draw, .95, 1.15));
  s->half_height = (float)(radius * vt_draw_uniform(draw, .8, 1));
  s->angle = (float)vt_draw_uniform(draw, 0, PI);
  s->x = (float)vt_draw_uniform(draw, 1.2 * radius, px - 1.2 * radius);
  s->y = (float)vt_draw_uniform(draw, 1.2 * radius, px - 1.2 * radius);
  s->inner = (float)(tissue == VT_TISSUE_AIR     ? vt_draw_uniform(draw, .82, .87)
                     : tissue == VT_TISSUE_GLAND ? vt_draw_uniform(draw, .35, .5)
                                                 : vt_draw_uniform(draw, .45, .55));
  int count = tissue == VT_TISSUE_AIR ? 4 + vt_draw_below(draw, 3) : 8 + vt_draw_below(draw, 4);
  double start = vt_draw_uniform(draw, 0, 2 * PI);
  for (int i = 0; i < count; i++) {
    double turn = start + 2 * PI * (i + vt_draw_uniform(draw, -.2, .2)) / count;
    double at = tissue == VT_TISSUE_AIR     ? .92
                : tissue == VT_TISSUE_GLAND ? .74
                                            : vt_draw_uniform(draw, .7, .9);
    double along = place_in(s, at, turn, &x, &y);
    bool across = tissue == VT_TISSUE_GLAND; /* tall cells stand on the edge */
    add_nucleus(slide, draw, tissue == VT_TISSUE_AIR ? VT_NUCLEUS_WALL : VT_NUCLEUS_TUMOUR, number, x, y,
                across                     ? along + PI / 2
                : tissue == VT_TISSUE_NEST ? vt_draw_uniform(draw, 0, PI)
                                           : along);
  }
}

/* Structures that share no pixel, when 100 tries find a place. */
static void add_second(vt_slide *slide, vt_draw *draw, double size)
{
  const vt_structure *first = &slide->structures[0];
  int tissue = (slide->label + 1 + vt_draw_below(draw, VT_TISSUES - 1)) % VT_TISSUES,
      count = slide->nucleus_count;
  for (int i = 0; i < 100; i++) {
    add_structure(slide, draw, (vt_tissue)tissue, size);
    const vt_structure *s = &slide->structures[1];
    double away = hypot(s->x - first->x, s->y - first->y);
    if (away > fmax(s->half_width, s->half_height) + fmax(first->half_width, first->half_height) + 1) return;
    slide->structure_count = 1;
    slide->nucleus_count = count;
  }
}

static bool free_place(const vt_slide *slide, double x, double y, double margin)
{
  for (int i = 0; i < slide->structure_count; i++) {
    const vt_structure *s = &slide->structures[i];
    if (hypot(x - s->x, y - s->y) < fmax(s->half_width, s->half_height) + margin) return false;
  }
  return true;
}

/* Whatever lies in the stroma: the same for all tissues. Tears are as white as air spaces, smudges as violet
 * as glands. */
static void add_stroma(vt_slide *slide, vt_draw *draw)
{
  static const double sizes[VT_EXTRAS][2] = {{14, .6}, {4.5, 3.5}, {1.8, 1.8}, {10, 3.5}, {7, 5.5}};
  static const int least[VT_EXTRAS] = {3, 0, 0, 0, 0}, more[VT_EXTRAS] = {4, 3, 7, 3, 3};
  double px = slide->px, unit = px / 64;
  for (int kind = 0; kind < VT_EXTRAS; kind++) {
    int count = least[kind] + vt_draw_below(draw, more[kind]);
    for (int i = 0; i < count && slide->extra_count < VT_SLIDE_EXTRAS; i++) {
      double size = vt_draw_uniform(draw, .8, 1.2) * unit;
      vt_extra extra = {.kind = (vt_extra_kind)kind,
                        .x = (float)vt_draw_uniform(draw, 0, px),
                        .y = (float)vt_draw_uniform(draw, 0, px),
                        .angle = (float)vt_draw_uniform(draw, 0, PI),
                        .half_width = (float)(size * sizes[kind][0]),
                        .half_height = (float)(size * sizes[kind][1])};
      if (kind == VT_EXTRA_FIBRE || free_place(slide, extra.x, extra.y, extra.half_width))
        slide->extras[slide->extra_count++] = extra;
    }
  }
  int cells = 5 + vt_draw_below(draw, 6), lymphocytes = vt_draw_below(draw, 8);
  for (int i = 0; i < cells + lymphocytes; i++) {
    double x = vt_draw_uniform(draw, 0, px), y = vt_draw_uniform(draw, 0, px),
           turn = vt_draw_uniform(draw, 0, PI);
    if (free_place(slide, x, y, 2.5 * unit))
      add_nucleus(slide, draw, i < cells ? VT_NUCLEUS_STROMA : VT_NUCLEUS_LYMPHOCYTE, -1, x, y, turn);
  }
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const tissue_options *options = world->options;
  vt_slide *slide = record;
  vt_draw draw = vt_draw_start(key, "tissue"), second = vt_draw_start(key, "second"),
          stroma = vt_draw_start(key, "stroma");
  memset(slide, 0, sizeof *slide);
  slide->label = vt_draw_below(&draw, VT_TISSUES);
  slide->px = (int)options->px;
  slide->split = split;
  slide->stain = vt_draw_below(&draw, 3);
  slide->hue = (float)vt_draw_uniform(&draw, -.03, .03);
  slide->noise = .02f;
  slide->nuisance = key;
  add_structure(slide, &draw, (vt_tissue)slide->label, 1);
  if (vt_draw_chance(&second, options->second)) add_second(slide, &second, options->smaller);
  add_stroma(slide, &stroma);
  return VT_OK;
}

static vt_status open_tissue(vt_ctx *ctx, vt_world *world)
{
  const tissue_options *options = world->options;
  if (options->px % VT_BLOCK == 0) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "px: %lld is no multiple of %d", (long long)options->px,
                 VT_BLOCK);
}

/* ---- picture and truth ---- */

static void erase(const vt_world *world, const vt_slide *slide, uint64_t pass, uint8_t *rgb)
{
  const tissue_options *options = world->options;
  uint64_t stream = vt_stream("block erase", pass);
  if (slide->split != VT_TRAIN || options->block_erase <= 0 ||
      vt_random_uniform(slide->nuisance, stream, 0) >= options->block_erase)
    return;
  double share = .15 + .85 * vt_random_uniform(slide->nuisance, stream, 1);
  vt_erase_blocks(rgb, slide->px, slide->px, share, stream ^ slide->nuisance, NULL);
}

static json_t *truth_of(const vt_slide *slide)
{
  json_t *structures = json_array(), *nuclei = json_array();
  for (int i = 0; i < slide->structure_count; i++) {
    const vt_structure *s = &slide->structures[i];
    json_array_append_new(structures, json_pack("{s:s, s:[f,f], s:[f,f], s:f}", "tissue",
                                                vt_tissue_names[s->tissue], "centre", s->x, s->y, "half_axes",
                                                s->half_width, s->half_height, "angle", s->angle));
  }
  for (int i = 0; i < slide->nucleus_count; i++)
    json_array_append_new(nuclei,
                          json_pack("{s:s, s:[f,f], s:i}", "kind", vt_nucleus_names[slide->nuclei[i].kind],
                                    "centre", slide->nuclei[i].x, slide->nuclei[i].y, "structure",
                                    slide->nuclei[i].structure + 1));
  return json_pack("{s:s, s:i, s:o, s:o, s:[s,s]}", "class", vt_tissue_names[slide->label], "label",
                   slide->label, "structures", structures, "nuclei", nuclei, "levels", "structure",
                   "nucleus");
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_slide *slide = record;
  size_t pixels = (size_t)slide->px * (size_t)slide->px;
  enum { LONGEST = 256 };
  item->width = item->height = slide->px;
  item->levels = 2;
  item->image = vt_alloc(ctx, 3 * pixels);
  item->labels = vt_alloc(ctx, 2 * pixels * sizeof *item->labels);
  item->text = vt_alloc(ctx, LONGEST);
  if (!item->image || !item->labels || !item->text) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_slide_render(ctx, slide, item->image, item->labels, item->labels + pixels));
  erase(world, slide, 0, item->image);
  vt_slide_caption(slide, slide->nuisance, item->text, LONGEST);
  item->truth = truth_of(slide);
  return item->truth ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
}

/* ---- training fields ---- */

enum { IMAGE, LABEL, MASK, DISTRACTOR, NUCLEI, TOKENS };

static int describe(const vt_world *world, vt_dataset_field *out)
{
  int64_t px = ((const tissue_options *)world->options)->px;
  out[IMAGE] = (vt_dataset_field){"image", VT_F32, 3, {3, px, px}};
  out[LABEL] = (vt_dataset_field){"label", VT_I64, 0, {0}};
  out[MASK] = (vt_dataset_field){"mask", VT_U8, 2, {px, px}};
  out[DISTRACTOR] = (vt_dataset_field){"distractor", VT_U8, 2, {px, px}};
  out[NUCLEI] = (vt_dataset_field){"nuclei", VT_U8, 2, {px, px}};
  out[TOKENS] = (vt_dataset_field){"tokens", VT_I64, 1, {VT_SLIDE_TOKENS}};
  return TOKENS + 1;
}

static vt_status fill_picture(vt_ctx *ctx, const vt_world *world, const vt_slide *slide, uint64_t pass,
                              uint8_t *rgb, uint16_t *labels, void *const *out)
{
  int pixels = slide->px * slide->px;
  VT_TRY(vt_slide_render(ctx, slide, rgb, labels, labels ? labels + pixels : NULL));
  if (rgb) {
    erase(world, slide, pass, rgb);
    vt_picture_floats(rgb, slide->px, slide->px, out[IMAGE]);
  }
  for (int i = 0; i < pixels && labels; i++) {
    if (out[MASK]) ((uint8_t *)out[MASK])[i] = labels[i] == 1;
    if (out[DISTRACTOR]) ((uint8_t *)out[DISTRACTOR])[i] = labels[i] == 2;
    if (out[NUCLEI]) {
      uint16_t nucleus = labels[pixels + i];
      ((uint8_t *)out[NUCLEI])[i] = nucleus ? (uint8_t)(slide->nuclei[nucleus - 1].kind + 1) : 0;
    }
  }
  return VT_OK;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  const vt_slide *slide = record;
  size_t pixels = (size_t)slide->px * (size_t)slide->px;
  if (out[LABEL]) *(int64_t *)out[LABEL] = slide->label;
  if (out[TOKENS]) { /* said anew in every pass */
    char text[256];
    vt_slide_caption(slide, slide->nuisance + pass, text, sizeof text);
    vt_slide_tokens(text, VT_SLIDE_TOKENS, out[TOKENS]);
  }
  bool maps = out[MASK] || out[DISTRACTOR] || out[NUCLEI];
  if (!out[IMAGE] && !maps) return VT_OK;
  uint8_t *rgb = out[IMAGE] ? vt_alloc(ctx, 3 * pixels) : NULL;
  uint16_t *labels = maps ? vt_alloc(ctx, 2 * pixels * sizeof *labels) : NULL;
  vt_status status = (!out[IMAGE] || rgb) && (!maps || labels)
                         ? fill_picture(ctx, world, slide, pass, rgb, labels, out)
                         : VT_ERROR_OUT_OF_MEMORY;
  vt_free(rgb);
  vt_free(labels);
  return status;
}

const vt_preset vt_preset_slides_tissue = {
    .id = "slides/tissue",
    .title = "stained tissue of three kinds, its structures and nuclei, and a sentence about it",
    .papers = "01",
    .version = 1,
    .counts = {8000, 800, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(tissue_options),
    .record_size = sizeof(vt_slide),
    .classes = vt_tissue_names,
    .class_count = VT_TISSUES,
    .open = open_tissue,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
