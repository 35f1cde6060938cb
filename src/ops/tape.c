/* SPDX-License-Identifier: Apache-2.0
 *
 * Recording calls and walking them backwards.
 */
#include "ops/tape.h"

#include <stdatomic.h>

#include "base/context.h"
#include "ops/layout.h"

enum { NOT_A_VARIABLE = -1 };

typedef struct tape_node {
  vt_call call; /* its tensors are headers of the tape's, with data where backward reads it */
  const vt_rule *rule;
  vt_tensor *headers; /* [input_count + output_count] */
  vt_tensor **slots;  /* the call's inputs, then outputs */
  int *variables;     /* of inputs, then outputs */
  char *name;         /* owned copy of the node's */
  bool spent;         /* values were let go */
} tape_node;

typedef struct tape_variable {
  vt_type type;
  vt_storage_order
      layout; /* of the gradient that is kept; until then it is in that of the first part of it */
  int rank;
  int64_t dims[VT_MAX_RANK];
  vt_tensor *gradient; /* standing alone; NULL: zero so far */
  bool kept;           /* watched: its gradient stays */
} tape_variable;

typedef struct owned_attributes {
  const vt_op *op;
  void *attributes;
} owned_attributes;

struct vt_tape {
  uint32_t serial;
  const vt_rule_set *rules;
  tape_node *nodes;
  size_t node_count, node_capacity;
  tape_variable *variables;
  size_t variable_count, variable_capacity;
  owned_attributes *owned;
  size_t owned_count, owned_capacity;
  size_t bytes;
};

static uint32_t next_serial(void)
{
  static atomic_uint serial;
  uint32_t fresh = atomic_fetch_add(&serial, 1) + 1;
  return fresh ? fresh : atomic_fetch_add(&serial, 1) + 1;
}

vt_status vt_tape_new(vt_ctx *ctx, vt_tape **out)
{
  *out = vt_alloc_zero(ctx, 1, sizeof **out);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  (*out)->serial = next_serial();
  return VT_OK;
}

static void drop_values(vt_tape *tape, tape_node *node)
{
  for (int i = 0; i < node->call.input_count + node->call.output_count; i++) {
    if (node->headers[i].data) tape->bytes -= vt_bytes(&node->headers[i]);
    vt_tensor_drop(&node->headers[i]);
  }
  node->spent = true;
}

static void drop_gradients(vt_tape *tape)
{
  for (size_t i = 0; i < tape->variable_count; i++) {
    vt_tensor_free(tape->variables[i].gradient);
    tape->variables[i].gradient = NULL;
  }
}

static void free_node(vt_tape *tape, tape_node *node)
{
  if (node->headers) drop_values(tape, node);
  vt_free(node->headers);
  vt_free(node->slots);
  vt_free(node->variables);
  vt_free(node->name);
}

static void free_attributes(const vt_op *op, void *attributes)
{
  vt_params_free(op->fields, op->field_count, attributes);
  vt_free(attributes);
}

vt_status vt_tape_own_attributes(vt_ctx *ctx, vt_tape *tape, const vt_op *op, void *attributes)
{
  vt_status status =
      vt_grow(ctx, &tape->owned, &tape->owned_capacity, tape->owned_count, sizeof *tape->owned);
  if (status == VT_OK)
    tape->owned[tape->owned_count++] = (owned_attributes){op, attributes};
  else
    free_attributes(op, attributes);
  return status;
}

void vt_tape_clear(vt_tape *tape)
{
  drop_gradients(tape);
  for (size_t i = 0; i < tape->node_count; i++)
    free_node(tape, &tape->nodes[i]);
  for (size_t i = 0; i < tape->owned_count; i++)
    free_attributes(tape->owned[i].op, tape->owned[i].attributes);
  tape->node_count = tape->variable_count = tape->owned_count = 0;
  tape->serial = next_serial();
}

void vt_tape_free(vt_tape *tape)
{
  if (!tape) return;
  vt_tape_clear(tape);
  vt_free(tape->nodes);
  vt_free(tape->variables);
  vt_free(tape->owned);
  vt_free(tape);
}

