/* SPDX-License-Identifier: Apache-2.0
 *
 * RNN, GRU, LSTM: shapes, the walk over directions and steps. W x of all steps is one product, R h one a
 * step.
 */
#include "ops/recurrent.h"

#include <math.h>

#include "ops/plain.h"
#include "ops/product.h"

/* ---- settings and shapes ---- */

static vt_status read_functions(vt_ctx *ctx, const vt_call *call, const vt_recurrent_cell *cell,
                                int direction, int64_t directions, vt_squash *out)
{
  static const char *const names[] = {"Sigmoid", "Tanh", "Relu"};
  const vt_texts *given = &((const vt_recurrent_settings *)call->attributes)->activations;
  memcpy(out, cell->defaults, sizeof cell->defaults);
  if (given->count == 0) return VT_OK;
  if (given->count != (size_t)(cell->functions * directions))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%zu activations given, %lld expected",
                        given->count, (long long)(cell->functions * directions));
  for (int i = 0; i < cell->functions; i++) {
    const char *name = given->data[direction * cell->functions + i];
    size_t found = 0;
    while (found < VT_COUNT(names) && strcmp(names[found], name) != 0)
      found++;
    if (found == VT_COUNT(names))
      return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED,
                          "activation '%.40s' is not supported; Sigmoid, Tanh and Relu are", name);
    out[i] = (vt_squash)found;
  }
  return VT_OK;
}

static vt_status check_settings(vt_ctx *ctx, const vt_call *call, const vt_recurrent_cell *cell)
{
  const vt_recurrent_settings *settings = call->attributes;
  vt_squash functions[3];
  if (settings->clip != 0)
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "clip %g is not supported; 0 is", settings->clip);
  if (settings->input_forget)
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "input_forget is not supported");
  if (settings->activation_alpha.count || settings->activation_beta.count)
    return vt_call_fail(
        ctx, call, VT_ERROR_UNSUPPORTED,
        "activation_alpha and activation_beta are not supported: no function here takes them");
  int64_t directions = settings->direction == VT_RECURRENT_BOTH ? 2 : 1;
  for (int d = 0; d < directions; d++)
    VT_TRY(read_functions(ctx, call, cell, d, directions, functions));
  return VT_OK;
}

static vt_status check_input(vt_ctx *ctx, const vt_call *call, int index, int rank, int64_t a, int64_t b,
                             int64_t c)
{
  static const char *const names[] = {"X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"};
  const vt_tensor *input = vt_input(call, index);
  if (!input) return VT_OK;
  vt_tensor wanted = {.type = index == VT_RECURRENT_LENGTHS ? input->type : call->inputs[0]->type,
                      .rank = rank,
                      .dims = {a, b, c}};
  char text[160], other[160];
  if (input->type == wanted.type && vt_same_shape(input, &wanted)) return VT_OK;
  return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%s is %s instead of %s", names[index],
                      vt_shape_text(input, text), vt_shape_text(&wanted, other));
}

vt_status vt_recurrent_shape(vt_ctx *ctx, const vt_call *call, const vt_recurrent_cell *cell)
{
  const vt_recurrent_settings *settings = call->attributes;
  const vt_tensor *x = call->inputs[VT_RECURRENT_X], *r = call->inputs[VT_RECURRENT_R];
  char text[160];
  VT_TRY(check_settings(ctx, call, cell));
  if (x->rank != 3 || r->rank != 3)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%s is %s; three axes are needed",
                        x->rank == 3 ? "R" : "X", vt_shape_text(x->rank == 3 ? r : x, text));
  int64_t steps = x->dims[settings->layout], items = x->dims[!settings->layout], inputs = x->dims[2],
          hidden = r->dims[2], directions = settings->direction == VT_RECURRENT_BOTH ? 2 : 1, rows;
  if (hidden < 1 || hidden > INT32_MAX || (settings->hidden_size && settings->hidden_size != hidden))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "R is %s, which does not fit hidden_size %lld",
                        vt_shape_text(r, text), (long long)settings->hidden_size);
  rows = cell->gates * hidden;
  VT_TRY(check_input(ctx, call, VT_RECURRENT_W, 3, directions, rows, inputs));
  VT_TRY(check_input(ctx, call, VT_RECURRENT_R, 3, directions, rows, hidden));
  VT_TRY(check_input(ctx, call, VT_RECURRENT_B, 2, directions, 2 * rows, 0));
  VT_TRY(check_input(ctx, call, VT_RECURRENT_LENGTHS, 1, items, 0, 0));
  for (int i = VT_RECURRENT_H; i <= VT_RECURRENT_C; i++)
    VT_TRY(check_input(ctx, call, i, 3, settings->layout ? items : directions,
                       settings->layout ? directions : items, hidden));
  VT_TRY(check_input(ctx, call, VT_RECURRENT_P, 2, directions, 3 * hidden, 0));
  int64_t sequence[] = {steps, directions, items, hidden}, turned[] = {items, steps, directions, hidden};
  int64_t state[] = {directions, items, hidden}, turned_state[] = {items, directions, hidden};
  VT_TRY(vt_set_output(ctx, call, 0, x->type, 4, settings->layout ? turned : sequence));
  for (int i = 1; i < call->output_count; i++)
    VT_TRY(vt_set_output(ctx, call, i, x->type, 3, settings->layout ? turned_state : state));
  return VT_OK;
}

