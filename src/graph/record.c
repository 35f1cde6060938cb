/* SPDX-License-Identifier: Apache-2.0
 *
 * Recording: values and nodes as they come to be. A tensor bears the serial of the record and its value's
 * number, so that headers may be freed and their addresses used again.
 */
#include <stdatomic.h>

#include "base/context.h"
#include "graph/record_inside.h"
#include "ops/layout.h"

static uint32_t next_serial(void)
{
  static atomic_uint serial;
  uint32_t fresh = atomic_fetch_add(&serial, 1) + 1;
  return fresh ? fresh : atomic_fetch_add(&serial, 1) + 1;
}

static int value_of(const vt_record *record, const vt_tensor *tensor)
{
  return (uint32_t)(tensor->record >> 32) == record->serial ? (int)(uint32_t)tensor->record : VT_NO_VALUE;
}

static void mark(const vt_record *record, vt_tensor *tensor, int value)
{
  tensor->record = (uint64_t)record->serial << 32 | (uint32_t)value;
}

static void free_node(vt_node *node)
{
  vt_attributes_free(node->op, node->attributes);
  vt_free(node->name);
  vt_free(node->inputs);
  vt_free(node->outputs);
}

void vt_record_free(vt_record *record)
{
  if (!record) return;
  for (size_t i = 0; i < record->node_count; i++)
    free_node(&record->nodes[i]);
  for (size_t i = 0; i < record->value_count; i++) {
    vt_free(record->values[i].name);
    for (int axis = 0; axis < VT_MAX_RANK; axis++)
      vt_free(record->values[i].dim_names[axis]);
    vt_tensor_free(record->values[i].constant);
  }
  vt_names_free(&record->names);
  vt_free(record->values);
  vt_free(record->nodes);
  vt_free(record->inputs);
  vt_free(record->outputs);
  vt_free(record->buckets);
  vt_free(record->older);
  vt_free(record);
}

void vt_record_start(vt_ctx *ctx, vt_record *record)
{
  ctx->recorder = &record->recorder;
}

/* ---- values ---- */

static vt_status add_value(vt_ctx *ctx, vt_record *record, const vt_tensor *tensor, int *out)
{
  VT_TRY(vt_grow(ctx, &record->values, &record->value_capacity, record->value_count, sizeof *record->values));
  VT_TRY(vt_grow(ctx, &record->older, &record->older_capacity, record->value_count, sizeof *record->older));
  *out = (int)record->value_count++;
  record->older[*out] = VT_NO_VALUE;
  vt_value *value = &record->values[*out];
  *value = (vt_value){.type = tensor->type, .rank = tensor->rank, .producer = -1};
  memcpy(value->dims, tensor->dims, sizeof value->dims);
  return VT_OK;
}

/* Shape and bytes, FNV-1a over words. */
static uint64_t content_hash(const vt_tensor *tensor)
{
  uint64_t hash = 14695981039346656037u ^ (uint64_t)tensor->type;
  const unsigned char *data = tensor->data;
  size_t bytes = vt_bytes(tensor);
  for (int axis = 0; axis < tensor->rank; axis++)
    hash = (hash ^ (uint64_t)tensor->dims[axis]) * 1099511628211u;
  for (size_t i = 0; i < bytes; i += 8) {
    uint64_t word = 0;
    memcpy(&word, data + i, bytes - i < 8 ? bytes - i : 8);
    hash = (hash ^ word) * 1099511628211u;
  }
  return hash ^ hash >> 29;
}

static vt_status add_constant(vt_ctx *ctx, vt_record *record, const vt_tensor *tensor, int *out)
{
  vt_tensor *copy;
  VT_TRY(vt_tensor_copy_alone(ctx, tensor, &copy));
  vt_status status = add_value(ctx, record, tensor, out);
  if (status != VT_OK) {
    vt_tensor_free(copy);
    return status;
  }
  record->values[*out].constant = copy;
  return VT_OK;
}

/* A constant that nobody named; the same numbers again are the same value. */
static vt_status anonymous(vt_ctx *ctx, vt_record *record, const vt_tensor *tensor, int *out)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor stored = *tensor;
  const vt_tensor *rows = vt_row_major(ctx, &stored);
  if (!rows) return VT_ERROR_OUT_OF_MEMORY;
  int *bucket = &record->buckets[content_hash(rows) % VT_RECORD_BUCKETS];
  vt_status status = VT_OK;
  *out = *bucket;
  while (*out != VT_NO_VALUE && !vt_same_tensor(record->values[*out].constant, rows))
    *out = record->older[*out];
  if (*out == VT_NO_VALUE && (status = add_constant(ctx, record, rows, out)) == VT_OK) {
    record->older[*out] = *bucket;
    *bucket = *out;
  }
  vt_tensor_release(ctx, mark);
  return status;
}