void vt_tape_set_rules(vt_tape *tape, const vt_rule_set *rules)
{
  tape->rules = rules;
}

void vt_tape_start(vt_ctx *ctx, vt_tape *tape)
{
  ctx->tape = tape;
}

vt_tape *vt_tape_stop(vt_ctx *ctx)
{
  vt_tape *tape = ctx->tape;
  ctx->tape = NULL;
  return tape;
}

bool vt_tape_has(const vt_tape *tape, const vt_tensor *tensor)
{
  return tensor && tensor->tape == tape->serial;
}

static int variable_of(const vt_tape *tape, const vt_tensor *tensor)
{
  return vt_tape_has(tape, tensor) ? tensor->variable : NOT_A_VARIABLE;
}

static bool is_real(const vt_tensor *tensor)
{
  return VT_FLOATS & VT_T(tensor->type);
}

static vt_status add_variable(vt_ctx *ctx, vt_tape *tape, vt_tensor *tensor)
{
  VT_TRY(vt_grow(ctx, &tape->variables, &tape->variable_capacity, tape->variable_count,
                 sizeof *tape->variables));
  tape_variable *variable = &tape->variables[tape->variable_count];
  *variable = (tape_variable){.type = tensor->type, .layout = tensor->layout, .rank = tensor->rank};
  memcpy(variable->dims, tensor->dims, sizeof variable->dims);
  tensor->tape = tape->serial;
  tensor->variable = (int)tape->variable_count++;
  return VT_OK;
}

vt_status vt_tape_watch(vt_ctx *ctx, vt_tape *tape, vt_tensor *tensor)
{
  char shape[160];
  if (!is_real(tensor))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a tensor %s has no gradient; f32 and f64 tensors have",
                   vt_shape_text(tensor, shape));
  if (!vt_tape_has(tape, tensor)) VT_TRY(add_variable(ctx, tape, tensor));
  tape->variables[tensor->variable].kept = true;
  return VT_OK;
}

int vt_tape_node_count(const vt_tape *tape)
{
  return (int)tape->node_count;
}

size_t vt_tape_bytes(const vt_tape *tape)
{
  return tape->bytes;
}

/* ---- recording ---- */

static bool depends(const vt_tape *tape, const vt_call *call)
{
  for (int i = 0; i < call->input_count; i++)
    if (vt_tape_has(tape, call->inputs[i])) return true;
  return false;
}

static bool saved(unsigned saves, int index, bool output)
{
  if (output) return saves >> (16 + (index < 15 ? index : 15)) & 1;
  if ((saves & VT_SAVES_INPUTS) == VT_SAVES_INPUTS) return true;
  return index < 8 && (saves >> index & 1);
}

/* Copies header and, where backward reads it, a reference to the values. */
static void hold(vt_tape *tape, vt_tensor *header, const vt_tensor *tensor, bool values)
{
  header->type = tensor->type;
  header->layout = tensor->layout;
  header->rank = tensor->rank;
  memcpy(header->dims, tensor->dims, sizeof header->dims);
  if (!values) return;
  vt_tensor_share(header, tensor);
  if (header->data) tape->bytes += vt_bytes(header);
}

