/* SPDX-License-Identifier: Apache-2.0
 *
 * Constants that follow the open sizes, computed in the graph. An integer that was c·s in both recordings, s
 * being a size or a product of two, is c·s; since every size differs between the recordings, other numbers do
 * not pass for one.
 */
#include "graph/draft.h"
#include "graph/record_inside.h"

/* factor · first · second; sizes NULL where there are none. */
typedef struct expression {
  int64_t factor;
  vt_open_size *first, *second;
} expression;

typedef struct operand {
  vt_record_build *build;
  int node, input;
  const vt_tensor *a, *b;
} operand;

static vt_status unexplained(const operand *o, const char *why)
{
  char text[160], a[160], b[160];
  return vt_fail(
      o->build->ctx, VT_ERROR_INVALID_ARGUMENT,
      "recording: input %d of %s is a constant that differs between the two recordings (%s and %s): "
      "%s; compute it by operators from the inputs",
      o->input, vt_record_node_text(o->build->record, o->node, text), vt_shape_text(o->a, a),
      vt_shape_text(o->b, b), why);
}

static bool divides(int64_t a, int64_t b, int64_t unit_a, int64_t unit_b, int64_t *factor)
{
  if (a == 0 || unit_a == 0 || unit_b == 0 || a % unit_a || b % unit_b || a / unit_a != b / unit_b)
    return false;
  *factor = a / unit_a;
  return true;
}

static vt_status explain(const operand *o, int64_t a, int64_t b, expression *out)
{
  *out = (expression){.factor = a};
  if (a == b) return VT_OK;
  vt_open_size *sizes = o->build->sizes;
  size_t count = o->build->size_count;
  int found = 0;
  int64_t factor;
  for (size_t i = 0; i < count; i++)
    if (divides(a, b, sizes[i].a, sizes[i].b, &factor) && ++found)
      *out = (expression){factor, &sizes[i], NULL};
  for (size_t i = 0; i < count && !found; i++)
    for (size_t j = i; j < count; j++)
      if (divides(a, b, sizes[i].a * sizes[j].a, sizes[i].b * sizes[j].b, &factor) && ++found)
        *out = (expression){factor, &sizes[i], &sizes[j]};
  char why[160];
  if (found == 1) return VT_OK;
  snprintf(why, sizeof why, "%lld and %lld are %s", (long long)a, (long long)b,
           found ? "multiples of several open sizes; record sizes with other ratios"
                 : "no common multiple of an open size or of two");
  return unexplained(o, why);
}

/* ---- nodes ---- */

static vt_status call(const operand *o, const char *op, const char *attributes, int count, const int *inputs,
                      int *out)
{
  return vt_graph_add_call(o->build->ctx, o->build->graph, op, attributes, "open_size", count, inputs, out);
}

static vt_status number(const operand *o, int64_t value, int rank, int *out)
{
  return vt_graph_add_integers(o->build->ctx, o->build->graph, "constant", VT_I64, rank, 1, &value, out);
}

static vt_status size_value(const operand *o, vt_open_size *size, int *out)
{
  vt_record_build *build = o->build;
  if (size->value == VT_NO_VALUE) {
    char attributes[64], name[96];
    int input = build->graph->inputs[size->input];
    snprintf(attributes, sizeof attributes, "start=%d end=%d", size->axis, size->axis + 1);
    snprintf(name, sizeof name, "size_of_%.80s", size->name);
    VT_TRY(vt_graph_add_call(build->ctx, build->graph, "Shape", attributes, name, 1, &input, &size->value));
  }
  *out = size->value;
  return VT_OK;
}

/* A list of one i64. */
static vt_status expression_value(const operand *o, const expression *e, int *out)
{
  int operands[2];
  if (!e->first) return number(o, e->factor, 1, out);
  VT_TRY(size_value(o, e->first, out));
  if (e->second) {
    operands[0] = *out;
    VT_TRY(size_value(o, e->second, &operands[1]));
    VT_TRY(call(o, "Mul", NULL, 2, operands, out));
  }
  if (e->factor == 1) return VT_OK;
  operands[0] = *out;
  VT_TRY(number(o, e->factor, 1, &operands[1]));
  return call(o, "Mul", NULL, 2, operands, out);
}

