/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading recipes. GLib's key files give blocks, keys and values; tables of fields say what they mean.
 */
#include "training/recipe.h"

#include <glib.h>

#include "training/adapters.h"
#include "training/learner.h"

enum { MOST_BYTES = 1 << 20 };

typedef struct reading {
  vt_ctx *ctx;
  const char *name;
  GKeyFile *file;
  vt_recipe *recipe;
} reading;

/* The context's failure, with the place in front. */
static vt_status at_place(const reading *r, const char *block, const char *key)
{
  vt_status status = vt_ctx_status(r->ctx);
  const char *told = vt_ctx_message(r->ctx);
  size_t length = key ? strlen(key) : 0;
  if (key && strncmp(told, key, length) == 0 && told[length] == ':') /* said once */
    told += length + 1 + strspn(told + length + 1, " ");
  char *message = vt_strdup(r->ctx, told);
  if (!message) return VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_ERROR_INVALID_ARGUMENT) status = VT_ERROR_INVALID_DATA;
  vt_ctx_clear(r->ctx);
  vt_fail(r->ctx, status, "%s: [%s]%s%s: %s", r->name, block, key ? " " : "", key ? key : "", message);
  vt_free(message);
  return status;
}

static vt_status add_setting(const reading *r, vt_texts *texts, const char *key, const char *value)
{
  if (texts->count >= VT_RECIPE_SETTINGS)
    return vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "more than %d settings", VT_RECIPE_SETTINGS);
  if (!texts->data) {
    texts->data = vt_alloc_zero(r->ctx, VT_RECIPE_SETTINGS, sizeof *texts->data);
    if (!texts->data) return VT_ERROR_OUT_OF_MEMORY;
    texts->capacity = VT_RECIPE_SETTINGS;
  }
  /* one that is said again (validation beside data) takes the place of the first */
  size_t length = strlen(key), at = 0;
  while (at < texts->count && !(strncmp(texts->data[at], key, length) == 0 && texts->data[at][length] == '='))
    at++;
  char *text = vt_format(r->ctx, "%s=%s", key, value);
  if (!text) return VT_ERROR_OUT_OF_MEMORY;
  if (at < texts->count) vt_free(texts->data[at]);
  texts->data[at] = text;
  if (at == texts->count) texts->count++;
  return VT_OK;
}

static vt_status set_text(const reading *r, char **out, const char *value)
{
  vt_free(*out);
  *out = vt_strdup(r->ctx, value);
  return *out ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* Recipes are printed, and written one setting a line. */
static bool has_control(const char *text)
{
  for (const char *at = text; *at; at = g_utf8_next_char(at))
    if (g_unichar_iscntrl(g_utf8_get_char(at)) && *at != '\t') return true;
  return false;
}

/* ---- blocks ---- */

typedef vt_status (*key_fn)(const reading *r, void *user, const char *key, const char *value);

static vt_status each_key(const reading *r, const char *block, key_fn take, void *user)
{
  gsize count = 0;
  gchar **keys = g_key_file_get_keys(r->file, block, &count, NULL);
  vt_status status = VT_OK;
  for (gsize i = 0; i < count && status == VT_OK; i++) {
    gchar *value = g_key_file_get_value(r->file, block, keys[i], NULL);
    if (value && has_control(value))
      status = vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "a control character in the value");
    else
      status = take(r, user, keys[i], value ? g_strstrip(value) : "");
    if (status != VT_OK) status = at_place(r, block, keys[i]);
    g_free(value);
  }
  g_strfreev(keys);
  return status;
}

typedef struct head {
  char *title;
  int64_t seed;
} head;
static const vt_field head_fields[] = {
    {"title", VT_FIELD_STRING, offsetof(head, title), .help = "one line"},
    {"seed", VT_FIELD_INT, offsetof(head, seed), "0", VT_RANGE(0, 9e15),
     .help = "of weights, order and noise"},
};

static vt_status take_head(const reading *r, void *user, const char *key, const char *value)
{
  return vt_params_set(r->ctx, head_fields, VT_COUNT(head_fields), user, key, value);
}

