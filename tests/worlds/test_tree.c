/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "text_case.h"
#include "worlds/tree.h"

static double cosine(const vt_tree *tree, int a, int b)
{
  const float *left = tree->directions + (size_t)a * (size_t)tree->width;
  const float *right = tree->directions + (size_t)b * (size_t)tree->width;
  double product = 0, aa = 0, bb = 0;
  for (int i = 0; i < tree->width; i++) {
    product += (double)left[i] * (double)right[i];
    aa += (double)left[i] * (double)left[i];
    bb += (double)right[i] * (double)right[i];
  }
  return product / sqrt(aa * bb);
}

/* Shares of items in which features are active, and what may never be active together. */
static double measure(vt_ctx *ctx, const vt_world *world, int count, double *share)
{
  const vt_tree *tree = vt_tree_of(world);
  double total = 0;
  memset(share, 0, VT_TREE_FEATURES * sizeof *share);
  for (int index = 0; index < count; index++) {
    vt_tree_record *record = make_record(ctx, world, VT_TRAIN, index);
    for (int feature = 0; feature < tree->features; feature++) {
      if (record->activation[feature] == 0) continue;
      int parent = tree->parent[feature];
      share[feature] += 1. / count;
      total += 1. / count;
      if (parent >= 0) assert_true(record->activation[parent] > 0);
      for (int other = 0; other < feature; other++)
        assert_false(tree->parent[other] == parent && record->activation[other] > 0);
    }
    free(record);
  }
  return total;
}

static void test_hierarchy(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "tree", NULL);
  same_bytes_on_any_threads(ctx, world);
  const vt_tree *tree = vt_tree_of(world);
  assert_int_equal(tree->features, 20);
  assert_int_equal(tree->width, 20);
  assert_near(tree->density, 1.36, 1e-12); /* 3·.2·(1 + 3·.2) + 8·.05 */
  double share[VT_TREE_FEATURES];
  /* 20 000 items: L0 has variance .24, so 4 standard deviations are .014 */
  assert_near(measure(ctx, world, 20000, share), 1.36, .014);
  for (int feature = 0; feature < 20; feature++) {
    double expected = tree->parent[feature] >= 0 ? .04 : feature < 12 ? .2 : .05;
    assert_near(share[feature], expected, 4 * sqrt(expected / 20000));
  }
  for (int a = 0; a < 20; a++)
    for (int b = 0; b < a; b++)
      assert_near(cosine(tree, a, b), 0, 1e-6); /* directions are f32 */
  vt_world_close(world);
}

/* x is the sum; activations are 1.5 + .25·N. */
static void test_sums(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "tree", "planes=2");
  const vt_tree *tree = vt_tree_of(world);
  vt_dataset *set;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TEST, 2000, &set));
  int64_t indices[2000];
  for (int i = 0; i < 2000; i++)
    indices[i] = i;
  vt_batch batch;
  assert_ok(ctx, vt_batch_make(ctx, set, indices, 2000, 0, NULL, &batch));
  const float *x = vt_batch_get(ctx, &batch, "x")->data;
  const float *activation = vt_batch_get(ctx, &batch, "activation")->data;
  const float *angle = vt_batch_get(ctx, &batch, "angle")->data;
  double sum = 0, squares = 0, count = 0;
  for (int item = 0; item < 2000; item++, x += 20, activation += 24, angle += 2) {
    for (int i = 0; i < 20; i++) {
      double expected = 0;
      for (int row = 0; row < 24; row++)
        expected += (double)activation[row] * (double)tree->directions[row * 20 + i];
      assert_near(x[i], expected, 1e-6);
    }
    for (int feature = 0; feature < 20; feature++) {
      double value = (double)activation[feature];
      if (value == 0) continue;
      sum += value, squares += value * value, count++;
    }
    for (int plane = 0; plane < 2; plane++) {
      double across = (double)activation[20 + 2 * plane], up = (double)activation[21 + 2 * plane];
      assert_int_equal(isnan(angle[plane]) != 0, across == 0 && up == 0);
      if (isnan(angle[plane])) continue;
      assert_near(across * sin((double)angle[plane]), up * cos((double)angle[plane]), 1e-5);
      assert_true(hypot(across, up) > .3); /* 4.8 standard deviations below the mean */
    }
  }
  assert_near(sum / count, 1.5, .02); /* 2 700 values: 4 standard deviations */
  assert_near(sqrt(squares / count - sum / count * (sum / count)), .25, .015);
  vt_dataset_free(set);
  vt_world_close(world);
}

/* The shares of mixing that paper 11's toy uses for correlations 0, .1, …, .8, for 11 features at the top and
 * triples of children; they were found by trying, so they hold to two digits. */
