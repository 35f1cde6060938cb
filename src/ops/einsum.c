/* SPDX-License-Identifier: Apache-2.0
 *
 * Einsum. Operands are taken from left to right: labels that nobody needs any more are summed, then two
 * operands become one batched matrix product over [both and kept], [only left], [only right], [both and
 * summed].
 */
#include "ops/einsum.h"

#include "ops/families.h"
#include "ops/move.h"

enum { LETTERS = VT_EINSUM_LETTERS, LABELS = VT_EINSUM_LABELS };

static const vt_field einsum_fields[] = {
    {"equation", VT_FIELD_STRING, offsetof(vt_einsum_attributes, equation), .help = "as in \"bij,bjk->bik\"",
     .required = true},
};

/* ---- the equation ---- */

static int label_of(char c)
{
  if (c >= 'A' && c <= 'Z') return c - 'A';
  return c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1;
}

static vt_status bad_equation(vt_ctx *ctx, const vt_call *call, const char *why)
{
  const vt_einsum_attributes *attributes = call->attributes;
  return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "equation '%.200s': %s", attributes->equation, why);
}

/* Reads labels up to ',', "->" or the end. `ellipsis`: axes that "..." stands for, −1: only report `*dots`.
 * Returns the number of labels, −1 when the text is wrong or longer than VT_MAX_RANK. */
static int read_labels(const char **text, int ellipsis, int labels[VT_MAX_RANK], bool *dots)
{
  int count = 0;
  *dots = false;
  for (; **text && **text != ',' && **text != '-'; (*text)++) {
    int label = label_of(**text), more = 1;
    if (**text == ' ') continue;
    if (**text == '.') {
      if (*dots || strncmp(*text, "...", 3) != 0) return -1;
      *dots = true;
      *text += 2;
      label = LABELS - (ellipsis > 0 ? ellipsis : 0);
      more = ellipsis > 0 ? ellipsis : 0;
    } else if (label < 0) {
      return -1;
    }
    for (; more > 0; more--) {
      if (count == VT_MAX_RANK) return -1;
      labels[count++] = label++;
    }
  }
  return count;
}

vt_status vt_einsum_operand(vt_ctx *ctx, const vt_call *call, int index, const char **text, int *ellipsis,
                            int labels[VT_MAX_RANK])
{
  const char *start = *text;
  bool dots;
  int rank = call->inputs[index]->rank, letters = read_labels(text, 0, labels, &dots);
  if (letters < 0)
    return bad_equation(ctx, call, "only letters, '...', ',' and '->' are understood, 8 axes an operand");
  *ellipsis = rank - letters;
  if (*ellipsis < 0 || (*ellipsis > 0 && !dots)) {
    char shape[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "input %d is %s, the equation '%.200s' gives it %d labels", index,
                        vt_shape_text(call->inputs[index], shape),
                        ((const vt_einsum_attributes *)call->attributes)->equation, letters);
  }
  *text = start;
  read_labels(text, *ellipsis, labels, &dots);
  if ((index + 1 < call->input_count) != (**text == ','))
    return bad_equation(ctx, call, "it has another number of operands");
  if (**text == ',') (*text)++;
  return VT_OK;
}

static vt_status read_output(vt_ctx *ctx, const vt_call *call, const char *text, vt_einsum_equation *equation)
{
  bool dots;
  if (*text == '-') {
    if (text[1] != '>') return bad_equation(ctx, call, "'-' without '>'");
    text += 2;
    equation->out_count = read_labels(&text, equation->ellipsis, equation->out, &dots);
    if (equation->out_count < 0 || *text) return bad_equation(ctx, call, "what follows '->' cannot be read");
  } else { /* every label that stands alone, in the order of the alphabet */
    for (int i = 0; i < equation->ellipsis; i++)
      equation->out[equation->out_count++] = LABELS - equation->ellipsis + i;
    for (int label = 0; label < LETTERS; label++) {
      if (equation->uses[label] != 1) continue;
      if (equation->out_count == VT_MAX_RANK)
        return bad_equation(ctx, call, "the output has more than 8 axes");
      equation->out[equation->out_count++] = label;
    }
  }
  for (int i = 0; i < equation->out_count; i++) {
    int label = equation->out[i];
    if (equation->kept[label]) return bad_equation(ctx, call, "a label stands twice behind '->'");
    if (equation->last[label] < 0) return bad_equation(ctx, call, "a label behind '->' is not in the inputs");
    equation->kept[label] = true;
  }
  return VT_OK;
}