static vt_status take_model(const reading *r, void *user, const char *key, const char *value)
{
  VT_UNUSED(user);
  if (strcmp(key, "kind") == 0) return set_text(r, &r->recipe->model, value);
  return add_setting(r, &r->recipe->model_settings, key, value);
}

typedef struct numbers {
  int64_t count, seed;
  int split;
} numbers;
static const vt_field number_fields[] = {
    {"count", VT_FIELD_INT, offsetof(numbers, count), "0", VT_RANGE(0, 1e9), .help = "items"},
    {"seed", VT_FIELD_INT, offsetof(numbers, seed), "0", VT_RANGE(0, 9e15), .help = "of the world"},
    {"split", VT_FIELD_CHOICE, offsetof(numbers, split), "train", .choices = "train|validation|test"},
};

static vt_status take_data(const reading *r, void *user, const char *key, const char *value)
{
  vt_recipe_data *data = user;
  if (strcmp(key, "world") == 0) return set_text(r, &data->world, value);
  if (!vt_params_find(number_fields, VT_COUNT(number_fields), key))
    return add_setting(r, &data->settings, key, value);
  numbers given = {data->count, data->seed, (int)data->split};
  VT_TRY(vt_params_set(r->ctx, number_fields, VT_COUNT(number_fields), &given, key, value));
  data->count = given.count;
  data->seed = given.seed;
  data->split = (vt_split)given.split;
  return VT_OK;
}

static const vt_field more_fields[] = {
    {"data", VT_FIELD_STRING, offsetof(vt_stage_more, data), NULL,
     .help = "a world or mixture to train on in this stage, as 'scenes/object*3+scenes/object(form=two)'; "
             "nothing: that of [data]"},
    {"lora", VT_FIELD_STRING, offsetof(vt_stage_more, lora), NULL,
     .help = "adapters that are trained in place of the weights, as TARGETS/RANK/ALPHA/DROPOUT: "
             "'*.q_proj,*.v_proj/4/8'; nothing: none"},
};

/* The table that has a key, NULL: none. */
typedef struct table {
  const vt_field *fields;
  size_t count;
  void *settings;
} table;
enum { TABLES = 4 };
static void stage_tables(vt_recipe_stage *stage, table out[TABLES])
{
  out[0] = (table){vt_trainer_fields, vt_trainer_field_count, &stage->training};
  out[1] = (table){vt_optimiser_fields, vt_optimiser_field_count, &stage->optimiser};
  out[2] = (table){vt_schedule_fields, vt_schedule_field_count, &stage->schedule};
  out[3] = (table){more_fields, VT_COUNT(more_fields), &stage->more};
}

static vt_status unknown_key(const reading *r, const table *tables, const char *key)
{
  const char *names[128], *nearest;
  size_t count = 0;
  char suggestion[VT_SUGGESTION];
  for (int i = 0; i < TABLES; i++)
    for (size_t k = 0; k < tables[i].count && count < VT_COUNT(names); k++)
      names[count++] = tables[i].fields[k].name;
  nearest = vt_nearest(key, names, count);
  vt_suggestion(nearest, suggestion);
  return vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "no such setting of a stage%s", suggestion);
}

/* Nothing behind the sign is as if the key were not there: --set may take it away. */
static void drop_empty(char **text)
{
  if (!*text || **text) return;
  vt_free(*text);
  *text = NULL;
}

static vt_status take_more(const reading *r, vt_recipe_stage *stage)
{
  drop_empty(&stage->more.data);
  drop_empty(&stage->more.lora);
  if (!stage->more.lora) return VT_OK;
  vt_free(stage->targets);
  stage->targets = NULL;
  return vt_adapter_parse(r->ctx, stage->name, stage->more.lora, &stage->adapter, &stage->targets);
}

