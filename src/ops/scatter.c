/* SPDX-License-Identifier: Apache-2.0
 *
 * ScatterElements, ScatterND. Updates are applied one after the other, so that with several for one place the
 * last one wins (or is reduced last).
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/places.h"
#include "ops/sample.h"

typedef enum reduction { REDUCE_NONE, REDUCE_ADD, REDUCE_MUL, REDUCE_MIN, REDUCE_MAX } reduction;

typedef struct scatter_attributes {
  int64_t axis; /* ScatterElements only */
  int reduction;
} scatter_attributes;

#define REDUCTION_FIELD                                                                                      \
  {                                                                                                          \
    "reduction", VT_FIELD_CHOICE, offsetof(scatter_attributes, reduction), "none",                           \
        .choices = "none|add|mul|min|max", .help = "how an update meets what is there"                       \
  }

static const vt_field elements_fields[] = {
    {"axis", VT_FIELD_INT, offsetof(scatter_attributes, axis), "0", .help = "axis the indices walk along"},
    REDUCTION_FIELD,
};
static const vt_field nd_fields[] = {REDUCTION_FIELD};

static double reduced(reduction how, double a, double b)
{
  switch (how) {
  case REDUCE_ADD:
    return a + b;
  case REDUCE_MUL:
    return a * b;
  case REDUCE_MIN:
    return b < a || b != b ? b : a; /* NaN stays */
  case REDUCE_MAX:
    return b > a || b != b ? b : a;
  default:
    return b;
  }
}

static float reduced_float(reduction how, float a, float b)
{
  return how == REDUCE_ADD ? a + b : how == REDUCE_MUL ? a * b : (float)reduced(how, (double)a, (double)b);
}

/* Sums and products wrap around, as the narrow types do. */
#define REDUCE_INTEGERS(type)                                                                                \
  do {                                                                                                       \
    type *a = to;                                                                                            \
    const type *b = from;                                                                                    \
    for (int64_t i = 0; i < count; i++)                                                                      \
      a[i] = how == REDUCE_ADD   ? (type)((uint64_t)a[i] + (uint64_t)b[i])                                   \
             : how == REDUCE_MUL ? (type)((uint64_t)a[i] * (uint64_t)b[i])                                   \
             : how == REDUCE_MIN ? (b[i] < a[i] ? b[i] : a[i])                                               \
                                 : (b[i] > a[i] ? b[i] : a[i]);                                              \
  } while (0)

#define REDUCE_HALVES(widen, narrow)                                                                         \
  do {                                                                                                       \
    uint16_t *a = to;                                                                                        \
    const uint16_t *b = from;                                                                                \
    for (int64_t i = 0; i < count; i++)                                                                      \
      a[i] = narrow(reduced_float(how, widen(a[i]), widen(b[i])));                                           \
  } while (0)

/* to[i] = reduction of to[i] and from[i]. */
static void reduce_cells(vt_type type, reduction how, int64_t count, void *to, const void *from)
{
  if (how == REDUCE_NONE) {
    vt_copy_element(to, from, (size_t)count * vt_type_size(type));
    return;
  }
  switch (type) {
  case VT_F32:
    for (int64_t i = 0; i < count; i++)
      ((float *)to)[i] = reduced_float(how, ((float *)to)[i], ((const float *)from)[i]);
    break;
  case VT_F64:
    for (int64_t i = 0; i < count; i++)
      ((double *)to)[i] = reduced(how, ((double *)to)[i], ((const double *)from)[i]);
    break;
  case VT_F16:
    REDUCE_HALVES(vt_f16_to_f32, vt_f32_to_f16);
    break;
  case VT_BF16:
    REDUCE_HALVES(vt_bf16_to_f32, vt_f32_to_bf16);
    break;
  case VT_I64:
    REDUCE_INTEGERS(int64_t);
    break;
  case VT_I32:
    REDUCE_INTEGERS(int32_t);
    break;
  case VT_I16:
    REDUCE_INTEGERS(int16_t);
    break;
  case VT_I8:
    REDUCE_INTEGERS(int8_t);
    break;
  case VT_U64:
    REDUCE_INTEGERS(uint64_t);
    break;
  case VT_U32:
    REDUCE_INTEGERS(uint32_t);
    break;
  case VT_U16:
    REDUCE_INTEGERS(uint16_t);
    break;
  default:
    REDUCE_INTEGERS(uint8_t);
  }
}

static vt_status check_types(vt_ctx *ctx, const vt_call *call)
{
  const scatter_attributes *attributes = call->attributes;
  vt_type data = call->inputs[0]->type, updates = call->inputs[2]->type;
  if (data != updates)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "updates are %s, the data is %s",
                        vt_type_name(updates), vt_type_name(data));
  if (attributes->reduction != REDUCE_NONE && !((VT_NUMBERS | VT_T(VT_F16) | VT_T(VT_BF16)) & VT_T(data)))
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "%s cannot be reduced", vt_type_name(data));
  return VT_OK;
}

