/* SPDX-License-Identifier: Apache-2.0
 *
 * Short calls for operator tests:
 *
 *   vt_tensor *y = op_run(ctx, "LeakyRelu", "alpha=0.1", op_f32(ctx, SHAPE(2, 2), -1, 2, -3, 4));
 *   op_expect(y, VT_F32, SHAPE(2, 2), 1e-7, -0.1, 2, -0.3, 4);
 *
 * Attributes are written "name=value;name=value". A test listed with op_test() finds its context in *state
 * and fails when memory is left over.
 */
#ifndef VT_TESTS_OPS_OP_CASE_H
#define VT_TESTS_OPS_OP_CASE_H

#include <math.h>

#include "test.h"

#include "base/context.h"
#include "ops/op.h"

typedef struct op_shape {
  int rank;
  int64_t dims[VT_MAX_RANK];
} op_shape;

#define SHAPE(...) ((op_shape){(int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {__VA_ARGS__}})
#define SCALAR     ((op_shape){0})
#define NO_VALUES  0 /* where the shape has a size 0 */
#define OP_VALUES(...)                                                                                       \
  (const double[]){__VA_ARGS__}, (int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double))
#define OP_LIST(...)                                                                                         \
  (vt_tensor *[]){__VA_ARGS__}, (int)(sizeof((vt_tensor *[]){__VA_ARGS__}) / sizeof(vt_tensor *))

/* A tensor with its values in row-major order; one value alone fills the whole tensor. */
#define op_tensor(ctx, type, shape, ...) op_tensor_of(ctx, type, shape, OP_VALUES(__VA_ARGS__))
#define op_f32(ctx, shape, ...)          op_tensor(ctx, VT_F32, shape, __VA_ARGS__)
#define op_f64(ctx, shape, ...)          op_tensor(ctx, VT_F64, shape, __VA_ARGS__)
#define op_i64(ctx, shape, ...)          op_tensor(ctx, VT_I64, shape, __VA_ARGS__)
#define op_i32(ctx, shape, ...)          op_tensor(ctx, VT_I32, shape, __VA_ARGS__)
#define op_u8(ctx, shape, ...)           op_tensor(ctx, VT_U8, shape, __VA_ARGS__)
#define op_bool(ctx, shape, ...)         op_tensor(ctx, VT_BOOL, shape, __VA_ARGS__)

/* Output 0 of one eager call that must succeed. NULL stands for an input left out. */
#define op_run(ctx, name, attributes, ...) op_run_one(ctx, name, attributes, __LINE__, OP_LIST(__VA_ARGS__))
/* The same for operators without inputs; `value` goes to the attribute of kind tensor, if any. */
#define op_make(ctx, name, attributes, value) op_make_one(ctx, name, attributes, value, __LINE__)
/* The first `wanted` outputs into `outputs` (an array of vt_tensor *); the call must succeed. */
#define op_run_all(ctx, name, attributes, outputs, wanted, ...)                                              \
  assert_ok(ctx, op_call(ctx, name, attributes, NULL, outputs, wanted, OP_LIST(__VA_ARGS__)))
/* Status of one call, for assert_fails(). */
#define op_try(ctx, name, attributes, ...)                                                                   \
  op_call(ctx, name, attributes, NULL, (vt_tensor *[1]){NULL}, 1, OP_LIST(__VA_ARGS__))
/* Type, shape and values; |a − b| ≤ tolerance · max(1, |b|), NaN equals NaN, infinities by sign. */
#define op_expect(tensor, type, shape, tolerance, ...)                                                       \
  op_expect_values(tensor, type, shape, tolerance, __LINE__, OP_VALUES(__VA_ARGS__))
/* The fast implementation and the plain loop on the same inputs: output 0 within `tolerance` as above. */
#define op_agree(ctx, name, attributes, tolerance, ...)                                                      \
  op_agree_with(ctx, name, attributes, tolerance, __LINE__, OP_LIST(__VA_ARGS__))

/* The row of "NAME", or of our own domain as "vt.NAME"; NULL: none. */
static inline const vt_op *op_named(const char *name)
{
  bool own = strncmp(name, "vt.", 3) == 0;
  return vt_op_find(own ? "vt" : NULL, own ? name + 3 : name);
}

