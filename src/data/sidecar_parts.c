/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects inside the sidecar, each read by a table of its keys. Unknown keys are errors here as in the
 * sidecar itself.
 */
#include "data/sidecar.h"

#include <math.h>

enum { MOST_CLASSES = 1 << 20, MOST_STRIDE = 1 << 12 };

bool vt_sidecar_stays_inside(const char *path)
{
  if (path[0] == '/' || path[0] == 0) return false;
  for (const char *part = path; part; part = strchr(part, '/')) {
    while (*part == '/')
      part++;
    if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == 0)) return false;
  }
  return true;
}

/* ---- keys by table ---- */

typedef enum key_kind { KEY_TEXT, KEY_REAL, KEY_COUNT, KEY_WORD, KEY_FLAG } key_kind;

/* `offset` into the struct that is filled. WORD: index among `words` into an int; FLAG: the same into a
 * bool. REAL and COUNT are held to low..high. */
typedef struct part_key {
  const char *name;
  key_kind kind;
  size_t offset;
  double low, high;
  const char *const *words;
} part_key;

typedef struct part {
  const char *name; /* key of the object in the sidecar */
  const part_key *keys;
  size_t count;
} part;

static vt_status wrong(vt_ctx *ctx, const part *of, const char *key, const char *expected)
{
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "sidecar: \"%s\" in \"%s\" must be %s", key, of->name, expected);
}

static vt_status read_word(vt_ctx *ctx, const part *of, const part_key *key, const json_t *value, int *out)
{
  const char *word = json_string_value(value);
  vt_text list = {0};
  for (int i = 0; key->words[i]; i++) {
    vt_text_addf(ctx, &list, i ? ", %s" : "one of %s", key->words[i]);
    if (!word || strcmp(word, key->words[i]) != 0) continue;
    *out = i;
    vt_text_free(&list);
    return VT_OK;
  }
  vt_status status = wrong(ctx, of, key->name, list.data ? list.data : "a known word");
  vt_text_free(&list);
  return status;
}

static vt_status read_number(vt_ctx *ctx, const part *of, const part_key *key, const json_t *value,
                             double *out)
{
  double number = json_number_value(value);
  bool whole = key->kind != KEY_COUNT || json_is_integer(value);
  char expected[96];
  if (json_is_number(value) && whole && number >= key->low && number <= key->high) {
    *out = number;
    return VT_OK;
  }
  snprintf(expected, sizeof expected, "a %snumber from %g to %g", key->kind == KEY_COUNT ? "whole " : "",
           key->low, key->high);
  return wrong(ctx, of, key->name, expected);
}

static vt_status read_key(vt_ctx *ctx, const part *of, const part_key *key, const json_t *value, void *out)
{
  char *place = (char *)out + key->offset;
  double number = 0;
  int word = 0;
  switch (key->kind) {
  case KEY_TEXT:
    if (!json_is_string(value) || !json_string_length(value))
      return wrong(ctx, of, key->name, "a text that is not empty");
    *(char **)place = vt_strdup(ctx, json_string_value(value));
    return *(char **)place ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  case KEY_REAL:
  case KEY_COUNT:
    VT_TRY(read_number(ctx, of, key, value, &number));
    if (key->kind == KEY_REAL)
      *(double *)place = number;
    else
      *(int64_t *)place = (int64_t)number;
    return VT_OK;
  default:
    VT_TRY(read_word(ctx, of, key, value, &word));
    if (key->kind == KEY_FLAG)
      *(bool *)place = word == 1;
    else
      *(int *)place = word;
    return VT_OK;
  }
}

static vt_status unknown(vt_ctx *ctx, const part *of, const char *key)
{
  const char *names[32];
  size_t count = 0;
  for (; count < of->count && count < VT_COUNT(names); count++)
    names[count] = of->keys[count].name;
  char suggestion[VT_SUGGESTION];
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "sidecar: unknown key \"%.64s\" in \"%s\"%s", key, of->name,
                 vt_suggestion(vt_nearest(key, names, count), suggestion));
}

static vt_status read_part(vt_ctx *ctx, const part *of, const json_t *value, void *out)
{
  if (!json_is_object(value))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "sidecar: \"%s\" must be an object", of->name);
  const char *name;
  json_t *item;
  json_object_foreach((json_t *)(uintptr_t)value, name, item)
  {
    size_t i = 0;
    while (i < of->count && strcmp(of->keys[i].name, name) != 0)
      i++;
    if (i == of->count) return unknown(ctx, of, name);
    VT_TRY(read_key(ctx, of, &of->keys[i], item, out));
  }
  return VT_OK;
}

static vt_status need(vt_ctx *ctx, const part *of, const char *key, const char *value)
{
  return value ? VT_OK : vt_fail(ctx, VT_ERROR_INVALID_DATA, "sidecar: \"%s\" lacks \"%s\"", of->name, key);
}

/* ---- text ---- */

static const part_key text_keys[] = {
    {"encoder", KEY_TEXT, offsetof(vt_text_space, encoder), 0, 0, NULL},
    {"mean", KEY_TEXT, offsetof(vt_text_space, mean), 0, 0, NULL},
    {"scale", KEY_REAL, offsetof(vt_text_space, scale), 1e-6, 1e6, NULL},
};
static const part text_part = {"text", text_keys, VT_COUNT(text_keys)};

