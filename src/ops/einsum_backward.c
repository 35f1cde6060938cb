/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradient of Einsum: that of an operand is an einsum of the output's gradient and the other operands, with
 * the operand's labels on the right. Labels that only the operand has are summed there and therefore repeat
 * here; a label that it has twice leads along its diagonal, and everything beside it gets 0.
 */
#include "ops/einsum.h"
#include "ops/move.h"

typedef struct operand {
  int labels[VT_MAX_RANK];
} operand;

static const char letters[VT_EINSUM_LETTERS + 1] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Letters for labels, given out as they come; 0: all are in use. */
typedef struct alphabet {
  char of[VT_EINSUM_LABELS];
  int used;
} alphabet;

static bool add_label(vt_ctx *ctx, vt_text *text, alphabet *names, int label)
{
  if (!names->of[label]) {
    if (names->used == VT_EINSUM_LETTERS) return false;
    names->of[label] = letters[names->used++];
  }
  vt_text_add_bytes(ctx, text, &names->of[label], 1);
  return true;
}

/* The labels of operand `index` that the product of the others can have: in its order, each once, and not
 * those of size 1 that others stretch, which are summed. */
static int result_labels(const vt_call *call, const vt_einsum_equation *equation, const operand *operands,
                         int index, int out[VT_MAX_RANK])
{
  const vt_tensor *input = call->inputs[index];
  int count = 0;
  for (int axis = 0; axis < input->rank; axis++) {
    int label = operands[index].labels[axis];
    bool known = equation->kept[label], full = input->dims[axis] == equation->dims[label];
    for (int i = 0; i < call->input_count; i++)
      for (int other = 0; i != index && other < call->inputs[i]->rank; other++)
        known |= operands[i].labels[other] == label;
    for (int i = 0; i < count; i++)
      known &= out[i] != label;
    if (known && full) out[count++] = label;
  }
  return count;
}

/* Σ over all but `labels` of dy and the other operands. */
static vt_status product_of_others(vt_ctx *ctx, const vt_gradient *gradient,
                                   const vt_einsum_equation *equation, const operand *operands, int index,
                                   const int *labels, int count, vt_tensor **out)
{
  const vt_call *call = gradient->call;
  alphabet names = {{0}, 0};
  vt_text text = {0};
  bool fits = true;
  vt_status status;
  vt_tensor **factors = vt_alloc_zero(ctx, (size_t)call->input_count, sizeof *factors);
  if (!factors) return VT_ERROR_OUT_OF_MEMORY;
  int factor_count = 1;
  factors[0] = gradient->output_gradients[0];
  for (int i = 0; i < equation->out_count; i++)
    fits &= add_label(ctx, &text, &names, equation->out[i]);
  for (int i = 0; i < call->input_count; i++) {
    if (i == index) continue;
    factors[factor_count++] = call->inputs[i];
    vt_text_add(ctx, &text, ",");
    for (int axis = 0; axis < call->inputs[i]->rank; axis++)
      fits &= add_label(ctx, &text, &names, operands[i].labels[axis]);
  }
  vt_text_add(ctx, &text, "->");
  for (int i = 0; i < count; i++)
    fits &= add_label(ctx, &text, &names, labels[i]);
  if (!fits)
    status = vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "more than %d labels, counting those of '...'",
                          VT_EINSUM_LETTERS);
  else if (text.failed)
    status = VT_ERROR_OUT_OF_MEMORY;
  else
    status = vt_compute(ctx, "Einsum", &(vt_einsum_attributes){text.data}, factor_count, factors, out);
  vt_text_free(&text);
  vt_free(factors);
  return status;
}

/* `product`, with axes `labels`, into the gradient of an operand. */
static void place(vt_ctx *ctx, const vt_tensor *product, const int *labels, int count,
                  const operand *operand_labels, const vt_einsum_equation *equation, vt_tensor *made)
{
  int64_t from[VT_MAX_RANK], to[VT_MAX_RANK];
  bool diagonal = false, seen[VT_EINSUM_LABELS] = {false};
  vt_move move = {0};
  vt_strides(product, from);
  vt_strides(made, to);
  for (int axis = 0; axis < made->rank; axis++) {
    int label = operand_labels->labels[axis];
    if (seen[label]) {
      diagonal = true;
      continue;
    }
    seen[label] = true;
    int64_t to_stride = 0, from_stride = 0, dim = 1;
    for (int other = axis; other < made->rank; other++)
      if (operand_labels->labels[other] == label && made->dims[other] != 1) {
        to_stride += to[other];
        dim = equation->dims[label];
      }
    for (int i = 0; i < count; i++)
      if (labels[i] == label && product->dims[i] != 1) from_stride = from[i];
    vt_move_axis(&move, dim, to_stride, from_stride);
  }
  if (diagonal) memset(made->data, 0, vt_bytes(made));
  vt_move_run(ctx, &move, vt_type_size(made->type), made->data, product->data);
}

static vt_status operand_gradient(vt_ctx *ctx, const vt_gradient *gradient,
                                  const vt_einsum_equation *equation, const operand *operands, int index)
{
  int labels[VT_MAX_RANK];
  vt_tensor *product, *made = vt_gradient_new(ctx, gradient, index);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  if (vt_count(made) == 0) return VT_OK;
  int count = result_labels(gradient->call, equation, operands, index, labels);
  VT_TRY(product_of_others(ctx, gradient, equation, operands, index, labels, count, &product));
  place(ctx, product, labels, count, &operands[index], equation, made);
  return VT_OK;
}

vt_status vt_einsum_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_call *call = gradient->call;
  const char *text = ((const vt_einsum_attributes *)call->attributes)->equation;
  vt_einsum_equation equation;
  VT_TRY(vt_einsum_read(ctx, call, &equation));
  operand *operands = vt_alloc_zero(ctx, (size_t)call->input_count, sizeof *operands);
  if (!operands) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  for (int i = 0; i < call->input_count && status == VT_OK; i++) {
    int ellipsis;
    status = vt_einsum_operand(ctx, call, i, &text, &ellipsis, operands[i].labels);
  }
  for (int i = 0; i < call->input_count && status == VT_OK; i++)
    if (gradient->wanted[i]) status = operand_gradient(ctx, gradient, &equation, operands, i);
  vt_free(operands);
  return status;
}