vt_status vt_einsum_read(vt_ctx *ctx, const vt_call *call, vt_einsum_equation *out)
{
  const vt_einsum_attributes *attributes = call->attributes;
  *out = (vt_einsum_equation){{0}};
  for (int label = 0; label < LABELS; label++) {
    out->dims[label] = 1;
    out->last[label] = -1;
  }
  if (!attributes->equation) return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "there is no equation");
  const char *text = attributes->equation;
  for (int i = 0; i < call->input_count; i++) {
    const vt_tensor *input = call->inputs[i];
    int labels[VT_MAX_RANK], ellipsis;
    VT_TRY(vt_einsum_operand(ctx, call, i, &text, &ellipsis, labels));
    if (ellipsis > out->ellipsis) out->ellipsis = ellipsis;
    for (int axis = 0; axis < input->rank; axis++) {
      int64_t *size = &out->dims[labels[axis]];
      if (*size != 1 && input->dims[axis] != 1 && *size != input->dims[axis])
        return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                            "axis %d of input %d is %lld, the same label was %lld before", axis, i,
                            (long long)input->dims[axis], (long long)*size);
      if (*size == 1) *size = input->dims[axis];
      out->uses[labels[axis]]++;
      out->last[labels[axis]] = i;
    }
  }
  return read_output(ctx, call, text, out);
}

static vt_status einsum_shape(vt_ctx *ctx, const vt_call *call)
{
  vt_einsum_equation equation;
  int64_t dims[VT_MAX_RANK];
  VT_TRY(vt_einsum_read(ctx, call, &equation));
  for (int i = 0; i < equation.out_count; i++)
    dims[i] = equation.dims[equation.out[i]];
  return vt_set_output(ctx, call, 0, call->inputs[0]->type, equation.out_count, dims);
}

/* ---- contraction ---- */

/* A strided view of an operand or of an intermediate product: one axis a label. */
typedef struct einsum_term {
  const void *data;
  vt_type type;
  int count;
  int labels[VT_MOVE_RANK];
  int64_t dims[VT_MOVE_RANK], strides[VT_MOVE_RANK];
} einsum_term;

static int find_label(const einsum_term *term, int label)
{
  for (int i = 0; i < term->count; i++)
    if (term->labels[i] == label) return i;
  return -1;
}

/* A label met twice in one operand walks its diagonal; a size of 1 repeats. */
static void make_term(const vt_tensor *input, const int *labels, const vt_einsum_equation *equation,
                      einsum_term *out)
{
  int64_t strides[VT_MAX_RANK];
  *out = (einsum_term){.data = input->data, .type = input->type};
  vt_strides(input, strides);
  for (int axis = 0; axis < input->rank; axis++) {
    int64_t stride = input->dims[axis] == 1 ? 0 : strides[axis];
    int at = find_label(out, labels[axis]);
    if (at < 0) {
      at = out->count++;
      out->labels[at] = labels[axis];
      out->dims[at] = equation->dims[labels[axis]];
    }
    out->strides[at] += stride;
  }
}

/* Labels of a matrix product by their part. */
typedef struct einsum_part {
  int count, labels[VT_MOVE_RANK];
  int64_t size; /* product of the sizes */
} einsum_part;

static vt_status part_add(vt_ctx *ctx, const vt_call *call, einsum_part *part, int label, int64_t dim)
{
  if (part->count == VT_MOVE_RANK || __builtin_mul_overflow(part->size, dim, &part->size))
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED,
                        "an intermediate product has too many axes or elements");
  part->labels[part->count++] = label;
  return VT_OK;
}