double vt_recurrent_flops(const vt_call *call)
{
  const vt_tensor *x = call->inputs[VT_RECURRENT_X];
  return 2.0 * (double)x->dims[0] * (double)x->dims[1] *
         ((double)vt_count(call->inputs[VT_RECURRENT_W]) + (double)vt_count(call->inputs[VT_RECURRENT_R]));
}

/* ---- where things lie ---- */

int64_t vt_recurrent_time(const vt_recurrent *r, int64_t item, int64_t step)
{
  if (step >= r->lengths[item]) return -1;
  return r->reverse ? r->lengths[item] - 1 - step : step;
}

bool vt_recurrent_active(const vt_recurrent *r, int64_t item)
{
  return r->step < r->lengths[item];
}

int64_t vt_recurrent_x_row(const vt_recurrent *r, int64_t item, int64_t time)
{
  return r->settings->layout ? item * r->steps + time : time * r->items + item;
}

int64_t vt_recurrent_y_row(const vt_recurrent *r, int64_t item, int64_t time)
{
  return r->settings->layout ? (item * r->steps + time) * r->directions + r->direction
                             : (time * r->directions + r->direction) * r->items + item;
}

int64_t vt_recurrent_state_row(const vt_recurrent *r, int64_t item)
{
  return r->settings->layout ? item * r->directions + r->direction : r->direction * r->items + item;
}

/* ---- what cells call ---- */

vt_status vt_recurrent_product(vt_ctx *ctx, const vt_recurrent *r, int64_t rows, int64_t inner,
                               int64_t columns, bool b_transposed, const void *a, const void *b, void *y)
{
  vt_dnnl_product product = {.batch = 1,
                             .rows = rows,
                             .inner = inner,
                             .columns = columns,
                             .b_transposed = b_transposed,
                             .a_step = rows * inner,
                             .b_step = inner * columns};
  return vt_multiply(ctx, r->type, &product, a, b, y);
}

vt_status vt_recurrent_gather(vt_ctx *ctx, const vt_recurrent *r, int64_t rows, int64_t columns,
                              const void *a, const void *b, void *y)
{
  int64_t inner = r->steps * r->items;
  vt_dnnl_product product = {.batch = 1,
                             .rows = rows,
                             .inner = inner,
                             .columns = columns,
                             .a_transposed = true,
                             .a_step = rows * inner,
                             .b_step = inner * columns};
  return vt_multiply(ctx, r->type, &product, a, b, y);
}

void vt_recurrent_items(vt_ctx *ctx, vt_recurrent *r, vt_range_fn items)
{
  vt_parallel(ctx, r->items, 1 + VT_LOOP_GRAIN / (4 * r->cell->gates * r->hidden), items, r);
}

void vt_recurrent_columns(const vt_recurrent *r, const void *array, int64_t columns, double *sums)
{
  for (int64_t row = 0; row < r->steps * r->items; row++)
    for (int64_t j = 0; j < columns; j++)
      sums[j] += r->type == VT_F32 ? (double)((const float *)array)[row * columns + j]
                                   : ((const double *)array)[row * columns + j];
}

