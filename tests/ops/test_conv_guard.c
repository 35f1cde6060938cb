/* SPDX-License-Identifier: Apache-2.0
 *
 * Fast kernels of convolution write where they should and nowhere else: results lie between guards, which
 * matters for machine code that no sanitizer sees, and equal those of the plain loops.
 */
#include "ops/conv.h"
#include "ops/layout.h"
#include "test.h"

enum { GUARD = 64, ROUNDS = 120 };

static int64_t pick(uint64_t round, uint64_t what, int64_t low, int64_t high)
{
  uint32_t bits[4];
  vt_random_bits(5, round, what, bits);
  return low + (int64_t)(bits[0] % (uint64_t)(high - low + 1));
}

static float guard_value(int64_t i)
{
  return (float)(1000 + i);
}

typedef struct guarded {
  float *data;
  int64_t count;
  vt_tensor *tensor;
} guarded;

static guarded make_guarded(vt_ctx *ctx, int rank, const int64_t *dims, vt_storage_order layout,
                            uint64_t seed)
{
  guarded g = {.count = 1};
  for (int i = 0; i < rank; i++)
    g.count *= dims[i];
  g.data = malloc((size_t)(g.count + 2 * GUARD) * sizeof *g.data);
  for (int64_t i = 0; i < g.count + 2 * GUARD; i++)
    g.data[i] =
        i < GUARD || i >= g.count + GUARD ? guard_value(i) : (float)vt_random_normal(seed, 0, (uint64_t)i);
  g.tensor = vt_tensor_borrow(ctx, VT_F32, rank, dims, g.data + GUARD);
  assert_non_null(g.tensor);
  g.tensor->layout = layout;
  return g;
}

static void check_guarded(guarded *g, uint64_t round, const char *what)
{
  for (int64_t i = 0; i < g->count + 2 * GUARD; i++)
    if ((i < GUARD || i >= g->count + GUARD) && g->data[i] != guard_value(i))
      fail_msg("round %llu: %s was written at %lld of %lld", (unsigned long long)round, what,
               (long long)(i - GUARD), (long long)g->count);
  free(g->data);
}

static void check_equal(vt_ctx *ctx, vt_tensor *got, vt_tensor *expected, uint64_t round, const char *what)
{
  got = vt_row_major(ctx, got);
  expected = vt_row_major(ctx, expected);
  double error = 0, size = 1e-12;
  for (int64_t i = 0; i < vt_count(got); i++) {
    double a = (double)((float *)got->data)[i], b = (double)((float *)expected->data)[i];
    error += (a - b) * (a - b);
    size += b * b;
  }
  /* sums of up to 40 · 9 products in f32 */
  if (!(error <= 1e-10 * size))
    fail_msg("round %llu: %s is off by %g", (unsigned long long)round, what, error / size);
}

static vt_conv random_conv(uint64_t round)
{
  vt_conv conv = {.group = 1, .transposed = pick(round, 0, 0, 1), .outputs = pick(round, 1, 1, 24)};
  vt_window *window = &conv.window;
  *window = (vt_window){.axes = 2, .batch = pick(round, 2, 1, 16), .channels = pick(round, 3, 1, 24)};
  for (int axis = 0; axis < VT_WINDOW_AXES; axis++) {
    window->in[axis] = window->out[axis] = window->kernel[axis] = window->stride[axis] =
        window->dilation[axis] = 1;
    window->begin[axis] = window->end[axis] = 0;
  }
  int64_t kernel = pick(round, 4, 1, 3), stride = pick(round, 5, 1, 2), pad = pick(round, 6, 0, kernel / 2);
  for (int axis = 1; axis < VT_WINDOW_AXES; axis++) {
    int64_t coarse = pick(round, 7, 2, 36);
    int64_t fine = (coarse - 1) * stride + kernel - 2 * pad;
    if (!conv.transposed) fine += pick(round, 8, 0, stride - 1); /* what strides leave unseen */
    if (fine < 1) fine = 1, coarse = (fine + 2 * pad - kernel) / stride + 1;
    window->in[axis] = conv.transposed ? coarse : fine;
    window->out[axis] = conv.transposed ? fine : coarse;
    window->kernel[axis] = kernel;
    window->stride[axis] = stride;
    window->begin[axis] = window->end[axis] = pad;
  }
  return conv;
}

static void check_round(vt_ctx *ctx, uint64_t round, vt_storage_order layout)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_conv conv = random_conv(round);
  const vt_window *window = &conv.window;
  int64_t x_dims[] = {window->batch, window->channels, window->in[1], window->in[2]};
  int64_t y_dims[] = {window->batch, conv.outputs, window->out[1], window->out[2]};
  int64_t w_dims[] = {conv.transposed ? window->channels : conv.outputs,
                      conv.transposed ? conv.outputs : window->channels, window->kernel[1],
                      window->kernel[2]};
  guarded x = make_guarded(ctx, 4, x_dims, layout, round),
          y = make_guarded(ctx, 4, y_dims, layout, round + 1),
          w = make_guarded(ctx, 4, w_dims, VT_STORED_ROW_MAJOR, round + 2);
  void *place = y.tensor->data;
  vt_tensor *expected = vt_tensor_new(ctx, VT_F32, 4, y_dims);
  vt_tensor *x_plain = vt_row_major(ctx, x.tensor);
  assert_ok(ctx, vt_conv_plain(ctx, &conv, x_plain, w.tensor, NULL, expected));
  assert_ok(ctx, vt_conv_run(ctx, &conv, x.tensor, w.tensor, NULL, y.tensor));
  check_equal(ctx, y.tensor, expected, round, "Y");
  if (y.tensor->data != place) y.tensor = x.tensor; /* a copy took its place: nothing was written */
  guarded dw = make_guarded(ctx, 4, w_dims, VT_STORED_ROW_MAJOR, round + 3),
          dy = make_guarded(ctx, 4, y_dims, layout, round + 4);
  vt_tensor *dw_expected = vt_tensor_new(ctx, VT_F32, 4, w_dims);
  assert_ok(ctx, vt_conv_weights_plain(ctx, &conv, x_plain, vt_row_major(ctx, dy.tensor), dw_expected));
  assert_ok(ctx, vt_conv_weights(ctx, &conv, x.tensor, dy.tensor, dw.tensor));
  check_equal(ctx, dw.tensor, dw_expected, round, "the gradient of W");
  vt_tensor_release(ctx, mark);
  check_guarded(&x, round, "X");
  check_guarded(&w, round, "W");
  check_guarded(&y, round, "Y");
  check_guarded(&dy, round, "the gradient of Y");
  check_guarded(&dw, round, "the gradient of W");
}

static void test_row_major(void **state)
{
  for (uint64_t round = 0; round < ROUNDS; round++)
    check_round(*state, round, VT_STORED_ROW_MAJOR);
}

static void test_channels_last(void **state)
{
  for (uint64_t round = 0; round < ROUNDS; round++)
    check_round(*state, round, VT_STORED_CHANNELS_LAST);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_row_major, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_channels_last, new_context, free_context),
  };
  return cmocka_run_group_tests_name("ops/conv guard", tests, NULL, NULL);
}