/* The term as a dense tensor [first, second, third]; no copy when it already lies so. */
static vt_status line_up(vt_ctx *ctx, const einsum_term *term, const einsum_part *const parts[3],
                         vt_tensor **out)
{
  int64_t dims[3] = {parts[0]->size, parts[1]->size, parts[2]->size}, step = 1;
  bool dense = true;
  vt_move move = {0};
  for (int p = 0; p < 3; p++)
    for (int i = 0; i < parts[p]->count; i++) {
      int at = find_label(term, parts[p]->labels[i]);
      vt_move_axis(&move, term->dims[at], 0, term->strides[at]);
    }
  for (int axis = move.rank - 1; axis >= 0; axis--) {
    dense &= move.dims[axis] == 1 || move.from_strides[axis] == step;
    step *= move.dims[axis];
  }
  *out = vt_tensor_empty(ctx);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_tensor_set_shape(ctx, *out, term->type, 3, dims));
  if (dense) {
    (*out)->data = (void *)(uintptr_t)term->data; /* only read */
    return VT_OK;
  }
  VT_TRY(vt_tensor_allocate(ctx, *out));
  vt_move_dense(&move);
  vt_move_run(ctx, &move, vt_type_size(term->type), (*out)->data, term->data);
  return VT_OK;
}

/* The result of a product: dense, labelled by the three parts in turn. */
static void relabel(const vt_tensor *product, const einsum_part *const parts[3],
                    const vt_einsum_equation *equation, einsum_term *out)
{
  *out = (einsum_term){.data = product->data, .type = product->type};
  for (int p = 0; p < 3; p++)
    for (int i = 0; i < parts[p]->count; i++) {
      out->labels[out->count] = parts[p]->labels[i];
      out->dims[out->count++] = equation->dims[parts[p]->labels[i]];
    }
  int64_t step = 1;
  for (int i = out->count - 1; i >= 0; i--) {
    out->strides[i] = step;
    step *= out->dims[i];
  }
}

static vt_status apply(vt_ctx *ctx, const vt_call *call, const char *name, vt_tensor *a, vt_tensor *b,
                       vt_tensor **out)
{
  vt_tensor *inputs[] = {a, b};
  *out = NULL;
  return vt_apply(ctx, vt_op_find("", name), NULL, call->node, 2, inputs, 1, out);
}

static bool needed(const vt_einsum_equation *equation, int label, int operand)
{
  return equation->kept[label] || equation->last[label] > operand;
}

/* Sums over the labels that stand neither in `other` nor on the right nor in an operand behind `operand`: a
 * product with a column of ones. */
static vt_status sum_unneeded(vt_ctx *ctx, const vt_call *call, const vt_einsum_equation *equation,
                              const einsum_term *other, int operand, einsum_term *term)
{
  einsum_part kept = {.size = 1}, summed = {.size = 1}, none = {.size = 1};
  for (int i = 0; i < term->count; i++) {
    bool stays =
        needed(equation, term->labels[i], operand) || (other && find_label(other, term->labels[i]) >= 0);
    VT_TRY(part_add(ctx, call, stays ? &kept : &summed, term->labels[i], term->dims[i]));
  }
  if (summed.count == 0) return VT_OK;
  vt_tensor *matrix, *sums, *ones = vt_tensor_new(ctx, term->type, 3, (int64_t[]){1, summed.size, 1});
  if (!ones) return vt_ctx_status(ctx);
  static const float one_f32 = 1;
  static const double one_f64 = 1;
  static const int64_t one_whole = 1; /* narrower types are its low bytes */
  const void *one = term->type == VT_F32   ? (const void *)&one_f32
                    : term->type == VT_F64 ? (const void *)&one_f64
                                           : &one_whole;
  vt_fill_elements(ones->data, summed.size, vt_type_size(term->type), one);
  VT_TRY(line_up(ctx, term, (const einsum_part *const[]){&none, &kept, &summed}, &matrix));
  VT_TRY(apply(ctx, call, "MatMul", matrix, ones, &sums));
  relabel(sums, (const einsum_part *const[]){&none, &kept, &none}, equation, term);
  return VT_OK;
}

