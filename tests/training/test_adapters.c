/* SPDX-License-Identifier: Apache-2.0
 *
 * Adapters in recipes: what "lora" says and what is refused; what a stage with adapters leaves alone; stopped
 * and gone on with, the same bytes; merged in the exported graph, the same answers; a checkpoint whose frozen
 * weights were changed is found out.
 */
#include <math.h>

#include "graph/assemble.h"
#include "ops/layout.h"
#include "training/export.h"
#include "training_folder.h"

static const char base[] =
    "[recipe]\nseed=3\n[model]\nkind=vit\nstem=8,16,16\nwidth=16\nlayers=2\nheads=2\npool=mean\n"
    "[data]\nworld=scenes/object\npx=32\ncount=48\n[validation]\ncount=24\n[test]\nseed=9\ncount=24\n"
    "[stage main]\nsteps=4\nbatch=8\nlr=0.01\n";
static const char adapted[] =
    "[stage first]\nlora=*.q_proj, *.v_proj/3/6\nsteps=4\nbatch=8\nlr=0.02\n"
    "[stage second]\nlora=*.q_proj,head/2/2/0.1\ntrain=final_norm.*\nsteps=4\nbatch=8\nlr=0.02\n";

static vt_recipe *parse(vt_ctx *ctx, const char *override)
{
  vt_recipe *recipe;
  char *text = g_strconcat(base, adapted, NULL);
  assert_ok(ctx, vt_recipe_parse(ctx, "a.recipe", text, strlen(text), &override, override ? 1 : 0, &recipe));
  g_free(text);
  return recipe;
}

static void test_reads(void **state)
{
  vt_ctx *ctx = *state;
  vt_recipe *recipe = parse(ctx, NULL);
  const vt_adapter *first = &recipe->stages[1].adapter, *second = &recipe->stages[2].adapter;
  assert_null(recipe->stages[0].more.lora);
  assert_string_equal(first->name, "first");
  assert_string_equal(first->targets, "*.q_proj, *.v_proj");
  assert_int_equal(first->rank, 3);
  assert_true(first->alpha == 6 && first->dropout == 0);
  assert_true(second->rank == 2 && second->alpha == 2 && second->dropout == .1);
  vt_recipe_free(recipe);
  recipe = parse(ctx, "stage second.lora="); /* taken away */
  assert_null(recipe->stages[2].more.lora);
  vt_recipe_free(recipe);
}

static void test_refuses(void **state)
{
  static const struct {
    const char *value, *part;
  } cases[] = {
      {"*.q_proj", "a.recipe: [stage first] lora: '*.q_proj': no rank"},
      {"/4", "no targets"},
      {"*.q_proj,,head/4", "an empty pattern"},
      {"*.q_proj/0", "rank is at least 1"},
      {"*.q_proj/-4", "rank is at least 1"},
      {"*.q_proj/4.5", "no whole number"},
      {"*.q_proj/99999999999999999999", "no whole number"},
      {"*.q_proj/4/0", "alpha is a number above 0"},
      {"*.q_proj/4/-1", "alpha is a number above 0"},
      {"*.q_proj/4/inf", "alpha is a number above 0"},
      {"*.q_proj/4/8/1", "dropout lies in 0 to 0.95"},
      {"*.q_proj/4/8/nan", "dropout lies in 0 to 0.95"},
      {"*.q_proj/4/8/0/0", "more than four pieces"},
  };
  vt_ctx *ctx = *state;
  vt_recipe *recipe;
  char *text = g_strconcat(base, adapted, NULL);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    char *override = g_strconcat("stage first.lora=", cases[i].value, NULL);
    const char *overrides[] = {override};
    assert_fails(ctx, vt_recipe_parse(ctx, "a.recipe", text, strlen(text), overrides, 1, &recipe),
                 VT_ERROR_INVALID_DATA, cases[i].part);
    vt_ctx_clear(ctx);
    g_free(override);
  }
  g_free(text);
  /* the name of the stage is that of parameters */
  text = g_strconcat(base, "[stage with *]\nlora=head/2\nsteps=1\n", NULL);
  assert_fails(ctx, vt_recipe_parse(ctx, "a.recipe", text, strlen(text), NULL, 0, &recipe),
               VT_ERROR_INVALID_DATA, "the stage's name is that of its adapters");
  vt_ctx_clear(ctx);
  g_free(text);
}

