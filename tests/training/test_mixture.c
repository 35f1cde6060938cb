/* SPDX-License-Identifier: Apache-2.0
 *
 * Mixtures: how their text is read, exact shares, which item is which, the same for any number of threads,
 * what does not mix and how that is said, measures of the whole and of parts.
 */
#include <math.h>

#include "training_folder.h"

/* ---- the text ---- */

static void test_parses(void **state)
{
  vt_ctx *ctx = *state;
  vt_mixture_part parts[VT_MIXTURE_PARTS];
  int count;
  assert_ok(ctx, vt_mixture_parse(ctx, "scenes/object", parts, &count));
  assert_int_equal(count, 1);
  assert_string_equal(parts[0].world, "scenes/object");
  assert_true(parts[0].weight == 1);
  vt_mixture_parts_free(parts);
  assert_ok(ctx, vt_mixture_parse(ctx, "scenes/object*0.7+scenes/combo*0.3", parts, &count));
  assert_int_equal(count, 2);
  assert_true(parts[0].weight == .7 && parts[1].weight == .3);
  assert_string_equal(parts[1].world, "scenes/combo");
  vt_mixture_parts_free(parts);
  assert_ok(ctx, vt_mixture_parse(ctx, " a ( x = 1*2+3 , y=b ) * 3 + b", parts, &count));
  assert_int_equal(count, 2);
  assert_string_equal(parts[0].world, "a");
  assert_int_equal(parts[0].settings.count, 2);
  assert_string_equal(parts[0].settings.data[0], "x = 1*2+3");
  assert_string_equal(parts[0].settings.data[1], "y=b");
  assert_true(parts[0].weight == 3 && parts[1].weight == 1);
  vt_mixture_parts_free(parts);
}

static void test_refuses_text(void **state)
{
  static const struct {
    const char *text, *part;
  } cases[] = {
      {"", "names no world"},
      {"+", "names no world"},
      {"a+", "names no world"},
      {"a++b", "names no world"},
      {"*2", "names no world"},
      {"(px=3)", "names no world"},
      {"a*", "a weight is a number"},
      {"a*b", "a weight is a number"},
      {"a*1*2", "a weight is a number"},
      {"a*0+b", "weights are above 0"},
      {"a*-1+b", "weights are above 0"},
      {"a*inf+b", "weights are above 0"},
      {"a*nan+b", "weights are above 0"},
      {"a*1e300+b", "weights are above 0"},
      {"a(px=3", "parentheses do not close"},
      {"a)px=3(", "parentheses do not close"},
      {"a((px=3))", "parentheses do not close"},
      {"a(px)", "a setting is NAME=VALUE"},
      {"a()", "a setting is NAME=VALUE"},
      {"a(px=3)2", "a weight follows a star"},
      {"a+a+a+a+a+a+a+a+a", "more than 8 parts"},
  };
  vt_ctx *ctx = *state;
  vt_mixture_part parts[VT_MIXTURE_PARTS];
  int count;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    assert_fails(ctx, vt_mixture_parse(ctx, cases[i].text, parts, &count), VT_ERROR_INVALID_ARGUMENT,
                 cases[i].part);
    vt_ctx_clear(ctx);
  }
  /* many settings, a long name */
  GString *text = g_string_new("a(");
  for (int i = 0; i < 100; i++)
    g_string_append_printf(text, "%sx%d=1", i ? "," : "", i);
  g_string_append(text, ")");
  assert_fails(ctx, vt_mixture_parse(ctx, text->str, parts, &count), VT_ERROR_INVALID_ARGUMENT,
               "too many settings");
  vt_ctx_clear(ctx);
  g_string_free(text, TRUE);
}

/* ---- items ---- */

static vt_recipe_data data_of(char *world, int64_t count, int64_t seed)
{
  return (vt_recipe_data){.world = world, .count = count, .seed = seed, .split = VT_TRAIN};
}

static void fill_image(vt_ctx *ctx, const vt_dataset *set, int64_t index, float *image)
{
  void *out[VT_DATASET_FIELDS] = {NULL};
  out[vt_dataset_find(set, "image")] = image;
  assert_ok(ctx, set->fill(ctx, set, index, 0, out));
}