static inline void op_put(vt_tensor *tensor, int64_t index, double value)
{
  switch (tensor->type) {
  case VT_F32:
    ((float *)tensor->data)[index] = (float)value;
    return;
  case VT_F64:
    ((double *)tensor->data)[index] = value;
    return;
  case VT_I64:
    ((int64_t *)tensor->data)[index] = (int64_t)value;
    return;
  case VT_I32:
    ((int32_t *)tensor->data)[index] = (int32_t)value;
    return;
  case VT_I16:
    ((int16_t *)tensor->data)[index] = (int16_t)value;
    return;
  case VT_I8:
    ((int8_t *)tensor->data)[index] = (int8_t)value;
    return;
  case VT_U64:
    ((uint64_t *)tensor->data)[index] = (uint64_t)value;
    return;
  case VT_U32:
    ((uint32_t *)tensor->data)[index] = (uint32_t)value;
    return;
  case VT_U16:
    ((uint16_t *)tensor->data)[index] = (uint16_t)value;
    return;
  case VT_U8:
    ((uint8_t *)tensor->data)[index] = (uint8_t)value;
    return;
  case VT_BOOL:
    ((uint8_t *)tensor->data)[index] = value != 0;
    return;
  case VT_F16:
    ((uint16_t *)tensor->data)[index] = vt_f32_to_f16((float)value);
    return;
  case VT_BF16:
    ((uint16_t *)tensor->data)[index] = vt_f32_to_bf16((float)value);
    return;
  case VT_C64:
    ((float *)tensor->data)[2 * index] = (float)value, ((float *)tensor->data)[2 * index + 1] = 0;
    return;
  case VT_C128:
    ((double *)tensor->data)[2 * index] = value, ((double *)tensor->data)[2 * index + 1] = 0;
    return;
  default:
    fail_msg("op_put: type %s", vt_type_name(tensor->type));
  }
}

static inline vt_tensor *op_tensor_of(vt_ctx *ctx, vt_type type, op_shape shape, const double *values,
                                      int64_t count)
{
  vt_tensor *tensor = vt_tensor_new(ctx, type, shape.rank, shape.dims);
  if (!tensor) fail_msg("op_tensor: %s", vt_ctx_message(ctx));
  int64_t elements = vt_count(tensor);
  if (elements > 0 && count != 1 && count != elements)
    fail_msg("op_tensor: %lld values for %lld elements", (long long)count, (long long)elements);
  for (int64_t i = 0; i < elements; i++)
    op_put(tensor, i, values[count == 1 ? 0 : i]);
  return tensor;
}

/* Numbers of a fixed stream, uniform in [low, high). */
static inline vt_tensor *op_uniform(vt_ctx *ctx, vt_type type, op_shape shape, double low, double high,
                                    uint64_t seed)
{
  vt_tensor *tensor = vt_tensor_new(ctx, type, shape.rank, shape.dims);
  if (!tensor) fail_msg("op_uniform: %s", vt_ctx_message(ctx));
  for (int64_t i = 0, count = vt_count(tensor); i < count; i++)
    op_put(tensor, i, low + (high - low) * vt_random_uniform(seed, 1, (uint64_t)i));
  return tensor;
}

/* One eager call; the first field of kind TENSOR gets `value` when that is not NULL. */
static inline vt_status op_call(vt_ctx *ctx, const char *name, const char *attributes, vt_tensor *value,
                                vt_tensor **outputs, int wanted, vt_tensor *const *inputs, int input_count)
{
  const vt_op *op = op_named(name);
  if (!op) fail_msg("operator %s is not in the table", name);
  _Alignas(16) unsigned char settings[512];
  assert_true(op->attributes_size <= sizeof settings);
  assert_ok(ctx, vt_params_defaults(ctx, op->fields, op->field_count, settings, op->attributes_size));
  vt_status status = VT_OK;
  for (const char *start = attributes ? attributes : ""; *start && status == VT_OK;) {
    char piece[256];
    size_t length = strcspn(start, ";");
    assert_true(length < sizeof piece);
    memcpy(piece, start, length);
    piece[length] = 0;
    start += length + (start[length] == ';');
    char *equals = strchr(piece, '=');
    if (!equals) fail_msg("attribute '%s' is not name=value", piece);
    *equals = 0;
    status = vt_params_set(ctx, op->fields, op->field_count, settings, piece, equals + 1);
  }
  for (size_t i = 0; value && i < op->field_count; i++)
    if (op->fields[i].kind == VT_FIELD_TENSOR) {
      memcpy(settings + op->fields[i].offset, &value, sizeof value);
      break;
    }
  for (int i = 0; i < wanted && status == VT_OK; i++)
    if (!(outputs[i] = vt_tensor_empty(ctx))) status = VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK)
    status = vt_apply(ctx, op, settings, "under test", input_count, inputs, wanted, outputs);
  vt_params_free(op->fields, op->field_count, settings);
  return status;
}

