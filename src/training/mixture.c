/* SPDX-License-Identifier: Apache-2.0
 *
 * Worlds of a mixture, its items, its measures.
 */
#include "training/mixture.h"

#include <math.h>

/* ---- worlds ---- */

/* Settings of the block that this world knows, or that no world of the mixture knows (which is then said),
 * and its own behind them. */
static vt_status open_world(vt_ctx *ctx, const vt_recipe_data *data, const vt_mixture_part *parts, int count,
                            const vt_mixture_part *part, vt_world **out)
{
  size_t most = data->settings.count + part->settings.count, used = 0;
  const vt_preset *own = vt_preset_find(part->world);
  const char **texts = vt_alloc_zero(ctx, most + 1, sizeof *texts);
  if (!texts) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < data->settings.count; i++) {
    char name[96];
    const char *text = data->settings.data[i];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "="), text);
    bool known = own && vt_params_find(own->fields, own->field_count, name), elsewhere = false;
    for (int k = 0; k < count; k++) {
      const vt_preset *other = vt_preset_find(parts[k].world);
      elsewhere = elsewhere || (other && vt_params_find(other->fields, other->field_count, name));
    }
    if (known || !elsewhere) texts[used++] = text;
  }
  for (size_t i = 0; i < part->settings.count; i++)
    texts[used++] = part->settings.data[i];
  vt_status status = vt_world_open(ctx, part->world, texts, used, (uint64_t)data->seed, out);
  vt_free(texts);
  if (status != VT_OK && count > 1) vt_fail_prefix(ctx, "%s", part->world);
  return status;
}

/* ---- items of a part ---- */

typedef struct window {
  vt_dataset set; /* first: freed as the set */
  const vt_dataset *source;
  int64_t first;
} window;

static vt_status fill_window(vt_ctx *ctx, const vt_dataset *set, int64_t index, uint64_t pass,
                             void *const *out)
{
  const window *own = set->user;
  return own->source->fill(ctx, own->source, own->first + index, pass, out);
}

static void free_alone(vt_dataset *set)
{
  vt_free(set);
}

static vt_status make_window(vt_ctx *ctx, const vt_dataset *source, int64_t first, vt_dataset **out)
{
  window *own = vt_alloc_zero(ctx, 1, sizeof *own);
  if (!own) return VT_ERROR_OUT_OF_MEMORY;
  own->set = *source;
  own->source = source;
  own->first = first;
  own->set.count = source->count - first;
  own->set.fill = fill_window;
  own->set.free = free_alone;
  own->set.user = own;
  char text[128];
  int length = snprintf(text, sizeof text, "%s from %lld", source->key, (long long)first);
  vt_sha256_hex(text, (size_t)length, own->set.key);
  *out = &own->set;
  return VT_OK;
}

/* ---- items of all ---- */

typedef struct mixed {
  vt_dataset set; /* first: freed as the set */
  int count;
  const vt_dataset *parts[VT_MIXTURE_PARTS];
  int64_t ends[VT_MIXTURE_PARTS];                  /* of their places before the permutation */
  int fields[VT_MIXTURE_PARTS][VT_DATASET_FIELDS]; /* of the part, by field of the mixture */
  uint64_t seed;
  vt_split split;
} mixed;

static vt_status fill_mixed(vt_ctx *ctx, const vt_dataset *set, int64_t index, uint64_t pass,
                            void *const *out)
{
  const mixed *own = set->user;
  int64_t place = vt_dataset_place(set->count, own->seed, (uint64_t)own->split, index);
  int part = 0;
  while (place >= own->ends[part])
    part++;
  void *fields[VT_DATASET_FIELDS] = {NULL};
  for (int i = 0; i < set->field_count; i++)
    fields[own->fields[part][i]] = out[i];
  const vt_dataset *from = own->parts[part];
  vt_status status = from->fill(ctx, from, place - (part ? own->ends[part - 1] : 0), pass, fields);
  return status == VT_OK ? VT_OK : vt_fail_prefix(ctx, "%s", from->name);
}

