/* SPDX-License-Identifier: Apache-2.0
 *
 * What RNN, GRU and LSTM share: settings, shapes, the walk over directions and steps, the products with W and
 * R. A cell computes one step of all items, forward and backward.
 *
 * Inside, steps count in the order in which a direction meets them, and every array is [steps, items, …];
 * recurrent.c alone knows how that lies in X and Y (layout, reversed sequences of their own lengths).
 */
#ifndef VT_OPS_RECURRENT_H
#define VT_OPS_RECURRENT_H

#include "ops/elementwise.h"
#include "ops/gradient.h"

enum {
  VT_RECURRENT_X,
  VT_RECURRENT_W,       /* [directions, gates · hidden, inputs] */
  VT_RECURRENT_R,       /* [directions, gates · hidden, hidden] */
  VT_RECURRENT_B,       /* [directions, 2 · gates · hidden]: of W, then of R */
  VT_RECURRENT_LENGTHS, /* [items] */
  VT_RECURRENT_H,       /* [directions, items, hidden]; layout 1: [items, directions, hidden] */
  VT_RECURRENT_C,       /* like H */
  VT_RECURRENT_P,       /* [directions, 3 · hidden]: of the gates i, o, f */
  VT_RECURRENT_INPUTS
};

typedef enum vt_squash { VT_SQUASH_SIGMOID, VT_SQUASH_TANH, VT_SQUASH_RELU } vt_squash;

typedef struct vt_recurrent_settings {
  vt_texts activations;
  vt_reals activation_alpha, activation_beta;
  double clip;
  int64_t hidden_size, layout;
  int direction;
  bool input_forget, linear_before_reset;
} vt_recurrent_settings;

enum { VT_RECURRENT_FORWARD, VT_RECURRENT_REVERSE, VT_RECURRENT_BOTH };

/* Of rows: inputs by type. The last entry holds for all after it. */
#define VT_RECURRENT_TYPES                                                                                   \
  VT_FLOATS | VT_HALVES, VT_FLOATS | VT_HALVES, VT_FLOATS | VT_HALVES, VT_FLOATS | VT_HALVES, VT_T(VT_I32),  \
      VT_FLOATS | VT_HALVES

#define VT_RECURRENT_FIELDS                                                                                  \
  {.name = "activations",                                                                                    \
   .kind = VT_FIELD_TEXTS,                                                                                   \
   .offset = offsetof(vt_recurrent_settings, activations),                                                   \
   .help = "functions of a cell for each direction: Sigmoid, Tanh or Relu"},                                 \
      {.name = "activation_alpha",                                                                           \
       .kind = VT_FIELD_REALS,                                                                               \
       .offset = offsetof(vt_recurrent_settings, activation_alpha),                                          \
       .help = "none of the functions takes one"},                                                           \
      {.name = "activation_beta",                                                                            \
       .kind = VT_FIELD_REALS,                                                                               \
       .offset = offsetof(vt_recurrent_settings, activation_beta),                                           \
       .help = "none of the functions takes one"},                                                           \
      {.name = "clip",                                                                                       \
       .kind = VT_FIELD_REAL,                                                                                \
       .offset = offsetof(vt_recurrent_settings, clip),                                                      \
       .fallback = "0",                                                                                      \
       .help = "bound of what goes into the functions; only 0, none, is supported"},                         \
      {.name = "direction",                                                                                  \
       .kind = VT_FIELD_CHOICE,                                                                              \
       .offset = offsetof(vt_recurrent_settings, direction),                                                 \
       .fallback = "forward",                                                                                \
       .choices = "forward|reverse|bidirectional",                                                           \
       .help = "from the first step, from the last, or both side by side"},                                  \
      {.name = "hidden_size",                                                                                \
       .kind = VT_FIELD_INT,                                                                                 \
       .offset = offsetof(vt_recurrent_settings, hidden_size),                                               \
       .fallback = "0",                                                                                      \
       .help = "numbers of a state; 0: as R says"},                                                          \
  {                                                                                                          \
    .name = "layout", .kind = VT_FIELD_INT, .offset = offsetof(vt_recurrent_settings, layout),               \
    .fallback = "0", VT_RANGE(0, 1), .help = "0: X is [steps, items, inputs]; 1: [items, steps, inputs]"     \
  }

typedef struct vt_recurrent vt_recurrent;

typedef struct vt_recurrent_cell {
  int gates, functions;  /* blocks of W; activations of a direction */
  vt_squash defaults[3]; /* of the activations */
  bool has_c;            /* an inner state beside h */
  bool keeps;            /* [items, hidden] of each step for itself, and wants `extra` backward */
  /* Step r->step of one direction, all items. Forward: from gates (W x) and states before to gates after
   * their functions and states after. Backward: r->dh and r->dc come as gradients of the states after and
   * leave as those of the states before; gates become gradients of what went into their functions. */
  vt_status (*forward)(vt_ctx *ctx, vt_recurrent *r);
  vt_status (*backward)(vt_ctx *ctx, vt_recurrent *r);
  /* After all steps: gradients of R and of its bias into r->d_r and r->d_recurrent_bias, where wanted. NULL:
   * those of the gates and the states say it all. */
  vt_status (*finish)(vt_ctx *ctx, vt_recurrent *r);
} vt_recurrent_cell;