static vt_status misfit(vt_ctx *ctx, const vt_call *call)
{
  char data[160], indices[160], updates[160];
  return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "indices %s and updates %s do not fit data %s",
                      vt_shape_text(call->inputs[1], indices), vt_shape_text(call->inputs[2], updates),
                      vt_shape_text(call->inputs[0], data));
}

typedef vt_status (*places_fn)(vt_ctx *ctx, const vt_call *call, vt_places *out);

static vt_status scatter(vt_ctx *ctx, const vt_call *call, places_fn find)
{
  const scatter_attributes *attributes = call->attributes;
  const vt_tensor *updates = call->inputs[2];
  vt_tensor *output = call->outputs[0];
  vt_places places;
  VT_TRY(find(ctx, call, &places));
  vt_status status = vt_run_copy(ctx, call);
  size_t bytes = (size_t)places.cell * vt_type_size(output->type);
  for (int64_t i = 0; i < places.count && status == VT_OK; i++)
    reduce_cells(output->type, (reduction)attributes->reduction, places.cell,
                 (char *)output->data + (size_t)places.list[i] * bytes,
                 (const char *)updates->data + (size_t)i * bytes);
  vt_free(places.list);
  return status;
}

/* ---- backward ---- */

/* The last update of a cell stands there alone: it gets the cell's gradient, the data and earlier updates
 * nothing. Changes the list: −1 for updates that were overwritten. */
static vt_status keep_last(vt_ctx *ctx, vt_places *places, vt_tensor *data)
{
  int64_t *last = vt_alloc_zero(ctx, (size_t)places->cells + 1, sizeof *last); /* from 1; 0: none */
  if (!last) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < places->count; i++)
    last[places->list[i]] = i + 1;
  size_t bytes = data ? (size_t)places->cell * vt_type_size(data->type) : 0;
  for (int64_t c = 0; c < places->cells && data; c++)
    if (last[c]) memset((char *)data->data + (size_t)c * bytes, 0, bytes);
  for (int64_t i = 0; i < places->count; i++)
    if (last[places->list[i]] != i + 1) places->list[i] = -1;
  vt_free(last);
  return VT_OK;
}

/* How the terms of one result share its gradient. Products: the product of the factors that are not zero, and
 * how many are. Extremes: the extreme, and how many terms are equal to it; they share evenly. */
typedef struct tally {
  double value;
  int64_t number;
} tally;

static void count_term(reduction how, double term, bool first, tally *of)
{
  if (how == REDUCE_MUL) {
    if (first) of->value = 1;
    if (term == 0)
      of->number++;
    else
      of->value *= term;
  } else if (first || reduced(how, of->value, term) != of->value) {
    *of = (tally){term, 1};
  } else {
    of->number += term == of->value;
  }
}

static double share_of(reduction how, double term, const tally *of)
{
  if (how != REDUCE_MUL) return term == of->value ? 1 / (double)of->number : 0;
  if (of->number == 0) return of->value / term;
  return of->number == 1 && term == 0 ? of->value : 0;
}

/* mul, min, max: each term's share of the gradient of its result. */
static vt_status share_out(vt_ctx *ctx, const vt_gradient *gradient, const vt_places *places,
                           vt_tensor *to_data, vt_tensor *to_updates)
{
  const scatter_attributes *attributes = gradient->call->attributes;
  const vt_tensor *data = gradient->call->inputs[0], *updates = gradient->call->inputs[2],
                  *from = gradient->output_gradients[0];
  reduction how = (reduction)attributes->reduction;
  int64_t count = vt_count(data), cell = places->cell;
  tally *tallies = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *tallies);
  if (!tallies) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < count; i++)
    count_term(how, vt_sample_load(data->data, data->type, i), true, &tallies[i]);
  for (int64_t i = 0; i < places->count; i++)
    for (int64_t j = 0; j < cell; j++)
      count_term(how, vt_sample_load(updates->data, updates->type, i * cell + j), false,
                 &tallies[places->list[i] * cell + j]);
  for (int64_t i = 0; i < count && to_data; i++)
    vt_sample_store(to_data->data, to_data->type, i,
                    vt_sample_load(from->data, from->type, i) *
                        share_of(how, vt_sample_load(data->data, data->type, i), &tallies[i]));
  for (int64_t i = 0; i < places->count && to_updates; i++)
    for (int64_t j = 0; j < cell; j++) {
      int64_t place = places->list[i] * cell + j;
      vt_sample_store(
          to_updates->data, to_updates->type, i * cell + j,
          vt_sample_load(from->data, from->type, place) *
              share_of(how, vt_sample_load(updates->data, updates->type, i * cell + j), &tallies[place]));
    }
  vt_free(tallies);
  return VT_OK;
}

