/* SPDX-License-Identifier: Apache-2.0
 *
 * BitShift, BitwiseAnd, BitwiseOr, BitwiseXor, BitwiseNot on integers.
 */
#include "ops/elementwise.h"
#include "ops/families.h"

#define INTEGER_ENTRIES(name) VT_SIGNED_ENTRIES(name), VT_UNSIGNED_ENTRIES(name)

enum { SHIFT_LEFT, SHIFT_RIGHT };

typedef struct shift_settings {
  int direction;
} shift_settings;

static const vt_field shift_fields[] = {
    {.name = "direction",
     .kind = VT_FIELD_CHOICE,
     .offset = offsetof(shift_settings, direction),
     .fallback = "LEFT",
     .choices = "LEFT|RIGHT",
     .required = true,
     .help = "which way the bits move"},
};

/* Shifting by the width or more leaves 0. */
#define SHIFT_PROLOGUE const bool left = ((const shift_settings *)settings)->direction == SHIFT_LEFT
VT_UNSIGNED_LOOPS(VT_LOOP2, shift, SHIFT_PROLOGUE,
                  b >= 8 * sizeof(real) ? 0
                  : left                ? (uint64_t)a << b
                                        : (uint64_t)a >> b)
static const vt_loop shift_loops[VT_TYPE_COUNT] = {VT_UNSIGNED_ENTRIES(shift)};

static vt_status shift_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, shift_loops);
}

VT_SIGNED_LOOPS(VT_LOOP2, bit_and, VT_NOTHING, a &b)
VT_UNSIGNED_LOOPS(VT_LOOP2, bit_and, VT_NOTHING, a &b)
static const vt_loop and_loops[VT_TYPE_COUNT] = {INTEGER_ENTRIES(bit_and)};

static vt_status and_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, and_loops);
}

VT_SIGNED_LOOPS(VT_LOOP2, bit_or, VT_NOTHING, a | b)
VT_UNSIGNED_LOOPS(VT_LOOP2, bit_or, VT_NOTHING, a | b)
static const vt_loop or_loops[VT_TYPE_COUNT] = {INTEGER_ENTRIES(bit_or)};

static vt_status or_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, or_loops);
}

VT_SIGNED_LOOPS(VT_LOOP2, bit_xor, VT_NOTHING, a ^ b)
VT_UNSIGNED_LOOPS(VT_LOOP2, bit_xor, VT_NOTHING, a ^ b)
static const vt_loop xor_loops[VT_TYPE_COUNT] = {INTEGER_ENTRIES(bit_xor)};

static vt_status xor_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, xor_loops);
}

VT_SIGNED_LOOPS(VT_LOOP1, bit_not, VT_NOTHING, ~x)
VT_UNSIGNED_LOOPS(VT_LOOP1, bit_not, VT_NOTHING, ~(uint64_t)x)
static const vt_loop not_loops[VT_TYPE_COUNT] = {INTEGER_ENTRIES(bit_not)};

static vt_status not_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, not_loops);
}

#define UNSIGNED (VT_T(VT_U8) | VT_T(VT_U16) | VT_T(VT_U32) | VT_T(VT_U64))
#define INTEGERS (UNSIGNED | VT_T(VT_I8) | VT_T(VT_I16) | VT_T(VT_I32) | VT_T(VT_I64))

/* clang-format off */
#define ROW(operator, function)                                                                              \
  {                                                                                                          \
    .name = operator, .since = 18, VT_INPUTS(2, 2), VT_OUTPUTS(1, 1),                                        \
    .types = {INTEGERS}, .same_types = true, .flags = VT_OP_NOT_REAL, .shape = vt_shape_broadcast,           \
    .implementations = {{"plain", NULL, function}}                                                           \
  }

static const vt_op rows[] = {
    {
        .name = "BitShift", .since = 11, VT_INPUTS(2, 2), VT_OUTPUTS(1, 1),
        VT_SETTINGS(shift_settings, shift_fields),
        .types = {UNSIGNED}, .same_types = true, .flags = VT_OP_NOT_REAL, .shape = vt_shape_broadcast,
        .implementations = {{"plain", NULL, shift_run}},
    },
    ROW("BitwiseAnd", and_run),
    ROW("BitwiseOr", or_run),
    ROW("BitwiseXor", xor_run),
    {
        .name = "BitwiseNot", .since = 18, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),
        .types = {INTEGERS}, .flags = VT_OP_ELEMENTWISE | VT_OP_NOT_REAL, .shape = vt_shape_same,
        .implementations = {{"plain", NULL, not_run}},
    },
};
/* clang-format on */

const vt_op_family vt_ops_bitwise = {rows, VT_COUNT(rows)};