#define SQUASH(suffix, type)                                                                                 \
  VT_CLONES static void squash_##suffix(vt_squash function, type *row, int64_t count)                        \
  {                                                                                                          \
    if (function == VT_SQUASH_SIGMOID) {                                                                     \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) row[i] = 1 / (1 + VT_EXP(-row[i]));            \
    } else if (function == VT_SQUASH_TANH) {                                                                 \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) row[i] = VT_TANH(row[i]);                      \
    } else {                                                                                                 \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) row[i] = row[i] > 0 ? row[i] : 0;              \
    }                                                                                                        \
  }                                                                                                          \
  VT_CLONES static void unsquash_##suffix(vt_squash function, const type *y, type *d, int64_t count)         \
  {                                                                                                          \
    if (function == VT_SQUASH_SIGMOID) {                                                                     \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) d[i] *= y[i] * (1 - y[i]);                     \
    } else if (function == VT_SQUASH_TANH) {                                                                 \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) d[i] *= (1 - y[i]) * (1 + y[i]);               \
    } else {                                                                                                 \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) d[i] = y[i] > 0 ? d[i] : 0;                    \
    }                                                                                                        \
  }                                                                                                          \
  void vt_squash_##suffix(vt_squash function, type *row, int64_t count)                                      \
  {                                                                                                          \
    squash_##suffix(function, row, count);                                                                   \
  }                                                                                                          \
  void vt_unsquash_##suffix(vt_squash function, const type *y, type *d, int64_t count)                       \
  {                                                                                                          \
    unsquash_##suffix(function, y, d, count);                                                                \
  }
SQUASH(f32, float)
SQUASH(f64, double)

/* ---- the walk ---- */

static vt_status read_lengths(vt_ctx *ctx, vt_recurrent *r)
{
  const vt_tensor *given = vt_input(r->call, VT_RECURRENT_LENGTHS);
  r->lengths = vt_alloc_zero(ctx, (size_t)r->items + 1, sizeof *r->lengths);
  if (!r->lengths) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t item = 0; item < r->items; item++) {
    int64_t length = given ? vt_get_i64(given, item) : r->steps;
    if (length < 0 || length > r->steps)
      return vt_call_fail(ctx, r->call, VT_ERROR_INVALID_DATA, "sequence %lld has %lld steps, X has %lld",
                          (long long)item, (long long)length, (long long)r->steps);
    r->lengths[item] = length;
  }
  return VT_OK;
}

/* Numbers of an array, zero; the sizes were those of tensors or products of few of them. */
static char *array_of(vt_ctx *ctx, const vt_recurrent *r, int64_t rows, int64_t columns)
{
  size_t count, bytes;
  if (!vt_size_mul((size_t)rows, (size_t)columns, &count) || !vt_size_mul(count, (size_t)r->size, &bytes)) {
    (void)vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "%lld rows of %lld numbers", (long long)rows,
                  (long long)columns);
    return NULL;
  }
  return vt_alloc_zero(ctx, bytes + 1, 1);
}

