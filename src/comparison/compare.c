/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/compare.h"

#include <math.h>
#include <stdlib.h>

#include "comparison/compare_keys.h"
#include "metrics/consistency.h"
#include "metrics/pixel_order.h"

/* A signature is the set of the highest cells of a coarse grid over the map. */
enum { SIGNATURE_GRID = 4, SIGNATURE_CELLS = 3 };

/* One picture being judged. */
typedef struct showing {
  const vt_compare *compare;
  const vt_compare_texts *texts;
  vt_compared *out;
  vt_entry *entry;
  const vt_album_picture *about;
  vt_image *photo, *picture;
  vt_placement placement;
  uint8_t *mask;
  char input[65], mask_hash[65];
  int target, predicted;
  double full, blank;
} showing;

/* ---- rows ---- */

/* What every row says of its picture, kind and key. */
static json_t *new_row(const showing *work, vt_ledger_kind kind, const char *key)
{
  json_t *row = json_pack("{s:s, s:s, s:o}", "key", key, "kind", vt_ledger_kind_names[kind], "picture",
                          vt_json_outside(work->about->name));
  if (row && kind != VT_LEDGER_PICTURE) json_object_set_new(row, "target", json_integer(work->target));
  return row;
}

/* NULL for what is no number. */
static void set_number(json_t *row, const char *name, double value)
{
  json_object_set_new(row, name, isfinite(value) ? json_real(value) : json_null());
}

static vt_status add_row(vt_ctx *ctx, const showing *work, json_t *row)
{
  size_t before = vt_ledger_count(work->out->ledger);
  VT_TRY(vt_ledger_add(ctx, work->out->ledger, row));
  work->out->new_rows += (int64_t)(vt_ledger_count(work->out->ledger) - before);
  return VT_OK;
}

static vt_status add_picture_row(vt_ctx *ctx, const showing *work, const char *error)
{
  json_t *row = new_row(work, VT_LEDGER_PICTURE, work->entry->picture_key);
  if (row) {
    json_object_set_new(row, "path", vt_json_outside(work->about->path));
    json_object_set_new(row, "label",
                        work->about->label < 0 ? json_null() : json_integer(work->about->label));
    if (error)
      json_object_set_new(row, "error", vt_json_outside(error));
    else {
      json_object_set_new(row, "target", json_integer(work->target));
      json_object_set_new(row, "target_name",
                          vt_json_outside(vt_model_class_name(work->compare->model, work->target)));
      json_object_set_new(row, "predicted", json_integer(work->predicted));
      set_number(row, "full", work->full);
      set_number(row, "blank", work->blank);
    }
  }
  return add_row(ctx, work, row);
}

/* ---- explanations ---- */

static vt_status sign(vt_ctx *ctx, const vt_made *made, int height, int width, char out[17])
{
  double sums[SIGNATURE_GRID * SIGNATURE_GRID] = {0};
  float cells[SIGNATURE_GRID * SIGNATURE_GRID];
  int32_t falling[SIGNATURE_GRID * SIGNATURE_GRID];
  int64_t counts[SIGNATURE_GRID * SIGNATURE_GRID] = {0};
  double tied;
  uint64_t signature;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      int cell = y * SIGNATURE_GRID / height * SIGNATURE_GRID + x * SIGNATURE_GRID / width;
      sums[cell] += (double)made->map[(size_t)y * (size_t)width + (size_t)x];
      counts[cell]++;
    }
  for (size_t i = 0; i < VT_COUNT(cells); i++)
    cells[i] = counts[i] ? (float)(sums[i] / (double)counts[i]) : 0;
  vt_judged judged = {.map = cells};
  out[0] = 0;
  if (vt_pixel_order(ctx, &judged, SIGNATURE_GRID, SIGNATURE_GRID, falling, &tied) != VT_OK) {
    vt_ctx_clear(ctx); /* a map that is not finite says nothing in short either */
    return VT_OK;
  }
  VT_TRY(vt_consistency_signature(ctx, falling, VT_COUNT(cells), SIGNATURE_CELLS, &signature));
  snprintf(out, 17, "%016llx", (unsigned long long)signature);
  return VT_OK;
}

