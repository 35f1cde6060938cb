/* SPDX-License-Identifier: Apache-2.0
 *
 * Parity with PyTorch: the models of tools/make_parity.py with the same weights. One forward and its loss,
 * all gradients, and the weights after ten steps of AdamW at one learning rate (decay .01).
 *
 * Tolerances are relative L2 of a whole tensor, 1e-4 for both. Gradients are sums in single precision through
 * some ten layers, on both sides; the worst is 2.4e-5, of a bias for which the terms of a whole map cancel to
 * a thousandth of the others' size (PyTorch's is 1.2e-5 away from its own in double precision), all others
 * are 1e-6 or so. AdamW's first steps are ± the learning rate whatever the size of a gradient: they magnify
 * differences where it is small. For that reason tensors whose true gradient is zero are left out of the
 * comparison after the steps: each is named in its case, and its gradient must be nothing but rounding. They
 * are the biases of keys, which add the same to all scores of a query. Biases before a norm over the batch
 * would be, too, but vitrail's models have none there.
 *
 * Running variances: PyTorch moves them by the unbiased variance of the batch, ONNX's BatchNormalization and
 * with it vitrail by the biased one. Both begin at 1, so that after k steps they stand in the relation
 * (ours − .9^k) = (theirs − .9^k) · (n − 1) / n, with n numbers a channel; that is what is compared.
 */
#include <math.h>

#include "data/safetensors.h"
#include "nn/gpt.h"
#include "nn/layers.h"
#include "nn/loss.h"
#include "nn/optimiser.h"
#include "nn/qformer.h"
#include "nn/recurrent.h"
#include "nn/resnet.h"
#include "nn/unet.h"
#include "nn/vit.h"
#include "ops/layout.h"
#include "test.h"

enum { STEPS = 10 };

typedef struct golden {
  vt_ctx *ctx;
  vt_safetensors *file;
  vt_parameters *parameters;
} golden;

typedef vt_tensor *(*loss_fn)(vt_scope s, golden *g);

static vt_tensor *stored(golden *g, const char *kind, const char *name)
{
  char full[160];
  vt_tensor *x = NULL;
  snprintf(full, sizeof full, "%s%s", kind, name);
  assert_ok(g->ctx, vt_safetensors_tensor(g->ctx, g->file, full, &x));
  return x;
}

static bool starts_with(const char *text, const char *start)
{
  return strncmp(text, start, strlen(start)) == 0;
}

static void open_golden(golden *g, const char *name)
{
  char path[1024];
  const char *root = getenv("VITRAIL_SOURCE");
  *g = (golden){.ctx = vt_ctx_new()};
  snprintf(path, sizeof path, "%s/tests/nn/golden/parity_%s.safetensors", root ? root : ".", name);
  assert_ok(g->ctx, vt_safetensors_open(g->ctx, path, &g->file));
  assert_ok(g->ctx, vt_parameters_new(g->ctx, 1, &g->parameters));
  for (size_t i = 0; i < vt_safetensors_count(g->file); i++) {
    const char *full = vt_safetensors_name(g->file, i);
    if (starts_with(full, "w."))
      assert_ok(g->ctx, vt_parameters_put(g->ctx, g->parameters, full + 2, stored(g, "", full), false));
  }
}

static void close_golden(golden *g)
{
  vt_parameters_free(g->parameters);
  vt_safetensors_close(g->file);
  vt_ctx_free(g->ctx);
}

static double norm_of(vt_ctx *ctx, vt_tensor *x)
{
  double sum = 0;
  x = vt_row_major(ctx, x);
  for (int64_t i = 0; i < vt_count(x); i++)
    sum += pow((double)((float *)x->data)[i], 2);
  return sqrt(sum);
}

/* ‖a − b‖ / ‖b‖ */
static double distance(vt_ctx *ctx, vt_tensor *a, vt_tensor *b)
{
  double sum = 0;
  assert_true(vt_same_shape(a, b));
  a = vt_row_major(ctx, a);
  for (int64_t i = 0; i < vt_count(a); i++)
    sum += pow((double)((float *)a->data)[i] - (double)((float *)b->data)[i], 2);
  return sqrt(sum) / norm_of(ctx, b);
}