/* Exact shares; every item of every part once; parts of one world show different items of it. */
static void test_items(void **state)
{
  enum { PX = 32, SIZE = 3 * PX * PX, ITEMS = 30 };
  vt_ctx *ctx = *state;
  char world[] = "scenes/object*2+scenes/combo*0.5+scenes/object(clutter=0)*0.5";
  char *settings[] = {"px=32", "form=two"}; /* scenes/combo has no form */
  vt_recipe_data data = data_of(world, ITEMS, 5);
  data.settings = (vt_texts){settings, 2, 2};
  vt_mixture mixture;
  assert_ok(ctx, vt_mixture_open(ctx, &data, &mixture));
  assert_int_equal(mixture.count, 3);
  assert_int_equal(mixture.set->count, ITEMS);
  assert_int_equal(mixture.parts[0]->count, 20);
  assert_int_equal(mixture.parts[1]->count, 5);
  assert_int_equal(mixture.parts[2]->count, 5);
  assert_string_equal(mixture.labels[0], "scenes/object 1");
  assert_string_equal(mixture.labels[1], "scenes/combo");
  assert_string_equal(mixture.labels[2], "scenes/object 2");
  float *of = g_new(float, (size_t)ITEMS *SIZE), *one = g_new(float, SIZE);
  int seen[ITEMS] = {0}, turns = 0, before = -1;
  for (int part = 0, item = 0; part < 3; part++)
    for (int i = 0; i < mixture.parts[part]->count; i++)
      fill_image(ctx, mixture.parts[part], i, of + (size_t)SIZE * (size_t)item++);
  for (int i = 0; i < ITEMS; i++) {
    int which = -1;
    fill_image(ctx, mixture.set, i, one);
    for (int k = 0; k < ITEMS; k++)
      if (memcmp(one, of + (size_t)SIZE * (size_t)k, SIZE * sizeof *one) == 0) which = k;
    assert_true(which >= 0);
    seen[which]++;
    turns += (which < 20) != (before < 20);
    before = which;
  }
  for (int k = 0; k < ITEMS; k++)
    assert_int_equal(seen[k], 1);
  assert_true(turns > 4); /* mixed, not one part behind the other */
  /* the third part begins where the first one ends in the same world: record 20, not record 0 */
  fill_image(ctx, mixture.sources[2], 20, one);
  assert_memory_equal(one, of + (size_t)SIZE * 25, SIZE * sizeof *one);
  g_free(of);
  g_free(one);
  vt_mixture_close(&mixture);
}

/* A mixture of 20 items as bytes. */
static void hash_items(vt_ctx *ctx, int threads, char *world, int64_t seed, char hash[65], char key[65])
{
  vt_recipe_data data = data_of(world, 20, seed);
  vt_mixture mixture;
  vt_batch batch;
  int64_t indices[20];
  uint32_t fields;
  for (int i = 0; i < 20; i++)
    indices[i] = i;
  vt_ctx_set_threads(ctx, threads);
  assert_ok(ctx, vt_mixture_open(ctx, &data, &mixture));
  assert_ok(ctx, vt_fields_of(ctx, mixture.set, (const char *const[]){"image", NULL}, &fields));
  assert_ok(ctx, vt_batch_make(ctx, mixture.set, indices, 20, 3, &fields, &batch));
  const vt_tensor *image = vt_batch_get(ctx, &batch, "image");
  vt_sha256_hex(image->data, vt_bytes(image), hash);
  memcpy(key, mixture.set->key, 65);
  vt_mixture_close(&mixture);
}

static void test_same_bytes(void **state)
{
  vt_ctx *ctx = *state;
  char world[] = "scenes/object*0.7+scenes/object(form=two)*0.3",
       other[] = "scenes/object*0.6+scenes/object(form=two)*0.4";
  char a[65], b[65], c[65], d[65], keys[4][65];
  hash_items(ctx, 1, world, 1, a, keys[0]);
  hash_items(ctx, 4, world, 1, b, keys[1]);
  hash_items(ctx, 2, world, 2, c, keys[2]);
  hash_items(ctx, 2, other, 1, d, keys[3]);
  assert_string_equal(a, b);
  assert_string_equal(keys[0], keys[1]);
  assert_string_not_equal(a, c);
  assert_string_not_equal(keys[0], keys[2]);
  assert_string_not_equal(a, d);
  assert_string_not_equal(keys[0], keys[3]);
}

/* One world alone is the data set it always was: checkpoints know it by its key. */
static void test_alone(void **state)
{
  vt_ctx *ctx = *state;
  char world[] = "scenes/object";
  vt_recipe_data data = data_of(world, 7, 2);
  vt_mixture mixture;
  vt_world *plain;
  vt_dataset *set;
  assert_ok(ctx, vt_mixture_open(ctx, &data, &mixture));
  assert_ok(ctx, vt_world_open(ctx, world, NULL, 0, 2, &plain));
  assert_ok(ctx, vt_world_dataset(ctx, plain, VT_TRAIN, 7, &set));
  assert_string_equal(mixture.set->key, set->key);
  assert_string_equal(mixture.set->name, set->name);
  assert_int_equal(mixture.set->field_count, set->field_count);
  vt_dataset_free(set);
  vt_world_close(plain);
  vt_mixture_close(&mixture);
}

