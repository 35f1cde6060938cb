/* SPDX-License-Identifier: Apache-2.0
 *
 * scenes/super: 24 kinds of things in six clans. A clan has one thing of each kit, each with another body, so
 * neither body nor kit tells the clan: what looks alike belongs to different clans.
 */
#include "worlds/presets.h"
#include "worlds/scenes.h"

typedef struct super_options {
  vt_scenes_options common;
} super_options;

static const vt_field fields[] = {
    VT_SCENES_FIELDS(super_options, "64"),
};

enum { CLANS = 6 };
static const char *const classes[CLANS] = {"clan a", "clan b", "clan c", "clan d", "clan e", "clan f"};
static const int steps[VT_KITS] = {0, 1, 3, 4}; /* differ modulo 6: four bodies in a clan */

static int clan_of(vt_noun noun)
{
  return (vt_noun_body(noun) + steps[vt_noun_kit(noun)]) % CLANS;
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const super_options *options = world->options;
  vt_scenes_item *item = record;
  double nuisance = options->common.nuisance;
  vt_draw draw = vt_draw_start(key, "super"), clutter = vt_draw_start(key, "clutter");
  vt_noun noun = (vt_noun)((int)VT_CART + vt_draw_below(&draw, VT_BODIES * VT_KITS));
  vt_scenes_begin(world, split, key, clan_of(noun), item);
  int colour = vt_scenes_fixed_colour(world, item, &draw);
  vt_colour own, second;
  vt_scenes_colours(&item->scene, &draw, colour, &own, &second);
  float radius = (float)(.37 + nuisance * vt_draw_uniform(&draw, -.06, .06));
  float x = .5f + (float)(nuisance * vt_draw_uniform(&draw, -.13, .13));
  float y = .5f + (float)(nuisance * vt_draw_uniform(&draw, -.1, .1));
  item->main = vt_scene_add_thing(&item->scene, -1, noun, x, y, radius, own, second, &draw);
  item->scene.nodes[item->main].angle = (float)(nuisance * vt_draw_uniform(&draw, -.25, .25));
  item->scene.nodes[item->main].mirror = vt_draw_chance(&draw, .5);
  vt_scenes_vary(&item->scene, item->main, nuisance, &draw);
  vt_scenes_clutter(&item->scene, (int)options->common.clutter, false, &clutter);
  vt_scenes_finish(world, key, CLANS, item);
  return VT_OK;
}

static const unsigned shared_fields = VT_SCENES_IMAGE | VT_SCENES_LABEL | VT_SCENES_MASK | VT_SCENES_PARTS;

static int describe(const vt_world *world, vt_dataset_field *out)
{
  int count = vt_scenes_describe(world, shared_fields, out);
  out[count++] = (vt_dataset_field){"fine", VT_I64, 0, {0}};
  return count;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  const vt_scenes_item *item = record;
  int64_t *fine = out[4];
  if (fine) *fine = (int64_t)item->scene.nodes[item->main].noun - VT_CART;
  return vt_scenes_fill(ctx, world, item, pass, shared_fields, NULL, out);
}

const vt_preset vt_preset_scenes_super = {
    .id = "scenes/super",
    .title = "24 kinds of things in six clans that cut across what looks alike",
    .papers = "15",
    .version = 1,
    .counts = {4000, 1000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(super_options),
    .record_size = sizeof(vt_scenes_item),
    .classes = classes,
    .class_count = CLANS,
    .open = vt_scenes_open,
    .make = make,
    .show = vt_scenes_show,
    .describe = describe,
    .fill = fill,
};
