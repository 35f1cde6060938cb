/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/train_list.h"

#include <string.h>

#include "cli/output.h"
#include "cli/terminal.h"
#include "training/learner.h"
#include "training/recipe.h"

vt_status cli_list_recipes(cli *run)
{
  cli_table table = {0};
  json_t *list = json_array();
  vt_status status = cli_table_row(run->ctx, &table, "Recipe\tModel\tWorld\tWhat it trains");
  for (size_t i = 0; i < vt_bundled_recipe_count && status == VT_OK; i++) {
    vt_recipe *recipe;
    status = vt_recipe_read(run->ctx, vt_bundled_recipes[i].name, NULL, 0, &recipe);
    if (status != VT_OK) break;
    status = cli_table_row(run->ctx, &table, "%s\t%s\t%s\t%s", recipe->name, recipe->model,
                           recipe->train.world, recipe->title);
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", recipe->name, "model",
                                          recipe->model, "world", recipe->train.world, "title", recipe->title,
                                          "text", recipe->text));
    vt_recipe_free(recipe);
  }
  json_t *json = json_pack("{s:i, s:O}", "schema_version", 1, "recipes", list);
  if (status == VT_OK && run->common.json) status = cli_print_json(run, json);
  if (status == VT_OK && !run->common.json) {
    cli_table_print(run, &table);
    printf("\nvitrail train RECIPE trains one; a recipe of your own is a file (docs/training.md).\n");
  }
  json_decref(json);
  json_decref(list);
  cli_table_free(&table);
  return status;
}

/* ---- keys ---- */

static vt_status add_keys(cli *run, cli_table *table, json_t *list, const char *block,
                          const vt_recipe_keys *keys)
{
  for (size_t i = 0; i < keys->count; i++) {
    const vt_field *field = &keys->fields[i];
    if (keys->without && strcmp(field->name, keys->without) == 0) continue;
    VT_TRY(cli_table_row(run->ctx, table, "%s\t%s\t%s\t%s", block, field->name,
                         field->fallback ? field->fallback : "", field->help ? field->help : ""));
  }
  json_t *schema = vt_params_schema(keys->fields, keys->count), *known = json_object_get(list, block);
  if (known)
    json_array_extend(known, schema);
  else
    json_object_set(list, block, schema);
  json_decref(schema);
  return VT_OK;
}

static vt_status add_learner(cli *run, cli_table *table, json_t *list, const vt_learner_kind *kind)
{
  char block[80];
  snprintf(block, sizeof block, "[model] kind=%s", kind->id);
  return add_keys(run, table, list, block, &(vt_recipe_keys){block, kind->fields, kind->field_count, NULL});
}

static vt_status add_all(cli *run, cli_table *table, json_t *list, const char *learner)
{
  if (learner) {
    const vt_learner_kind *kind;
    VT_TRY(vt_learner_named(run->ctx, learner, &kind));
    return add_learner(run, table, list, kind);
  }
  for (size_t i = 0; i < vt_learner_kind_count; i++)
    VT_TRY(add_learner(run, table, list, vt_learner_kinds[i]));
  for (int i = 0; i < VT_RECIPE_TABLES; i++) {
    char block[80];
    vt_recipe_keys keys = vt_recipe_table(i);
    snprintf(block, sizeof block, "[%s]", keys.block);
    VT_TRY(add_keys(run, table, list, block, &keys));
  }
  return VT_OK;
}

vt_status cli_list_keys(cli *run, const char *learner)
{
  cli_table table = {0};
  json_t *list = json_object();
  vt_status status = cli_table_row(run->ctx, &table, "Block\tKey\tDefault\tMeaning");
  if (status == VT_OK) status = add_all(run, &table, list, learner);
  json_t *json = json_pack("{s:i, s:O}", "schema_version", 1, "blocks", list);
  if (status == VT_OK && run->common.json) status = cli_print_json(run, json);
  if (status == VT_OK && !run->common.json) {
    cli_table_print(run, &table);
    if (!learner)
      printf("\n[data] and its like also hold \"world\" and the settings of that world (vitrail world WORLD "
             "--help).\n");
  }
  json_decref(json);
  json_decref(list);
  cli_table_free(&table);
  return status;
}