/* What only the network knows, before the first stage runs. */
static void test_refuses_to_open(void **state)
{
  static const struct {
    const char *override, *part;
  } cases[] = {
      {"stage second.lora=*.q_proj,body.*/2",
       "[stage second]: lora: no linear layer fits 'body.*'; there are: blocks.0.attn.q_proj"},
      {"stage second.lora=head/13",
       "[stage second]: lora: rank 13 is more than the matrix of head has, which is 12 x 16"},
      {"stage second.train=body.*", "[stage second]: train: no parameter fits 'body.*'"},
  };
  vt_ctx *ctx = *state;
  vt_trainee trainee;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    vt_recipe *recipe = parse(ctx, cases[i].override);
    assert_fails(ctx, vt_trainee_open(ctx, recipe, &trainee), VT_ERROR_INVALID_DATA, cases[i].part);
    vt_ctx_clear(ctx);
    vt_recipe_free(recipe);
  }
  /* a stage may go on with the adapters of an earlier one, and the highest rank is one that fits */
  vt_recipe *recipe = parse(ctx, "stage second.train=*.lora_?.first.weight");
  assert_ok(ctx, vt_trainee_open(ctx, recipe, &trainee));
  vt_trainee_close(&trainee);
  vt_recipe_free(recipe);
  recipe = parse(ctx, "stage second.lora=head/12");
  assert_ok(ctx, vt_trainee_open(ctx, recipe, &trainee));
  vt_trainee_close(&trainee);
  vt_recipe_free(recipe);
  /* convolutions alone */
  static const char unet[] = "[model]\nkind=unet\nwidths=8,8\n[data]\nworld=scenes/seg\npx=32\ncount=8\n"
                             "[validation]\ncount=8\n[test]\ncount=8\n[stage a]\nlora=*/2\nsteps=1\n";
  assert_ok(ctx, vt_recipe_parse(ctx, "u.recipe", unet, strlen(unet), NULL, 0, &recipe));
  assert_fails(ctx, vt_trainee_open(ctx, recipe, &trainee), VT_ERROR_INVALID_DATA,
               "u.recipe: [stage a]: lora: adapters stand beside linear layers, and learner 'unet' has none");
  vt_ctx_clear(ctx);
  vt_recipe_free(recipe);
}

/* ---- trained ---- */

static vt_parameters *model_of(vt_ctx *ctx, const char *folder)
{
  vt_parameters *store;
  char path[512];
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  assert_ok(ctx, vt_parameters_new(ctx, 0, &store));
  assert_ok(ctx, vt_weights_read(ctx, path, store, NULL));
  return store;
}

/* Stages up to `stages` of the recipe, trained to the end. */
static vt_parameters *train_stages(vt_ctx *ctx, int stages)
{
  char folder[] = "/tmp/vitrail-adapters-XXXXXX";
  vt_recipe *recipe = parse(ctx, NULL);
  int count = recipe->stage_count;
  assert_non_null(g_mkdtemp(folder));
  recipe->stage_count = stages; /* the file of a shorter recipe */
  assert_ok(ctx, train_once(ctx, recipe, folder, false, -1));
  recipe->stage_count = count;
  vt_recipe_free(recipe);
  vt_parameters *store = model_of(ctx, folder);
  remove_folder(folder);
  return store;
}

/* Adapters move, and what "train" names beside them; all else has the bytes that the stage before left. */
static void test_leaves_alone(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *stores[3];
  for (int i = 0; i < 3; i++)
    stores[i] = train_stages(ctx, i + 1);
  int moved[3] = {0}, adapters[3] = {0}, same = 0;
  for (int after = 1; after < 3; after++)
    for (int i = 0; i < vt_parameters_count(stores[after]); i++) {
      const vt_parameter *now = vt_parameters_at(stores[after], i),
                         *then = vt_parameters_find(stores[after - 1], now->name);
      const char *own = after == 1 ? ".first.weight" : ".second.weight";
      if (strstr(now->name, own)) {
        assert_null(then);
        adapters[after]++;
      } else if (memcmp(now->value->data, then->value->data, vt_bytes(now->value)) == 0) {
        same++;
      } else {
        moved[after]++;
        assert_true(after == 2 && strncmp(now->name, "final_norm.", 11) == 0);
      }
    }
  assert_int_equal(adapters[1], 2 * 2 * 2); /* A and B of q and v in two blocks */
  assert_int_equal(adapters[2], 2 * 2 + 2); /* of q in two blocks, of the head */
  assert_int_equal(moved[1], 0);
  assert_int_equal(moved[2], 2); /* the last norm's scale and shift */
  assert_true(same > 30);
  /* B began at zero: it has learned */
  const vt_parameter *b = vt_parameters_find(stores[1], "blocks.0.attn.v_proj.lora_B.first.weight");
  double most = 0;
  for (int64_t i = 0; i < vt_count(b->value); i++)
    most = fmax(most, fabs(vt_get_f64(b->value, i)));
  assert_true(most > 1e-4);
  for (int i = 0; i < 3; i++)
    vt_parameters_free(stores[i]);
}

