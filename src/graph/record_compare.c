/* SPDX-License-Identifier: Apache-2.0
 *
 * Two recordings of one model at different sizes, laid side by side: they must be the same calls. What sizes
 * are open is told by the names of input axes.
 */
#include "graph/record_inside.h"

static vt_open_size *find_size(vt_record_build *build, const char *name)
{
  for (size_t i = 0; i < build->size_count; i++)
    if (strcmp(build->sizes[i].name, name) == 0) return &build->sizes[i];
  return NULL;
}

static vt_status note_size(vt_record_build *build, int input, int axis, const char *name, int64_t a,
                           int64_t b)
{
  vt_ctx *ctx = build->ctx;
  const vt_open_size *known = find_size(build, name);
  if (known && (known->a != a || known->b != b))
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "recording: the size '%s' is %lld and %lld at one place, %lld and %lld at axis %d of input "
        "'%s'",
        name, (long long)known->a, (long long)known->b, (long long)a, (long long)b, axis,
        build->record->values[build->record->inputs[input]].name);
  if (known) return VT_OK;
  if (a == b || a < 2 || b < 2)
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "recording: the open size '%s' was %lld and %lld; record it at two different sizes of 2 or "
        "more (a size of 1 is broadcast, which hides what depends on it)",
        name, (long long)a, (long long)b);
  VT_TRY(vt_grow(ctx, &build->sizes, &build->size_capacity, build->size_count, sizeof *build->sizes));
  build->sizes[build->size_count++] = (vt_open_size){name, a, b, input, axis, VT_NO_VALUE};
  return VT_OK;
}

static vt_status compare_inputs(vt_record_build *build)
{
  vt_ctx *ctx = build->ctx;
  const vt_record *a = build->record, *b = build->other;
  if (a->input_count != b->input_count || a->output_count != b->output_count)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "recording: %zu inputs and %zu outputs in one recording, %zu and %zu in the other",
                   a->input_count, a->output_count, b->input_count, b->output_count);
  for (size_t i = 0; i < a->input_count; i++) {
    const vt_value *x = &a->values[a->inputs[i]], *y = &b->values[b->inputs[i]];
    if (strcmp(x->name, y->name) != 0 || x->type != y->type || x->rank != y->rank)
      return vt_fail(
          ctx, VT_ERROR_INVALID_ARGUMENT,
          "recording: input %zu is '%s' (%s, %d dimensions) in one recording, '%s' (%s, %d) in the "
          "other",
          i, x->name, vt_type_name(x->type), x->rank, y->name, vt_type_name(y->type), y->rank);
    for (int axis = 0; axis < x->rank; axis++) {
      if (x->dim_names[axis])
        VT_TRY(note_size(build, (int)i, axis, x->dim_names[axis], x->dims[axis], y->dims[axis]));
      else if (x->dims[axis] != y->dims[axis])
        return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                       "recording: axis %d of input '%s' is %lld and %lld, but has no name: only named sizes "
                       "are open",
                       axis, x->name, (long long)x->dims[axis], (long long)y->dims[axis]);
    }
    build->partner[a->inputs[i]] = b->inputs[i];
  }
  return VT_OK;
}

static vt_status differ(vt_record_build *build, size_t node, const char *what)
{
  char text[160];
  return vt_fail(build->ctx, VT_ERROR_INVALID_ARGUMENT,
                 "recording: %s differs between the two recordings: %s",
                 vt_record_node_text(build->record, (int)node, text), what);
}

static vt_status compare_operands(vt_record_build *build, size_t i, const vt_node *x, const vt_node *y)
{
  const vt_record *a = build->record, *b = build->other;
  char what[128];
  if (x->input_count != y->input_count) return differ(build, i, "the number of inputs");
  for (int k = 0; k < x->input_count; k++) {
    int v = x->inputs[k], w = y->inputs[k];
    bool both = v != VT_NO_VALUE && w != VT_NO_VALUE;
    snprintf(what, sizeof what, "input %d comes from elsewhere", k);
    if (v == VT_NO_VALUE && w == VT_NO_VALUE) continue;
    if (!both || !a->values[v].constant != !b->values[w].constant) return differ(build, i, what);
    if (!a->values[v].constant && build->partner[v] != w) return differ(build, i, what);
    const char *name = a->values[v].name, *other_name = b->values[w].name;
    if (a->values[v].constant && name && (!other_name || strcmp(name, other_name) != 0))
      return differ(build, i, "a parameter has another name");
  }
  return VT_OK;
}

static vt_status compare_node(vt_record_build *build, size_t i, size_t j)
{
  const vt_node *x = &build->record->nodes[i], *y = &build->other->nodes[j];
  char what[160];
  if (x->op != y->op) {
    snprintf(what, sizeof what, "the other one calls %.100s there", y->op->name);
    return differ(build, i, what);
  }
  const vt_field *field =
      x->attributes ? vt_attributes_difference(x->op, x->attributes, y->attributes) : NULL;
  if (field) {
    snprintf(what, sizeof what, "attribute '%.60s'; attributes cannot depend on an open size", field->name);
    return differ(build, i, what);
  }
  VT_TRY(compare_operands(build, i, x, y));
  if (x->output_count != y->output_count) return differ(build, i, "the number of outputs");
  for (int k = 0; k < x->output_count; k++) {
    int v = x->outputs[k], w = y->outputs[k];
    if ((v == VT_NO_VALUE) != (w == VT_NO_VALUE)) return differ(build, i, "which outputs are made");
    if (v != VT_NO_VALUE) build->partner[v] = w;
  }
  return VT_OK;
}

vt_status vt_record_compare(vt_record_build *build)
{
  const vt_record *a = build->record, *b = build->other;
  for (size_t i = 0; i < a->value_count; i++)
    build->partner[i] = VT_NO_VALUE;
  VT_TRY(compare_inputs(build));
  size_t i = vt_record_next_live(a, build->live, 0), j = vt_record_next_live(b, build->other_live, 0);
  while (i < a->node_count && j < b->node_count) {
    VT_TRY(compare_node(build, i, j));
    i = vt_record_next_live(a, build->live, i + 1);
    j = vt_record_next_live(b, build->other_live, j + 1);
  }
  if (i < a->node_count) return differ(build, i, "the other one ends before it");
  if (j < b->node_count)
    return vt_fail(build->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "recording: the second recording goes on where the first one ends");
  for (size_t k = 0; k < a->output_count; k++)
    if (build->partner[a->outputs[k]] != b->outputs[k])
      return vt_fail(build->ctx, VT_ERROR_INVALID_ARGUMENT,
                     "recording: output '%s' is another value in the second recording",
                     a->values[a->outputs[k]].name);
  return VT_OK;
}
