/* SPDX-License-Identifier: Apache-2.0
 *
 * sounds: eight kinds of events over noise.
 */
#include "worlds/sounds.h"

#include <math.h>

#include "worlds/corrupt.h"
#include "worlds/presets.h"
#include "worlds/raster.h"

enum { PIXELS = VT_SOUND_SIDE * VT_SOUND_SIDE, EDGE = 2, GAP = 3, TRIES = 100 };

typedef struct sounds_options {
  double second, below, loudness, block_erase;
} sounds_options;

static const vt_field fields[] = {
    {"second", VT_FIELD_REAL, offsetof(sounds_options, second), "0.4", VT_RANGE(0, 1),
     .help = "share of sounds with a second, softer event of another kind"},
    {"below", VT_FIELD_REAL, offsetof(sounds_options, below), "5", VT_RANGE(0, 40),
     .help = "how much softer the second event is, dB"},
    {"loudness", VT_FIELD_REAL, offsetof(sounds_options, loudness), "0", VT_RANGE(-40, 20),
     .help = "dB by which all events are louder than usual"},
    {"block_erase", VT_FIELD_REAL, offsetof(sounds_options, block_erase), "0", VT_RANGE(0, 1),
     .help = "share of training pictures that keep only 15 to 100 % of their 8 x 8 blocks, others at the "
             "noise floor"},
};

const char *const vt_sound_names[VT_SOUND_KINDS] = {"rising chirp", "falling chirp", "harmonic stack",
                                                    "pulse train",  "noise band",    "two-tone",
                                                    "click",        "warble"};

/* ---- record ---- */

/* Box and looks know nothing of the kind, but for the length of a click. */
static void draw_event(vt_draw *draw, vt_sound_kind kind, vt_sound_event *event)
{
  event->kind = kind;
  event->frames = 14 + vt_draw_below(draw, 13);
  event->bands = 16 + vt_draw_below(draw, 15);
  event->frame = EDGE + vt_draw_below(draw, VT_SOUND_SIDE - 2 * EDGE - event->frames + 1);
  event->band = EDGE + vt_draw_below(draw, VT_SOUND_SIDE - 2 * EDGE - event->bands + 1);
  event->phase = (float)vt_draw_uniform(draw, 0, 6.283);
  int more = vt_draw_below(draw, 2);
  event->count = kind == VT_SOUND_WARBLE || kind == VT_SOUND_TWO_TONE ? 2 + more : 3 + more;
  if (kind == VT_SOUND_CLICK) {
    event->frame += event->frames / 2 - 2;
    event->frames = 4;
  }
}

static bool apart(const vt_sound_event *a, const vt_sound_event *b)
{
  return a->frame + a->frames + GAP <= b->frame || b->frame + b->frames + GAP <= a->frame ||
         a->band + a->bands + GAP <= b->band || b->band + b->bands + GAP <= a->band;
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const sounds_options *options = world->options;
  vt_sound *sound = record;
  vt_draw draw = vt_draw_start(key, "event"), more = vt_draw_start(key, "second");
  memset(sound, 0, sizeof *sound);
  sound->label = vt_draw_below(&draw, VT_SOUND_KINDS);
  sound->count = 1;
  sound->split = split;
  sound->nuisance = key;
  sound->noise = (float)vt_draw_uniform(&draw, -2, 2);
  sound->events[0].loudness = (float)(options->loudness + vt_draw_uniform(&draw, 25, 33));
  draw_event(&draw, (vt_sound_kind)sound->label, &sound->events[0]);
  bool second = vt_draw_chance(&more, options->second);
  int kind = (sound->label + 1 + vt_draw_below(&more, VT_SOUND_KINDS - 1)) % VT_SOUND_KINDS;
  for (int i = 0; i < TRIES && second && sound->count == 1; i++) {
    draw_event(&more, (vt_sound_kind)kind, &sound->events[1]);
    sound->events[1].loudness = sound->events[0].loudness - (float)options->below;
    if (apart(&sound->events[0], &sound->events[1])) sound->count = 2;
  }
  return VT_OK;
}

static vt_status open_sounds(vt_ctx *ctx, vt_world *world)
{
  return vt_sound_tables_new(ctx, (vt_sound_tables **)&world->shared);
}

static void close_sounds(vt_world *world)
{
  vt_sound_tables_free(world->shared);
}

/* ---- picture ---- */

/* Erased blocks are at the noise floor; which are, is what scenes do. */
static vt_status erase(vt_ctx *ctx, const vt_world *world, const vt_sound *sound, uint64_t pass,
                       uint8_t *grey)
{
  const sounds_options *options = world->options;
  uint64_t stream = vt_stream("block erase", pass);
  if (sound->split != VT_TRAIN || options->block_erase <= 0 ||
      vt_random_uniform(sound->nuisance, stream, 0) >= options->block_erase)
    return VT_OK;
  double share = .15 + .85 * vt_random_uniform(sound->nuisance, stream, 1);
  uint8_t kept[(VT_SOUND_SIDE / VT_BLOCK) * (VT_SOUND_SIDE / VT_BLOCK)];
  uint8_t *rgb = vt_alloc_zero(ctx, PIXELS, 3);
  if (!rgb) return VT_ERROR_OUT_OF_MEMORY;
  vt_erase_blocks(rgb, VT_SOUND_SIDE, VT_SOUND_SIDE, share, stream ^ sound->nuisance, kept);
  vt_free(rgb);
  for (int i = 0; i < PIXELS; i++) {
    int row = i / VT_SOUND_SIDE / VT_BLOCK, column = i % VT_SOUND_SIDE / VT_BLOCK;
    if (!kept[row * (VT_SOUND_SIDE / VT_BLOCK) + column]) grey[i] = VT_SOUND_BLANK;
  }
  return VT_OK;
}