/* Stopped in each stage and between them: the same files in the end. */
static void test_goes_on(void **state)
{
  static const char *const files[] = {"model.safetensors", "checkpoint.safetensors", "model.onnx"};
  static const int stops[] = {2, 4, 6, 8, 11};
  vt_ctx *ctx = *state;
  char whole[] = "/tmp/vitrail-adapters-XXXXXX", expected[65], got[65];
  vt_recipe *recipe = parse(ctx, NULL);
  assert_non_null(g_mkdtemp(whole));
  assert_ok(ctx, train_once(ctx, recipe, whole, false, -1));
  for (size_t i = 0; i < VT_COUNT(stops); i++) {
    char folder[] = "/tmp/vitrail-adapters-XXXXXX";
    assert_non_null(g_mkdtemp(folder));
    assert_fails(ctx, train_once(ctx, recipe, folder, false, stops[i]), VT_ERROR_INTERRUPTED, "has it");
    vt_ctx_clear(ctx);
    assert_ok(ctx, train_once(ctx, recipe, folder, true, -1));
    for (size_t k = 0; k < VT_COUNT(files); k++) {
      hash_file(ctx, whole, files[k], expected);
      hash_file(ctx, folder, files[k], got);
      assert_string_equal(got, expected);
    }
    remove_folder(folder);
  }
  /* a checkpoint of other adapters is refused by name */
  vt_recipe *other = parse(ctx, "stage first.lora=*.q_proj/3/6");
  assert_fails(ctx, train_once(ctx, other, whole, true, -1), VT_ERROR_INVALID_ARGUMENT, "lora.first");
  vt_ctx_clear(ctx);
  vt_recipe_free(other);
  remove_folder(whole);
  vt_recipe_free(recipe);
}

/* A weight that the stage does not train is changed in the checkpoint: the stage that goes on says so. */
static void test_changed_underneath(void **state)
{
  vt_ctx *ctx = *state;
  char folder[] = "/tmp/vitrail-adapters-XXXXXX", path[512];
  vt_recipe *recipe = parse(ctx, NULL);
  vt_parameters *store;
  vt_checkpoint at;
  json_t *config;
  assert_non_null(g_mkdtemp(folder));
  assert_fails(ctx, train_once(ctx, recipe, folder, false, 6), VT_ERROR_INTERRUPTED, "has it");
  vt_ctx_clear(ctx);
  snprintf(path, sizeof path, "%s/checkpoint.safetensors", folder);
  assert_ok(ctx, vt_parameters_new(ctx, 0, &store));
  assert_ok(ctx, vt_checkpoint_look(ctx, path, &at, &config));
  assert_ok(ctx, vt_checkpoint_read(ctx, path, store, config, &at));
  assert_int_equal(at.stage, 1);
  ((float *)vt_parameters_find(store, "head.weight")->value->data)[0] += 1;
  assert_ok(ctx, vt_checkpoint_write(ctx, path, store, &at, config));
  /* the best model is of the same stage and would hide the change */
  assert_ok(ctx, vt_parameters_put(ctx, store, "head.weight", vt_parameters_find(store, "head.weight")->value,
                                   false));
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  assert_ok(ctx, vt_weights_write(ctx, path, store, (const char *const[]){"recipe", recipe->text, NULL}));
  assert_fails(ctx, train_once(ctx, recipe, folder, true, -1), VT_ERROR_RUNTIME,
               "stage first: parameters that it does not train have changed");
  vt_ctx_clear(ctx);
  json_decref(config);
  vt_parameters_free(store);
  remove_folder(folder);
  vt_recipe_free(recipe);
}