static vt_status fill_node(vt_ctx *ctx, vt_tape *tape, tape_node *node, const vt_call *call)
{
  int inputs = call->input_count, count = inputs + call->output_count;
  node->call = *call;
  node->rule = tape->rules ? tape->rules->choose(tape->rules->user, call) : NULL;
  node->headers = vt_alloc_zero(ctx, (size_t)count, sizeof *node->headers);
  node->slots = vt_alloc_zero(ctx, (size_t)count, sizeof *node->slots);
  node->variables = vt_alloc_zero(ctx, (size_t)count, sizeof *node->variables);
  node->name = vt_strdup(ctx, call->node ? call->node : "");
  if (!node->headers || !node->slots || !node->variables || !node->name) return VT_ERROR_OUT_OF_MEMORY;
  unsigned saves = node->rule ? node->rule->saves : call->op->saves;
  for (int i = 0; !node->rule && i < (int)VT_COUNT(call->op->saves_for) && i < inputs; i++)
    if (vt_tape_has(tape, call->inputs[i])) saves |= call->op->saves_for[i];
  for (int i = 0; i < count; i++) {
    bool output = i >= inputs;
    vt_tensor *tensor = output ? call->outputs[i - inputs] : call->inputs[i];
    node->variables[i] = NOT_A_VARIABLE;
    if (!tensor) continue;
    hold(tape, &node->headers[i], tensor, saved(saves, output ? i - inputs : i, output));
    node->slots[i] = &node->headers[i];
    if (output && is_real(tensor)) VT_TRY(add_variable(ctx, tape, tensor));
    node->variables[i] = variable_of(tape, tensor);
  }
  node->call.inputs = node->slots;
  node->call.outputs = node->slots + inputs;
  node->call.node = node->name;
  return VT_OK;
}

vt_status vt_tape_record(vt_ctx *ctx, vt_tape *tape, const vt_call *call)
{
  if (!depends(tape, call)) return VT_OK;
  VT_TRY(vt_grow(ctx, &tape->nodes, &tape->node_capacity, tape->node_count, sizeof *tape->nodes));
  tape_node *node = &tape->nodes[tape->node_count];
  *node = (tape_node){0};
  vt_status status = fill_node(ctx, tape, node, call);
  if (status != VT_OK) {
    free_node(tape, node);
    return status;
  }
  tape->node_count++;
  return VT_OK;
}

/* ---- backward ---- */

#define ADD(name, type)                                                                                      \
  VT_CLONES static void name(const void *a, const void *b, void *sum, int64_t first, int64_t last)           \
  {                                                                                                          \
    const type *one = a, *other = b;                                                                         \
    type *out = sum;                                                                                         \
    _Pragma("omp simd") for (int64_t i = first; i < last; i++) out[i] = one[i] + other[i];                   \
  }
ADD(tape_add_f32, float)
ADD(tape_add_f64, double)

typedef struct addition {
  const vt_tensor *one, *other;
  vt_tensor *sum; /* may be `one` */
} addition;

static void add_range(void *user, int64_t first, int64_t last)
{
  const addition *work = user;
  if (work->sum->type == VT_F32)
    tape_add_f32(work->one->data, work->other->data, work->sum->data, first, last);
  else
    tape_add_f64(work->one->data, work->other->data, work->sum->data, first, last);
}

/* A tensor of its own like `tensor`, contents undefined. */
static vt_status alone_like(vt_ctx *ctx, const vt_tensor *tensor, vt_tensor **out)
{
  VT_TRY(vt_tensor_new_alone(ctx, tensor->type, tensor->rank, tensor->dims, out));
  (*out)->layout = tensor->layout;
  return VT_OK;
}

/* Adds to the gradient of a variable. What a backward function handed on may be shared with others, so a sum
 * is written in place only where nobody else refers to it, and borrowed memory is never kept. */
static vt_status accumulate(vt_ctx *ctx, tape_variable *variable, vt_tensor *more)
{
  enum { GRAIN = 16384 };
  vt_tensor *before = variable->gradient, *sum = before;
  if (!before && !more->storage) {
    VT_TRY(alone_like(ctx, more, &variable->gradient));
    memcpy(variable->gradient->data, more->data, vt_bytes(more));
    return VT_OK;
  }
  if (!before) {
    variable->gradient = vt_tensor_keep(ctx, more);
    return variable->gradient ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  }
  more = vt_laid_out(ctx, more, before->layout);
  if (!more) return VT_ERROR_OUT_OF_MEMORY;
  bool shared = __atomic_load_n(&before->storage->references, __ATOMIC_ACQUIRE) != 1;
  if (shared) VT_TRY(alone_like(ctx, before, &sum));
  addition work = {before, more, sum};
  vt_parallel(ctx, vt_count(sum), GRAIN, add_range, &work);
  variable->gradient = sum;
  if (shared) vt_tensor_free(before);
  return VT_OK;
}

