/* SPDX-License-Identifier: Apache-2.0
 *
 * Recipes: what is read, what is refused and how that is said; a recipe in stages, interrupted and not,
 * leaves the same bytes; what a stage does not train stays; the exported graph is the model.
 */
#include <math.h>

#include "graph/assemble.h"
#include "training/export.h"
#include "training_folder.h"

static const char good[] = "[recipe]\ntitle=A test\nseed=3\n[model]\nkind=resnet\nwidths=8,16\nblocks=1\n"
                           "[data]\nworld=scenes/object\ncount=48\nblock_erase=0.5\n"
                           "[validation]\nblock_erase=0\ncount=24\n[test]\nseed=9\ncount=24\n"
                           "[stage body]\nsteps=4\nbatch=8\nlr=0.01\n"
                           "[stage head]\ntrain=head.*\nsteps=3\nbatch=8\nlr=0.01\n";

static vt_status parse(vt_ctx *ctx, const char *text, vt_recipe **out)
{
  return vt_recipe_parse(ctx, "test.recipe", text, strlen(text), NULL, 0, out);
}

static void test_reads(void **state)
{
  vt_ctx *ctx = *state;
  vt_recipe *recipe;
  const char *overrides[] = {"recipe.seed=7", "stage.batch=4", "model.widths=8,8,8", "data.count=60"};
  assert_ok(ctx, vt_recipe_parse(ctx, "a/b/test.recipe", good, strlen(good), overrides, 4, &recipe));
  assert_string_equal(recipe->name, "test");
  assert_string_equal(recipe->title, "A test");
  assert_string_equal(recipe->model, "resnet");
  assert_int_equal(recipe->seed, 7);
  assert_int_equal(recipe->stage_count, 2);
  assert_string_equal(recipe->stages[1].name, "head");
  assert_int_equal(recipe->stages[0].training.batch, 4);
  assert_int_equal(recipe->stages[1].training.batch, 4);
  assert_int_equal(recipe->stages[1].training.seed, 7);
  assert_string_equal(recipe->stages[1].training.train, "head.*");
  assert_int_equal(recipe->train.count, 60);
  assert_string_equal(recipe->train.settings.data[0], "block_erase=0.5");
  assert_string_equal(recipe->validation.world, "scenes/object");
  assert_string_equal(recipe->validation.settings.data[0], "block_erase=0"); /* said again there */
  assert_string_equal(recipe->test.settings.data[0], "block_erase=0.5");     /* as [data] */
  assert_int_equal(recipe->test.seed, 9);
  assert_int_equal(recipe->test.split, VT_TEST);
  /* its text is the whole of it */
  vt_recipe *again;
  assert_ok(ctx, parse(ctx, recipe->text, &again));
  assert_int_equal(again->seed, 7);
  assert_string_equal(again->model_settings.data[0], "widths=8,8,8");
  vt_recipe_free(again);
  vt_recipe_free(recipe);
}

static void test_refuses(void **state)
{
  static const struct {
    const char *text, *part;
  } cases[] = {
      {"nonsense", "not a recipe"},
      {"[model]\nkind=resnet\n", "[data] has no world"},
      {"[data]\nworld=scenes/object\n", "[model] has no kind"},
      {"[model]\nkind=resnet\n[data]\nworld=scenes/object\n", "nothing is trained"},
      {"[model]\nkind=resnet\n[data]\nworld=scenes/object\ncount=x\n", "[data] count"},
      {"[model]\nkind=resnet\n[data]\nworld=a\n[stage a]\nlearning_rat=1\n", "[stage a] learning_rat"},
      {"[model]\nkind=resnet\n[data]\nworld=a\n[stage a]\nstep=1\n", "did you mean 'steps'"},
      {"[model]\nkind=resnet\n[data]\nworld=a\n[stage a]\nbatch=0\n", "[stage a] batch"},
      {"[model]\nkind=resnet\n[data]\nworld=a\n[stage a]\nseed=1\n", "say it in [recipe]"},
      {"[model]\nkind=resnet\n[data]\nworld=a\n[stages]\nsteps=1\n", "[stages] is no block"},
      {"[recipe]\nname=x\n[model]\nkind=resnet\n[data]\nworld=a\n[stage a]\nsteps=1\n", "[recipe] name"},
      {"[model]\nkind=\xff\n", "UTF-8"},
      {"[recipe]\ntitle=\x1b[31mred\n", "control character"},
  };
  vt_ctx *ctx = *state;
  vt_recipe *recipe;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    assert_fails(ctx, parse(ctx, cases[i].text, &recipe), VT_ERROR_INVALID_DATA, cases[i].part);
    assert_null(recipe);
    vt_ctx_clear(ctx);
  }
  assert_fails(ctx, vt_recipe_read(ctx, "scenes-objekt", NULL, 0, &recipe), VT_ERROR_NO_SUCH_FILE,
               "did you mean 'scenes-object'");
  vt_ctx_clear(ctx);
  static const char *const bad[] = {"lr=1", ".lr=1", "stage.=1", "stage.lr", "[stage a].lr=1", "stage. lr=1"};
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    assert_fails(ctx, vt_recipe_read(ctx, "scenes-object", &bad[i], 1, &recipe), VT_ERROR_INVALID_ARGUMENT,
                 "block.key=value");
    vt_ctx_clear(ctx);
  }
  static const char *const split[] = {"recipe.title=a\n[model]\nkind=b"};
  assert_fails(ctx, vt_recipe_read(ctx, "scenes-object", split, 1, &recipe), VT_ERROR_INVALID_ARGUMENT,
               "not one line");
}