static double run_step(golden *g, vt_tape *tape, loss_fn loss_of)
{
  vt_ctx *ctx = g->ctx;
  size_t mark = vt_tensor_mark(ctx);
  vt_run run = {.ctx = ctx, .parameters = g->parameters, .training = true};
  vt_run_begin(&run);
  vt_parameters_drop_gradients(g->parameters);
  vt_tape_start(ctx, tape);
  vt_tensor *loss = loss_of(vt_root(&run), g);
  vt_tape_stop(ctx);
  assert_ok(ctx, vt_ctx_status(ctx));
  double value = (double)*(float *)loss->data;
  assert_ok(ctx, vt_parameters_backward(ctx, g->parameters, tape, loss, 1));
  vt_tape_clear(tape);
  vt_run_end(&run);
  vt_tensor_release(ctx, mark);
  return value;
}

/* Names of tensors without a true gradient end in one of these. */
static bool has_no_gradient(const char *name, const char *zero)
{
  size_t length = strlen(name), end = zero ? strlen(zero) : 0;
  return zero && length >= end && strcmp(name + length - end, zero) == 0;
}

static void check_gradients(golden *g, const char *zero)
{
  size_t trained = 0, expected = 0;
  double largest = 0;
  for (int i = 0; i < vt_parameters_count(g->parameters); i++)
    if (!vt_parameters_at(g->parameters, i)->state)
      largest = fmax(largest, norm_of(g->ctx, vt_parameters_at(g->parameters, i)->gradient));
  for (int i = 0; i < vt_parameters_count(g->parameters); i++) {
    vt_parameter *p = vt_parameters_at(g->parameters, i);
    if (p->state) continue;
    trained++;
    assert_non_null(p->gradient);
    if (has_no_gradient(p->name, zero)) {
      assert_true(norm_of(g->ctx, p->gradient) < 1e-6 * largest);
      continue;
    }
    double away = distance(g->ctx, p->gradient, stored(g, "g.", p->name));
    if (away > 1e-4) fail_msg("gradient of %s is %g away", p->name, away);
  }
  for (size_t i = 0; i < vt_safetensors_count(g->file); i++)
    expected += starts_with(vt_safetensors_name(g->file, i), "w.");
  assert_int_equal(trained, expected);
}

static void check_variance(golden *g, const vt_parameter *p, double kept)
{
  char norm[160];
  snprintf(norm, sizeof norm, "%.*s", (int)(strlen(p->name) - strlen(".running_var")), p->name);
  double n = (double)*(float *)stored(g, "count.", norm)->data;
  vt_tensor *theirs = stored(g, "state.", p->name);
  for (int64_t k = 0; k < vt_count(theirs); k++) {
    double expected = kept + ((double)((float *)theirs->data)[k] - kept) * (n - 1) / n;
    assert_near((double)((float *)p->value->data)[k], expected, 1e-4 * expected);
  }
}

static void check_after(golden *g, const char *zero)
{
  for (int i = 0; i < vt_parameters_count(g->parameters); i++) {
    vt_parameter *p = vt_parameters_at(g->parameters, i);
    size_t length = strlen(p->name);
    if (has_no_gradient(p->name, zero)) continue;
    if (length > 12 && strcmp(p->name + length - 12, ".running_var") == 0) {
      check_variance(g, p, pow(.9, STEPS));
      continue;
    }
    double away = distance(g->ctx, p->value, stored(g, p->state ? "state." : "after.", p->name));
    if (away > 1e-4) fail_msg("%s after %d steps is %g away", p->name, STEPS, away);
  }
}

static void check_parity(const char *name, loss_fn loss_of, const char *zero)
{
  golden g;
  vt_tape *tape;
  vt_optimiser_settings settings = vt_optimiser_default();
  settings.decay_all = true; /* as PyTorch does */
  open_golden(&g, name);
  assert_ok(g.ctx, vt_tape_new(g.ctx, &tape));
  const float *losses = stored(&g, "", "losses")->data;
  for (int step = 0; step < STEPS; step++) {
    double loss = run_step(&g, tape, loss_of);
    assert_near(loss, (double)losses[step], 1e-5 * (1 + loss));
    if (!step) check_gradients(&g, zero);
    assert_ok(g.ctx, vt_optimiser_step(g.ctx, g.parameters, &settings, 2e-3, NULL));
  }
  check_after(&g, zero);
  vt_tape_free(tape);
  close_golden(&g);
}

/* ---- the models ---- */

static vt_tensor *resnet_loss_in(vt_scope s, golden *g, bool row_major)
{
  vt_resnet_settings settings = {
      .stages = {{.width = 8}, {.width = 16, .stride = 2, .blocks = 2}, {.width = 24, .stride = 2}},
      .row_major = row_major};
  vt_tensor *scores = vt_resnet(s, stored(g, "in.", "image"), 5, &settings);
  vt_entropy_settings entropy = {.smoothing = .1};
  return vt_cross_entropy(g->ctx, scores, stored(g, "in.", "targets"), -1, entropy);
}

