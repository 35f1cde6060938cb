/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters by name, and the scope in which model code asks for them.
 *
 * A model is a function from (scope, inputs) to outputs. It asks its scope for parameters, which are made on
 * first use; their names are the scope's path and their own. Every interesting tensor is given a name with
 * vt_name(), which is its hook and its name in an exported graph.
 *
 *   vt_tensor *block(vt_scope s, vt_tensor *x)
 *   {
 *     x = vt_linear(vt_sub(s, "proj"), x, 64, VT_BIAS);       proj.weight, proj.bias
 *     return vt_name(s, x, "out");
 *   }
 */
#ifndef VT_NN_SCOPE_H
#define VT_NN_SCOPE_H

#include "graph/record.h"
#include "nn/eager.h"
#include "ops/tape.h"

typedef struct vt_parameters vt_parameters;

/* ---- how a parameter begins ---- */
typedef enum vt_init_kind {
  VT_INIT_CONSTANT,  /* value */
  VT_INIT_NORMAL,    /* mean 0, standard deviation `value` */
  VT_INIT_TRUNCATED, /* the same, cut at two deviations */
  VT_INIT_UNIFORM,   /* in [−value, value] */
  VT_INIT_FAN_IN,    /* normal, deviation sqrt(value / inputs); value 2 for ReLU (He et al. 2015) */
  VT_INIT_XAVIER,    /* uniform, bound value · sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010) */
  VT_INIT_TORCH,     /* uniform, bound 1 / sqrt(inputs): what torch.nn.Linear and Conv do */
  VT_INIT_COPY       /* from `data`, f32 */
} vt_init_kind;
/* `inputs` of a tensor [out, in, k…] is in·k…; of a vector its length unless `inputs` is given. */
typedef struct vt_initial {
  vt_init_kind kind;
  double value;
  int64_t inputs; /* 0: from the shape */
  const float *data;
} vt_initial;
#define VT_ZEROS          ((vt_initial){.kind = VT_INIT_CONSTANT})
#define VT_ONES           ((vt_initial){.kind = VT_INIT_CONSTANT, .value = 1})
#define VT_NORMAL(std)    ((vt_initial){.kind = VT_INIT_NORMAL, .value = (std)})
#define VT_TRUNCATED(std) ((vt_initial){.kind = VT_INIT_TRUNCATED, .value = (std)})
#define VT_KAIMING        ((vt_initial){.kind = VT_INIT_FAN_IN, .value = 2})
#define VT_XAVIER         ((vt_initial){.kind = VT_INIT_XAVIER, .value = 1})
#define VT_TORCH(inputs_) ((vt_initial){.kind = VT_INIT_TORCH, .inputs = (inputs_)})

/* ---- parameters ---- */

typedef struct vt_parameter {
  char *name;
  vt_tensor *value;      /* f32, stands alone; written in place by the optimiser, never while on a tape */
  vt_tensor *gradient;   /* sum of what backward passes added since the last step; NULL: none */
  vt_tensor *moments[2]; /* of the optimiser; NULL: none yet */
  vt_tensor *average;    /* exponential moving average of the value; NULL: none */
  bool state;            /* running statistics and the like: saved, never trained */
  bool frozen;
  double rate, decay; /* factors of the learning rate and of weight decay */
  int64_t steps;      /* how often the optimiser moved it */
} vt_parameter;

vt_status vt_parameters_new(vt_ctx *ctx, uint64_t seed, vt_parameters **out);
void vt_parameters_free(vt_parameters *parameters); /* accepts NULL */
/* What VT_INIT draws from; a parameter's numbers are a function of (seed, name). */
uint64_t vt_parameters_seed(const vt_parameters *parameters);
/* In order of making. */
int vt_parameters_count(const vt_parameters *parameters);
vt_parameter *vt_parameters_at(const vt_parameters *parameters, int index);
vt_parameter *vt_parameters_find(const vt_parameters *parameters, const char *name); /* NULL: none */
/* Adds one with this value (kept, shared), or replaces the value of the one there (same shape or an
 * error). */
vt_status vt_parameters_put(vt_ctx *ctx, vt_parameters *parameters, const char *name, const vt_tensor *value,
                            bool state);
/* Numbers in all of them that are not state; only trained ones if `trained`. */
int64_t vt_parameters_numbers(const vt_parameters *parameters, bool trained);