/* What only world, learner and network can know, with file and block; stages before the first one runs. */
static void test_refuses_to_open(void **state)
{
  static const struct {
    const char *override, *part;
  } cases[] = {
      {"data.world=scenes/objekt", "a/test.recipe: [data]: no world preset 'scenes/objekt'; did you mean"},
      {"data.blok_erase=1", "a/test.recipe: [data]: no parameter 'blok_erase'; did you mean 'block_erase'"},
      {"validation.nuisance=7", "a/test.recipe: [validation]: nuisance must lie"},
      {"model.kind=restnet", "a/test.recipe: [model]: no learner 'restnet'; did you mean 'resnet'"},
      {"model.width=8", "a/test.recipe: [model]: no parameter 'width'; did you mean 'widths'"},
      {"stage head.train=body.*", "a/test.recipe: [stage head]: train: no parameter fits 'body.*'"},
      {"stage head.loss=entropy", "a/test.recipe: [stage head]: loss: 'entropy' is not NAME:WEIGHT"},
  };
  vt_ctx *ctx = *state;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    vt_recipe *recipe;
    vt_trainee trainee;
    assert_ok(ctx, vt_recipe_parse(ctx, "a/test.recipe", good, strlen(good), &cases[i].override, 1, &recipe));
    assert_fails(ctx, vt_trainee_open(ctx, recipe, &trainee), VT_ERROR_INVALID_DATA, cases[i].part);
    vt_ctx_clear(ctx);
    vt_recipe_free(recipe);
  }
}

/* All that come with vitrail can be opened. */
static void test_bundled(void **state)
{
  vt_ctx *ctx = *state;
  assert_true(vt_bundled_recipe_count > 0);
  for (size_t i = 0; i < vt_bundled_recipe_count; i++) {
    vt_recipe *recipe;
    vt_trainee trainee;
    assert_ok(ctx, vt_recipe_read(ctx, vt_bundled_recipes[i].name, NULL, 0, &recipe));
    assert_true(strlen(recipe->title) > 0);
    assert_ok(ctx, vt_trainee_open(ctx, recipe, &trainee));
    vt_trainee_close(&trainee);
    vt_recipe_free(recipe);
  }
}

/* ---- stages ---- */

/* Stopped in the first stage, at its end, and in the second: always the same model in the end. */
static void test_goes_on(void **state)
{
  static const int stops[] = {2, 4, 6};
  vt_ctx *ctx = *state;
  vt_recipe *recipe;
  char whole[] = "/tmp/vitrail-recipe-XXXXXX", expected[65], onnx[65], got[65];
  assert_ok(ctx, parse(ctx, good, &recipe));
  assert_non_null(g_mkdtemp(whole));
  assert_ok(ctx, train_once(ctx, recipe, whole, false, -1));
  hash_file(ctx, whole, "model.safetensors", expected);
  hash_file(ctx, whole, "model.onnx", onnx);
  for (size_t i = 0; i < VT_COUNT(stops); i++) {
    char folder[] = "/tmp/vitrail-recipe-XXXXXX";
    assert_non_null(g_mkdtemp(folder));
    assert_fails(ctx, train_once(ctx, recipe, folder, false, stops[i]), VT_ERROR_INTERRUPTED, "has it");
    vt_ctx_clear(ctx);
    assert_ok(ctx, train_once(ctx, recipe, folder, true, -1));
    hash_file(ctx, folder, "model.safetensors", got);
    assert_string_equal(got, expected);
    hash_file(ctx, folder, "model.onnx", got);
    assert_string_equal(got, onnx);
    remove_folder(folder);
  }
  remove_folder(whole);
  vt_recipe_free(recipe);
}