/* ---- what does not mix ---- */

#define VIT  "[model]\nkind=vit\nstem=8,16,16\nwidth=16\nlayers=1\nheads=2\n"
#define REST "count=24\n[validation]\ncount=12\n[test]\ncount=12\n[stage a]\nsteps=2\nbatch=4\n"

static void test_refuses_worlds(void **state)
{
  static const struct {
    const char *model, *world, *override, *part;
  } cases[] = {
      {VIT, "scenes/object*0.7+scenes/combo*0.3", NULL,
       "[data]: scenes/object and scenes/combo do not mix: the first has 12 classes and the second 24"},
      {VIT, "scenes/object+creatures/odd", NULL, "number 0 is 'cart' in the first and"},
      {VIT, "scenes/object+scenes/object(px=32)", NULL,
       "scenes/object 1 and scenes/object 2 do not mix: field 'image', which is read, is f32[3,64,64] in "
       "the first and f32[3,32,32] in the second"},
      {VIT, "scenes/object+corpora/ioi", NULL, "field 'image', which is read, is"},
      {"[model]\nkind=gpt\n", "corpora/ioi+corpora/topics", NULL,
       "corpora/ioi and corpora/topics do not mix: "},
      {"[model]\nkind=sasrec\n", "sequences+sequences(second=true)", NULL,
       "do not mix: settings make the catalogue"},
      {VIT, "scenes/object+scenes/objekt", NULL,
       "scenes/objekt: no world preset 'scenes/objekt'; did you mean"},
      {VIT, "scenes/object+scenes/object(fromm=two)", NULL, "no parameter 'fromm'; did you mean 'form'"},
      {VIT, "scenes/object+scenes/object*1e-6", NULL,
       "24 items leave none for part 2, scenes/object, of weight 1e-06"},
      {VIT, "scenes/object", "validation.world=scenes/object+scenes/combo",
       "[validation]: scenes/object and scenes/combo do not mix"},
      {VIT, "scenes/object", "stage a.data=scenes/object+scenes/combo",
       "[stage a]: scenes/object and scenes/combo do not mix"},
      {VIT, "scenes/object", "stage a.data=scenes/object(px=32)",
       "[stage a]: scenes/object and scenes/object do not mix: field 'image'"},
      {VIT, "scenes/object", "stage a.data=scenes/object*x", "[stage a]: 'scenes/object*x' is no mixture"},
  };
  vt_ctx *ctx = *state;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    vt_recipe *recipe;
    vt_trainee trainee;
    char *text = g_strconcat(cases[i].model, "[data]\nworld=", cases[i].world, "\n", REST, NULL);
    assert_ok(ctx, vt_recipe_parse(ctx, "m.recipe", text, strlen(text), &cases[i].override,
                                   cases[i].override ? 1 : 0, &recipe));
    assert_fails(ctx, vt_trainee_open(ctx, recipe, &trainee), VT_ERROR_INVALID_DATA, cases[i].part);
    vt_ctx_clear(ctx);
    vt_recipe_free(recipe);
    g_free(text);
  }
}

/* Two towers read pictures and captions, no classes: worlds of other classes mix. */
static void test_reads_no_classes(void **state)
{
  vt_ctx *ctx = *state;
  static const char text[] =
      "[model]\nkind=towers\nstem=8,16,32\nimage_width=32\nimage_layers=1\ntext_width=32\ntext_layers=1\n"
      "heads=2\nshared=16\n[data]\nworld=scenes/caption*3+scenes/"
      "refer\npx=64\nlength=40\ncount=16\n[validation]\n"
      "count=80\n[test]\ncount=80\n[stage a]\nsteps=1\nbatch=4\n";
  vt_recipe *recipe;
  vt_trainee trainee;
  assert_ok(ctx, vt_recipe_parse(ctx, "m.recipe", text, strlen(text), NULL, 0, &recipe));
  assert_ok(ctx, vt_trainee_open(ctx, recipe, &trainee));
  assert_int_equal(trainee.data[VT_TRAIN].parts[1]->count, 4);
  vt_trainee_close(&trainee);
  vt_recipe_free(recipe);
}

/* ---- trained ---- */

static const char good[] =
    VIT "[data]\nworld=scenes/object*3+scenes/object(form=two)\npx=32\ncount=24\n"
        "[validation]\ncount=16\n[test]\nseed=9\ncount=20\n"
        "[stage a]\nsteps=3\nbatch=8\n"
        "[stage b]\ndata=scenes/object(form=two)+scenes/object(shift=blur)\nsteps=3\nbatch=8\n";