/* Groups by name pattern (glob: "blocks.*.attn.*"). The last pattern that fits a name holds, for those made
 * later too. */
typedef struct vt_parameter_group {
  const char *pattern; /* copied */
  bool frozen;
  double rate, decay; /* factors, 1 = as the optimiser says; negative: as earlier groups say */
} vt_parameter_group;
vt_status vt_parameters_group(vt_ctx *ctx, vt_parameters *parameters, const vt_parameter_group *group);
/* Forgets the last `count` groups. */
void vt_parameters_ungroup(vt_parameters *parameters, size_t count);
size_t vt_parameters_group_count(const vt_parameters *parameters);
/* Freezes all but those that fit one of the patterns; count 0: trains everything. */
vt_status vt_parameters_train_only(vt_ctx *ctx, vt_parameters *parameters, const char *const *patterns,
                                   int count);

/* Run after each optimiser step on the parameters that fit: unit rows, boxes, simplex … Borrowed. */
typedef vt_status (*vt_projection_fn)(vt_ctx *ctx, vt_parameter *parameter, const void *user);
vt_status vt_parameters_project(vt_ctx *ctx, vt_parameters *parameters, const char *pattern,
                                vt_projection_fn projection, const void *user);
vt_status vt_parameters_run_projections(vt_ctx *ctx, vt_parameters *parameters);
void vt_parameters_drop_gradients(vt_parameters *parameters);

/* ---- a run of model code ---- */

/* Looks at a named tensor; returns what goes on (NULL: the same). `occurrence` counts names met again. */
typedef vt_tensor *(*vt_hook_fn)(vt_ctx *ctx, void *user, const char *name, int occurrence, vt_tensor *value);

typedef struct vt_lora vt_lora;

typedef struct vt_run {
  vt_ctx *ctx;
  vt_parameters *parameters;
  bool training;       /* dropout on, batch statistics */
  bool locked;         /* asking for a parameter that does not exist is an error (loaded models) */
  uint64_t seed;       /* of dropout, noise */
  uint64_t step;       /* so that every step draws other numbers */
  uint64_t draws;      /* random layers met in this run; set to 0 by vt_run_begin() */
  vt_record *record;   /* recording: parameters become its constants, names its names; NULL: not */
  const vt_lora *lora; /* adapters on linear layers (nn/lora.h); NULL: none */
  vt_hook_fn hook;
  void *hook_user;
  struct vt_run_names *names; /* occurrences; made on first use, freed by vt_run_end() */
} vt_run;
void vt_run_begin(vt_run *run); /* before each forward: counters to 0 */
void vt_run_end(vt_run *run);

enum { VT_PATH = 128 };
typedef struct vt_scope {
  vt_run *run;
  char path[VT_PATH]; /* "" or "blocks.3.attn" */
} vt_scope;

vt_scope vt_root(vt_run *run);
/* A scope below: path + "." + the formatted name. A path that does not fit is a recorded failure. */
vt_scope vt_sub(vt_scope s, const char *format, ...) VT_PRINTF(2, 3);

/* The parameter of this name, made on first use. Another shape than it has is an error that names both. When
 * a tape records and the parameter is trained, it is a variable from here on. */
vt_tensor *vt_param(vt_scope s, const char *name, int rank, const int64_t *dims, vt_initial init);
/* The same for what is saved but not trained. */
vt_tensor *vt_state(vt_scope s, const char *name, int rank, const int64_t *dims, vt_initial init);
/* The parameter behind a state tensor, to be replaced with vt_state_write() at the end of a forward. */
void vt_state_write(vt_scope s, const char *name, const vt_tensor *value);

/* Names a tensor: hooks see "PATH.NAME" and may replace it. Use what it returns. */
vt_tensor *vt_name(vt_scope s, vt_tensor *x, const char *name);

/* Seed and stream for one random layer of this run: differs by step, by place and by call. */
typedef struct vt_noise {
  uint64_t seed, stream;
} vt_noise;
vt_noise vt_noise_of(vt_scope s, const char *purpose);

/* ---- one step backwards ---- */

/* Adds the gradients of a scalar loss, times `scale`, to the parameters that were asked for on this tape. */
vt_status vt_parameters_backward(vt_ctx *ctx, vt_parameters *parameters, vt_tape *tape, vt_tensor *loss,
                                 double scale);

#endif