static void test_correlations(void **state)
{
  vt_ctx *ctx = *state;
  static const double top[] = {0, .3, .44, .529, .594, .6467, .692, .733, .7739};
  static const double child[] = {0, .0895, .163, .226, .282, .3335, .3825, .431, .482};
  for (int tenth = 0; tenth < 9; tenth++) {
    assert_near(vt_tree_mixing(tenth / 10., 11), top[tenth], .003);
    assert_near(vt_tree_mixing(tenth / 10., 3), child[tenth], .003);
  }
  vt_world *world = open_preset(ctx, "tree", "correlation=0.3");
  const vt_tree *tree = vt_tree_of(world);
  for (int a = 0; a < 20; a++)
    for (int b = 0; b < a; b++)
      assert_near(cosine(tree, a, b), tree->parent[a] == tree->parent[b] ? .3 : 0, 1e-6);
  vt_world_close(world);
}

static void test_subspaces(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "tree/subspaces", NULL);
  const vt_tree *tree = vt_tree_of(world);
  assert_int_equal(tree->features, 29);
  assert_int_equal(tree->width, 20);
  assert_near(tree->density, 1.36, 1e-12);
  double share[VT_TREE_FEATURES];
  assert_near(measure(ctx, world, 20000, share), 1.36, .014);
  for (int parent = 0; parent < 21; parent += 7) {
    double largest = -1;
    for (int a = parent + 1; a <= parent + 6; a++) {
      for (int b = parent + 1; b < a; b++)
        largest = fmax(largest, cosine(tree, a, b));
      for (int other = 0; other < 29; other++)
        if (tree->parent[other] != parent) assert_near(cosine(tree, a, other), 0, 1e-6);
    }
    assert_near(largest, .8, .02);
    double gram[4][4]; /* in three dimensions a fourth child is a sum of three others: determinant 0 */
    for (int a = 0; a < 4; a++)
      for (int b = 0; b < 4; b++)
        gram[a][b] = cosine(tree, parent + 1 + a, parent + 1 + b);
    double determinant = 1;
    for (int step = 0; step < 4;
         step++) { /* elimination without pivots: the matrix is positive semidefinite */
      determinant *= gram[step][step];
      for (int row = step + 1; row < 4; row++)
        for (int column = 3; column >= step; column--)
          gram[row][column] -= gram[row][step] / gram[step][step] * gram[step][column];
    }
    assert_near(determinant, 0, 1e-5);
  }
  vt_world_close(world);
}

static void test_shapes(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "tree", "shape=(.5(.4(.5)(.5))(.2)) (.1)");
  const vt_tree *tree = vt_tree_of(world);
  static const int parents[] = {-1, 0, 1, 1, 0, -1};
  assert_int_equal(tree->features, 6);
  for (int i = 0; i < 6; i++)
    assert_int_equal(tree->parent[i], parents[i]);
  assert_near(tree->density, .5 + .2 + .1 + .1 + .1 + .1, 1e-12);
  double share[VT_TREE_FEATURES];
  assert_near(measure(ctx, world, 5000, share), tree->density, .1);
  vt_world_close(world);
  world = open_preset(ctx, "tree", "d=10"); /* fewer dimensions than features: unit rows all the same */
  tree = vt_tree_of(world);
  assert_int_equal(tree->width, 10);
  for (int i = 0; i < 20; i++) {
    double squares = 0;
    for (int at = 0; at < 10; at++)
      squares += (double)tree->directions[i * 10 + at] * (double)tree->directions[i * 10 + at];
    assert_near(squares, 1, 1e-5);
  }
  vt_world_close(world);
  world = open_preset(ctx, "tree", "d=0");
  assert_int_equal(vt_tree_of(world)->width, 20);
  vt_world_close(world);
}

static void refuses(vt_ctx *ctx, const char *setting, const char *part)
{
  vt_world *world;
  assert_fails(ctx, vt_world_open(ctx, "tree", &setting, 1, 0, &world), VT_ERROR_INVALID_ARGUMENT, part);
}

static void test_refuses(void **state)
{
  vt_ctx *ctx = *state;
  refuses(ctx, "shape=(.5", "still open");
  refuses(ctx, "shape=(.5))", "closes");
  refuses(ctx, "shape=(2)", "chance");
  refuses(ctx, "shape=.5", "missing");
  refuses(ctx, "shape=(.6)(.6)", "add up to 1.2");
  refuses(ctx, "child_chance=.5", "below one parent");
}

/* Features at the top that do not exclude each other: the shares stay, two can meet. */
static void test_independent(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "tree", "independent=1");
  int together = 0;
  double total = 0;
  for (int index = 0; index < 5000; index++) {
    vt_tree_record *record = make_record(ctx, world, VT_TRAIN, index);
    together += record->activation[0] > 0 && record->activation[4] > 0;
    for (int feature = 0; feature < 20; feature++)
      total += record->activation[feature] > 0;
    free(record);
  }
  assert_near(together / 5000., .04, .012);
  assert_near(total / 5000, 1.36, .07);
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_hierarchy, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_sums, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_correlations, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_subspaces, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_shapes, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refuses, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_independent, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/tree", tests, NULL, NULL);
}
