/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator table. An operator is one row: ONNX name, versions, attributes, shape rule, implementations.
 * Import, eager calls, plans, tests and docs read that row.
 *
 * A row has ONE form, that of opset 21 (axes as inputs, and so on); graph/versions.c lifts older nodes on
 * import. Rows stand at the foot of their family's file, families are listed in ops/table.c.
 */
#ifndef VT_OPS_OP_H
#define VT_OPS_OP_H

#include "base/params.h"
#include "tensor/tensor.h"

typedef struct vt_op vt_op;

/* One application of an operator. Nothing in it is owned by it. */
typedef struct vt_call {
  const vt_op *op;
  const void *attributes; /* the operator's attribute struct; NULL when it has none */
  const char *node;       /* node name for messages; "" for eager calls */
  int input_count, output_count;
  vt_tensor *const *inputs; /* NULL entry: left out. data == NULL: value not known (shape rules only) */
  vt_tensor **outputs;      /* NULL entry: output not wanted. Headers exist before the shape rule runs */
} vt_call;

/* Sets type and shape of the wanted outputs. May read input values; when it needs one whose data is NULL it
 * returns VT_ERROR_DATA_DEPENDENT without recording a failure (see vt_need_value). Checks everything that
 * depends on shapes and attributes, so that implementations need not. */
typedef vt_status (*vt_shape_fn)(vt_ctx *ctx, const vt_call *call);
/* Fills outputs that have shape and storage. Inputs all have data. May use vt_ctx_threads(ctx) threads; the
 * result must not depend on their number. */
typedef vt_status (*vt_run_fn)(vt_ctx *ctx, const vt_call *call);

/* Gradients of the wanted inputs from those of the outputs; see ops/gradient.h. */
struct vt_gradient;
typedef vt_status (*vt_backward_fn)(vt_ctx *ctx, const struct vt_gradient *gradient);

/* Bits of `saves`. */
#define VT_SAVES_INPUT(index)  (1u << (index)) /* index ≤ 7 */
#define VT_SAVES_INPUTS        0xffffu         /* all of them */
#define VT_SAVES_OUTPUT(index) (1u << (16 + (index)))
#define VT_SAVES_ALL           0xffffffffu

typedef struct vt_implementation {
  const char *name;                 /* "plain", "dnnl", "simd": printed by `vitrail profile` */
  bool (*can)(const vt_call *call); /* NULL: always */
  vt_run_fn run;
  bool channels_last; /* takes input 0 (Concat: every input) and gives its outputs so; backward too */
} vt_implementation;

/* Sets of types: 1u << VT_F32, … */
#define VT_T(type) (1u << (type))
#define VT_FLOATS  (VT_T(VT_F32) | VT_T(VT_F64))
#define VT_REALS   (VT_FLOATS | VT_T(VT_I64) | VT_T(VT_I32) | VT_T(VT_U8))
#define VT_NUMBERS (VT_REALS | VT_T(VT_I8) | VT_T(VT_U16) | VT_T(VT_I16) | VT_T(VT_U32) | VT_T(VT_U64))
#define VT_INDICES (VT_T(VT_I64) | VT_T(VT_I32))
#define VT_STORED  (VT_NUMBERS | VT_T(VT_BOOL) | VT_T(VT_F16) | VT_T(VT_BF16) | VT_T(VT_C64) | VT_T(VT_C128))

#define VT_OP_INPUTS          6
#define VT_OP_IMPLEMENTATIONS 4
#define VT_VARIADIC           1000

enum {
  VT_OP_RANDOM = 1,      /* output differs by seed: never folded, conformance compares shape and type only */
  VT_OP_ELEMENTWISE = 2, /* one output of the first input's shape, element by element */
  VT_OP_VIEW = 4,        /* output 0 has the bytes of input 0 in the same order: storage may be shared */
  VT_OP_NOT_REAL = 8,    /* no output is ever f32 or f64: there is nothing to differentiate */
  /* Layouts (ops/layout.h). Operators with neither flag are given row-major tensors and give them. */
  VT_OP_ANY_ORDER = 16,    /* with inputs broadcast to each other: axes may come in any order */
  VT_OP_CHANNELS_LAST = 32 /* channels-last in, channels-last out; some implementation has `channels_last` */
};

/* To add an operator: one row like this at the foot of its family's file, one case line in tests/ops/. */
struct vt_op {
  const char *name;
  const char *domain; /* NULL: ai.onnx */
  int since, last; /* opset versions of the ONNX name that import understands (after lifting); last 0: 21 */
  int min_inputs, max_inputs, min_outputs, max_outputs; /* max_inputs VT_VARIADIC: any number */
  size_t attributes_size;
  const vt_field *fields; /* attribute table; names as in ONNX */
  size_t field_count;
  uint32_t types[VT_OP_INPUTS]; /* taken, by input; inputs beyond the last non-zero entry use that one */
  bool same_types;              /* all inputs must have the type of input 0 */
  unsigned flags;
  vt_shape_fn shape;
  vt_implementation implementations[VT_OP_IMPLEMENTATIONS]; /* fastest first, the plain one last */
  double (*flops)(const vt_call *call); /* multiply-add = 2; NULL: one per output element */
  /* Gradient (ops/gradient.h). NULL: there is none, and `no_gradient` says why, for messages; operators
   * without real inputs or outputs (VT_OP_NOT_REAL) need neither. `saves`: whose values backward reads
   * (VT_SAVES_…), `saves_for[i]`: which more when the gradient of input i is wanted; of all others it gets
   * the shape alone. */
  vt_backward_fn backward;
  unsigned saves, saves_for[2];
  const char *no_gradient;
};