/* a becomes the product of a and b; both have only labels that are needed, or common ones to be summed. */
static vt_status contract(vt_ctx *ctx, const vt_call *call, const vt_einsum_equation *equation, int operand,
                          einsum_term *a, const einsum_term *b)
{
  einsum_part batch = {.size = 1}, left = {.size = 1}, right = {.size = 1}, summed = {.size = 1};
  for (int i = 0; i < a->count; i++) {
    int label = a->labels[i];
    einsum_part *part = find_label(b, label) < 0           ? &left
                        : needed(equation, label, operand) ? &batch
                                                           : &summed;
    VT_TRY(part_add(ctx, call, part, label, a->dims[i]));
  }
  for (int i = 0; i < b->count; i++)
    if (find_label(a, b->labels[i]) < 0) VT_TRY(part_add(ctx, call, &right, b->labels[i], b->dims[i]));
  if (batch.count + left.count + right.count > VT_MOVE_RANK)
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "an intermediate product has more than %d axes",
                        VT_MOVE_RANK);
  vt_tensor *x, *y, *product;
  VT_TRY(line_up(ctx, a, (const einsum_part *const[]){&batch, &left, &summed}, &x));
  VT_TRY(line_up(ctx, b, (const einsum_part *const[]){&batch, &summed, &right}, &y));
  bool single = left.size == 1 && right.size == 1 && summed.size == 1; /* element by element */
  VT_TRY(apply(ctx, call, single ? "Mul" : "MatMul", x, y, &product));
  relabel(product, (const einsum_part *const[]){&batch, &left, &right}, equation, a);
  return VT_OK;
}

static vt_status contract_all(vt_ctx *ctx, const vt_call *call, const vt_einsum_equation *equation)
{
  const char *text = ((const vt_einsum_attributes *)call->attributes)->equation;
  vt_tensor *output = call->outputs[0];
  einsum_term all, next;
  for (int i = 0; i < call->input_count; i++) {
    int labels[VT_MAX_RANK], ellipsis;
    VT_TRY(vt_einsum_operand(ctx, call, i, &text, &ellipsis, labels));
    make_term(call->inputs[i], labels, equation, i == 0 ? &all : &next);
    if (i == 0) continue;
    VT_TRY(sum_unneeded(ctx, call, equation, &next, i - 1, &all));
    VT_TRY(sum_unneeded(ctx, call, equation, &all, i, &next));
    VT_TRY(contract(ctx, call, equation, i, &all, &next));
  }
  VT_TRY(sum_unneeded(ctx, call, equation, NULL, call->input_count - 1, &all));
  vt_move move = {0};
  for (int i = 0; i < equation->out_count; i++) {
    int at = find_label(&all, equation->out[i]);
    vt_move_axis(&move, all.dims[at], 0, all.strides[at]);
  }
  vt_move_dense(&move);
  vt_move_run(ctx, &move, vt_type_size(output->type), output->data, all.data);
  return VT_OK;
}

static vt_status einsum_run(vt_ctx *ctx, const vt_call *call)
{
  vt_einsum_equation equation;
  VT_TRY(vt_einsum_read(ctx, call, &equation));
  if (vt_count(call->outputs[0]) == 0) return VT_OK;
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = contract_all(ctx, call, &equation);
  vt_tensor_release(ctx, mark);
  return status;
}

/* One loop nest over all labels: exact for two operands, more than is done for several. */
static double einsum_flops(const vt_call *call)
{
  const char *text = ((const vt_einsum_attributes *)call->attributes)->equation;
  int64_t dims[LABELS] = {0};
  double nest = 2;
  for (int i = 0; i < call->input_count; i++, text += *text == ',') {
    const char *start = text;
    int labels[VT_MAX_RANK];
    bool dots;
    int ellipsis = call->inputs[i]->rank - read_labels(&text, 0, labels, &dots);
    text = start;
    read_labels(&text, ellipsis, labels, &dots);
    for (int axis = 0; axis < call->inputs[i]->rank; axis++)
      if (dims[labels[axis]] <= 1) dims[labels[axis]] = call->inputs[i]->dims[axis];
  }
  for (int label = 0; label < LABELS; label++)
    if (dims[label] > 0) nest *= (double)dims[label];
  return nest;
}

static const vt_op rows[] = {
    {.name = "Einsum",
     .since = 12,
     VT_INPUTS(1, VT_VARIADIC),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_einsum_attributes, einsum_fields),
     .types = {VT_FLOATS | VT_T(VT_I64) | VT_T(VT_I32)},
     .same_types = true,
     .shape = einsum_shape,
     .implementations = {{"plain", NULL, einsum_run}},
     .flops = einsum_flops,
     .backward = vt_einsum_backward,
     .saves = VT_SAVES_INPUTS},
};

const vt_op_family vt_ops_einsum = {rows, VT_COUNT(rows)};