static vt_status set_name(vt_ctx *ctx, vt_record *record, int value, const char *name)
{
  vt_free(record->values[value].name);
  record->values[value].name = vt_strdup(ctx, name);
  if (!record->values[value].name) return VT_ERROR_OUT_OF_MEMORY;
  return vt_names_put(ctx, &record->names, record->values[value].name, value);
}

static vt_status check_new(vt_ctx *ctx, const vt_record *record, const char *what, const char *name)
{
  if (!name[0]) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "recording: %s without a name", what);
  if (vt_names_find(&record->names, name) < 0) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "recording: %s '%s': the name is given to another value already", what, name);
}

static vt_status check_made(vt_ctx *ctx, const vt_tensor *tensor, const char *what, const char *name)
{
  if (vt_ctx_status(ctx) != VT_OK) return vt_ctx_status(ctx);
  if (tensor->data) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "recording: %s '%s' has no values", what, name);
}

/* ---- calls ---- */

static vt_status fill_node(vt_ctx *ctx, vt_record *record, vt_node *node, const vt_call *call)
{
  node->op = call->op;
  node->name = vt_strdup(ctx, call->node ? call->node : "");
  node->inputs = vt_alloc_zero(ctx, (size_t)call->input_count + 1, sizeof *node->inputs);
  node->outputs = vt_alloc_zero(ctx, (size_t)call->output_count + 1, sizeof *node->outputs);
  if (!node->name || !node->inputs || !node->outputs) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_attributes_copy(ctx, call->op, call->attributes, &node->attributes));
  for (int k = 0; k < call->input_count; k++) {
    const vt_tensor *input = call->inputs[k];
    node->inputs[k] = input ? value_of(record, input) : VT_NO_VALUE;
    if (input && node->inputs[k] == VT_NO_VALUE) VT_TRY(anonymous(ctx, record, input, &node->inputs[k]));
  }
  node->input_count = call->input_count;
  for (int k = 0; k < call->output_count; k++) {
    node->outputs[k] = VT_NO_VALUE;
    if (!call->outputs[k]) continue;
    VT_TRY(add_value(ctx, record, call->outputs[k], &node->outputs[k]));
    record->values[node->outputs[k]].producer = (int)record->node_count;
    mark(record, call->outputs[k], node->outputs[k]);
  }
  node->output_count = call->output_count;
  return VT_OK;
}

static vt_status record_call(vt_ctx *ctx, vt_recorder *recorder, const vt_call *call)
{
  vt_record *record = (vt_record *)recorder;
  VT_TRY(vt_grow(ctx, &record->nodes, &record->node_capacity, record->node_count, sizeof *record->nodes));
  vt_node *node = &record->nodes[record->node_count];
  *node = (vt_node){0};
  vt_status status = fill_node(ctx, record, node, call);
  if (status != VT_OK) {
    free_node(node);
    return status;
  }
  record->node_count++;
  return VT_OK;
}

vt_status vt_record_new(vt_ctx *ctx, vt_record **out)
{
  vt_record *record = *out = vt_alloc_zero(ctx, 1, sizeof **out);
  if (!record) return VT_ERROR_OUT_OF_MEMORY;
  record->recorder.record = record_call;
  record->serial = next_serial();
  record->buckets = vt_alloc_zero(ctx, VT_RECORD_BUCKETS, sizeof *record->buckets);
  if (!record->buckets) {
    vt_record_free(record);
    *out = NULL;
    return VT_ERROR_OUT_OF_MEMORY;
  }
  for (int i = 0; i < VT_RECORD_BUCKETS; i++)
    record->buckets[i] = VT_NO_VALUE;
  return VT_OK;
}

vt_record *vt_record_stop(vt_ctx *ctx)
{
  vt_recorder *recorder = ctx->recorder;
  if (!recorder || recorder->record != record_call) return NULL;
  ctx->recorder = NULL;
  return (vt_record *)recorder;
}

/* ---- what is told about tensors ---- */

vt_status vt_record_input(vt_ctx *ctx, vt_record *record, vt_tensor *tensor, const char *name,
                          const char *const *dim_names)
{
  int value;
  VT_TRY(check_made(ctx, tensor, "input", name));
  VT_TRY(check_new(ctx, record, "input", name));
  VT_TRY(vt_grow(ctx, &record->inputs, &record->input_capacity, record->input_count, sizeof(int)));
  VT_TRY(add_value(ctx, record, tensor, &value));
  VT_TRY(set_name(ctx, record, value, name));
  for (int axis = 0; dim_names && axis < tensor->rank; axis++)
    if (dim_names[axis] && !(record->values[value].dim_names[axis] = vt_strdup(ctx, dim_names[axis])))
      return VT_ERROR_OUT_OF_MEMORY;
  record->inputs[record->input_count++] = value;
  mark(record, tensor, value);
  return VT_OK;
}