char *vt_compare_map_path(vt_ctx *ctx, const vt_compare *compare, int64_t picture, int contender)
{
  const char *name = compare->album->pictures[picture].name;
  if (contender < 0) return vt_format(ctx, "maps/%s.png", name);
  const vt_contender *who = &compare->contest.contenders[contender];
  json_t *json;
  if (vt_compare_contender_json(ctx, who, &json) != VT_OK) return NULL;
  char *settings = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
  char key[VT_LEDGER_KEY], label[64];
  json_decref(json);
  vt_status status = settings ? vt_ledger_key(ctx, key, (const char *const[]){settings, NULL})
                              : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for a file's name");
  free(settings);
  if (status != VT_OK) return NULL;
  snprintf(label, sizeof label, "%.40s", who->label);
  for (char *at = label; *at; at++)
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", *at)) *at = '-';
  return vt_format(ctx, "maps/%s/%s-%.8s.npy", name, label, key);
}

/* Makes the folder of a file of the run; its whole path. Caller frees. */
static char *place_file(vt_ctx *ctx, const showing *work, int contender)
{
  char *name = vt_compare_map_path(ctx, work->compare, work->entry->picture, contender);
  char *path = name ? vt_path_join(ctx, work->compare->folder, name) : NULL;
  char *folder = path ? vt_path_directory(ctx, path) : NULL;
  vt_free(name);
  bool made = folder && vt_make_directory(ctx, folder) == VT_OK;
  vt_free(folder);
  if (made) return path;
  vt_free(path);
  return NULL;
}

static vt_status keep_map(vt_ctx *ctx, const showing *work, int contender, const vt_made *made)
{
  int height = work->picture->height, width = work->picture->width;
  char *path = place_file(ctx, work, contender);
  if (!path) return vt_ctx_status(ctx);
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *map = vt_tensor_new(ctx, VT_F32, 2, (int64_t[]){height, width});
  vt_status status = map ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (map) {
    memcpy(vt_tensor_data(map), made->map, (size_t)height * (size_t)width * sizeof(float));
    status = vt_npy_write(ctx, path, map);
  }
  vt_tensor_release(ctx, mark);
  vt_free(path);
  return status;
}

static vt_status keep_picture(vt_ctx *ctx, const showing *work)
{
  char *path = place_file(ctx, work, -1);
  if (!path) return vt_ctx_status(ctx);
  vt_status status = vt_file_exists(path) ? VT_OK : vt_image_write_png(ctx, work->picture, path, NULL);
  vt_free(path);
  return status;
}

static vt_status take_explanation(vt_ctx *ctx, void *user, int contender, const vt_made *made,
                                  const char *error)
{
  showing *work = user;
  char signature[17];
  json_t *row = new_row(work, VT_LEDGER_EXPLANATION, work->entry->explanations[contender]);
  if (row)
    json_object_set_new(row, "method", vt_json_outside(work->compare->contest.contenders[contender].label));
  if (row && !made) json_object_set_new(row, "error", vt_json_outside(error));
  if (row && made) {
    vt_status status = sign(ctx, made, work->picture->height, work->picture->width, signature);
    if (status == VT_OK && work->entry->shown) status = keep_map(ctx, work, contender, made);
    if (status != VT_OK) {
      json_decref(row);
      return status;
    }
    json_object_set_new(row, "calls", json_integer(made->calls));
    json_object_set_new(row, "forwards", json_integer(made->forwards));
    if (made->samples) json_object_set_new(row, "samples", json_integer(made->samples));
    if (made->partial) json_object_set_new(row, "partial", json_true());
    if (signature[0]) json_object_set_new(row, "signature", json_string(signature));
    set_number(row, "seconds", made->seconds);
  }
  return add_row(ctx, work, row);
}

/* ---- measures ---- */

static const char *key_of(const showing *work, int contender, int criterion, vt_granularity granularity)
{
  size_t place = (size_t)contender * work->compare->contest.criterion_count + (size_t)criterion;
  return work->entry->measures[place * 2 + (granularity == VT_EQUAL_GRANULARITY)];
}