vt_status vt_recurrent_start(vt_ctx *ctx, const vt_call *call, const vt_recurrent_cell *cell, bool backward,
                             vt_recurrent *r)
{
  const vt_tensor *x = call->inputs[VT_RECURRENT_X];
  const vt_recurrent_settings *settings = call->attributes;
  *r = (vt_recurrent){.call = call, .settings = settings, .cell = cell, .type = x->type};
  r->size = (int64_t)vt_type_size(x->type);
  r->steps = x->dims[settings->layout];
  r->items = x->dims[!settings->layout];
  r->inputs = x->dims[2];
  r->hidden = call->inputs[VT_RECURRENT_R]->dims[2];
  r->directions = settings->direction == VT_RECURRENT_BOTH ? 2 : 1;
  r->backward = backward;
  VT_TRY(read_lengths(ctx, r));
  int64_t rows = r->steps * r->items, width = cell->gates * r->hidden;
  r->x = array_of(ctx, r, rows, r->inputs);
  r->bias = array_of(ctx, r, 2, width);
  r->gates = array_of(ctx, r, rows, width);
  r->h = array_of(ctx, r, rows + r->items, r->hidden);
  r->c = cell->has_c ? array_of(ctx, r, rows + r->items, r->hidden) : NULL;
  r->kept = cell->keeps ? array_of(ctx, r, rows, r->hidden) : NULL;
  r->product = array_of(ctx, r, r->items, width);
  r->more = array_of(ctx, r, r->items, width);
  if (!r->x || !r->bias || !r->gates || !r->h || (cell->has_c && !r->c) || (cell->keeps && !r->kept) ||
      !r->product || !r->more)
    return VT_ERROR_OUT_OF_MEMORY;
  if (!backward) return VT_OK;
  r->dh = array_of(ctx, r, r->items, r->hidden);
  r->dc = array_of(ctx, r, r->items, r->hidden);
  r->extra = cell->keeps ? array_of(ctx, r, rows, width) : NULL;
  return r->dh && r->dc && (!cell->keeps || r->extra) ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

void vt_recurrent_free(vt_recurrent *r)
{
  void *const blocks[] = {r->lengths, r->x,       r->bias, r->gates, r->h,  r->c,
                          r->kept,    r->product, r->more, r->dh,    r->dc, r->extra};
  for (size_t i = 0; i < VT_COUNT(blocks); i++)
    vt_free(blocks[i]);
}

/* X in the order of steps; zeros where a sequence is over. */
static void order_inputs(vt_recurrent *r)
{
  const char *from = r->call->inputs[VT_RECURRENT_X]->data;
  size_t bytes = (size_t)(r->inputs * r->size);
  for (int64_t step = 0; step < r->steps; step++)
    for (int64_t item = 0; item < r->items && bytes; item++) {
      int64_t time = vt_recurrent_time(r, item, step);
      char *to = r->x + (step * r->items + item) * (int64_t)bytes;
      if (time >= 0)
        memcpy(to, from + vt_recurrent_x_row(r, item, time) * (int64_t)bytes, bytes);
      else
        memset(to, 0, bytes);
    }
}

static void first_state(vt_recurrent *r, int input, char *state)
{
  const vt_tensor *given = vt_input(r->call, input);
  size_t bytes = (size_t)(r->hidden * r->size);
  for (int64_t item = 0; item < r->items; item++)
    if (given)
      memcpy(state + item * (int64_t)bytes,
             (const char *)given->data + vt_recurrent_state_row(r, item) * (int64_t)bytes, bytes);
    else
      memset(state + item * (int64_t)bytes, 0, bytes);
}

vt_status vt_recurrent_walk(vt_ctx *ctx, vt_recurrent *r, int direction)
{
  const vt_tensor *bias = vt_input(r->call, VT_RECURRENT_B), *p = vt_input(r->call, VT_RECURRENT_P);
  int64_t width = r->cell->gates * r->hidden;
  r->direction = direction;
  r->reverse = direction == 1 || r->settings->direction == VT_RECURRENT_REVERSE;
  VT_TRY(read_functions(ctx, r->call, r->cell, direction, r->directions, r->functions));
  r->w = (const char *)r->call->inputs[VT_RECURRENT_W]->data + direction * width * r->inputs * r->size;
  r->r = (const char *)r->call->inputs[VT_RECURRENT_R]->data + direction * width * r->hidden * r->size;
  r->p = p ? (const char *)p->data + direction * 3 * r->hidden * r->size : NULL;
  if (bias)
    memcpy(r->bias, (const char *)bias->data + direction * 2 * width * r->size,
           (size_t)(2 * width * r->size));
  order_inputs(r);
  first_state(r, VT_RECURRENT_H, r->h);
  if (r->cell->has_c) first_state(r, VT_RECURRENT_C, r->c);
  VT_TRY(vt_recurrent_product(ctx, r, r->steps * r->items, r->inputs, width, true, r->x, r->w, r->gates));
  for (r->step = 0; r->step < r->steps; r->step++)
    VT_TRY(r->cell->forward(ctx, r));
  return VT_OK;
}

static void write_outputs(const vt_recurrent *r)
{
  size_t bytes = (size_t)(r->hidden * r->size);
  const char *const last[] = {NULL, r->h, r->c};
  vt_tensor *y = vt_output(r->call, 0);
  for (int64_t item = 0; item < r->items; item++) {
    for (int64_t step = 0; y && step < r->lengths[item]; step++)
      memcpy((char *)y->data + vt_recurrent_y_row(r, item, vt_recurrent_time(r, item, step)) * (int64_t)bytes,
             r->h + ((step + 1) * r->items + item) * (int64_t)bytes, bytes);
    for (int i = 1; i < 3; i++)
      if (last[i] && vt_output(r->call, i))
        memcpy((char *)r->call->outputs[i]->data + vt_recurrent_state_row(r, item) * (int64_t)bytes,
               last[i] + (r->steps * r->items + item) * (int64_t)bytes, bytes);
  }
}

vt_status vt_recurrent_run(vt_ctx *ctx, const vt_call *call, const vt_recurrent_cell *cell)
{
  vt_recurrent r;
  vt_tensor *y = vt_output(call, 0);
  vt_status status = vt_recurrent_start(ctx, call, cell, false, &r);
  if (status == VT_OK && y && vt_bytes(y)) memset(y->data, 0, vt_bytes(y)); /* beyond the ends of sequences */
  for (int direction = 0; direction < r.directions && status == VT_OK; direction++) {
    status = vt_recurrent_walk(ctx, &r, direction);
    if (status == VT_OK) write_outputs(&r);
  }
  vt_recurrent_free(&r);
  return status;
}