static bool fits(const tape_variable *variable, const vt_tensor *gradient)
{
  return gradient->type == variable->type && gradient->rank == variable->rank && gradient->data &&
         memcmp(gradient->dims, variable->dims, sizeof gradient->dims[0] * (size_t)gradient->rank) == 0;
}

/* Every failure names the node. */
static vt_status refuse_node(vt_ctx *ctx, const tape_node *node, vt_status status, const char *why)
{
  if (why) return vt_call_fail(ctx, &node->call, status, "%s", why);
  if (strncmp(vt_ctx_message(ctx), "node '", 6) != 0)
    vt_fail_prefix(ctx, "node '%s' (%s), backward", node->name, node->call.op->name);
  return status;
}

static vt_status run_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *user)
{
  const tape_node *node = user;
  if (node->rule) return node->rule->backward(ctx, gradient, node->rule->settings);
  if (node->call.op->backward) return node->call.op->backward(ctx, gradient);
  char why[256];
  snprintf(why, sizeof why, "has no gradient%s%s", node->call.op->no_gradient ? ": " : "",
           node->call.op->no_gradient ? node->call.op->no_gradient : "");
  return refuse_node(ctx, node, VT_ERROR_UNSUPPORTED, why);
}

typedef struct backward_slots {
  vt_tensor **outputs, **inputs;
  bool *wanted;
} backward_slots;

static vt_status step_back(vt_ctx *ctx, vt_tape *tape, tape_node *node, const vt_call *reference,
                           const backward_slots *slots)
{
  const vt_call *call = &node->call;
  const int *input_variables = node->variables, *output_variables = node->variables + call->input_count;
  bool reached = false;
  for (int k = 0; k < call->output_count; k++) {
    int variable = output_variables[k];
    slots->outputs[k] = variable < 0 ? NULL : tape->variables[variable].gradient;
    reached |= slots->outputs[k] != NULL;
  }
  if (!reached) return VT_OK;
  if (node->spent)
    return refuse_node(ctx, node, VT_ERROR_INVALID_ARGUMENT,
                       "its values were let go by an earlier backward pass; ask for them to be kept");
  for (int k = 0; k < call->input_count; k++) {
    slots->inputs[k] = NULL;
    slots->wanted[k] = input_variables[k] >= 0;
  }
  vt_gradient gradient = {call, slots->outputs, slots->wanted, slots->inputs, reference};
  vt_status status = vt_backward_laid_out(ctx, &gradient, node->rule != NULL, run_backward, node);
  if (status != VT_OK) return refuse_node(ctx, node, status, NULL);
  for (int k = 0; k < call->input_count; k++) {
    if (!slots->inputs[k] || input_variables[k] < 0) continue;
    tape_variable *variable = &tape->variables[input_variables[k]];
    if (!fits(variable, slots->inputs[k])) {
      char shape[160];
      return vt_call_fail(ctx, call, VT_ERROR_RUNTIME, "the gradient of input %d came out as %s", k,
                          vt_shape_text(slots->inputs[k], shape));
    }
    VT_TRY(accumulate(ctx, variable, slots->inputs[k]));
  }
  return VT_OK;
}

static vt_status seed(vt_ctx *ctx, vt_tape *tape, vt_tensor *const *of, vt_tensor *const *seeds, int count)
{
  drop_gradients(tape);
  for (int i = 0; i < count; i++) {
    char shape[160], wanted[160];
    if (!vt_tape_has(tape, of[i]))
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "the tensor to differentiate (%s) depends on none of the watched tensors",
                     vt_shape_text(of[i], shape));
    tape_variable *variable = &tape->variables[of[i]->variable];
    if (!fits(variable, seeds[i]))
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a seed of %s was given for a tensor of %s",
                     vt_shape_text(seeds[i], shape), vt_shape_text(of[i], wanted));
    VT_TRY(accumulate(ctx, variable, seeds[i]));
  }
  return VT_OK;
}