static inline vt_tensor *op_run_one(vt_ctx *ctx, const char *name, const char *attributes, int line,
                                    vt_tensor *const *inputs, int input_count)
{
  vt_tensor *output = NULL;
  if (op_call(ctx, name, attributes, NULL, &output, 1, inputs, input_count) != VT_OK)
    fail_msg("line %d: %s: %s", line, name, vt_ctx_message(ctx));
  return output;
}

static inline vt_tensor *op_make_one(vt_ctx *ctx, const char *name, const char *attributes, vt_tensor *value,
                                     int line)
{
  vt_tensor *output = NULL;
  if (op_call(ctx, name, attributes, value, &output, 1, NULL, 0) != VT_OK)
    fail_msg("line %d: %s: %s", line, name, vt_ctx_message(ctx));
  return output;
}

static inline void op_expect_near(double found, double wanted, double tolerance, int64_t index, int line)
{
  if (isnan(wanted) ? isnan(found) : found == wanted) return;
  double scale = fabs(wanted) > 1 ? fabs(wanted) : 1;
  if (!(fabs(found - wanted) <= tolerance * scale) || isinf(wanted))
    fail_msg("line %d: element %lld is %.9g instead of %.9g (tolerance %g)", line, (long long)index, found,
             wanted, tolerance);
}

static inline void op_expect_values(const vt_tensor *tensor, vt_type type, op_shape shape, double tolerance,
                                    int line, const double *values, int64_t count)
{
  vt_tensor wanted = {.type = type, .rank = shape.rank};
  memcpy(wanted.dims, shape.dims, sizeof wanted.dims);
  char found_text[160], wanted_text[160];
  if (tensor->type != type || !vt_same_shape(tensor, &wanted))
    fail_msg("line %d: %s instead of %s", line, vt_shape_text(tensor, found_text),
             vt_shape_text(&wanted, wanted_text));
  int64_t elements = vt_count(tensor);
  if (elements > 0 && count != 1 && count != elements)
    fail_msg("line %d: %lld values for %lld elements", line, (long long)count, (long long)elements);
  for (int64_t i = 0; i < elements; i++)
    op_expect_near(vt_get_f64(tensor, i), values[count == 1 ? 0 : i], tolerance, i, line);
}

static inline void op_agree_with(vt_ctx *ctx, const char *name, const char *attributes, double tolerance,
                                 int line, vt_tensor *const *inputs, int input_count)
{
  vt_tensor *fast = op_run_one(ctx, name, attributes, line, inputs, input_count);
  vt_op_force_plain(true);
  vt_tensor *plain = op_run_one(ctx, name, attributes, line, inputs, input_count);
  vt_op_force_plain(false);
  assert_true(fast->type == plain->type && vt_same_shape(fast, plain));
  for (int64_t i = 0, count = vt_count(fast); i < count; i++)
    op_expect_near(vt_get_f64(fast, i), vt_get_f64(plain, i), tolerance, i, line);
}

/* The context of a test is a child, so that its parent's count shows what was not given back. */
static inline int op_setup(void **state)
{
  vt_ctx *parent = vt_ctx_new();
  if (!parent) return -1;
  vt_ctx *ctx = vt_ctx_child(parent);
  if (!ctx) return -1;
  vt_ctx_set_threads(ctx, 2);
  *state = ctx;
  return 0;
}

static inline int op_teardown(void **state)
{
  vt_ctx *ctx = *state;
  vt_ctx *parent = (vt_ctx *)(uintptr_t)ctx->parent; /* made by op_setup, so ours to free */
  vt_ctx_free(ctx);
  bool leaks = vt_ctx_memory_in_use(parent) != 0;
  vt_ctx_free(parent);
  return leaks ? -1 : 0;
}

/* One test in the group's array. */
#define op_test(function) cmocka_unit_test_setup_teardown(function, op_setup, op_teardown)

#endif