static bool is_wanted(void *user, int contender, int criterion, vt_granularity granularity)
{
  const showing *work = user;
  return !vt_ledger_find(work->out->ledger, key_of(work, contender, criterion, granularity));
}

static int64_t known_budget(void *user)
{
  const showing *work = user;
  const vt_ledger_row *row =
      vt_ledger_find(work->out->ledger, work->entry->explanations[work->compare->contest.budget_of]);
  return row && !row->error ? row->calls : 0;
}

static json_t *numbers(const double *values, int count)
{
  json_t *list = json_array();
  for (int i = 0; i < count; i++)
    json_array_append_new(list, isfinite(values[i]) ? json_real(values[i]) : json_null());
  return list;
}

static void describe_measure(const showing *work, const vt_outcome *outcome, json_t *row)
{
  const vt_measure *measure = &outcome->measure;
  set_number(row, "value", measure->value);
  if (isfinite(measure->normalised)) set_number(row, "normalised", measure->normalised);
  if (measure->note) json_object_set_new(row, "note", vt_json_outside(measure->note));
  if (measure->tied_share > 0) set_number(row, "tied_share", measure->tied_share);
  json_object_set_new(row, "calls", json_integer(measure->calls));
  for (int i = 0; i < measure->extra_count; i++) {
    if (i == 0) json_object_set_new(row, "extra", json_object());
    set_number(json_object_get(row, "extra"), measure->extra_names[i], measure->extra[i]);
  }
  if (!work->compare->curves || !measure->points) return;
  json_object_set_new(row, "scores", numbers(measure->scores, measure->points));
  if (measure->areas) json_object_set_new(row, "areas", numbers(measure->areas, measure->points));
}

static vt_status take_outcome(vt_ctx *ctx, void *user, vt_outcome *outcome)
{
  showing *work = user;
  const vt_contest *contest = &work->compare->contest;
  const vt_criterion *criterion = &contest->criteria[outcome->criterion];
  json_t *row = new_row(work, VT_LEDGER_MEASURE,
                        key_of(work, outcome->contender, outcome->criterion, outcome->granularity));
  if (row) {
    json_object_set_new(row, "method", vt_json_outside(contest->contenders[outcome->contender].label));
    json_object_set_new(row, "metric", vt_json_outside(criterion->label));
    if (criterion->protocol) json_object_set_new(row, "protocol", json_string(criterion->protocol->id));
    json_object_set_new(row, "granularity",
                        json_string(outcome->granularity == VT_EQUAL_GRANULARITY ? "equal" : "as-it-is"));
    if (outcome->error)
      json_object_set_new(row, "error", vt_json_outside(outcome->error));
    else
      describe_measure(work, outcome, row);
    set_number(row, "seconds", outcome->seconds);
  }
  return add_row(ctx, work, row);
}

/* ---- a picture ---- */

/* What can be known of the picture without asking the model. */
static vt_status prepare(vt_ctx *ctx, showing *work)
{
  const vt_preprocess *preprocess = vt_model_preprocess(work->compare->model);
  VT_TRY(vt_image_read(ctx, work->about->path, NULL, &work->photo));
  VT_TRY(vt_preprocess_image(ctx, preprocess, work->photo, &work->picture, &work->placement));
  if (!work->about->mask) return VT_OK;
  int height = work->picture->height, width = work->picture->width;
  VT_TRY(vt_truth_mask_read(ctx, work->about->mask, &work->placement, height, width, &work->mask));
  vt_sha256_hex(work->mask, (size_t)height * (size_t)width, work->mask_hash);
  return VT_OK;
}

static bool is_left_out(const showing *work)
{
  bool right = work->about->label < 0 || work->about->label == work->predicted;
  return work->compare->which == VT_WHICH_RIGHT ? !right : work->compare->which == VT_WHICH_WRONG && right;
}

static bool is_complete(showing *work)
{
  const vt_contest *contest = &work->compare->contest;
  for (int c = 0; c < (int)contest->contender_count; c++)
    for (int m = 0; m < (int)contest->criterion_count; m++)
      if ((contest->as_it_is && is_wanted(work, c, m, VT_AS_IT_IS)) ||
          (contest->equal && is_wanted(work, c, m, VT_EQUAL_GRANULARITY)))
        return false;
  return true;
}