/* Gradients of a node's outputs are of no more use once it is done. */
static void forget_outputs(vt_tape *tape, const tape_node *node)
{
  for (int k = 0; k < node->call.output_count; k++) {
    int number = node->variables[node->call.input_count + k];
    if (number < 0 || tape->variables[number].kept) continue;
    vt_tensor_free(tape->variables[number].gradient);
    tape->variables[number].gradient = NULL;
  }
}

/* What is kept is read by others, who know the variable as it was first seen. */
static vt_status lay_out_kept(vt_ctx *ctx, vt_tape *tape)
{
  for (size_t i = 0; i < tape->variable_count; i++) {
    tape_variable *variable = &tape->variables[i];
    if (!variable->kept || !variable->gradient || variable->gradient->layout == variable->layout) continue;
    size_t mark = vt_tensor_mark(ctx);
    vt_tensor *turned = vt_laid_out(ctx, variable->gradient, variable->layout), *own = NULL;
    if (turned) own = vt_tensor_keep(ctx, turned);
    vt_tensor_release(ctx, mark);
    if (!own) return VT_ERROR_OUT_OF_MEMORY;
    vt_tensor_free(variable->gradient);
    variable->gradient = own;
  }
  return VT_OK;
}

static vt_status walk_back(vt_ctx *ctx, vt_tape *tape, const vt_backward_options *options,
                           const backward_slots *slots)
{
  const vt_tape *reference = options ? options->reference : NULL;
  for (size_t i = tape->node_count; i-- > 0;) {
    tape_node *node = &tape->nodes[i];
    const vt_call *other = NULL;
    if (reference) {
      other = i < reference->node_count ? &reference->nodes[i].call : NULL;
      if (!other || other->op != node->call.op)
        return refuse_node(ctx, node, VT_ERROR_INVALID_ARGUMENT, "the reference run took another way");
    }
    VT_TRY(vt_check_cancel(ctx));
    size_t mark = vt_tensor_mark(ctx);
    vt_status status = step_back(ctx, tape, node, other, slots);
    vt_tensor_release(ctx, mark);
    VT_TRY(status);
    forget_outputs(tape, node);
    if (!options || !options->keep) drop_values(tape, node);
  }
  return lay_out_kept(ctx, tape);
}

vt_status vt_tape_backward(vt_ctx *ctx, vt_tape *tape, vt_tensor *const *of, vt_tensor *const *seeds,
                           int count, const vt_backward_options *options)
{
  size_t most_inputs = 1, most_outputs = 1;
  for (size_t i = 0; i < tape->node_count; i++) {
    const vt_call *call = &tape->nodes[i].call;
    if ((size_t)call->input_count > most_inputs) most_inputs = (size_t)call->input_count;
    if ((size_t)call->output_count > most_outputs) most_outputs = (size_t)call->output_count;
  }
  backward_slots slots = {.outputs = vt_alloc_zero(ctx, most_outputs, sizeof(vt_tensor *)),
                          .inputs = vt_alloc_zero(ctx, most_inputs, sizeof(vt_tensor *)),
                          .wanted = vt_alloc_zero(ctx, most_inputs, sizeof(bool))};
  vt_tape *recording = vt_tape_stop(ctx);
  vt_recorder *recorder = ctx->recorder; /* hears of the model alone, not of its gradients */
  ctx->recorder = NULL;
  vt_status status = slots.outputs && slots.inputs && slots.wanted ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = seed(ctx, tape, of, seeds, count);
  if (status == VT_OK) status = walk_back(ctx, tape, options, &slots);
  if (recording) vt_tape_start(ctx, recording);
  ctx->recorder = recorder;
  vt_free(slots.outputs);
  vt_free(slots.inputs);
  vt_free(slots.wanted);
  return status;
}

vt_tensor *vt_tape_gradient(const vt_tape *tape, const vt_tensor *tensor)
{
  return vt_tape_has(tape, tensor) ? tape->variables[tensor->variable].gradient : NULL;
}
