/* SPDX-License-Identifier: Apache-2.0
 *
 * scans2d/chest: options, what a study shows, training fields.
 */
#include "worlds/chest.h"

#include "worlds/presets.h"
#include "worlds/scene.h"

static const vt_field fields[] = {
    {"form", VT_FIELD_CHOICE, offsetof(vt_chest_options, form), "36", .choices = "36|13|37",
     .help = "36: two languages and eight kinds of picture; 13: with a prior picture; 37: twelve regions, "
             "small findings"},
    {"px", VT_FIELD_INT, offsetof(vt_chest_options, px), "0", VT_RANGE(0, 256),
     .help = "side in pixels, 48 or more; 0: 64 in form 13, else 96"},
    {"styles", VT_FIELD_INT, offsetof(vt_chest_options, styles), "8", VT_RANGE(1, VT_MODALITIES),
     .help = "kinds of picture in form 36, the first so many; other forms have x-rays"},
    {"language", VT_FIELD_CHOICE, offsetof(vt_chest_options, language), "both", .choices = "both|en|zh",
     .help = "of an item's own report; both: the halves differ"},
    {"novel", VT_FIELD_BOOL, offsetof(vt_chest_options, novel), "false",
     .help = "no cavities and no consolidation on the right but in the test split"},
    {"shift", VT_FIELD_CHOICE, offsetof(vt_chest_options, shift), "none", .choices = "none|gain|noise|view",
     .help = "other brightness, more noise, or bodies smaller, turned and off the centre"},
    {"level", VT_FIELD_INT, offsetof(vt_chest_options, level), "3", VT_RANGE(1, 5),
     .help = "strength of gain and noise"},
};

int vt_chest_px(const vt_world *world)
{
  const vt_chest_options *options = world->options;
  return options->px ? (int)options->px : options->form == VT_CHEST_PRIOR ? 64 : 96;
}

static vt_status open_chest(vt_ctx *ctx, vt_world *world)
{
  if (vt_chest_px(world) >= 48) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "px=%d: a chest needs 48 pixels or more",
                 vt_chest_px(world));
}

/* ---- what a study shows ---- */

static json_t *region_json(const char *name, const uint8_t *bits, int px, int64_t area)
{
  int box[4];
  json_t *json = json_pack("{s:s, s:I}", "name", name, "area", (json_int_t)area);
  json_object_set_new(json, "box",
                      vt_bits_box(bits, px, px, box) ? json_pack("[i,i,i,i]", box[0], box[1], box[2], box[3])
                                                     : json_null());
  return json;
}

static json_t *finding_json(const vt_study *study, int i, const uint8_t *bits, int64_t area)
{
  const vt_finding *f = &study->facts.finding[i];
  json_t *json = region_json(vt_finding_rows[f->kind].name, bits, study->px, area);
  json_object_set_new(json, "label", json_integer(i + 1));
  json_object_set_new(json, "side", json_string(vt_side_names[f->side]));
  json_object_set_new(json, "zone", json_string(vt_zone_names[f->zone]));
  json_object_set_new(json, "size", json_string(vt_extent_names[f->extent]));
  json_object_set_new(json, "change", json_string(vt_change_names[f->change]));
  json_object_set_new(json, "region", json_string(vt_chest_region_names[vt_chest_region_of(f)]));
  return json;
}

static json_t *device_json(const vt_study *study, int i, const uint8_t *bits, int64_t area)
{
  const vt_device *device = &study->facts.device[i];
  json_t *json = region_json(vt_device_names[device->kind], bits, study->px, area);
  json_object_set_new(json, "label", json_integer(i + 1));
  json_object_set_new(json, "placement", json_string(vt_placement_names[device->placement]));
  json_object_set_new(json, "side", json_string(vt_side_names[device->side]));
  return json;
}

static void put_label(const uint8_t *bits, size_t pixels, int label, uint16_t *out)
{
  for (size_t i = 0; i < pixels; i++)
    if (bits[i]) out[i] = (uint16_t)label;
}

/* Order of organs in the label map: later ones lie over earlier ones. */
static const vt_organ organ_order[VT_ORGANS] = {VT_LEFT_LUNG, VT_RIGHT_LUNG, VT_LEFT_ANGLE,  VT_RIGHT_ANGLE,
                                                VT_SPINE,     VT_AORTA,      VT_HEART_ORGAN, VT_TRACHEA};