static vt_status take_stage(const reading *r, void *user, const char *key, const char *value)
{
  table tables[TABLES];
  stage_tables(user, tables);
  if (strcmp(key, "seed") == 0)
    return vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "the seed is the recipe's: say it in [recipe]");
  for (int i = 0; i < TABLES; i++)
    if (vt_params_find(tables[i].fields, tables[i].count, key)) {
      VT_TRY(vt_params_set(r->ctx, tables[i].fields, tables[i].count, tables[i].settings, key, value));
      return tables[i].fields == more_fields ? take_more(r, user) : VT_OK;
    }
  return unknown_key(r, tables, key);
}

static vt_status read_stage(const reading *r, const char *block, const char *name)
{
  vt_recipe *recipe = r->recipe;
  if (recipe->stage_count == VT_RECIPE_STAGES)
    return vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "%s: more than %d stages", r->name, VT_RECIPE_STAGES);
  vt_recipe_stage *stage = &recipe->stages[recipe->stage_count++];
  VT_TRY(set_text(r, &stage->name, name));
  VT_TRY(vt_params_defaults(r->ctx, vt_trainer_fields, vt_trainer_field_count, &stage->training,
                            sizeof stage->training));
  VT_TRY(vt_params_defaults(r->ctx, vt_optimiser_fields, vt_optimiser_field_count, &stage->optimiser,
                            sizeof stage->optimiser));
  VT_TRY(vt_params_defaults(r->ctx, vt_schedule_fields, vt_schedule_field_count, &stage->schedule,
                            sizeof stage->schedule));
  stage->training.seed = recipe->seed;
  return each_key(r, block, take_stage, stage);
}

vt_recipe_keys vt_recipe_table(int index)
{
  const vt_recipe_keys tables[VT_RECIPE_TABLES] = {
      {"recipe", head_fields, VT_COUNT(head_fields), NULL},
      {"data", number_fields, VT_COUNT(number_fields), NULL},
      {"stage NAME", vt_trainer_fields, vt_trainer_field_count, "seed"},
      {"stage NAME", vt_optimiser_fields, vt_optimiser_field_count, NULL},
      {"stage NAME", vt_schedule_fields, vt_schedule_field_count, NULL},
      {"stage NAME", more_fields, VT_COUNT(more_fields), NULL}};
  return tables[index];
}

/* ---- the whole ---- */

/* [validation] and [test] begin as [data] is. */
static vt_status derive_data(const reading *r, vt_split split, const char *block, vt_recipe_data *out)
{
  const vt_recipe_data *data = &r->recipe->train;
  *out = (vt_recipe_data){.seed = data->seed, .split = split};
  VT_TRY(set_text(r, &out->world, data->world));
  for (size_t i = 0; i < data->settings.count; i++) {
    char *copy = vt_strdup(r->ctx, data->settings.data[i]), *sign = copy ? strchr(copy, '=') : NULL;
    if (!sign) return VT_ERROR_OUT_OF_MEMORY;
    *sign = 0;
    vt_status status = add_setting(r, &out->settings, copy, sign + 1);
    vt_free(copy);
    VT_TRY(status);
  }
  return g_key_file_has_group(r->file, block) ? each_key(r, block, take_data, out) : VT_OK;
}

/* Stages that all say what they train on need no world in [data]: the learner is made for the first one's. */
static vt_status take_first_data(const reading *r)
{
  gchar **blocks = g_key_file_get_groups(r->file, NULL);
  vt_status status = VT_OK;
  for (gchar **block = blocks; *block && !r->recipe->train.world && status == VT_OK; block++) {
    if (strncmp(*block, "stage ", 6) != 0) continue;
    gchar *value = g_key_file_get_value(r->file, *block, "data", NULL);
    if (value && *g_strstrip(value) && !has_control(value))
      status = set_text(r, &r->recipe->train.world, value);
    g_free(value);
  }
  g_strfreev(blocks);
  return status;
}