static vt_tensor *resnet_loss(vt_scope s, golden *g)
{
  return resnet_loss_in(s, g, false);
}

static vt_tensor *resnet_rows_loss(vt_scope s, golden *g)
{
  return resnet_loss_in(s, g, true);
}

static void test_resnet(void **state)
{
  VT_UNUSED(state);
  check_parity("resnet", resnet_loss, NULL);
  check_parity("resnet", resnet_rows_loss, NULL);
}

static vt_tensor *vit_loss(vt_scope s, golden *g)
{
  vt_vit_settings settings = {
      .width = 16, .layers = 2, .patch = 4, .rows = 4, .columns = 4, .classes = 5, .block = {.heads = 2}};
  vt_vit_outputs out;
  vt_vit(s, &settings, stored(g, "in.", "image"), NULL, &out);
  return vt_cross_entropy(g->ctx, out.logits, stored(g, "in.", "targets"), -1, (vt_entropy_settings){0});
}

static void test_vit(void **state)
{
  VT_UNUSED(state);
  check_parity("vit", vit_loss, ".k_proj.bias");
}

static vt_tensor *gpt_loss(vt_scope s, golden *g)
{
  vt_gpt_settings settings = {.vocabulary = 24, .width = 16, .layers = 2, .limit = 12, .block = {.heads = 2}};
  vt_tensor *scores = vt_gpt(s, &settings, &(vt_gpt_inputs){.ids = stored(g, "in.", "ids")});
  return vt_cross_entropy(g->ctx, scores, stored(g, "in.", "targets"), -1, (vt_entropy_settings){0});
}

static void test_gpt(void **state)
{
  VT_UNUSED(state);
  check_parity("gpt", gpt_loss, ".k_proj.bias");
}

static vt_tensor *unet_loss(vt_scope s, golden *g)
{
  vt_unet_settings settings = {
      .widths = {8, 12, 16}, .gated = true, .norm = {.kind = VT_NORM_GROUP, .groups = 4}};
  vt_tensor *scores = vt_unet(s, stored(g, "in.", "image"), 4, &settings);
  vt_tensor *weights = vt_filled(g->ctx, VT_DIMS(4), 1);
  ((float *)weights->data)[0] = .5f;
  ((float *)weights->data)[3] = 2;
  vt_entropy_settings entropy = {.axis = 1, .classes = weights};
  return vt_cross_entropy(g->ctx, scores, stored(g, "in.", "targets"), 255, entropy);
}

static void test_unet(void **state)
{
  VT_UNUSED(state);
  check_parity("unet", unet_loss, NULL);
}

static vt_tensor *gru_loss(vt_scope s, golden *g)
{
  vt_gru_classifier_settings settings = {
      .vocabulary = 20, .width = 8, .classes = 5, .gru = {.hidden = 12, .layers = 2, .both_ways = true}};
  vt_tensor *scores = vt_gru_classifier(s, stored(g, "in.", "ids"), stored(g, "in.", "lengths"), &settings);
  return vt_cross_entropy(g->ctx, scores, stored(g, "in.", "targets"), -1, (vt_entropy_settings){0});
}

static void test_gru(void **state)
{
  VT_UNUSED(state);
  check_parity("gru", gru_loss, NULL);
}

/* Three blocks, the first and the last look at tokens, some of which are not there. */
static vt_tensor *qformer_loss(vt_scope s, golden *g)
{
  vt_qformer_settings settings = {
      .queries = 4, .width = 16, .layers = 3, .cross_every = 2, .block = {.heads = 2, .post_norm = true}};
  vt_qformer_inputs inputs = {.tokens = stored(g, "in.", "tokens"), .valid = stored(g, "in.", "valid")};
  vt_tensor *mean = vt_mean_axis(g->ctx, vt_qformer(s, &settings, &inputs), 1, false);
  vt_tensor *scores = vt_linear(vt_sub(s, "head"), mean, 5, VT_BIAS);
  return vt_cross_entropy(g->ctx, scores, stored(g, "in.", "targets"), -1, (vt_entropy_settings){0});
}

static void test_qformer(void **state)
{
  VT_UNUSED(state);
  check_parity("qformer", qformer_loss, ".k_proj.bias");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_resnet), cmocka_unit_test(test_vit), cmocka_unit_test(test_gpt),
      cmocka_unit_test(test_unet),   cmocka_unit_test(test_gru), cmocka_unit_test(test_qformer),
  };
  return cmocka_run_group_tests_name("nn/parity", tests, NULL, NULL);
}
