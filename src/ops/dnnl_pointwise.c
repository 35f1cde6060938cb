/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions of one tap as matrix products on the tensors as they are stored: Y[n] = W · X[n], planes being
 * rows. Nothing is reordered, which halves the time of wide layers.
 *
 * Columns (or rows, where columns are few) are cut into stretches that stay in a core's cache together with
 * their bias; each is computed by one thread. Where the cuts are follows from shapes alone, so bytes do not
 * depend on the number of threads.
 */
#include "ops/dnnl_kernels.h"

#include <stdatomic.h>

#include "ops/dnnl_window.h"

enum { CACHED = 384 << 10 };

bool vt_dnnl_is_pointwise(const vt_window *window, int64_t group, int64_t fewest)
{
  for (int axis = 0; axis < VT_WINDOW_AXES; axis++)
    if (window->kernel[axis] != 1 || window->stride[axis] != 1 || window->in[axis] != window->out[axis])
      return false;
  return group == 1 && vt_window_volume(window->out) >= fewest;
}

/* ---- one product ---- */

typedef struct product {
  int64_t rows, inner, columns;
  int64_t a[2], b[2], y[2]; /* strides */
  bool add;                 /* to what y holds */
  dnnl_memory_desc_t a_layout, b_layout, y_layout;
} product;

static dnnl_status_t describe(const void *user, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                              dnnl_primitive_desc_t *out)
{
  const product *p = user;
  dnnl_primitive_attr_t own;
  dnnl_post_ops_t after;
  dnnl_matmul_desc_t operation;
  dnnl_status_t status = dnnl_matmul_desc_init(&operation, &p->a_layout, &p->b_layout, NULL, &p->y_layout);
  if (status != dnnl_success) return status;
  if (!p->add) return dnnl_primitive_desc_create(out, &operation, attr, engine, NULL);
  status = dnnl_primitive_attr_clone(&own, attr);
  if (status != dnnl_success) return status;
  status = dnnl_post_ops_create(&after);
  if (status == dnnl_success) {
    status = dnnl_post_ops_append_sum(after, 1);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(own, after);
    dnnl_post_ops_destroy(after);
  }
  if (status == dnnl_success) status = dnnl_primitive_desc_create(out, &operation, own, engine, NULL);
  dnnl_primitive_attr_destroy(own);
  return status;
}

static vt_status get_product(vt_ctx *ctx, product *p, vt_dnnl_primitive **out)
{
  int64_t a[] = {p->rows, p->inner}, b[] = {p->inner, p->columns}, y[] = {p->rows, p->columns};
  if (!vt_dnnl_strided(&p->a_layout, 2, a, p->a) || !vt_dnnl_strided(&p->b_layout, 2, b, p->b) ||
      !vt_dnnl_strided(&p->y_layout, 2, y, p->y))
    return VT_ERROR_UNSUPPORTED;
  vt_dnnl_key key = {0};
  int64_t head[] = {dnnl_matmul, -1, p->add}; /* −1: none of vt_dnnl_matmul() */
  vt_dnnl_key_list(&key, head, VT_COUNT(head));
  vt_dnnl_key_layout(&key, &p->a_layout);
  vt_dnnl_key_layout(&key, &p->b_layout);
  vt_dnnl_key_layout(&key, &p->y_layout);
  return vt_dnnl_get(ctx, &key, 1, describe, p, out);
}

static vt_status run_product(vt_ctx *ctx, const vt_dnnl_primitive *primitive, const product *p,
                             const float *a, const float *b, float *y)
{
  vt_dnnl_argument arguments[] = {{DNNL_ARG_SRC, p->a_layout, (void *)(uintptr_t)a, false},
                                  {DNNL_ARG_WEIGHTS, p->b_layout, (void *)(uintptr_t)b, false},
                                  {DNNL_ARG_DST, p->y_layout, y, true}};
  return vt_dnnl_run(ctx, primitive, arguments, VT_COUNT(arguments));
}

/* ---- in parallel ---- */

enum { KINDS = 2 };

typedef struct pointwise_work {
  vt_ctx *ctx;
  int64_t batch, inputs, outputs, size; /* channels of X and Y, elements of a plane */
  int64_t cuts, stretch;                /* of columns, or of rows; the last stretch may be shorter */
  bool by_row;
  int64_t w_row; /* from one row of W to the next */
  const float *x, *w, *bias;
  float *y;
  product products[KINDS]; /* of a whole stretch and of the last; for weights of the first item and more */
  vt_dnnl_primitive *primitives[KINDS];
  atomic_int failed; /* a status */
} pointwise_work;

VT_CLONES static void fill_row(float *row, int64_t count, float value)
{
#pragma omp simd
  for (int64_t i = 0; i < count; i++)
    row[i] = value;
}

static vt_status stretch_of(vt_ctx *ctx, const pointwise_work *work, int64_t unit)
{
  int64_t n = unit / work->cuts, index = unit % work->cuts, first = index * work->stretch;
  int64_t row = work->by_row ? first : 0, column = work->by_row ? 0 : first;
  int which = index == work->cuts - 1;
  const product *p = &work->products[which];
  float *y = work->y + (n * work->outputs + row) * work->size + column;
  for (int64_t i = 0; work->bias && i < p->rows; i++)
    fill_row(y + i * work->size, p->columns, work->bias[row + i]);
  return run_product(ctx, work->primitives[which], p, work->w + row * work->w_row,
                     work->x + n * work->inputs * work->size + column, y);
}

