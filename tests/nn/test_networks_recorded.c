/* SPDX-License-Identifier: Apache-2.0
 *
 * What every model must pass (model_case.h), for the networks over maps and through time. Tolerances: f32
 * forward passes of up to ten layers against differences with a step of 1e-2. Row-major, as graphs run: the
 * same calls give the same bits.
 */
#include "model_case.h"
#include "nn/fpn.h"
#include "nn/recurrent.h"
#include "nn/resnet.h"
#include "nn/unet.h"

static vt_tensor *pictures(vt_ctx *ctx, int64_t batch, uint64_t salt)
{
  return random_tensor(ctx, salt, 4, (int64_t[]){batch, 2, 8, 8});
}

static vt_tensor *rows(vt_ctx *ctx, int64_t batch, uint64_t salt)
{
  return random_tensor(ctx, salt, 3, (int64_t[]){batch, 5, 6});
}

static vt_tensor *words(vt_ctx *ctx, int64_t batch, uint64_t salt)
{
  return random_ids(ctx, salt, batch, 5, 0, 9);
}

/* SiLU, which has no corner for differences to meet. */
static vt_tensor *resnet(vt_scope s, vt_tensor *x)
{
  vt_resnet_settings settings = {
      .stages = {{.width = 4}, {.width = 6, .stride = 2}}, .activation = VT_SILU, .row_major = true};
  return vt_resnet(s, x, 3, &settings);
}

static void test_resnet(void **state)
{
  static const char *const names[] = {"stem", "stage.0", "stage.1", "pooled", "logits"};
  int64_t numbers = 4 * 2 * 9 + 8 + 2 * (4 * 4 * 9 + 8) + 6 * 4 * 9 + 6 * 6 * 9 + 6 * 4 + 3 * 12 + 3 * 7;
  check_model(*state, resnet, pictures, numbers, VT_COUNT(names), names, 3e-3);
}

static vt_tensor *unet(vt_scope s, vt_tensor *x)
{
  vt_unet_settings settings = {.widths = {4, 8},
                               .activation = VT_SILU,
                               .row_major = true,
                               .norm = {.kind = VT_NORM_GROUP, .groups = 2}};
  return vt_unet(s, x, 3, &settings);
}

/* Its max pooling has corners everywhere, so that differences tell little: gradients are PyTorch's in
 * test_parity.c. */
static void test_unet(void **state)
{
  static const char *const names[] = {"down.0", "down.1", "up.0", "logits"};
  int64_t down = 9 * (2 * 4 + 4 * 4 + 4 * 8 + 8 * 8) + 2 * (4 + 4 + 8 + 8);
  int64_t up = 8 * 4 * 4 + 4 + 9 * (8 * 4 + 4 * 4) + 2 * (4 + 4);
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  unet(vt_root(&run), pictures(ctx, 2, 1));
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_int_equal(vt_parameters_numbers(parameters, true), down + up + 3 * 5);
  check_recording(ctx, parameters, unet, pictures);
  check_hooks(ctx, parameters, unet, pictures, VT_COUNT(names), names);
  vt_parameters_free(parameters);
}

static vt_tensor *pyramid(vt_scope s, vt_tensor *x)
{
  vt_resnet_settings settings = {.stages = {{.width = 4}, {.width = 6, .stride = 2}},
                                 .activation = VT_SILU,
                                 .row_major = true,
                                 .norm = {.kind = VT_NORM_INSTANCE}};
  vt_maps maps = vt_resnet_stages(s, x, &settings);
  maps = vt_fpn(s, &maps, 4);
  return vt_add(s.run->ctx, vt_global_average(s.run->ctx, maps.maps[0]),
                vt_global_average(s.run->ctx, maps.maps[1]));
}

static void test_pyramid(void **state)
{
  static const char *const names[] = {"fpn.0", "fpn.1"};
  int64_t body = 4 * 2 * 9 + 8 + 2 * (4 * 4 * 9 + 8) + 6 * 4 * 9 + 6 * 6 * 9 + 6 * 4 + 3 * 12;
  check_model(*state, pyramid, pictures, body + 4 * (4 + 6) + 8 + 2 * (4 * 4 * 9 + 4), VT_COUNT(names), names,
              3e-3);
}

static vt_tensor *classifier(vt_scope s, vt_tensor *ids)
{
  vt_gru_classifier_settings settings = {
      .vocabulary = 9, .width = 6, .classes = 3, .gru = {.hidden = 5, .layers = 2, .both_ways = true}};
  return vt_gru_classifier(s, ids, NULL, &settings);
}

static void test_classifier(void **state)
{
  static const char *const names[] = {"embed", "states", "pooled", "logits"};
  int64_t gru = 2 * 15 * (6 + 5 + 2) + 2 * 15 * (10 + 5 + 2);
  check_model(*state, classifier, words, 9 * 6 + gru + 3 * 11, VT_COUNT(names), names, 3e-3);
}

static vt_tensor *lstm(vt_scope s, vt_tensor *x)
{
  vt_tensor *states = vt_lstm(vt_sub(s, "lstm"), x, NULL, (vt_sequence_settings){.hidden = 4});
  return vt_last_state(s.run->ctx, states, NULL, false);
}

static void test_lstm(void **state)
{
  check_model(*state, lstm, rows, 16 * (6 + 4 + 2), 0, NULL, 3e-3);
}

static vt_tensor *scan(vt_scope s, vt_tensor *x)
{
  return vt_selective_scan(vt_sub(s, "scan"), x, (vt_scan_settings){.states = 3, .kernel = 3});
}

static void test_scan(void **state)
{
  static const char *const names[] = {"scan.scan"};
  int64_t numbers = 24 * 6 + 12 * 3 + 12 + 7 * 12 + 12 + 12 + 12 * 3 + 12 + 6 * 12;
  check_model(*state, scan, rows, numbers, VT_COUNT(names), names, 3e-3);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_resnet, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_unet, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pyramid, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_classifier, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_lstm, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_scan, new_context, free_context),
  };
  return cmocka_run_group_tests_name("nn/networks_recorded", tests, NULL, NULL);
}