/* A list of i64 that is a[] in one recording and b[] in the other. */
static vt_status list_value(const operand *o, const int64_t *a, const int64_t *b, int count, int *out)
{
  vt_ctx *ctx = o->build->ctx;
  int *parts = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *parts), part_count = 0;
  vt_status status = parts ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < count && status == VT_OK; part_count++) {
    int fixed = i;
    while (fixed < count && a[fixed] == b[fixed])
      fixed++;
    expression e;
    if (fixed > i) {
      status = vt_graph_add_integers(ctx, o->build->graph, "constant", VT_I64, 1, fixed - i, a + i,
                                     &parts[part_count]);
      i = fixed;
    } else if ((status = explain(o, a[i], b[i], &e)) == VT_OK) {
      status = expression_value(o, &e, &parts[part_count]);
      i++;
    }
  }
  if (status == VT_OK && part_count == 1)
    *out = parts[0];
  else if (status == VT_OK)
    status = call(o, "Concat", "axis=0", part_count, parts, out);
  vt_free(parts);
  return status;
}

static vt_status as_type(const operand *o, int *value)
{
  return o->a->type == VT_I32 ? call(o, "Cast", "to=6", 1, (int[]){*value}, value) : VT_OK;
}

/* ---- kinds of constants ---- */

enum { LONGEST_LIST = 64 };

/* Reshape says in its own words what stays: 0 for the size of the same axis, −1 for the only other one. */
static bool reshape_target(const operand *o, int64_t *target)
{
  const vt_record *record = o->build->record, *other = o->build->other;
  const vt_node *node = &record->nodes[o->node];
  if (node->op != vt_op_find(NULL, "Reshape") || o->input != 1 || o->a->rank != 1) return false;
  if (vt_attribute_number(node, "allowzero", 0) != 0) return false;
  const vt_value *x = &record->values[node->inputs[0]];
  const vt_value *y = x->constant ? NULL : &other->values[o->build->partner[node->inputs[0]]];
  int unknown = 0;
  for (int64_t i = 0; i < vt_count(o->a); i++) {
    int64_t a = vt_get_i64(o->a, i), b = vt_get_i64(o->b, i);
    target[i] = a;
    if (a == -1) unknown++;
    if (a == b) continue;
    bool kept = y && i < x->rank && i < y->rank && x->dims[i] == a && y->dims[i] == b;
    target[i] = kept ? 0 : -1;
    unknown += !kept;
  }
  return unknown <= 1;
}

static vt_status open_list(const operand *o, int *out)
{
  int64_t a[LONGEST_LIST], b[LONGEST_LIST];
  int64_t count = vt_count(o->a);
  if (o->a->rank > 1 || count > LONGEST_LIST)
    return unexplained(o, "only short lists of integers are computed");
  if (reshape_target(o, a))
    return vt_graph_add_integers(o->build->ctx, o->build->graph, "constant", VT_I64, 1, count, a, out);
  for (int64_t i = 0; i < count; i++) {
    a[i] = vt_get_i64(o->a, i);
    b[i] = vt_get_i64(o->b, i);
  }
  VT_TRY(list_value(o, a, b, (int)count, out));
  if (o->a->rank == 0) VT_TRY(call(o, "Squeeze", NULL, 1, (int[]){*out}, out));
  return as_type(o, out);
}

/* start, start + step, … in both recordings, of different lengths. */
static bool is_progression(const operand *o, int64_t *start, int64_t *step)
{
  if (o->a->rank != 1 || o->b->rank != 1 || vt_count(o->a) < 2 || vt_count(o->b) < 2) return false;
  *start = vt_get_i64(o->a, 0);
  *step = vt_get_i64(o->a, 1) - *start;
  const vt_tensor *both[] = {o->a, o->b};
  for (int k = 0; k < 2; k++)
    for (int64_t i = 0; i < vt_count(both[k]); i++)
      if (vt_get_i64(both[k], i) != *start + i * *step) return false;
  return *step != 0;
}