static vt_status open_bench(vt_ctx *ctx, showing *work, const vt_truth *truth, vt_bench *bench)
{
  bool known = work->about->label >= 0 && !work->compare->to_predicted;
  vt_exhibit exhibit = {.model = work->compare->model,
                        .picture = work->picture,
                        .placement = &work->placement,
                        .name = work->about->name,
                        .target = known ? work->about->label : -1,
                        .truth = truth,
                        .draw = strtoull(work->input + 48, NULL, 16)}; /* the picture's own number */
  VT_TRY(vt_bench_open(ctx, &exhibit, &work->compare->contest.terms, bench));
  work->target = bench->target;
  work->predicted = bench->predicted;
  work->full = bench->full;
  work->blank = bench->blank_score;
  return VT_OK;
}

/* Judges what is missing. The bench is opened only when it is needed. */
static vt_status show(vt_ctx *ctx, showing *work)
{
  const vt_compare *compare = work->compare;
  vt_entry *entry = work->entry;
  vt_bench bench = {0};
  vt_truth truth = {.mask = work->mask};
  vt_status status = VT_OK;
  VT_TRY(vt_compare_input_hash(ctx, compare->model, work->picture, work->input));
  VT_TRY(
      vt_compare_picture_key(ctx, compare, work->texts, work->input, work->about->label, entry->picture_key));
  const vt_ledger_row *known = vt_ledger_find(work->out->ledger, entry->picture_key);
  if (known && !known->error) {
    work->target = known->target;
    work->predicted = known->predicted;
  } else {
    VT_TRY(open_bench(ctx, work, &truth, &bench));
    VT_TRY_DONE(add_picture_row(ctx, work, NULL));
  }
  if (is_left_out(work)) {
    entry->state = VT_ENTRY_LEFT_OUT;
    goto done;
  }
  entry->shown = (int64_t)work->out->judged < compare->shown;
  VT_TRY_DONE(vt_compare_entry_keys(ctx, compare, work->texts, work->input, work->target, work->mask_hash,
                                    work->about->name, entry));
  if (entry->shown) VT_TRY_DONE(keep_picture(ctx, work));
  if (!is_complete(work)) {
    vt_judge_sink sink = {work, is_wanted, known_budget, take_explanation, take_outcome};
    if (!bench.scorer) VT_TRY_DONE(open_bench(ctx, work, &truth, &bench));
    VT_TRY_DONE(vt_judge(ctx, &compare->contest, &bench, &sink));
  }
  entry->state = VT_ENTRY_JUDGED;
done:
  vt_bench_close(&bench);
  return status;
}

/* One bad picture among good ones is a row. */
static vt_status keep_bad(vt_ctx *ctx, showing *work)
{
  char *message = vt_strdup(ctx, vt_ctx_message(ctx));
  if (!message) return VT_ERROR_OUT_OF_MEMORY;
  vt_ctx_clear(ctx);
  vt_log(VT_LOG_WARNING, "%s", message);
  work->entry->state = VT_ENTRY_BAD;
  vt_status status = vt_compare_picture_key(ctx, work->compare, work->texts, work->about->path,
                                            work->about->label, work->entry->picture_key);
  if (status == VT_OK) status = add_picture_row(ctx, work, message);
  vt_free(message);
  return status;
}

/* In a context of its own: methods report progress of their own, which would hide that of the pictures. */
static vt_status judge_picture(vt_ctx *parent, const vt_compare *compare, const vt_compare_texts *texts,
                               vt_compared *out, vt_entry *entry)
{
  vt_ctx *ctx = vt_ctx_child(parent);
  if (!ctx) return vt_fail(parent, VT_ERROR_OUT_OF_MEMORY, "no memory for a context");
  vt_ctx_set_threads(ctx, vt_ctx_threads(parent));
  showing work = {.compare = compare,
                  .texts = texts,
                  .out = out,
                  .entry = entry,
                  .about = &compare->album->pictures[entry->picture]};
  vt_status status = prepare(ctx, &work);
  if (status == VT_OK)
    status = show(ctx, &work);
  else if (status != VT_ERROR_INTERRUPTED && status != VT_ERROR_OUT_OF_MEMORY)
    status = keep_bad(ctx, &work);
  if (status != VT_OK) vt_fail_adopt(parent, ctx);
  vt_image_free(work.photo);
  vt_image_free(work.picture);
  vt_free(work.mask);
  vt_ctx_free(ctx);
  return status;
}

