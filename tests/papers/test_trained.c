/* SPDX-License-Identifier: Apache-2.0
 *
 * Models of experiments: trained once, the same from the cache and without one; the pictures of SMDL's
 * subjects.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "explain/model.h"
#include "papers/smdl_subjects.h"
#include "papers/trained.h"
#include "test.h"

static const char *const small[] = {"model.widths=8,8",    "data.count=32", "validation.count=16",
                                    "test.count=16",       "stage.steps=1", "stage.batch=8",
                                    "model.stem_stride=4", "stage.ema=0"};

static int clear(const char *folder)
{
  DIR *list = opendir(folder);
  int count = 0;
  char path[512];
  for (struct dirent *entry; list && (entry = readdir(list));) {
    if (entry->d_name[0] == '.') continue;
    count++;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    unlink(path);
  }
  if (list) closedir(list);
  rmdir(folder);
  return count;
}

static void test_once(void **state)
{
  vt_ctx *ctx = *state;
  char folder[] = "/tmp/vitrail-trained-XXXXXX";
  vt_cache *cache;
  vt_image *picture;
  double answers[3][12];
  assert_non_null(mkdtemp(folder));
  assert_ok(ctx, vt_cache_open(ctx, folder, &cache));
  assert_ok(ctx, vt_image_new(ctx, 64, 64, 3, &picture));
  for (int i = 0; i < 3 * 64 * 64; i++)
    picture->pixels[i] = (uint8_t)vt_random_below(3, 0, (uint64_t)i, 256);
  vt_trained_wish wish = {.recipe = "scenes-object-evidential",
                          .overrides = small,
                          .override_count = VT_COUNT(small),
                          .seed = 5,
                          .embedding = "pooled"};
  for (int i = 0; i < 3; i++) { /* made, found, made without a cache */
    vt_model *model;
    assert_ok(ctx, vt_trained_open(ctx, i < 2 ? cache : NULL, &wish, &model));
    assert_int_equal(vt_model_classes(model), 12);
    assert_string_equal(vt_model_class_name(model, 0), "cart"); /* the sidecar is there, too */
    assert_null(vt_model_assumption(model, 0));
    assert_int_equal(vt_model_embedding_floats(model), 8);
    assert_ok(ctx, vt_smdl_ask(ctx, model, picture, answers[i]));
    vt_model_free(model);
  }
  assert_memory_equal(answers[0], answers[1], sizeof answers[0]);
  assert_memory_equal(answers[0], answers[2], sizeof answers[0]);
  wish.seed = 6; /* another model, an entry of its own */
  vt_model *other;
  assert_ok(ctx, vt_trained_open(ctx, cache, &wish, &other));
  assert_ok(ctx, vt_smdl_ask(ctx, other, picture, answers[2]));
  assert_memory_not_equal(answers[0], answers[2], sizeof answers[0]);
  vt_model_free(other);
  vt_image_free(picture);
  vt_cache_close(cache);
  assert_int_equal(clear(folder), 8); /* graph and sidecar of two models, each with its seal; nothing else */
  wish.recipe = "scenes-object-evidental";
  assert_fails(ctx, vt_trained_open(ctx, NULL, &wish, &other), VT_ERROR_NO_SUCH_FILE,
               "scenes-object-evidental");
}

/* The mask of a scene is its thing; that of a creature is where its species differs from the nearest
 * other. */
static void test_items(void **state)
{
  vt_ctx *ctx = *state;
  for (size_t k = 0; k < vt_smdl_kind_count; k++) {
    const vt_smdl_kind *kind = &vt_smdl_kinds[k];
    vt_smdl_subject subject = {.kind = kind};
    vt_trained_wish wish = {
        .recipe = kind->recipe, .overrides = small, .override_count = VT_COUNT(small), .seed = 1};
    assert_ok(ctx, vt_trained_open(ctx, NULL, &wish, &subject.recogniser));
    assert_ok(ctx, vt_world_open(ctx, kind->world, NULL, 0, 1000, &subject.plain));
    assert_ok(ctx, vt_world_open(ctx, kind->unknown, &kind->unknown_with, 1, 1000, &subject.unknown));
    for (int64_t i = 0; i < 6; i++) {
      vt_smdl_item item;
      assert_ok(ctx, vt_smdl_item_make(ctx, &subject, subject.plain, i, &item));
      assert_in_range(item.area, 1, 64 * 64 * 3 / 4);
      assert_in_range(item.label, 0, vt_model_classes(subject.recogniser) - 1);
      vt_smdl_item_free(&item);
      assert_ok(ctx, vt_smdl_item_make(ctx, &subject, subject.unknown, i, &item));
      vt_smdl_item_free(&item);
    }
    int64_t index = 0;
    vt_smdl_item wrong;
    bool found;
    /* an untrained network errs soon */
    assert_ok(ctx, vt_smdl_item_next(ctx, &subject, subject.plain, true, 60, &index, &wrong, &found));
    assert_true(found);
    assert_int_not_equal(wrong.label, wrong.predicted);
    vt_smdl_item_free(&wrong);
    vt_smdl_subject_close(&subject);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_once, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_items, new_context, free_context),
  };
  return cmocka_run_group_tests_name("papers/trained", tests, NULL, NULL);
}
