/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of RNN, GRU and LSTM through time: a direction is walked again, then its steps back, and the
 * gradients of X, W, R and B come from those of all gates at once.
 */
#include "ops/plain.h"
#include "ops/recurrent.h"

enum { GRADIENTS = VT_RECURRENT_INPUTS };

typedef struct back_walk {
  vt_recurrent r;
  const vt_gradient *gradient;
  vt_tensor *made[GRADIENTS]; /* NULL: not wanted */
  char *dx;                   /* of one direction, in the order of its steps */
  double *sums;               /* of columns */
} back_walk;

#define ADD(suffix, type)                                                                                    \
  VT_CLONES static void recurrent_add_##suffix(const type *from, type *to, int64_t count)                    \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++) to[i] += from[i];                                \
  }
ADD(f32, float)
ADD(f64, double)

static void add(vt_type type, const void *from, void *to, int64_t count)
{
  if (type == VT_F32)
    recurrent_add_f32(from, to, count);
  else
    recurrent_add_f64(from, to, count);
}

vt_status vt_recurrent_pass_on(vt_ctx *ctx, vt_recurrent *r, int64_t width, const void *d)
{
  VT_TRY(vt_recurrent_product(ctx, r, r->items, width, r->hidden, false, d, r->r, r->more));
  add(r->type, r->more, r->dh, r->items * r->hidden);
  return VT_OK;
}

/* Rows of one state's gradient [items, hidden] from or to a tensor in the order of states. */
static void copy_state(const vt_recurrent *r, vt_tensor *tensor, char *state, bool out)
{
  int64_t bytes = r->hidden * r->size;
  for (int64_t item = 0; item < r->items; item++) {
    char *row = (char *)tensor->data + vt_recurrent_state_row(r, item) * bytes;
    memcpy(out ? row : state + item * bytes, out ? state + item * bytes : row, (size_t)bytes);
  }
}

static vt_status steps_back(vt_ctx *ctx, back_walk *walk)
{
  vt_recurrent *r = &walk->r;
  const vt_gradient *gradient = walk->gradient;
  vt_tensor *dy = vt_gradient_output(gradient, 0), *dh = vt_gradient_output(gradient, 1),
            *dc = r->cell->has_c ? vt_gradient_output(gradient, 2) : NULL;
  size_t bytes = (size_t)(r->items * r->hidden * r->size);
  memset(r->dh, 0, bytes);
  memset(r->dc, 0, bytes);
  if (dh) copy_state(r, dh, r->dh, false);
  if (dc) copy_state(r, dc, r->dc, false);
  for (r->step = r->steps - 1; r->step >= 0; r->step--) {
    for (int64_t item = 0; dy && item < r->items; item++) {
      int64_t time = vt_recurrent_time(r, item, r->step), row = r->hidden * r->size;
      if (time >= 0)
        add(r->type, (char *)dy->data + vt_recurrent_y_row(r, item, time) * row, r->dh + item * row,
            r->hidden);
    }
    VT_TRY(r->cell->backward(ctx, r));
  }
  return VT_OK;
}

/* Of X: steps go back to their times; two directions are added. */
static vt_status inputs_back(vt_ctx *ctx, back_walk *walk)
{
  vt_recurrent *r = &walk->r;
  vt_tensor *made = walk->made[VT_RECURRENT_X];
  if (!made) return VT_OK;
  VT_TRY(vt_recurrent_product(ctx, r, r->steps * r->items, r->cell->gates * r->hidden, r->inputs, false,
                              r->gates, r->w, walk->dx));
  for (int64_t step = 0; step < r->steps; step++)
    for (int64_t item = 0; item < r->items; item++) {
      int64_t time = vt_recurrent_time(r, item, step), row = r->inputs * r->size;
      if (time >= 0)
        add(r->type, walk->dx + (step * r->items + item) * row,
            (char *)made->data + vt_recurrent_x_row(r, item, time) * row, r->inputs);
    }
  return VT_OK;
}

static void write_at(vt_tensor *tensor, int64_t start, int64_t count, const double *values)
{
  for (int64_t i = 0; i < count; i++)
    if (tensor->type == VT_F32)
      ((float *)tensor->data)[start + i] = (float)values[i];
    else
      ((double *)tensor->data)[start + i] = values[i];
}