/* One direction at work. Arrays are of `type`. */
struct vt_recurrent {
  const vt_call *call;
  const vt_recurrent_settings *settings;
  const vt_recurrent_cell *cell;
  vt_type type;
  int64_t size; /* bytes of a number */
  int64_t steps, items, inputs, hidden, directions;
  int direction;
  bool reverse;
  vt_squash functions[3];
  int64_t *lengths; /* by item */

  char *x;              /* [steps, items, inputs]; X itself where it lies like that */
  const char *w, *r;    /* of this direction */
  char *bias;           /* [2, gates · hidden]; zero when there is none */
  const char *p;        /* NULL: none */
  char *gates;          /* [steps, items, gates · hidden] */
  char *h, *c;          /* [steps + 1, items, hidden] */
  char *kept;           /* [steps, items, hidden], of cells that keep */
  char *product, *more; /* [items, gates · hidden] each, of one step */
  int64_t step;

  bool backward;
  char *dh, *dc;            /* [items, hidden] */
  char *extra;              /* [steps, items, gates · hidden], of cells that keep, backward */
  void *d_r;                /* of this direction, NULL: not wanted */
  double *d_recurrent_bias; /* [gates · hidden], NULL: not wanted */
};

vt_status vt_recurrent_shape(vt_ctx *ctx, const vt_call *call, const vt_recurrent_cell *cell);
vt_status vt_recurrent_run(vt_ctx *ctx, const vt_call *call, const vt_recurrent_cell *cell);
vt_status vt_recurrent_backward(vt_ctx *ctx, const vt_gradient *gradient, const vt_recurrent_cell *cell);
double vt_recurrent_flops(const vt_call *call);

/* ---- for the walks ---- */

/* Everything but the arrays; frees with vt_recurrent_free(). */
vt_status vt_recurrent_start(vt_ctx *ctx, const vt_call *call, const vt_recurrent_cell *cell, bool backward,
                             vt_recurrent *out);
void vt_recurrent_free(vt_recurrent *r);
/* All steps of direction `direction`: gates and states. */
vt_status vt_recurrent_walk(vt_ctx *ctx, vt_recurrent *r, int direction);
/* Time at which an item is at step `step`, −1: its sequence is over. */
int64_t vt_recurrent_time(const vt_recurrent *r, int64_t item, int64_t step);
/* Rows of X; of Y, in this direction; of states. */
int64_t vt_recurrent_x_row(const vt_recurrent *r, int64_t item, int64_t time);
int64_t vt_recurrent_y_row(const vt_recurrent *r, int64_t item, int64_t time);
int64_t vt_recurrent_state_row(const vt_recurrent *r, int64_t item);

/* ---- for cells ---- */

/* Row of `array` [steps, items, width]. */
#define VT_RECURRENT_ROW(type, array, step, item, width)                                                     \
  ((type *)(void *)(array) + ((step)*r->items + (item)) * (width))
/* The same of all items of a step. */
static inline void *vt_recurrent_step(const vt_recurrent *r, char *array, int64_t step, int64_t width)
{
  return array + step * r->items * width * r->size;
}

/* y = a · b, b transposed or not. */
vt_status vt_recurrent_product(vt_ctx *ctx, const vt_recurrent *r, int64_t rows, int64_t inner,
                               int64_t columns, bool b_transposed, const void *a, const void *b, void *y);
/* y [rows, columns] = aᵀ · b over all steps and items. */
vt_status vt_recurrent_gather(vt_ctx *ctx, const vt_recurrent *r, int64_t rows, int64_t columns,
                              const void *a, const void *b, void *y);
/* Calls `items` for ranges of items, on the context's threads. */
void vt_recurrent_items(vt_ctx *ctx, vt_recurrent *r, vt_range_fn items);
/* sums[j] += array[…, j] over all steps and items, in order. */
void vt_recurrent_columns(const vt_recurrent *r, const void *array, int64_t columns, double *sums);
/* Backward: dh += d · R for the first `width` rows of R, with d [items, width]. */
vt_status vt_recurrent_pass_on(vt_ctx *ctx, vt_recurrent *r, int64_t width, const void *d);
/* Whether an item's sequence still goes on at the current step. */
bool vt_recurrent_active(const vt_recurrent *r, int64_t item);

/* A row through a function; gradients `d` of its results `y` to those of what went in. */
void vt_squash_f32(vt_squash function, float *row, int64_t count);
void vt_squash_f64(vt_squash function, double *row, int64_t count);
void vt_unsquash_f32(vt_squash function, const float *y, float *d, int64_t count);
void vt_unsquash_f64(vt_squash function, const double *y, double *d, int64_t count);

#endif