/* Accuracy of the whole is the mean of the parts by their items; the rest is as without a mixture. */
static void test_measures(void **state)
{
  vt_ctx *ctx = *state;
  vt_recipe *recipe;
  vt_trainee trainee;
  vt_measures all;
  assert_ok(ctx, vt_recipe_parse(ctx, "m.recipe", good, strlen(good), NULL, 0, &recipe));
  assert_ok(ctx, vt_trainee_open(ctx, recipe, &trainee));
  assert_int_equal(trainee.stage_data[0].count, 0);
  assert_int_equal(trainee.stage_data[1].count, 2);
  assert_int_equal(trainee.stage_data[1].set->count, 24);
  assert_ok(ctx, vt_trainee_measure(ctx, &trainee, &trainee.data[VT_TEST], 6, &all));
  assert_int_equal(all.count, 6);
  static const char *const measures[] = {"accuracy", "entropy"};
  for (int i = 0; i < 2; i++) {
    char first[80], second[80];
    snprintf(first, sizeof first, "%s (scenes/object 1)", measures[i]);
    snprintf(second, sizeof second, "%s (scenes/object 2)", measures[i]);
    assert_near((15 * vt_measures_get(&all, first) + 5 * vt_measures_get(&all, second)) / 20,
                vt_measures_get(&all, measures[i]), 1e-6);
  }
  vt_trainee_close(&trainee);
  vt_recipe_free(recipe);
}

/* Stopped in each stage: the same files. The log has measures of parts. */
static void test_goes_on(void **state)
{
  static const int stops[] = {2, 5};
  vt_ctx *ctx = *state;
  char whole[] = "/tmp/vitrail-mixture-XXXXXX", expected[65], got[65];
  vt_recipe *recipe;
  assert_ok(ctx, vt_recipe_parse(ctx, "m.recipe", good, strlen(good), NULL, 0, &recipe));
  assert_non_null(g_mkdtemp(whole));
  assert_ok(ctx, train_once(ctx, recipe, whole, false, -1));
  hash_file(ctx, whole, "model.safetensors", expected);
  for (size_t i = 0; i < VT_COUNT(stops); i++) {
    char folder[] = "/tmp/vitrail-mixture-XXXXXX";
    assert_non_null(g_mkdtemp(folder));
    assert_fails(ctx, train_once(ctx, recipe, folder, false, stops[i]), VT_ERROR_INTERRUPTED, "has it");
    vt_ctx_clear(ctx);
    assert_ok(ctx, train_once(ctx, recipe, folder, true, -1));
    hash_file(ctx, folder, "model.safetensors", got);
    assert_string_equal(got, expected);
    remove_folder(folder);
  }
  char *log, *path = g_build_filename(whole, "log.jsonl", NULL);
  assert_true(g_file_get_contents(path, &log, NULL, NULL));
  assert_non_null(strstr(log, "\"accuracy (scenes/object 2)\":"));
  g_free(log);
  g_free(path);
  /* other weights are another training */
  vt_recipe *other;
  const char *override = "data.world=scenes/object*2+scenes/object(form=two)";
  assert_ok(ctx, vt_recipe_parse(ctx, "m.recipe", good, strlen(good), &override, 1, &other));
  assert_fails(ctx, train_once(ctx, other, whole, true, -1), VT_ERROR_INVALID_ARGUMENT, "data.");
  vt_ctx_clear(ctx);
  vt_recipe_free(other);
  vt_recipe_free(recipe);
  remove_folder(whole);
}

/* A stage that says its data stands for [data] without a world. */
static void test_data_of_stage(void **state)
{
  vt_ctx *ctx = *state;
  static const char text[] =
      VIT "[data]\npx=32\ncount=8\n[stage a]\ndata=scenes/object+scenes/object(form=two)\nsteps=1\n";
  vt_recipe *recipe;
  assert_ok(ctx, vt_recipe_parse(ctx, "m.recipe", text, strlen(text), NULL, 0, &recipe));
  assert_string_equal(recipe->train.world, "scenes/object+scenes/object(form=two)");
  assert_string_equal(recipe->test.world, recipe->train.world);
  vt_recipe_free(recipe);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_parses, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refuses_text, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_items, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_same_bytes, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_alone, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refuses_worlds, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_reads_no_classes, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_measures, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_goes_on, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_data_of_stage, new_context, free_context),
  };
  return cmocka_run_group_tests_name("training/mixture", tests, NULL, NULL);
}