static vt_status weights_back(vt_ctx *ctx, back_walk *walk)
{
  vt_recurrent *r = &walk->r;
  int64_t width = r->cell->gates * r->hidden;
  vt_tensor *w = walk->made[VT_RECURRENT_W], *of_r = walk->made[VT_RECURRENT_R],
            *bias = walk->made[VT_RECURRENT_B];
  double *own = walk->sums, *recurrent = own + width;
  if (w)
    VT_TRY(vt_recurrent_gather(ctx, r, width, r->inputs, r->gates, r->x,
                               (char *)w->data + r->direction * width * r->inputs * r->size));
  memset(own, 0, (size_t)(2 * width) * sizeof *own);
  r->d_r = of_r ? (char *)of_r->data + r->direction * width * r->hidden * r->size : NULL;
  r->d_recurrent_bias = bias ? recurrent : NULL;
  if (bias) vt_recurrent_columns(r, r->gates, width, own);
  if (r->cell->finish) {
    VT_TRY(r->cell->finish(ctx, r));
  } else {
    memcpy(recurrent, own, (size_t)width * sizeof *own);
    if (r->d_r) VT_TRY(vt_recurrent_gather(ctx, r, width, r->hidden, r->gates, r->h, r->d_r));
  }
  if (bias) write_at(bias, r->direction * 2 * width, 2 * width, own);
  return VT_OK;
}

/* Of P: the gates i and f saw c before the step, o the one after. */
static void peepholes_back(back_walk *walk)
{
  const vt_recurrent *r = &walk->r;
  vt_tensor *made = walk->made[VT_RECURRENT_P];
  int64_t hidden = r->hidden, width = r->cell->gates * hidden;
  double *sums = walk->sums;
  if (!made) return;
  memset(sums, 0, (size_t)(3 * hidden) * sizeof *sums);
  const vt_tensor gates = {.type = r->type, .data = r->gates}, states = {.type = r->type, .data = r->c};
  for (int64_t row = 0; row < r->steps * r->items; row++)
    for (int64_t j = 0; j < 3 * hidden; j++) {
      int64_t seen = (row + (j / hidden == 1 ? r->items : 0)) * hidden + j % hidden;
      sums[j] += vt_get_f64(&gates, row * width + j) * vt_get_f64(&states, seen);
    }
  write_at(made, r->direction * 3 * hidden, 3 * hidden, sums);
}

static vt_status direction_back(vt_ctx *ctx, back_walk *walk, int direction)
{
  vt_recurrent *r = &walk->r;
  VT_TRY(vt_recurrent_walk(ctx, r, direction));
  VT_TRY(steps_back(ctx, walk));
  VT_TRY(inputs_back(ctx, walk));
  VT_TRY(weights_back(ctx, walk));
  peepholes_back(walk);
  if (walk->made[VT_RECURRENT_H]) copy_state(r, walk->made[VT_RECURRENT_H], r->dh, true);
  if (walk->made[VT_RECURRENT_C]) copy_state(r, walk->made[VT_RECURRENT_C], r->dc, true);
  return VT_OK;
}

vt_status vt_recurrent_backward(vt_ctx *ctx, const vt_gradient *gradient, const vt_recurrent_cell *cell)
{
  back_walk walk = {.gradient = gradient};
  vt_status status = vt_recurrent_start(ctx, gradient->call, cell, true, &walk.r);
  if (status != VT_OK) goto done;
  for (int i = 0; i < gradient->call->input_count; i++)
    if (vt_gradient_wanted(gradient, i) && !(walk.made[i] = vt_gradient_zero(ctx, gradient, i))) {
      status = VT_ERROR_OUT_OF_MEMORY;
      goto done;
    }
  vt_tensor *dx = walk.made[VT_RECURRENT_X];
  walk.dx = dx ? vt_alloc(ctx, vt_bytes(dx)) : NULL;
  walk.sums = vt_alloc_zero(ctx, (size_t)(2 * cell->gates * walk.r.hidden) + 3, sizeof *walk.sums);
  if ((dx && !walk.dx) || !walk.sums) status = VT_ERROR_OUT_OF_MEMORY;
  for (int direction = 0; direction < walk.r.directions && status == VT_OK; direction++)
    status = direction_back(ctx, &walk, direction);
done:
  vt_free(walk.dx);
  vt_free(walk.sums);
  vt_recurrent_free(&walk.r);
  return status;
}