static vt_status read_blocks(reading *r)
{
  vt_recipe *recipe = r->recipe;
  head given = {0};
  VT_TRY(vt_params_defaults(r->ctx, head_fields, VT_COUNT(head_fields), &given, sizeof given));
  vt_status status =
      g_key_file_has_group(r->file, "recipe") ? each_key(r, "recipe", take_head, &given) : VT_OK;
  recipe->seed = given.seed;
  if (status == VT_OK)
    status = set_text(r, &recipe->title, given.title && *given.title ? given.title : recipe->name);
  vt_params_free(head_fields, VT_COUNT(head_fields), &given);
  VT_TRY(status);
  if (g_key_file_has_group(r->file, "model")) VT_TRY(each_key(r, "model", take_model, NULL));
  if (g_key_file_has_group(r->file, "data")) VT_TRY(each_key(r, "data", take_data, &recipe->train));
  if (!recipe->model)
    return vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "%s: [model] has no kind: which learner is trained?",
                   r->name);
  VT_TRY(take_first_data(r));
  if (!recipe->train.world)
    return vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "%s: [data] has no world: trained on what?", r->name);
  VT_TRY(derive_data(r, VT_VALIDATION, "validation", &recipe->validation));
  VT_TRY(derive_data(r, VT_TEST, "test", &recipe->test));
  static const char *const known[] = {"recipe", "model", "data", "validation", "test", "stage"};
  gchar **blocks = g_key_file_get_groups(r->file, NULL);
  for (gchar **block = blocks; *block && status == VT_OK; block++) {
    char suggestion[VT_SUGGESTION];
    bool found = false;
    for (size_t i = 0; i + 1 < VT_COUNT(known); i++)
      found = found || strcmp(*block, known[i]) == 0;
    if (strncmp(*block, "stage ", 6) == 0)
      status = read_stage(r, *block, *block + 6);
    else if (!found)
      status = vt_fail(r->ctx, VT_ERROR_INVALID_DATA,
                       "%s: [%s] is no block of a recipe, [stage NAME] is a stage%s", r->name, *block,
                       vt_suggestion(vt_nearest(*block, known, VT_COUNT(known)), suggestion));
  }
  g_strfreev(blocks);
  VT_TRY(status);
  if (recipe->stage_count == 0)
    return vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "%s: no [stage NAME]: nothing is trained", r->name);
  return VT_OK;
}

/* Names of blocks and keys as they stand in files: not empty, no brackets, no space at an end. */
static bool is_name(const char *begin, const char *end)
{
  if (begin >= end || *begin == ' ' || end[-1] == ' ') return false;
  for (const char *at = begin; at < end; at++)
    if (strchr("[]#\t", *at)) return false;
  return true;
}

/* "block.key=value"; "stage.key" is for every stage. */
static vt_status override(const reading *r, const char *text)
{
  const char *dot = strchr(text, '.'), *sign = strchr(text, '=');
  if (!g_utf8_validate(text, -1, NULL) || has_control(text))
    return vt_fail(r->ctx, VT_ERROR_INVALID_ARGUMENT, "a setting that is not one line of UTF-8");
  if (!dot || !sign || !is_name(text, dot) || !is_name(dot + 1, sign))
    return vt_fail(r->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "'%s' is not block.key=value, as in model.widths=8,16 or stage.epochs=2", text);
  gchar *block = g_strndup(text, (gsize)(dot - text)), *key = g_strndup(dot + 1, (gsize)(sign - dot - 1));
  if (strcmp(block, "stage") == 0) {
    gchar **blocks = g_key_file_get_groups(r->file, NULL);
    for (gchar **each = blocks; *each; each++)
      if (strncmp(*each, "stage ", 6) == 0) g_key_file_set_value(r->file, *each, key, sign + 1);
    g_strfreev(blocks);
  } else if (strncmp(block, "stage ", 6) == 0 && !g_key_file_has_group(r->file, block)) {
    (void)vt_fail(r->ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no [%s]; \"stage.\" is for every stage", r->name,
                  block);
  } else {
    g_key_file_set_value(r->file, block, key, sign + 1);
  }
  g_free(block);
  g_free(key);
  return vt_ctx_status(r->ctx);
}