/* Rows [cut·stretch, …) of W's gradient: Σ_n Y[n] · X[n]ᵀ, in the order of n. */
static vt_status weight_rows_of(vt_ctx *ctx, const pointwise_work *work, int64_t cut)
{
  int64_t first = cut * work->stretch;
  for (int64_t n = 0; n < work->batch; n++) {
    const float *y = work->y + (n * work->outputs + first) * work->size;
    const float *x = work->x + n * work->inputs * work->size;
    float *w = (float *)(uintptr_t)work->w + first * work->inputs;
    int which = n > 0;
    VT_TRY(run_product(ctx, work->primitives[which], &work->products[which], y, x, w));
  }
  return VT_OK;
}

/* Errors go to a context of its own: units run on several threads. */
static void run_units(pointwise_work *work, int64_t first, int64_t last,
                      vt_status (*of)(vt_ctx *ctx, const pointwise_work *work, int64_t unit))
{
  vt_ctx *own = vt_ctx_child(work->ctx);
  vt_status status = own ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int64_t unit = first; unit < last && status == VT_OK; unit++)
    status = of(own, work, unit);
  vt_ctx_free(own);
  if (status != VT_OK) atomic_store(&work->failed, (int)status);
}

static void column_units(void *user, int64_t first, int64_t last)
{
  run_units(user, first, last, stretch_of);
}

static void weight_units(void *user, int64_t first, int64_t last)
{
  run_units(user, first, last, weight_rows_of);
}

static vt_status run_work(vt_ctx *ctx, pointwise_work *work, int kinds, int64_t units, vt_range_fn body)
{
  vt_status status = VT_OK;
  for (int i = 0; i < kinds && status == VT_OK; i++)
    status = get_product(ctx, &work->products[i], &work->primitives[i]);
  if (status == VT_OK) {
    vt_parallel(ctx, units, 1, body, work);
    status = (vt_status)atomic_load(&work->failed);
    if (status != VT_OK) vt_fail(ctx, status, "matrix products of a pointwise convolution failed");
  }
  for (int i = 0; i < kinds; i++)
    vt_dnnl_put(work->primitives[i]);
  return status;
}

/* Cuts `whole` into at most `most` stretches of a multiple of 16, the last one shorter. */
static void cut(int64_t whole, int64_t most, int64_t *stretch, int64_t *cuts)
{
  enum { LINE = 16 };
  *stretch = most > 1 ? (whole / most + LINE - 1) / LINE * LINE : whole;
  if (*stretch < LINE) *stretch = whole;
  *cuts = (whole + *stretch - 1) / *stretch;
}

vt_status vt_dnnl_pointwise(vt_ctx *ctx, bool transposed, const vt_tensor *x, const vt_tensor *w,
                            const vt_tensor *bias, vt_tensor *y)
{
  enum { FEWEST = 256, ROWS = 48, PARTS = 4 };
  int64_t inputs = x->dims[1], outputs = y->dims[1], size = vt_span(x, 2, x->rank);
  int64_t most = CACHED / (int64_t)sizeof(float) / (inputs + outputs); /* columns that stay cached */
  pointwise_work work = {.ctx = ctx,
                         .batch = x->dims[0],
                         .inputs = inputs,
                         .outputs = outputs,
                         .size = size,
                         .x = x->data,
                         .w = w->data,
                         .w_row = transposed ? 1 : inputs,
                         .bias = bias ? bias->data : NULL,
                         .y = y->data};
  cut(size, most < FEWEST ? size / FEWEST : (size + most - 1) / most, &work.stretch, &work.cuts);
  work.by_row = work.cuts == 1;
  if (work.by_row) {
    int64_t parts = outputs / ROWS;
    cut(outputs, parts < PARTS ? parts : PARTS, &work.stretch, &work.cuts);
  }
  for (int i = 0; i < KINDS; i++) {
    int64_t length = i == 0 ? work.stretch : (work.by_row ? outputs : size) - (work.cuts - 1) * work.stretch;
    work.products[i] = (product){.rows = work.by_row ? length : outputs,
                                 .inner = inputs,
                                 .columns = work.by_row ? size : length,
                                 .a = {work.w_row, transposed ? outputs : 1},
                                 .b = {size, 1},
                                 .y = {size, 1},
                                 .add = bias != NULL};
  }
  return run_work(ctx, &work, KINDS, work.batch * work.cuts, column_units);
}

vt_status vt_dnnl_pointwise_weights(vt_ctx *ctx, const vt_tensor *x, const vt_tensor *y, vt_tensor *w)
{
  int64_t inputs = x->dims[1], outputs = y->dims[1], size = vt_span(x, 2, x->rank);
  int64_t cuts = outputs % 4 == 0 && outputs >= 128 ? 4 : 1;
  product first = {.rows = outputs / cuts,
                   .inner = size,
                   .columns = inputs,
                   .a = {size, 1},
                   .b = {1, size},
                   .y = {inputs, 1}},
          more = first;
  more.add = true;
  pointwise_work work = {.ctx = ctx,
                         .batch = x->dims[0],
                         .inputs = inputs,
                         .outputs = outputs,
                         .size = size,
                         .cuts = cuts,
                         .stretch = outputs / cuts,
                         .x = x->data,
                         .w = w->data,
                         .y = y->data,
                         .products = {first, more}};
  return run_work(ctx, &work, work.batch > 1 ? 2 : 1, cuts, weight_units);
}