vt_status vt_record_constant(vt_ctx *ctx, vt_record *record, vt_tensor *tensor, const char *name)
{
  VT_TRY(check_made(ctx, tensor, "parameter", name));
  int value = value_of(record, tensor), named = vt_names_find(&record->names, name);
  if (value != VT_NO_VALUE && !record->values[value].constant)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "recording: '%s' is no constant but an input or the result of a recorded call", name);
  if (named >= 0 && record->values[named].constant &&
      vt_same_tensor(record->values[named].constant, tensor)) {
    mark(record, tensor, named);
    return VT_OK;
  }
  VT_TRY(check_new(ctx, record, "parameter", name));
  VT_TRY(add_constant(ctx, record, tensor, &value));
  VT_TRY(set_name(ctx, record, value, name));
  mark(record, tensor, value);
  return VT_OK;
}

/* A new value that is `value` again, for one more name. */
static vt_status copy_value(vt_ctx *ctx, vt_record *record, int value, int *out)
{
  const vt_op *identity = vt_op_find(NULL, "Identity");
  vt_tensor header = {.type = record->values[value].type, .rank = record->values[value].rank};
  memcpy(header.dims, record->values[value].dims, sizeof header.dims);
  vt_tensor result = header, *input = &header, *output = &result;
  mark(record, &header, value);
  vt_call call = {identity, NULL, "", 1, 1, &input, &output};
  VT_TRY(record_call(ctx, &record->recorder, &call));
  *out = value_of(record, &result);
  return VT_OK;
}

/* A value that may be given this name: the tensor's own, or a copy. */
static vt_status nameable(vt_ctx *ctx, vt_record *record, const vt_tensor *tensor, bool constants, int *out)
{
  int value = value_of(record, tensor);
  if (value == VT_NO_VALUE) VT_TRY(add_constant(ctx, record, tensor, &value));
  bool free_of_names = !record->values[value].name && (constants || record->values[value].producer >= 0);
  *out = value;
  return free_of_names ? VT_OK : copy_value(ctx, record, value, out);
}

vt_status vt_record_name(vt_ctx *ctx, vt_record *record, vt_tensor *tensor, const char *name)
{
  int value;
  VT_TRY(check_made(ctx, tensor, "value", name));
  if (!name[0]) return check_new(ctx, record, "value", name);
  VT_TRY(nameable(ctx, record, tensor, true, &value));
  mark(record, tensor, value);
  if (vt_names_find(&record->names, name) < 0) return set_name(ctx, record, value, name);
  for (long number = 2;; number++) {
    char *counted = vt_format(ctx, "%s#%ld", name, number);
    if (!counted) return VT_ERROR_OUT_OF_MEMORY;
    bool taken = vt_names_find(&record->names, counted) >= 0;
    vt_status status = taken ? VT_OK : set_name(ctx, record, value, counted);
    vt_free(counted);
    if (!taken) return status;
  }
}

/* Whether the tensor is a computed value that was given this name, and no output yet. */
static bool already_named(const vt_record *record, int value, const char *name)
{
  if (value == VT_NO_VALUE || record->values[value].producer < 0) return false;
  for (size_t i = 0; i < record->output_count; i++)
    if (record->outputs[i] == value) return false;
  return record->values[value].name && strcmp(record->values[value].name, name) == 0;
}

vt_status vt_record_output(vt_ctx *ctx, vt_record *record, vt_tensor *tensor, const char *name)
{
  int value;
  VT_TRY(check_made(ctx, tensor, "output", name));
  value = value_of(record, tensor);
  if (already_named(record, value, name)) {
    VT_TRY(vt_grow(ctx, &record->outputs, &record->output_capacity, record->output_count, sizeof(int)));
    record->outputs[record->output_count++] = value;
    return VT_OK;
  }
  VT_TRY(check_new(ctx, record, "output", name));
  if (value == VT_NO_VALUE)
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "recording: output '%s' is no result of a recorded call: it was made before the recording or "
        "not by an operator",
        name);
  VT_TRY(vt_grow(ctx, &record->outputs, &record->output_capacity, record->output_count, sizeof(int)));
  VT_TRY(nameable(ctx, record, tensor, false, &value));
  VT_TRY(set_name(ctx, record, value, name));
  record->outputs[record->output_count++] = value;
  return VT_OK;
}
