/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks over maps: sizes, names, options. Their numbers are compared with PyTorch's in test_parity.c.
 */
#include <math.h>

#include "nn/resnet.h"
#include "nn/unet.h"
#include "ops/layout.h"
#include "test.h"

typedef struct bed {
  vt_ctx *ctx;
  vt_parameters *parameters;
  vt_run run;
} bed;

static void lay(bed *b, bool training)
{
  *b = (bed){.ctx = vt_ctx_new()};
  assert_ok(b->ctx, vt_parameters_new(b->ctx, 3, &b->parameters));
  b->run = (vt_run){.ctx = b->ctx, .parameters = b->parameters, .training = training};
}

static void clear(bed *b)
{
  vt_run_end(&b->run);
  vt_parameters_free(b->parameters);
  vt_ctx_free(b->ctx);
}

static vt_tensor *picture(vt_ctx *ctx, int64_t n, int64_t side)
{
  vt_tensor *x = vt_tensor_new(ctx, VT_F32, 4, (int64_t[]){n, 3, side, side});
  for (int64_t i = 0; i < vt_count(x); i++)
    ((float *)x->data)[i] = (float)vt_random_normal(5, 0, (uint64_t)i);
  return x;
}

static void assert_shape(const vt_tensor *x, int64_t n, int64_t c, int64_t h, int64_t w)
{
  assert_int_equal(x->rank, 4);
  assert_int_equal(x->dims[0], n);
  assert_int_equal(x->dims[1], c);
  assert_int_equal(x->dims[2], h);
  assert_int_equal(x->dims[3], w);
}

/* Largest difference of two tensors in any layout, against the largest number. */
static double difference(vt_ctx *ctx, vt_tensor *a, vt_tensor *b)
{
  const float *x = vt_row_major(ctx, a)->data, *y = vt_row_major(ctx, b)->data;
  double most = 0, size = 0;
  assert_int_equal(vt_count(a), vt_count(b));
  for (int64_t i = 0; i < vt_count(a); i++) {
    most = fmax(most, fabs((double)x[i] - (double)y[i]));
    size = fmax(size, fabs((double)x[i]));
  }
  assert_true(size > 0);
  return most / size;
}

/* Strides 1, 2, 4 (windows of their own size) and a dilated stage that keeps its size. */
static void test_stages(void **state)
{
  VT_UNUSED(state);
  for (int kind = VT_NORM_BATCH; kind <= VT_NORM_NONE; kind++) {
    bed b;
    lay(&b, true);
    vt_resnet_settings net = {.stages = {{.width = 8},
                                         {.width = 16, .stride = 2, .blocks = 2},
                                         {.width = 16, .stride = 4},
                                         {.width = 24, .dilation = 2}},
                              .norm = {.kind = (vt_map_norm_kind)kind},
                              .drop_path = .2};
    vt_maps maps = vt_resnet_stages(vt_root(&b.run), picture(b.ctx, 2, 32), &net);
    assert_ok(b.ctx, vt_ctx_status(b.ctx));
    assert_int_equal(maps.count, 4);
    assert_shape(maps.maps[0], 2, 8, 32, 32);
    assert_shape(maps.maps[1], 2, 16, 16, 16);
    assert_shape(maps.maps[2], 2, 16, 4, 4);
    assert_shape(maps.maps[3], 2, 24, 4, 4);
    assert_int_equal(vt_parameters_find(b.parameters, "stages.2.0.conv1.weight")->value->dims[2], 4);
    assert_null(vt_parameters_find(b.parameters, "stages.0.0.skip.conv.weight"));
    assert_non_null(vt_parameters_find(b.parameters, "stages.3.0.skip.conv.weight"));
    /* a bias exactly where there is no norm */
    assert_true((vt_parameters_find(b.parameters, "stem.conv.bias") != NULL) == (kind == VT_NORM_NONE));
    assert_true((vt_parameters_find(b.parameters, "stages.1.1.norm2.weight") != NULL) ==
                (kind != VT_NORM_NONE));
    clear(&b);
  }
}

/* Layouts are speed, not numbers: every norm, both layouts. */
static void test_layouts(void **state)
{
  VT_UNUSED(state);
  for (int kind = VT_NORM_BATCH; kind <= VT_NORM_NONE; kind++) {
    bed b;
    lay(&b, true);
    vt_resnet_settings net = {.stages = {{.width = 8}, {.width = 16, .stride = 2}},
                              .norm = {.kind = (vt_map_norm_kind)kind}};
    vt_unet_settings unet = {.widths = {8, 16, 24}, .norm = {.kind = (vt_map_norm_kind)kind}, .gated = true};
    vt_tensor *x = picture(b.ctx, 2, 16), *logits[2], *maps[2];
    for (int i = 0; i < 2; i++) {
      net.row_major = unet.row_major = i;
      logits[i] = vt_resnet(vt_sub(vt_root(&b.run), "a"), x, 5, &net);
      maps[i] = vt_unet(vt_sub(vt_root(&b.run), "b"), x, 4, &unet);
    }
    assert_ok(b.ctx, vt_ctx_status(b.ctx));
    assert_int_equal(vt_dim(logits[0], 1), 5);
    assert_shape(maps[0], 2, 4, 16, 16);
    /* sums in another order, single precision, some ten layers */
    assert_true(difference(b.ctx, logits[0], logits[1]) < 1e-4);
    assert_true(difference(b.ctx, maps[0], maps[1]) < 1e-4);
    clear(&b);
  }
}