/* Label maps and truth of regions; `bits` is scratch. */
static vt_status show_regions(vt_ctx *ctx, const vt_study *study, uint8_t *bits, vt_item *item, json_t *truth)
{
  size_t pixels = (size_t)study->px * (size_t)study->px;
  json_t *organs = json_array(), *regions = json_array(), *findings = json_array(), *devices = json_array();
  int64_t area;
  json_object_set_new(truth, "organs", organs);
  json_object_set_new(truth, "findings", findings);
  json_object_set_new(truth, "devices", devices);
  if (study->form == VT_CHEST_ANATOMY)
    json_object_set_new(truth, "regions", regions);
  else
    json_decref(regions);
  for (int i = 0; i < VT_ORGANS; i++) {
    vt_organ organ = organ_order[i];
    VT_TRY(vt_chest_organ_mask(ctx, study, organ, bits, &area));
    put_label(bits, pixels, (int)organ + 1, item->labels);
  }
  for (int organ = 0; organ < VT_ORGANS; organ++) {
    VT_TRY(vt_chest_organ_mask(ctx, study, (vt_organ)organ, bits, &area));
    json_t *json = region_json(vt_organ_names[organ], bits, study->px, area);
    json_object_set_new(json, "label", json_integer(organ + 1));
    json_array_append_new(organs, json);
  }
  for (int i = 0; study->form == VT_CHEST_ANATOMY && i < VT_CHEST_REGIONS; i++) {
    VT_TRY(vt_chest_region_mask(ctx, study, i, bits, &area));
    json_array_append_new(regions, region_json(vt_chest_region_names[i], bits, study->px, area));
  }
  for (int i = 0; i < study->facts.findings; i++) {
    VT_TRY(vt_chest_finding_mask(ctx, study, i, bits, &area));
    put_label(bits, pixels, i + 1, item->labels + pixels);
    json_array_append_new(findings, finding_json(study, i, bits, area));
  }
  for (int i = 0; i < study->facts.devices; i++) {
    VT_TRY(vt_chest_device_mask(ctx, study, i, bits, &area));
    put_label(bits, pixels, i + 1, item->labels + 2 * pixels);
    json_array_append_new(devices, device_json(study, i, bits, area));
  }
  return VT_OK;
}

/* The prior picture as array "prior" u8 [px, px, 3]; black where there is none. */
static vt_status add_prior(vt_ctx *ctx, const vt_study *study, vt_item *item)
{
  int64_t dims[3] = {study->px, study->px, 3};
  if (study->form != VT_CHEST_PRIOR) return VT_OK;
  vt_tensor *tensor;
  VT_TRY(vt_item_add_array(ctx, item, "prior", VT_U8, 3, dims, &tensor));
  if (study->has_prior) return vt_chest_picture(ctx, study, true, tensor->data);
  memset(tensor->data, 0, vt_bytes(tensor));
  return VT_OK;
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  VT_UNUSED(world);
  const vt_study *study = record;
  size_t pixels = (size_t)study->px * (size_t)study->px;
  item->width = item->height = study->px;
  item->levels = 3;
  item->image = vt_alloc(ctx, 3 * pixels);
  item->labels = vt_alloc_zero(ctx, 3 * pixels, sizeof *item->labels);
  item->truth = json_pack(
      "{s:s, s:s, s:s, s:s, s:b, s:[s,s,s]}", "modality", vt_modality_names[study->modality], "view",
      vt_chest_view_names[study->view], "language", vt_language_names[study->language], "style",
      vt_chest_style_names[study->style], "prior", study->has_prior, "levels", "organ", "finding", "device");
  uint8_t *bits = vt_alloc(ctx, pixels);
  vt_status status = item->image && item->labels && bits ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK && !item->truth)
    status = vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
  if (status == VT_OK) status = vt_chest_picture(ctx, study, false, item->image);
  if (status == VT_OK) status = show_regions(ctx, study, bits, item, item->truth);
  if (status == VT_OK) status = vt_chest_report(ctx, study, study->style, study->language, &item->text);
  if (status == VT_OK) status = add_prior(ctx, study, item);
  vt_free(bits);
  return status;
}

/* ---- training fields ---- */

