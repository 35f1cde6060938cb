/* SPDX-License-Identifier: Apache-2.0
 *
 * Worlds: generated data whose truth is known exactly.
 *
 * A preset is one row: options, a record type, and functions on records. An item is a pure function of
 * (preset, version, options, seed, split, index); its record is a flat struct without pointers from which
 * picture, truth and text derive. An edit changes a copy of the record and shows it again: nuisance (pose,
 * noise, background) stays, because it is in the record or keyed by the record's own nuisance seed.
 *
 * Adding a preset: its file with one row, one line in list.c, a test of its truth, a sheet in docs/worlds/.
 */
#ifndef VT_WORLDS_WORLD_H
#define VT_WORLDS_WORLD_H

#include <jansson.h>

#include "base/params.h"
#include "data/dataset.h"

typedef enum vt_split { VT_TRAIN, VT_VALIDATION, VT_TEST, VT_SPLITS } vt_split;
const char *vt_split_name(vt_split split); /* "train" "validation" "test" */

typedef struct vt_world vt_world;
typedef struct vt_preset vt_preset;

/* What an item shows from outside. Zeroed before `show` is called; everything is owned by the item. */
enum { VT_ITEM_ARRAYS = 8 };
typedef struct vt_item {
  json_t *truth; /* object: everything true of the item, in words and numbers */
  int width, height;
  uint8_t *image; /* RGB [height, width, 3]; NULL: no picture */
  /* Label maps of the picture by level, u16 [levels, height, width], 0 = nothing; truth says which node a
   * label is. NULL: none. */
  uint16_t *labels;
  int levels;
  char *text; /* NULL: none */
  struct {
    char name[32];
    vt_tensor *tensor; /* standing alone (vt_tensor_alone) */
  } arrays[VT_ITEM_ARRAYS];
  int array_count;
} vt_item;
void vt_item_free(vt_item *item);
/* Adds an array of this name, type and shape to an item that has room; the caller fills it. */
vt_status vt_item_add_array(vt_ctx *ctx, vt_item *item, const char *name, vt_type type, int rank,
                            const int64_t *dims, vt_tensor **out);

struct vt_preset {
  const char *id;            /* "scenes/object" */
  const char *title;         /* one line */
  const char *papers;        /* "01 02 03": who asks for it */
  int version;               /* goes up when a byte of any item changes; part of cache keys */
  int64_t counts[VT_SPLITS]; /* default sizes (00-needs §1.2) */
  const vt_field *fields;    /* options */
  size_t field_count, options_size;
  size_t record_size;
  const char *const
      *classes; /* of "label"; NULL: none, or options decide (then `open` sets world->classes) */
  int class_count;
  /* Optional: checks options and builds what items share (vocabularies, tables) into world->shared; `close`
   * frees it. */
  vt_status (*open)(vt_ctx *ctx, vt_world *world);
  void (*close)(vt_world *world);
  /* The record of an item. `key` is vt_world_key() of it: the seed of all its draws. */
  vt_status (*make)(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                    void *record);
  vt_status (*show)(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item);
  /* Fields for training; NULL: the preset has none. `describe` fills the field table and returns the count
   * (≤ VT_DATASET_FIELDS); `fill` writes one record's fields as vt_dataset.fill does. Pictures are f32
   * [3, height, width], (value / 255 − .5) / .5. */
  int (*describe)(const vt_world *world, vt_dataset_field *fields);
  vt_status (*fill)(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out);
};

struct vt_world { /* an opened preset: immutable, shared between threads */
  const vt_preset *preset;
  void *options; /* preset->options_size bytes */
  uint64_t seed;
  void *shared;
  const char *const *classes;
  int class_count;
  char key[65]; /* hash of id, version, options, seed */
};

/* All presets (list.c). */
extern const vt_preset *const vt_presets[];
extern const size_t vt_preset_count;
const vt_preset *vt_preset_find(const char *id); /* NULL: unknown */

/* Opens a preset by id. `settings` are "name=value" texts; an unknown id or name gives the nearest. Free with
 * vt_world_close(). */
vt_status vt_world_open(vt_ctx *ctx, const char *id, const char *const *settings, size_t count, uint64_t seed,
                        vt_world **out);
void vt_world_close(vt_world *world); /* accepts NULL */

/* Seed of all draws of one item. Splits never meet: the split is part of the hash. */
uint64_t vt_world_key(const vt_world *world, vt_split split, int64_t index);
/* Record of an item, in `record` (preset->record_size bytes). */
vt_status vt_world_record(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, void *record);
vt_status vt_world_show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item);

/* A split as a data set; `count` 0: the preset's default. The world must outlive it. */
vt_status vt_world_dataset(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t count,
                           vt_dataset **out);

/* ---- draws ----
 * Counter-based: a stream of numbers of one item and one purpose. Draw n is the same whatever was drawn
 * elsewhere, so adding a purpose changes no other. */
typedef struct vt_draw {
  uint64_t seed, stream, next;
} vt_draw;
vt_draw vt_draw_start(uint64_t key, const char *purpose);
double vt_draw_uniform(vt_draw *draw, double low, double high);
int vt_draw_below(vt_draw *draw, int bound); /* 0..bound−1 */
double vt_draw_normal(vt_draw *draw);
bool vt_draw_chance(vt_draw *draw, double probability);
/* Index by weight (need not sum to one). */
int vt_draw_weighted(vt_draw *draw, const double *weights, int count);
void vt_draw_shuffle(vt_draw *draw, int *items, int count);

#endif