/* Parts of a row that most rows say alike. */
#define VT_INPUTS(least, most)  .min_inputs = least, .max_inputs = most
#define VT_OUTPUTS(least, most) .min_outputs = least, .max_outputs = most
#define VT_SETTINGS(type, table)                                                                             \
  .attributes_size = sizeof(type), .fields = table, .field_count = VT_COUNT(table)
#define VT_BACKWARD(function, saved) .backward = function, .saves = saved

typedef struct vt_op_family {
  const vt_op *ops;
  size_t count;
} vt_op_family;

/* All families (ops/table.c). */
extern const vt_op_family *const vt_op_families[];
extern const size_t vt_op_family_count;

/* Row by ONNX name and domain ("" and "ai.onnx" are the same). NULL: not in the table. */
const vt_op *vt_op_find(const char *domain, const char *name);

/* Set of element types (VT_T) that input `index` takes; 0: any. */
uint32_t vt_op_types(const vt_op *op, int index);

/* Checks counts and element types of a call against its row, then runs the shape rule. On failure names node,
 * operator and input. VT_ERROR_DATA_DEPENDENT is passed on without a record. */
vt_status vt_call_shape(vt_ctx *ctx, const vt_call *call);
/* The first implementation that can; the last one under vt_op_force_plain(). NULL never. */
const vt_implementation *vt_call_implementation(const vt_call *call);
/* Shape rule, storage, implementation: one eager call. Outputs are made in the context where `outputs[i]` is
 * NULL and i < min_outputs or wanted[i]; `wanted` NULL: the first min_outputs. */
vt_status vt_apply(vt_ctx *ctx, const vt_op *op, const void *attributes, const char *node, int input_count,
                   vt_tensor *const *inputs, int output_count, vt_tensor **outputs);
/* Hears of every successful vt_apply() of a context, whatever the types, as long as it stands in
 * ctx->recorder; calls that operators make of others are not told. A failure becomes that of vt_apply(). */
typedef struct vt_recorder {
  vt_status (*record)(vt_ctx *ctx, struct vt_recorder *recorder, const vt_call *call);
} vt_recorder;
/* Tells recorder and tape of a call that succeeded. Without a recorder its results bear no number that their
 * headers had in an older recording. */
vt_status vt_call_tell(vt_ctx *ctx, const vt_call *call);
/* Tests: run every operator by its plain loop, forward and backward. */
void vt_op_force_plain(bool on);
bool vt_op_plain_forced(void);
double vt_call_flops(const vt_call *call);

/* ---- helps for shape rules and kernels ---- */

/* VT_OK when input `index` is present with data, VT_ERROR_DATA_DEPENDENT when present
 * without, VT_OK when absent. */
vt_status vt_need_value(const vt_call *call, int index);
/* Input or NULL when absent or beyond the count. */
vt_tensor *vt_input(const vt_call *call, int index);
/* Output or NULL when not wanted. */
vt_tensor *vt_output(const vt_call *call, int index);
/* Records a failure that names the operator, its node and what is wrong. */
vt_status vt_call_fail(vt_ctx *ctx, const vt_call *call, vt_status status, const char *format, ...)
    VT_PRINTF(4, 5);
/* Output `index` gets this shape (nothing when it is not wanted). */
vt_status vt_set_output(vt_ctx *ctx, const vt_call *call, int index, vt_type type, int rank,
                        const int64_t *dims);
/* Integer list of a 1-D (or scalar) i64/i32 input into `out` (at most `max`); count in
 * `*count`, −1 when absent. */
vt_status vt_input_ints(vt_ctx *ctx, const vt_call *call, int index, int64_t *out, int max, int *count);

/* Ready-made shape rules. */
vt_status vt_shape_same(vt_ctx *ctx, const vt_call *call);      /* output 0 = type and shape of input 0 */
vt_status vt_shape_broadcast(vt_ctx *ctx, const vt_call *call); /* broadcast of all inputs, type of input 0 */
vt_status vt_shape_compare(vt_ctx *ctx, const vt_call *call);   /* the same, bool */

/* Runs body(first, last) over [0, count) split into chunks of `grain` on the context's threads. */
typedef void (*vt_range_fn)(void *user, int64_t first, int64_t last);
void vt_parallel(vt_ctx *ctx, int64_t count, int64_t grain, vt_range_fn body, void *user);

#endif