enum {
  IMAGE,
  PRIOR,
  PRIOR_PRESENT,
  FINDINGS,
  CHANGES,
  DEVICES,
  REGION_FINDINGS,
  BOXES,
  ORGANS,
  LESIONS,
  TOKENS,
  KIND
};
enum { TOKEN_COUNT = 64 };

static int region_count(const vt_world *world)
{
  return ((const vt_chest_options *)world->options)->form == VT_CHEST_ANATOMY ? VT_CHEST_REGIONS : VT_ORGANS;
}

static int label_count(const vt_world *world)
{
  const vt_finding_kind *kinds;
  vt_chest_form form = (vt_chest_form)((const vt_chest_options *)world->options)->form;
  return form == VT_CHEST_PRIOR ? VT_CHEST_LABELS : vt_chest_kinds(form, &kinds);
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  int64_t px = vt_chest_px(world), regions = region_count(world), labels = label_count(world);
  out[IMAGE] = (vt_dataset_field){"image", VT_F32, 3, {3, px, px}};
  out[PRIOR] = (vt_dataset_field){"prior", VT_F32, 3, {3, px, px}};
  out[PRIOR_PRESENT] = (vt_dataset_field){"prior_present", VT_I64, 0, {0}};
  out[FINDINGS] = (vt_dataset_field){"findings", VT_U8, 1, {labels}};
  out[CHANGES] = (vt_dataset_field){"changes", VT_I64, 1, {labels}};
  out[DEVICES] = (vt_dataset_field){"devices", VT_I64, 1, {VT_DEVICE_KINDS}};
  out[REGION_FINDINGS] = (vt_dataset_field){"region_findings", VT_U8, 2, {regions, labels}};
  out[BOXES] = (vt_dataset_field){"boxes", VT_F32, 2, {regions, 4}};
  out[ORGANS] = (vt_dataset_field){"organs", VT_U8, 3, {regions, px, px}};
  out[LESIONS] = (vt_dataset_field){"lesions", VT_U8, 2, {px, px}};
  out[TOKENS] = (vt_dataset_field){"tokens", VT_I64, 1, {TOKEN_COUNT}};
  out[KIND] = (vt_dataset_field){"kind", VT_I64, 1, {4}};
  return KIND + 1;
}

static int label_of(const vt_study *study, const vt_finding *f)
{
  const vt_finding_kind *kinds;
  if (study->form == VT_CHEST_PRIOR) return vt_chest_label_of(f);
  int count = vt_chest_kinds(study->form, &kinds);
  for (int i = 0; i < count; i++)
    if (kinds[i] == f->kind) return i;
  return -1;
}

/* Row of regions or organs that a finding belongs to. */
static int row_of(const vt_study *study, const vt_finding *f)
{
  int region = vt_chest_region_of(f);
  if (study->form == VT_CHEST_ANATOMY) return region;
  return region < 3 ? VT_LEFT_LUNG : region < 6 ? VT_RIGHT_LUNG : VT_HEART_ORGAN + region - 6;
}

static void fill_facts(const vt_study *study, int labels, int rows, void *const *out)
{
  uint8_t *findings = out[FINDINGS], *region_findings = out[REGION_FINDINGS];
  int64_t *changes = out[CHANGES], *devices = out[DEVICES], *kind = out[KIND];
  if (findings) memset(findings, 0, (size_t)labels);
  if (changes) memset(changes, 0, sizeof *changes * (size_t)labels);
  if (region_findings) memset(region_findings, 0, (size_t)(rows * labels));
  if (devices) memset(devices, 0, sizeof *devices * VT_DEVICE_KINDS);
  for (int i = 0; i < study->facts.findings; i++) {
    vt_finding f = study->facts.finding[i];
    bool here = vt_chest_in_current(&f);
    if (!here) f.extent = study->lesion[i].was; /* a nodule that was small */
    int label = label_of(study, &f);
    if (label < 0) continue;
    if (findings && here) findings[label] = 1;
    if (region_findings && here) region_findings[row_of(study, &f) * labels + label] = 1;
    if (changes) changes[label] = (int64_t)f.change;
  }
  for (int i = 0; devices && i < study->facts.devices; i++) {
    const vt_device *device = &study->facts.device[i];
    devices[device->kind] = device->placement == VT_PLACEMENT_NONE ? 1 : (int64_t)device->placement;
  }
  if (out[PRIOR_PRESENT]) *(int64_t *)out[PRIOR_PRESENT] = study->has_prior;
  if (!kind) return;
  kind[0] = (int64_t)study->modality;
  kind[1] = (int64_t)study->view;
  kind[2] = (int64_t)study->language;
  kind[3] = (int64_t)study->style;
}