static vt_status run_all(vt_ctx *ctx, const vt_compare *compare, const vt_compare_texts *texts,
                         vt_compared *out)
{
  char what[200];
  for (size_t i = 0; i < out->count; i++) {
    vt_entry *entry = &out->entries[i];
    snprintf(what, sizeof what, "pictures, %.100s", compare->album->pictures[entry->picture].name);
    vt_progress(ctx, what, (double)i, (double)out->count);
    VT_TRY(vt_check_cancel(ctx));
    VT_TRY(judge_picture(ctx, compare, texts, out, entry));
    out->judged += entry->state == VT_ENTRY_JUDGED;
    out->left_out += entry->state == VT_ENTRY_LEFT_OUT;
    out->bad += entry->state == VT_ENTRY_BAD;
  }
  vt_progress(ctx, "pictures", (double)out->count, (double)out->count);
  return VT_OK;
}

static vt_status open_run(vt_ctx *ctx, const vt_compare *compare, vt_compared *out)
{
  int64_t end = compare->end < (int64_t)compare->album->count ? compare->end : (int64_t)compare->album->count;
  if (compare->begin >= end)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "from picture %lld to %lld there is none; the album has %zu", (long long)compare->begin,
                   (long long)end, compare->album->count);
  VT_TRY(vt_make_directory(ctx, compare->folder));
  VT_TRY(vt_compare_check_folder(ctx, compare));
  char *path = vt_path_join(ctx, compare->folder, "rows.jsonl");
  vt_status status = path ? vt_ledger_open(ctx, path, &out->repaired, &out->ledger) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(path);
  VT_TRY(status);
  if (compare->retry) vt_ledger_forget_errors(out->ledger);
  out->count = (size_t)(end - compare->begin);
  out->entries = vt_alloc_zero(ctx, out->count, sizeof *out->entries);
  for (size_t i = 0; out->entries && i < out->count; i++)
    out->entries[i].picture = compare->begin + (int64_t)i;
  return out->entries ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

vt_status vt_compare_run(vt_ctx *ctx, const vt_compare *compare, vt_compared *out)
{
  vt_compare_texts texts;
  *out = (vt_compared){0};
  VT_TRY(vt_compare_texts_make(ctx, compare, &texts));
  vt_status status = open_run(ctx, compare, out);
  if (status == VT_OK) status = run_all(ctx, compare, &texts, out);
  vt_compare_texts_free(compare, &texts);
  if (status == VT_ERROR_INTERRUPTED) {
    vt_ctx_clear(ctx);
    out->partial = true;
    return VT_OK;
  }
  if (status != VT_OK) vt_compared_free(out);
  return status;
}

void vt_compared_free(vt_compared *compared)
{
  for (size_t i = 0; compared->entries && i < compared->count; i++) {
    vt_free(compared->entries[i].explanations);
    vt_free(compared->entries[i].measures);
  }
  vt_free(compared->entries);
  vt_ledger_close(compared->ledger);
  *compared = (vt_compared){0};
}

const vt_ledger_row *vt_compared_explanation(const vt_compared *compared, size_t entry, int contender)
{
  const vt_entry *at = &compared->entries[entry];
  return at->explanations ? vt_ledger_find(compared->ledger, at->explanations[contender]) : NULL;
}

const vt_ledger_row *vt_compared_measure(const vt_compared *compared, const vt_contest *contest, size_t entry,
                                         int contender, int criterion, vt_granularity granularity)
{
  const vt_entry *at = &compared->entries[entry];
  size_t place = (size_t)contender * contest->criterion_count + (size_t)criterion;
  return at->measures ? vt_ledger_find(compared->ledger,
                                       at->measures[place * 2 + (granularity == VT_EQUAL_GRANULARITY)])
                      : NULL;
}