static bool same_field(const vt_dataset_field *a, const vt_dataset_field *b)
{
  return a->type == b->type && a->rank == b->rank &&
         memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

/* Fields that all parts have alike. */
static void share_fields(mixed *own)
{
  const vt_dataset *first = own->parts[0];
  for (int i = 0; i < first->field_count; i++) {
    int places[VT_MIXTURE_PARTS];
    bool shared = true;
    for (int part = 0; part < own->count && shared; part++) {
      places[part] = vt_dataset_find(own->parts[part], first->fields[i].name);
      shared = places[part] >= 0 && same_field(&own->parts[part]->fields[places[part]], &first->fields[i]);
    }
    if (!shared) continue;
    for (int part = 0; part < own->count; part++)
      own->fields[part][own->set.field_count] = places[part];
    own->set.fields[own->set.field_count++] = first->fields[i];
  }
}

static vt_status mix(vt_ctx *ctx, const vt_recipe_data *data, const vt_mixture *mixture, vt_dataset **out)
{
  mixed *own = vt_alloc_zero(ctx, 1, sizeof *own);
  if (!own) return VT_ERROR_OUT_OF_MEMORY;
  vt_text key = {0};
  own->count = mixture->count;
  own->seed = (uint64_t)data->seed;
  own->split = data->split;
  own->set = (vt_dataset){.classes = mixture->parts[0]->classes,
                          .class_count = mixture->parts[0]->class_count,
                          .fill = fill_mixed,
                          .free = free_alone,
                          .user = own};
  vt_text_addf(ctx, &key, "mixture 1 %llu %d", (unsigned long long)own->seed, (int)own->split);
  for (int i = 0; i < mixture->count; i++) {
    own->parts[i] = mixture->parts[i];
    own->set.count += mixture->parts[i]->count;
    own->ends[i] = own->set.count;
    vt_text_addf(ctx, &key, " %s %lld", mixture->parts[i]->key, (long long)mixture->parts[i]->count);
  }
  share_fields(own);
  snprintf(own->set.name, sizeof own->set.name, "%.100s %s seed %lld", data->world,
           vt_split_name(data->split), (long long)data->seed);
  bool failed = key.failed;
  if (!failed) vt_sha256_hex(key.data, key.length, own->set.key);
  vt_text_free(&key);
  if (failed) {
    vt_free(own);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  *out = &own->set;
  return VT_OK;
}

/* ---- how many of each ---- */

/* Shares of `total`, to the nearest whole: the largest remainders get what is left. */
static vt_status share_out(vt_ctx *ctx, const vt_mixture_part *parts, int count, int64_t total,
                           int64_t shares[VT_MIXTURE_PARTS])
{
  double sum = 0, rest[VT_MIXTURE_PARTS];
  int64_t left = total;
  for (int i = 0; i < count; i++)
    sum += parts[i].weight;
  for (int i = 0; i < count; i++) {
    double exact = (double)total * (parts[i].weight / sum);
    shares[i] = (int64_t)floor(exact + 1e-9); /* .1 · 30 is 3 */
    rest[i] = exact - (double)shares[i];
    left -= shares[i];
  }
  for (; left > 0; left--) {
    int most = 0;
    for (int i = 1; i < count; i++)
      if (rest[i] > rest[most] + 1e-9) most = i;
    shares[most]++;
    rest[most] -= 1;
  }
  for (int i = 0; i < count; i++)
    if (shares[i] < 1)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "%lld items leave none for part %d, %s, of weight %g; raise the count or the weight",
                     (long long)total, i + 1, parts[i].world, parts[i].weight);
  return VT_OK;
}

/* ---- opening ---- */

static void name_parts(vt_mixture *mixture)
{
  for (int i = 0; i < mixture->count; i++) {
    const char *id = mixture->worlds[i]->preset->id;
    int same = 0, before = 0;
    for (int k = 0; k < mixture->count; k++) {
      bool of_it = strcmp(mixture->worlds[k]->preset->id, id) == 0;
      same += of_it;
      before += of_it && k < i;
    }
    if (same > 1)
      snprintf(mixture->labels[i], sizeof mixture->labels[i], "%.30s %d", id, before + 1);
    else
      snprintf(mixture->labels[i], sizeof mixture->labels[i], "%.30s", id);
  }
}

static vt_status open_parts(vt_ctx *ctx, const vt_recipe_data *data, const vt_mixture_part *parts,
                            vt_mixture *out)
{
  int64_t shares[VT_MIXTURE_PARTS], total = data->count;
  for (int i = 0; i < out->count; i++)
    VT_TRY(open_world(ctx, data, parts, out->count, &parts[i], &out->worlds[i]));
  name_parts(out);
  if (out->count == 1) {
    VT_TRY(vt_world_dataset(ctx, out->worlds[0], data->split, data->count, &out->sources[0]));
    out->set = out->parts[0] = out->sources[0];
    return VT_OK;
  }
  for (int i = 0; i < out->count && data->count == 0; i++)
    total += out->worlds[i]->preset->counts[data->split];
  VT_TRY(share_out(ctx, parts, out->count, total, shares));
  for (int i = 0; i < out->count; i++) {
    int64_t first = 0;
    for (int k = 0; k < i; k++)
      if (out->worlds[k]->preset == out->worlds[i]->preset) first += shares[k];
    VT_TRY(vt_world_dataset(ctx, out->worlds[i], data->split, first + shares[i], &out->sources[i]));
    VT_TRY(make_window(ctx, out->sources[i], first, &out->parts[i]));
  }
  return mix(ctx, data, out, &out->set);
}

vt_status vt_mixture_open(vt_ctx *ctx, const vt_recipe_data *data, vt_mixture *out)
{
  vt_mixture_part parts[VT_MIXTURE_PARTS];
  *out = (vt_mixture){0};
  VT_TRY(vt_mixture_parse(ctx, data->world, parts, &out->count));
  vt_status status = open_parts(ctx, data, parts, out);
  vt_mixture_parts_free(parts);
  if (status != VT_OK) vt_mixture_close(out);
  return status;
}

void vt_mixture_close(vt_mixture *mixture)
{
  if (mixture->count > 1) vt_dataset_free(mixture->set);
  for (int i = 0; i < mixture->count; i++) {
    if (mixture->parts[i] != mixture->sources[i]) vt_dataset_free(mixture->parts[i]);
    vt_dataset_free(mixture->sources[i]);
    vt_world_close(mixture->worlds[i]);
  }
  *mixture = (vt_mixture){0};
}

/* ---- measures ---- */

static void name_measure(const char *measure, const char *part, int number, char *out, size_t size)
{
  int length = snprintf(out, size, "%s (%s)", measure, part);
  if (length >= (int)size) snprintf(out, size, "%.28s (part %d)", measure, number + 1);
}

vt_status vt_mixture_measure(vt_run *run, const vt_mixture *mixture, const vt_learning_task *task,
                             int64_t batch, vt_measures *out)
{
  VT_TRY(task->measure(run, mixture->set, batch, task->user, out));
  int whole = out->count, each = (1 + mixture->count) * whole <= VT_MEASURES ? whole : 1;
  for (int i = 0; i < mixture->count && mixture->count > 1; i++) {
    vt_measures of = {0};
    VT_TRY(task->measure(run, mixture->parts[i], batch, task->user, &of));
    for (int k = 0; k < each && k < of.count; k++) {
      char name[sizeof out->items[0].name];
      name_measure(of.items[k].name, mixture->labels[i], i, name, sizeof name);
      vt_measures_add(out, name, of.items[k].value, of.items[k].lower);
    }
  }
  return VT_OK;
}

static void loss_of(vt_scope s, const vt_batch *batch, const void *user, vt_losses *losses)
{
  const vt_mixture_task *both = user;
  both->task->loss(s, batch, both->task->user, losses);
}

static vt_status measures_of(vt_run *run, const vt_dataset *set, int64_t batch, const void *user,
                             vt_measures *out)
{
  const vt_mixture_task *both = user;
  if (set == both->mixture->set) return vt_mixture_measure(run, both->mixture, both->task, batch, out);
  return both->task->measure(run, set, batch, both->task->user, out);
}

vt_learning_task vt_mixture_as_task(const vt_mixture_task *both)
{
  return (vt_learning_task){.id = both->task->id,
                            .fields = both->task->fields,
                            .loss = loss_of,
                            .measure = measures_of,
                            .user = both};
}