static vt_status fill_picture(vt_ctx *ctx, const vt_study *study, bool prior, float *out)
{
  size_t numbers = 3 * (size_t)study->px * (size_t)study->px;
  if (prior && !study->has_prior) {
    memset(out, 0, numbers * sizeof *out);
    return VT_OK;
  }
  uint8_t *rgb = vt_alloc(ctx, numbers);
  if (!rgb) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_chest_picture(ctx, study, prior, rgb);
  if (status == VT_OK) vt_picture_floats(rgb, study->px, study->px, out);
  vt_free(rgb);
  return status;
}

static vt_status fill_regions(vt_ctx *ctx, const vt_study *study, int rows, float *boxes, uint8_t *organs)
{
  size_t pixels = (size_t)study->px * (size_t)study->px;
  uint8_t *bits = vt_alloc(ctx, pixels);
  vt_status status = bits ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < rows && status == VT_OK; i++) {
    int box[4] = {-1, -1, -1, -1};
    status = study->form == VT_CHEST_ANATOMY ? vt_chest_region_mask(ctx, study, i, bits, NULL)
                                             : vt_chest_organ_mask(ctx, study, (vt_organ)i, bits, NULL);
    if (status != VT_OK) break;
    vt_bits_box(bits, study->px, study->px, box);
    for (int k = 0; boxes && k < 4; k++)
      boxes[4 * i + k] = (float)box[k];
    if (organs) memcpy(organs + (size_t)i * pixels, bits, pixels);
  }
  vt_free(bits);
  return status;
}

/* Kind of finding + 1 of each pixel; later findings lie over earlier ones. */
static vt_status fill_lesions(vt_ctx *ctx, const vt_study *study, uint8_t *lesions)
{
  size_t pixels = (size_t)study->px * (size_t)study->px;
  uint8_t *bits = vt_alloc(ctx, pixels);
  vt_status status = bits ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  memset(lesions, 0, pixels);
  for (int i = 0; i < study->facts.findings && status == VT_OK; i++) {
    status = vt_chest_finding_mask(ctx, study, i, bits, NULL);
    for (size_t p = 0; p < pixels && status == VT_OK; p++)
      if (bits[p]) lesions[p] = (uint8_t)(study->facts.finding[i].kind + 1);
  }
  vt_free(bits);
  return status;
}

/* Numbers of the report's words in vt_scan_words(), 0 behind the end. */
static vt_status fill_tokens(vt_ctx *ctx, const vt_study *study, int64_t *tokens)
{
  char *text;
  memset(tokens, 0, sizeof *tokens * TOKEN_COUNT);
  VT_TRY(vt_chest_report(ctx, study, study->style, study->language, &text));
  int count = 0;
  for (char *word = text, *next; word && *word && count < TOKEN_COUNT; word = next) {
    next = strchr(word, ' ');
    if (next) *next++ = 0;
    tokens[count++] = vt_scan_word(word);
  }
  vt_free(text);
  return VT_OK;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(pass);
  const vt_study *study = record;
  int rows = region_count(world);
  fill_facts(study, label_count(world), rows, out);
  if (out[IMAGE]) VT_TRY(fill_picture(ctx, study, false, out[IMAGE]));
  if (out[PRIOR]) VT_TRY(fill_picture(ctx, study, true, out[PRIOR]));
  if (out[BOXES] || out[ORGANS]) VT_TRY(fill_regions(ctx, study, rows, out[BOXES], out[ORGANS]));
  if (out[LESIONS]) VT_TRY(fill_lesions(ctx, study, out[LESIONS]));
  return out[TOKENS] ? fill_tokens(ctx, study, out[TOKENS]) : VT_OK;
}

const vt_preset vt_preset_scans2d_chest = {
    .id = "scans2d/chest",
    .title = "schematic chests with organs, findings, devices and reports in two languages",
    .papers = "13 36 37",
    .version = 1,
    .counts = {5000, 500, 1000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(vt_chest_options),
    .record_size = sizeof(vt_study),
    .open = open_chest,
    .make = vt_chest_make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