static vt_status parse(reading *r, const char *text, size_t size, const char *const *overrides, size_t count)
{
  GError *error = NULL;
  if (!g_utf8_validate(text, (gssize)size, NULL))
    return vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "%s: not text in UTF-8", r->name);
  if (!g_key_file_load_from_data(r->file, text, size, G_KEY_FILE_KEEP_COMMENTS, &error)) {
    vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "%s: not a recipe: %s", r->name, error->message);
    g_error_free(error);
    return VT_ERROR_INVALID_DATA;
  }
  for (size_t i = 0; i < count; i++)
    VT_TRY(override(r, overrides[i]));
  gchar *whole = g_key_file_to_data(r->file, NULL, NULL);
  vt_status status = set_text(r, &r->recipe->text, whole);
  g_free(whole);
  VT_TRY(status);
  return read_blocks(r);
}

vt_status vt_recipe_parse(vt_ctx *ctx, const char *name, const char *text, size_t size,
                          const char *const *overrides, size_t count, vt_recipe **out)
{
  *out = NULL;
  vt_recipe *recipe = vt_alloc_zero(ctx, 1, sizeof *recipe);
  if (!recipe) return VT_ERROR_OUT_OF_MEMORY;
  reading r = {ctx, name, g_key_file_new(), recipe};
  const char *plain = vt_path_name(name), *dot = strrchr(plain, '.');
  recipe->name = dot && dot != plain ? vt_strndup(ctx, plain, (size_t)(dot - plain)) : vt_strdup(ctx, plain);
  recipe->source = vt_strdup(ctx, name);
  vt_status status =
      recipe->name && recipe->source ? parse(&r, text, size, overrides, count) : VT_ERROR_OUT_OF_MEMORY;
  g_key_file_free(r.file);
  if (status != VT_OK) {
    vt_recipe_free(recipe);
    return status;
  }
  *out = recipe;
  return VT_OK;
}

static vt_status no_such_recipe(vt_ctx *ctx, const char *source)
{
  const char **names = vt_alloc_zero(ctx, vt_bundled_recipe_count + 1, sizeof *names);
  if (!names) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < vt_bundled_recipe_count; i++)
    names[i] = vt_bundled_recipes[i].name;
  char suggestion[VT_SUGGESTION];
  vt_suggestion(vt_nearest(source, names, vt_bundled_recipe_count), suggestion);
  vt_free(names);
  return vt_fail(ctx, VT_ERROR_NO_SUCH_FILE, "%s: no such file, and no recipe of that name%s", source,
                 suggestion);
}

vt_status vt_recipe_read(vt_ctx *ctx, const char *source, const char *const *overrides, size_t count,
                         vt_recipe **out)
{
  *out = NULL;
  for (size_t i = 0; i < vt_bundled_recipe_count; i++) {
    const vt_bundled_recipe *bundled = &vt_bundled_recipes[i];
    if (strcmp(source, bundled->name) == 0)
      return vt_recipe_parse(ctx, source, bundled->text, bundled->size, overrides, count, out);
  }
  if (!vt_file_exists(source)) return no_such_recipe(ctx, source);
  unsigned char *text;
  size_t size;
  VT_TRY(vt_read_file(ctx, source, MOST_BYTES, &text, &size));
  vt_status status = vt_recipe_parse(ctx, source, (const char *)text, size, overrides, count, out);
  vt_free(text);
  return status;
}

static void free_data(vt_recipe_data *data)
{
  vt_free(data->world);
  vt_texts_free(&data->settings);
}

void vt_recipe_free(vt_recipe *recipe)
{
  if (!recipe) return;
  for (int i = 0; i < recipe->stage_count; i++) {
    table tables[TABLES];
    stage_tables(&recipe->stages[i], tables);
    for (int k = 0; k < TABLES; k++)
      vt_params_free(tables[k].fields, tables[k].count, tables[k].settings);
    vt_free(recipe->stages[i].targets);
    vt_free(recipe->stages[i].name);
  }
  free_data(&recipe->train);
  free_data(&recipe->validation);
  free_data(&recipe->test);
  vt_texts_free(&recipe->model_settings);
  vt_free(recipe->model);
  vt_free(recipe->title);
  vt_free(recipe->text);
  vt_free(recipe->name);
  vt_free(recipe->source);
  vt_free(recipe);
}