/* A checkpoint of another recipe is refused by what differs. */
static void test_other_recipe(void **state)
{
  vt_ctx *ctx = *state;
  vt_recipe *recipe, *other;
  char folder[] = "/tmp/vitrail-recipe-XXXXXX";
  const char *overrides[] = {"stage.lr=0.02"};
  assert_ok(ctx, parse(ctx, good, &recipe));
  assert_ok(ctx, vt_recipe_parse(ctx, "test.recipe", good, strlen(good), overrides, 1, &other));
  assert_non_null(g_mkdtemp(folder));
  assert_fails(ctx, train_once(ctx, recipe, folder, false, 2), VT_ERROR_INTERRUPTED, "");
  vt_ctx_clear(ctx);
  assert_fails(ctx, train_once(ctx, other, folder, true, -1), VT_ERROR_INVALID_ARGUMENT, "lr");
  vt_ctx_clear(ctx);
  remove_folder(folder);
  vt_recipe_free(other);
  vt_recipe_free(recipe);
}

/* The head alone is trained: everything else has the bytes it had. */
static void test_frozen(void **state)
{
  vt_ctx *ctx = *state;
  static const char text[] =
      "[model]\nkind=resnet\nwidths=8\nblocks=1\n[data]\nworld=scenes/object\ncount=16\n"
      "[validation]\ncount=8\n[test]\ncount=8\n"
      "[stage head]\ntrain=head.*\nsteps=3\nbatch=8\nlr=0.01\n";
  vt_recipe *recipe;
  vt_trainee before, after;
  vt_recipe_result result;
  char folder[] = "/tmp/vitrail-recipe-XXXXXX";
  assert_ok(ctx, parse(ctx, text, &recipe));
  assert_non_null(g_mkdtemp(folder));
  assert_ok(ctx, vt_trainee_open(ctx, recipe, &before));
  assert_ok(ctx, vt_trainee_open(ctx, recipe, &after));
  assert_ok(ctx, vt_recipe_train(ctx, recipe, &after, folder, false, &result));
  int moved = 0, stayed = 0;
  for (int i = 0; i < vt_parameters_count(before.parameters); i++) {
    const vt_parameter *a = vt_parameters_at(before.parameters, i),
                       *b = vt_parameters_find(after.parameters, a->name);
    bool same = memcmp(a->value->data, b->value->data, vt_bytes(a->value)) == 0;
    if (a->state) continue;
    if (strncmp(a->name, "head.", 5) == 0)
      moved += !same;
    else
      stayed += same, assert_true(same);
  }
  assert_int_equal(moved, 2);
  assert_true(stayed > 4);
  vt_trainee_close(&before);
  vt_trainee_close(&after);
  remove_folder(folder);
  vt_recipe_free(recipe);
}

/* ---- learners as graphs ---- */

/* Every learner on its world: exported (which compares the graph with the model) and read again. */
static void test_exports(void **state)
{
  static const char *const recipes[] = {"scenes-object", "corpora-ioi-gpt", "sequences-sasrec",
                                        "scenes-caption-towers"};
  vt_ctx *ctx = *state;
  for (size_t i = 0; i < VT_COUNT(recipes); i++) {
    vt_recipe *recipe;
    vt_trainee trainee;
    vt_graph *graph;
    char path[] = "/tmp/vitrail-export-XXXXXX";
    const char *few[] = {"data.count=70", "validation.count=70", "test.count=70"};
    int file = g_mkstemp(path);
    assert_true(file >= 0);
    (void)g_close(file, NULL);
    assert_ok(ctx, vt_recipe_read(ctx, recipes[i], few, 3, &recipe));
    assert_ok(ctx, vt_trainee_open(ctx, recipe, &trainee));
    assert_ok(ctx, vt_learner_export(ctx, trainee.learner, trainee.parameters, path));
    assert_ok(ctx, vt_graph_read(ctx, path, NULL, &graph));
    assert_true(vt_graph_input_count(graph) >= 1);
    for (int k = 0; k < graph->output_count; k++) /* readers of ONNX want the shape of every output */
      assert_true(graph->values[graph->outputs[k]].rank >= 0);
    vt_measures measures;
    assert_ok(ctx, vt_trainee_measure(ctx, &trainee, &trainee.data[VT_TEST], 16, &measures));
    assert_true(measures.count > 0 && isfinite(measures.items[0].value));
    vt_graph_free(graph);
    vt_trainee_close(&trainee);
    vt_recipe_free(recipe);
    char *sidecar = g_strconcat(path, ".json", NULL);
    (void)g_remove(sidecar);
    g_free(sidecar);
    (void)g_remove(path);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_reads, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refuses, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refuses_to_open, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_bundled, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_goes_on, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_other_recipe, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_frozen, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_exports, new_context, free_context),
  };
  return cmocka_run_group_tests_name("training/recipe", tests, NULL, NULL);
}
