/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/lora.h"

#include "graph/assemble.h"
#include "nn/layers.h"
#include "nn/patterns.h"

static double scale_of(const vt_adapter *adapter)
{
  return adapter->alpha > 0 && adapter->rank > 0 ? adapter->alpha / (double)adapter->rank : 1;
}

static vt_tensor *adapted(vt_scope s, const vt_adapter *adapter, vt_tensor *x, int64_t out)
{
  vt_ctx *ctx = s.run->ctx;
  if (adapter->rank < 1) {
    (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "adapter '%s' has rank %lld; at least 1", adapter->name,
                  (long long)adapter->rank);
    return vt_void();
  }
  vt_scope down = vt_sub(s, "lora_A.%s", adapter->name), up = vt_sub(s, "lora_B.%s", adapter->name);
  vt_initial normal = {.kind = VT_INIT_FAN_IN, .value = 1};
  vt_tensor *a = vt_param(down, "weight", VT_DIMS(adapter->rank, vt_dim(x, -1)), normal);
  vt_tensor *b = vt_param(up, "weight", VT_DIMS(out, adapter->rank), VT_ZEROS);
  vt_tensor *inner = vt_affine(ctx, vt_dropout(down, x, adapter->dropout), a, NULL);
  return vt_times(ctx, vt_affine(ctx, inner, b, NULL), scale_of(adapter));
}

vt_tensor *vt_lora_apply(vt_scope s, vt_tensor *x, vt_tensor *y, int64_t out)
{
  const vt_lora *lora = s.run->lora;
  for (int i = 0; lora && i < lora->count; i++) {
    const vt_adapter *adapter = &lora->adapters[i];
    if (adapter->off || !vt_patterns_fit(adapter->targets, s.path)) continue;
    y = vt_add(s.run->ctx, y, adapted(s, adapter, x, out));
  }
  return y;
}

/* weight[o, i] += scale · Σ_r up[o, r] down[r, i] */
static void add_product(vt_tensor *weight, const vt_tensor *down, vt_tensor *up, double scale)
{
  int64_t out = weight->dims[0], in = weight->dims[1], rank = down->dims[0];
  float *w = weight->data, *b = up->data;
  const float *a = down->data;
  for (int64_t o = 0; o < out; o++)
    for (int64_t i = 0; i < in; i++) {
      double sum = 0;
      for (int64_t r = 0; r < rank; r++)
        sum += (double)b[o * rank + r] * a[r * in + i];
      w[o * in + i] = (float)(w[o * in + i] + scale * sum);
    }
  memset(b, 0, vt_bytes(up));
}

static bool fits(const vt_tensor *weight, const vt_tensor *down, const vt_tensor *up)
{
  return weight->rank == 2 && down->rank == 2 && up->rank == 2 && up->dims[0] == weight->dims[0] &&
         up->dims[1] == down->dims[0] && down->dims[1] == weight->dims[1];
}

/* The layer's path is the first `length` characters of A's name. */
static vt_status merge_layer(vt_ctx *ctx, vt_parameters *parameters, const vt_adapter *adapter,
                             const vt_parameter *down, int length)
{
  char *up_name = vt_format(ctx, "%.*s.lora_B.%s.weight", length, down->name, adapter->name);
  char *weight_name = vt_format(ctx, "%.*s.weight", length, down->name);
  vt_status status = up_name && weight_name ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    vt_parameter *up = vt_parameters_find(parameters, up_name);
    vt_parameter *weight = vt_parameters_find(parameters, weight_name);
    if (up && weight && fits(weight->value, down->value, up->value))
      add_product(weight->value, down->value, up->value, scale_of(adapter));
    else
      status = vt_fail(ctx, VT_ERROR_INVALID_MODEL, "adapter '%s' does not fit the layer %.*s", adapter->name,
                       length, down->name);
  }
  vt_free(up_name);
  vt_free(weight_name);
  return status;
}

vt_status vt_lora_merge(vt_ctx *ctx, vt_parameters *parameters, const vt_adapter *adapter)
{
  char *end = vt_format(ctx, ".lora_A.%s.weight", adapter->name);
  if (!end) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  for (int i = 0; i < vt_parameters_count(parameters) && status == VT_OK; i++) {
    const vt_parameter *down = vt_parameters_at(parameters, i);
    size_t whole = strlen(down->name), length = strlen(end);
    if (whole > length && strcmp(down->name + whole - length, end) == 0)
      status = merge_layer(ctx, parameters, adapter, down, (int)(whole - length));
  }
  vt_free(end);
  return status;
}

bool vt_lora_on(const vt_lora *lora)
{
  for (int i = 0; lora && i < lora->count; i++)
    if (!lora->adapters[i].off) return true;
  return false;
}

/* Values of their own: merging writes into them. */
static vt_status copy_all(vt_ctx *ctx, const vt_parameters *from, vt_parameters *to)
{
  for (int i = 0; i < vt_parameters_count(from); i++) {
    const vt_parameter *parameter = vt_parameters_at(from, i);
    vt_tensor *copy;
    VT_TRY(vt_tensor_copy_alone(ctx, parameter->value, &copy));
    vt_status status = vt_parameters_put(ctx, to, parameter->name, copy, parameter->state);
    vt_tensor_free(copy);
    VT_TRY(status);
  }
  return VT_OK;
}

vt_status vt_lora_merged(vt_ctx *ctx, const vt_parameters *parameters, const vt_lora *lora,
                         vt_parameters **out)
{
  VT_TRY(vt_parameters_new(ctx, vt_parameters_seed(parameters), out));
  vt_status status = copy_all(ctx, parameters, *out);
  for (int i = 0; lora && i < lora->count && status == VT_OK; i++)
    if (!lora->adapters[i].off) status = vt_lora_merge(ctx, *out, &lora->adapters[i]);
  if (status == VT_OK) return VT_OK;
  vt_parameters_free(*out);
  *out = NULL;
  return status;
}