static vt_status render(vt_ctx *ctx, const vt_world *world, const vt_sound *sound, uint64_t pass, float *wave,
                        uint8_t *grey)
{
  float *own = wave ? NULL : vt_alloc(ctx, VT_SOUND_SAMPLES * sizeof *own);
  if (!wave && !own) return VT_ERROR_OUT_OF_MEMORY;
  vt_sound_wave(sound, wave ? wave : own);
  vt_status status = vt_sound_picture(ctx, world->shared, wave ? wave : own, grey);
  vt_free(own);
  VT_TRY(status);
  return erase(ctx, world, sound, pass, grey);
}

static json_t *truth_of(const vt_sound *sound)
{
  json_t *events = json_array();
  for (int i = 0; i < sound->count; i++) {
    const vt_sound_event *event = &sound->events[i];
    int top = VT_SOUND_SIDE - event->band - event->bands;
    json_array_append_new(
        events, json_pack("{s:s, s:[i,i,i,i], s:[f,f], s:[f,f], s:f}", "kind", vt_sound_names[event->kind],
                          "box", event->frame, top, event->frame + event->frames, top + event->bands,
                          "seconds", (double)event->frame * VT_SOUND_HOP / VT_SOUND_RATE,
                          (double)(event->frame + event->frames) * VT_SOUND_HOP / VT_SOUND_RATE, "hertz",
                          vt_sound_hertz(event->band), vt_sound_hertz(event->band + event->bands), "loudness",
                          event->loudness));
  }
  return json_pack("{s:s, s:i, s:o, s:[s]}", "class", vt_sound_names[sound->label], "label", sound->label,
                   "events", events, "levels", "event");
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_sound *sound = record;
  vt_tensor *wave;
  VT_TRY(vt_item_add_array(ctx, item, "wave", VT_F32, 1, (const int64_t[]){VT_SOUND_SAMPLES}, &wave));
  item->width = item->height = VT_SOUND_SIDE;
  item->levels = 1;
  item->image = vt_alloc(ctx, 3 * PIXELS);
  item->labels = vt_alloc_zero(ctx, PIXELS, sizeof *item->labels);
  uint8_t *grey = vt_alloc(ctx, PIXELS);
  vt_status status = item->image && item->labels && grey ? render(ctx, world, sound, 0, wave->data, grey)
                                                         : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    for (int i = 0; i < PIXELS; i++)
      memset(item->image + 3 * (ptrdiff_t)i, grey[i], 3);
    for (int e = 0; e < sound->count; e++) {
      vt_sound_mask(&sound->events[e], grey);
      for (int i = 0; i < PIXELS; i++)
        if (grey[i]) item->labels[i] = (uint16_t)(e + 1);
    }
    item->truth = truth_of(sound);
    if (!item->truth) status = vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
  }
  vt_free(grey);
  return status;
}

/* ---- training fields ---- */

static int describe(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  out[0] = (vt_dataset_field){"image", VT_F32, 3, {1, VT_SOUND_SIDE, VT_SOUND_SIDE}};
  out[1] = (vt_dataset_field){"label", VT_I64, 0, {0}};
  out[2] = (vt_dataset_field){"mask", VT_U8, 2, {VT_SOUND_SIDE, VT_SOUND_SIDE}};
  out[3] = (vt_dataset_field){"distractor", VT_U8, 2, {VT_SOUND_SIDE, VT_SOUND_SIDE}};
  return 4;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  const vt_sound *sound = record;
  if (out[1]) *(int64_t *)out[1] = sound->label;
  if (out[2]) vt_sound_mask(&sound->events[0], out[2]);
  if (out[3]) {
    if (sound->count > 1)
      vt_sound_mask(&sound->events[1], out[3]);
    else
      memset(out[3], 0, PIXELS);
  }
  if (!out[0]) return VT_OK;
  uint8_t *grey = vt_alloc(ctx, PIXELS);
  if (!grey) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = render(ctx, world, sound, pass, NULL, grey);
  for (int i = 0; status == VT_OK && i < PIXELS; i++)
    ((float *)out[0])[i] = ((float)grey[i] / 255 - .5f) / .5f;
  vt_free(grey);
  return status;
}

const vt_preset vt_preset_sounds = {
    .id = "sounds",
    .title = "eight kinds of sounds over noise, as waves and log-mel pictures",
    .papers = "01 42",
    .version = 1,
    .counts = {10000, 1000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(sounds_options),
    .record_size = sizeof(vt_sound),
    .classes = vt_sound_names,
    .class_count = VT_SOUND_KINDS,
    .open = open_sounds,
    .close = close_sounds,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