static vt_status scatter_backward(vt_ctx *ctx, const vt_gradient *gradient, places_fn find)
{
  static const char zero[16] = {0};
  const scatter_attributes *attributes = gradient->call->attributes;
  vt_tensor *from = gradient->output_gradients[0];
  reduction how = (reduction)attributes->reduction;
  bool data_wanted = gradient->wanted[0], updates_wanted = vt_gradient_wanted(gradient, 2);
  bool passed_on = data_wanted && how == REDUCE_ADD; /* a sum hands its gradient to every term */
  vt_tensor *data = data_wanted && !passed_on ? vt_gradient_new(ctx, gradient, 0) : NULL;
  vt_tensor *updates = updates_wanted ? vt_gradient_new(ctx, gradient, 2) : NULL;
  vt_places places;
  if ((data_wanted && !passed_on && !data) || (updates_wanted && !updates)) return VT_ERROR_OUT_OF_MEMORY;
  if (passed_on) gradient->input_gradients[0] = from;
  VT_TRY(find(ctx, gradient->call, &places));
  vt_status status = VT_OK;
  if (how == REDUCE_NONE || how == REDUCE_ADD) {
    const int64_t *maps[VT_MAX_RANK] = {places.list};
    if (data) memcpy(data->data, from->data, vt_bytes(data));
    if (how == REDUCE_NONE) status = keep_last(ctx, &places, data);
    if (status == VT_OK && updates) {
      vt_tensor cells = vt_places_view(from, places.cells, places.cell);
      vt_tensor to = vt_places_view(updates, places.count, places.cell);
      status = vt_remap(ctx, &cells, &to, maps, zero);
    }
  } else {
    status = share_out(ctx, gradient, &places, data, updates);
  }
  vt_free(places.list);
  return status;
}

/* ---- ScatterElements ---- */

static vt_status elements_shape(vt_ctx *ctx, const vt_call *call)
{
  const scatter_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1];
  int axis;
  VT_TRY(check_types(ctx, call));
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, data->rank, &axis));
  bool fits = indices->rank == data->rank && vt_same_shape(indices, call->inputs[2]);
  for (int a = 0; fits && a < data->rank; a++)
    fits = a == axis || indices->dims[a] <= data->dims[a];
  return fits ? vt_shape_same(ctx, call) : misfit(ctx, call);
}

static vt_status elements_places(vt_ctx *ctx, const vt_call *call, vt_places *out)
{
  return vt_places_of_elements(ctx, call, ((const scatter_attributes *)call->attributes)->axis, out);
}

static vt_status elements_run(vt_ctx *ctx, const vt_call *call)
{
  return scatter(ctx, call, elements_places);
}

static vt_status elements_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return scatter_backward(ctx, gradient, elements_places);
}

/* ---- ScatterND ---- */

static vt_status nd_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1], *updates = call->inputs[2];
  VT_TRY(check_types(ctx, call));
  if (data->rank < 1 || indices->rank < 1) return misfit(ctx, call);
  int tuples = indices->rank - 1;
  int64_t depth = indices->dims[tuples];
  bool fits = depth <= data->rank && updates->rank == tuples + data->rank - depth;
  for (int a = 0; fits && a < updates->rank; a++)
    fits = updates->dims[a] == (a < tuples ? indices->dims[a] : data->dims[depth + a - tuples]);
  return fits ? vt_shape_same(ctx, call) : misfit(ctx, call);
}

static vt_status nd_places(vt_ctx *ctx, const vt_call *call, vt_places *out)
{
  return vt_places_of_tuples(ctx, call, 0, out);
}

static vt_status nd_run(vt_ctx *ctx, const vt_call *call)
{
  return scatter(ctx, call, nd_places);
}

static vt_status nd_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return scatter_backward(ctx, gradient, nd_places);
}

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "ScatterElements",
     .since = 11,
     VT_INPUTS(3, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(scatter_attributes, elements_fields),
     .types = {VT_STORED, VT_INDICES, VT_STORED},
     .shape = elements_shape,
     .implementations = {{"plain", NULL, elements_run}},
     .backward = elements_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1) | VT_SAVES_INPUT(2)},
    {.name = "ScatterND",
     .since = 11,
     VT_INPUTS(3, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(scatter_attributes, nd_fields),
     .types = {VT_STORED, VT_INDICES, VT_STORED},
     .shape = nd_shape,
     .implementations = {{"plain", NULL, nd_run}},
     .backward = nd_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1) | VT_SAVES_INPUT(2)},
};

const vt_op_family vt_ops_scatter = {rows, VT_COUNT(rows)};