void vt_text_space_free(vt_text_space *space)
{
  if (!space) return;
  vt_free(space->encoder);
  vt_free(space->mean);
  vt_free(space);
}

/* A name beside the sidecar becomes a path. */
static vt_status beside(vt_ctx *ctx, const char *key, const char *folder, char **name)
{
  if (!*name) return VT_OK;
  if (!folder || !vt_sidecar_stays_inside(*name))
    return wrong(ctx, &text_part, key,
                 folder ? "a file or folder beside the sidecar"
                        : "left out, since this sidecar is not in a file");
  char *path = vt_path_join(ctx, folder, *name);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_free(*name);
  *name = path;
  return VT_OK;
}

vt_status vt_text_space_read(vt_ctx *ctx, const json_t *value, const char *folder, vt_text_space **out)
{
  *out = NULL;
  vt_text_space *space = vt_alloc_zero(ctx, 1, sizeof *space);
  if (!space) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status;
  space->scale = 1;
  VT_TRY_DONE(read_part(ctx, &text_part, value, space));
  VT_TRY_DONE(need(ctx, &text_part, "encoder", space->encoder));
  VT_TRY_DONE(beside(ctx, "encoder", folder, &space->encoder));
  VT_TRY_DONE(beside(ctx, "mean", folder, &space->mean));
  *out = space;
  return VT_OK;
done:
  vt_text_space_free(space);
  return status;
}

/* ---- detection ---- */

static const char *const kinds[] = {"centre-map", "boxes", NULL};
static const char *const size_forms[] = {"log-cells", "cells", "pixels", NULL};
static const char *const box_forms[] = {"corners", "centre", "corner-size", NULL};
static const char *const orders[] = {"xy", "yx", NULL};
static const char *const units[] = {"pixels", "relative", NULL};
static const char *const layouts[] = {"rows", "columns", NULL};
static const char *const activations[] = {"none", "sigmoid", NULL};

#define AT(member) offsetof(vt_detector_settings, member)
static const part_key detection_keys[] = {
    {"kind", KEY_WORD, AT(kind), 0, 0, kinds},
    {"scores", KEY_TEXT, AT(scores), 0, 0, NULL},
    {"objectness", KEY_TEXT, AT(objectness), 0, 0, NULL},
    {"sizes", KEY_TEXT, AT(sizes), 0, 0, NULL},
    {"offsets", KEY_TEXT, AT(offsets), 0, 0, NULL},
    {"boxes", KEY_TEXT, AT(boxes), 0, 0, NULL},
    {"stride", KEY_REAL, AT(stride), 1e-3, MOST_STRIDE, NULL},
    {"centre", KEY_REAL, AT(centre), -16, 16, NULL},
    {"size_form", KEY_WORD, AT(size_form), 0, 0, size_forms},
    {"order", KEY_FLAG, AT(vertical_first), 0, 0, orders},
    {"box_form", KEY_WORD, AT(box_form), 0, 0, box_forms},
    {"units", KEY_FLAG, AT(relative), 0, 0, units},
    {"layout", KEY_FLAG, AT(columns), 0, 0, layouts},
    {"boxes_from", KEY_COUNT, AT(boxes_from), 0, MOST_CLASSES, NULL},
    {"scores_from", KEY_COUNT, AT(scores_from), 0, MOST_CLASSES, NULL},
    {"objectness_from", KEY_COUNT, AT(objectness_from), 0, MOST_CLASSES, NULL},
    {"classes", KEY_COUNT, AT(classes), 1, MOST_CLASSES, NULL},
    {"activation", KEY_FLAG, AT(sigmoid), 0, 0, activations},
    {"threshold", KEY_REAL, AT(threshold), 0, 1, NULL},
    {"overlap", KEY_REAL, AT(overlap), 0, 1, NULL},
};
#undef AT
static const part detection_part = {"detection", detection_keys, VT_COUNT(detection_keys)};

void vt_detector_settings_free(vt_detector_settings *settings)
{
  if (!settings) return;
  vt_free(settings->scores);
  vt_free(settings->objectness);
  vt_free(settings->sizes);
  vt_free(settings->offsets);
  vt_free(settings->boxes);
  vt_free(settings);
}

vt_status vt_detector_settings_read(vt_ctx *ctx, const json_t *value, vt_detector_settings **out)
{
  *out = NULL;
  vt_detector_settings *settings = vt_alloc_zero(ctx, 1, sizeof *settings);
  if (!settings) return VT_ERROR_OUT_OF_MEMORY;
  settings->stride = 4;
  settings->centre = 0.5;
  settings->threshold = 0.5;
  settings->overlap = 0.3;
  bool boxes = false;
  vt_status status;
  VT_TRY_DONE(read_part(ctx, &detection_part, value, settings));
  VT_TRY_DONE(need(ctx, &detection_part, "kind", json_string_value(json_object_get(value, "kind"))));
  VT_TRY_DONE(need(ctx, &detection_part, "scores", settings->scores));
  boxes = settings->kind == VT_DETECTOR_BOXES;
  VT_TRY_DONE(
      need(ctx, &detection_part, boxes ? "boxes" : "sizes", boxes ? settings->boxes : settings->sizes));
  *out = settings;
  return VT_OK;
done:
  vt_detector_settings_free(settings);
  return status;
}