/* Frozen batch norm neither looks at the batch nor moves: training or not, the answer is one. */
static void test_frozen_norm(void **state)
{
  VT_UNUSED(state);
  bed b;
  lay(&b, true);
  vt_resnet_settings net = {.stages = {{.width = 4}}, .norm = {.frozen = true}};
  vt_tensor *x = picture(b.ctx, 2, 8), *trained = vt_resnet(vt_root(&b.run), x, 3, &net);
  b.run.training = false;
  vt_tensor *used = vt_resnet(vt_root(&b.run), x, 3, &net);
  assert_ok(b.ctx, vt_ctx_status(b.ctx));
  assert_memory_equal(trained->data, used->data, vt_bytes(used));
  net.norm.frozen = false;
  b.run.training = true;
  vt_tensor *moving = vt_resnet(vt_root(&b.run), x, 3, &net);
  assert_memory_not_equal(moving->data, used->data, vt_bytes(used));
  assert_true(*(float *)vt_parameters_find(b.parameters, "stem.norm.running_mean")->value->data != 0);
  clear(&b);
}

/* Branches see further with dilation: a single pixel reaches as far as d, and their sum is a sum. */
static void test_branches(void **state)
{
  VT_UNUSED(state);
  bed b;
  lay(&b, false);
  vt_tensor *x = vt_filled(b.ctx, VT_DIMS(1, 1, 9, 9), 0);
  ((float *)x->data)[4 * 9 + 4] = 1;
  vt_maps maps = vt_dilated_branches(vt_root(&b.run), x, 2, 3, (int64_t[]){1, 2, 4});
  vt_tensor *sum = vt_sum_maps(b.ctx, &maps);
  assert_ok(b.ctx, vt_ctx_status(b.ctx));
  for (int i = 0; i < 3; i++) {
    const float *y = maps.maps[i]->data;
    char name[40];
    snprintf(name, sizeof name, "branches.%d.bias", i);
    float bias = *(float *)vt_parameters_find(b.parameters, name)->value->data;
    for (int column = 0; column < 9; column++) {
      int away = abs(column - 4), d = 1 << i;
      assert_true((y[4 * 9 + column] != bias) == (away == 0 || away == d));
    }
  }
  double at = 0;
  for (int i = 0; i < 3; i++)
    at += (double)((float *)maps.maps[i]->data)[100];
  assert_near((double)((float *)sum->data)[100], at, 1e-6);
  clear(&b);
}

static vt_tensor *collect_names(vt_ctx *ctx, void *user, const char *name, int occurrence, vt_tensor *value)
{
  VT_UNUSED(ctx);
  VT_UNUSED(value);
  assert_int_equal(occurrence, 0);
  vt_text_add(ctx, user, name);
  vt_text_add(ctx, user, " ");
  return NULL;
}

static void test_names(void **state)
{
  VT_UNUSED(state);
  bed b;
  lay(&b, false);
  vt_text seen = {0};
  b.run.hook = collect_names;
  b.run.hook_user = &seen;
  vt_resnet_settings net = {.stages = {{.width = 4}, {.width = 8, .stride = 2}}};
  vt_unet_settings unet = {.widths = {4, 8}, .gated = true, .resize = true};
  vt_resnet(vt_root(&b.run), picture(b.ctx, 1, 8), 3, &net);
  vt_unet(vt_sub(vt_root(&b.run), "seg"), picture(b.ctx, 1, 9), 3, &unet);
  assert_ok(b.ctx, vt_ctx_status(b.ctx));
  assert_string_equal(seen.data, "stem stage.0 stage.1 pooled logits seg.down.0 seg.down.1 seg.up.0.gate.map "
                                 "seg.up.0 seg.logits ");
  vt_text_free(&seen);
  clear(&b);
}

static void test_refusals(void **state)
{
  VT_UNUSED(state);
  bed b;
  lay(&b, false);
  vt_unet_settings unet = {.widths = {4, 8, 8}};
  vt_unet(vt_root(&b.run), picture(b.ctx, 1, 18), 3, &unet);
  assert_fails(b.ctx, vt_ctx_status(b.ctx), VT_ERROR_INVALID_ARGUMENT, "multiples of 4");
  vt_resnet_settings none = {0};
  vt_resnet(vt_root(&b.run), vt_filled(b.ctx, VT_DIMS(2, 3), 0), 3, &none);
  assert_fails(b.ctx, vt_ctx_status(b.ctx), VT_ERROR_INVALID_ARGUMENT, "stem");
  clear(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stages),   cmocka_unit_test(test_layouts), cmocka_unit_test(test_frozen_norm),
      cmocka_unit_test(test_branches), cmocka_unit_test(test_names),   cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests_name("nn/networks", tests, NULL, NULL);
}