/* The graph read from its file against the model with its adapters beside the weights. */
static void test_exports(void **state)
{
  vt_ctx *ctx = *state;
  char folder[] = "/tmp/vitrail-adapters-XXXXXX", path[512];
  vt_recipe *recipe = parse(ctx, NULL);
  vt_trainee trainee;
  vt_graph *graph;
  assert_non_null(g_mkdtemp(folder));
  assert_ok(ctx, train_once(ctx, recipe, folder, false, -1));
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  assert_ok(ctx, vt_trainee_open(ctx, recipe, &trainee));
  assert_ok(ctx, vt_trainee_load(ctx, &trainee, path));
  /* adapters that say more than a few steps taught them */
  for (int i = 0; i < vt_parameters_count(trainee.parameters); i++) {
    vt_parameter *parameter = vt_parameters_at(trainee.parameters, i);
    if (!strstr(parameter->name, ".lora_B.")) continue;
    for (int64_t k = 0; k < vt_count(parameter->value); k++)
      ((float *)parameter->value->data)[k] += (float)(.3 * vt_random_normal(5, (uint64_t)i, (uint64_t)k));
  }
  snprintf(path, sizeof path, "%s/again.onnx", folder);
  assert_ok(ctx, vt_learner_export(ctx, trainee.learner, trainee.parameters, path));
  assert_ok(ctx, vt_graph_read(ctx, path, NULL, &graph));
  enum { ITEMS = 5 };
  int64_t indices[ITEMS] = {0, 1, 2, 3, 4};
  vt_batch batch;
  assert_ok(ctx, vt_batch_make(ctx, trainee.data[VT_TEST].set, indices, ITEMS, 0, NULL, &batch));
  vt_tensor *image = vt_batch_get(ctx, &batch, "image"), *outputs[8] = {NULL}, *logits[2];
  assert_ok(ctx, vt_graph_run(ctx, graph, &image, outputs));
  for (int on = 0; on < 2; on++) {
    vt_run run = {.ctx = ctx,
                  .parameters = trainee.parameters,
                  .locked = true,
                  .lora = on ? &trainee.learner->lora : NULL};
    vt_tensor *eager[VT_LEARNER_OUTPUTS] = {NULL};
    trainee.learner->kind->forward(vt_root(&run), trainee.learner, &image, eager);
    logits[on] = vt_row_major(ctx, eager[0]);
    assert_ok(ctx, vt_ctx_status(ctx));
    vt_run_end(&run);
  }
  double moved = 0;
  for (int64_t i = 0; i < vt_count(logits[1]); i++) {
    assert_near(vt_get_f64(outputs[0], i), vt_get_f64(logits[1], i), 1e-4);
    moved = fmax(moved, fabs(vt_get_f64(logits[1], i) - vt_get_f64(logits[0], i)));
  }
  assert_true(moved > .05); /* the adapters matter, so the graph has them */
  /* and no trace of them beside the weights: of each linear layer one matrix */
  for (int i = 0; i < graph->value_count; i++)
    assert_true(!graph->values[i].name || !strstr(graph->values[i].name, "lora"));
  vt_graph_free(graph);
  vt_trainee_close(&trainee);
  remove_folder(folder);
  vt_recipe_free(recipe);
}

/* A training in a folder that has one: nothing of the old stays beside the new recipe. */
static void test_anew(void **state)
{
  vt_ctx *ctx = *state;
  char folder[] = "/tmp/vitrail-adapters-XXXXXX", path[512];
  vt_recipe *recipe = parse(ctx, NULL), *other = parse(ctx, "recipe.seed=4");
  vt_trainee trainee;
  vt_recipe_result result;
  volatile int stop = 1;
  assert_non_null(g_mkdtemp(folder));
  assert_ok(ctx, train_once(ctx, recipe, folder, false, -1));
  assert_ok(ctx, vt_trainee_open(ctx, other, &trainee));
  vt_ctx_set_cancel(ctx, &stop); /* before its first step: no checkpoint of its own */
  assert_fails(ctx, vt_recipe_train(ctx, other, &trainee, folder, false, &result), VT_ERROR_INTERRUPTED, "");
  vt_ctx_set_cancel(ctx, NULL);
  vt_ctx_clear(ctx);
  vt_trainee_close(&trainee);
  static const char *const gone[] = {"checkpoint.safetensors", "model.safetensors", "model.onnx",
                                     "model.json"};
  for (size_t i = 0; i < VT_COUNT(gone); i++) {
    snprintf(path, sizeof path, "%s/%s", folder, gone[i]);
    assert_false(vt_file_exists(path));
  }
  vt_recipe *there;
  snprintf(path, sizeof path, "%s/recipe.txt", folder);
  assert_ok(ctx, vt_recipe_read(ctx, path, NULL, 0, &there));
  assert_int_equal(there->seed, 4);
  vt_recipe_free(there);
  vt_recipe_free(other);
  vt_recipe_free(recipe);
  remove_folder(folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_reads, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refuses, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refuses_to_open, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_leaves_alone, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_goes_on, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_changed_underneath, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_exports, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_anew, new_context, free_context),
  };
  return cmocka_run_group_tests_name("training/adapters", tests, NULL, NULL);
}