static vt_status open_progression(const operand *o, int64_t start, int64_t step, int *out)
{
  int ends[3], limit[2];
  expression length;
  VT_TRY(explain(o, vt_count(o->a), vt_count(o->b), &length));
  length.factor *= step;
  VT_TRY(expression_value(o, &length, &limit[0]));
  if (start) {
    VT_TRY(number(o, start, 1, &limit[1]));
    VT_TRY(call(o, "Add", NULL, 2, limit, &limit[0]));
  }
  VT_TRY(number(o, start, 0, &ends[0]));
  VT_TRY(call(o, "Squeeze", NULL, 1, limit, &ends[1]));
  VT_TRY(number(o, step, 0, &ends[2]));
  VT_TRY(call(o, "Range", NULL, 3, ends, out));
  return as_type(o, out);
}

/* The part of `tensor` with index 0 along the axes where `dims` is 1. */
static vt_status cut(vt_ctx *ctx, const vt_tensor *tensor, const int64_t *dims, vt_tensor **out)
{
  vt_tensor *part;
  VT_TRY(vt_tensor_new_alone(ctx, tensor->type, tensor->rank, dims, &part));
  size_t element = vt_type_size(tensor->type);
  int64_t strides[VT_MAX_RANK];
  vt_strides(tensor, strides);
  for (int64_t i = 0; i < vt_count(part); i++) {
    int64_t rest = i, from = 0;
    for (int axis = tensor->rank - 1; axis >= 0; axis--) {
      from += rest % dims[axis] * strides[axis];
      rest /= dims[axis];
    }
    memcpy((char *)part->data + (size_t)i * element, (const char *)tensor->data + (size_t)from * element,
           element);
  }
  *out = part;
  return VT_OK;
}

/* Whether every element is that of `part` at the same place, repeated along axes of 1. */
static bool repeats(const vt_tensor *tensor, const vt_tensor *part)
{
  size_t element = vt_type_size(tensor->type);
  int64_t strides[VT_MAX_RANK];
  vt_broadcast_strides(part, tensor->rank, tensor->dims, strides);
  for (int64_t i = 0; i < vt_count(tensor); i++) {
    int64_t rest = i, from = 0;
    for (int axis = tensor->rank - 1; axis >= 0; axis--) {
      from += rest % tensor->dims[axis] * strides[axis];
      rest /= tensor->dims[axis];
    }
    if (memcmp((const char *)part->data + (size_t)from * element,
               (const char *)tensor->data + (size_t)i * element, element) != 0)
      return false;
  }
  return true;
}

/* The same part repeated more or less often along some axes: an Expand of that part. */
static vt_status open_repeated(const operand *o, int *out)
{
  vt_ctx *ctx = o->build->ctx;
  int64_t dims[VT_MAX_RANK];
  for (int axis = 0; axis < o->a->rank; axis++) {
    dims[axis] = o->a->dims[axis] == o->b->dims[axis] ? o->a->dims[axis] : 1;
    if (o->a->dims[axis] == 0 || o->b->dims[axis] == 0) return unexplained(o, "one of them is empty");
  }
  vt_tensor *part;
  int operands[2];
  VT_TRY(cut(ctx, o->a, dims, &part));
  vt_status status = repeats(o->a, part) && repeats(o->b, part)
                         ? vt_graph_add_fresh(ctx, o->build->graph, "constant", &operands[0])
                         : unexplained(o, "it is not the same numbers repeated");
  if (status != VT_OK) {
    vt_tensor_free(part);
    return status;
  }
  vt_graph_set_constant(o->build->graph, operands[0], part);
  VT_TRY(list_value(o, o->a->dims, o->b->dims, o->a->rank, &operands[1]));
  return call(o, "Expand", NULL, 2, operands, out);
}

vt_status vt_record_open_constant(vt_record_build *build, int node, int input, const vt_tensor *a,
                                  const vt_tensor *b, int *out)
{
  operand o = {build, node, input, a, b};
  bool integers = VT_INDICES & VT_T(a->type);
  int64_t start, step;
  if (build->record->values[build->record->nodes[node].inputs[input]].name)
    return unexplained(&o, "it has a name, and a parameter is the same at every size");
  if (a->type != b->type || a->rank != b->rank) return unexplained(&o, "types or ranks are not the same");
  if (integers && vt_same_shape(a, b)) return open_list(&o, out);
  if (vt_same_shape(a, b)) return unexplained(&o, "numbers that are no integers cannot follow a size");
  if (integers && is_progression(&o, &start, &step)) return open_progression(&o, start, step, out);
  return open_repeated(&o, out);
}
