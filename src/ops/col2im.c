/* SPDX-License-Identifier: Apache-2.0
 *
 * Col2Im: the blocks of a sliding window laid back onto the image, overlaps added.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/move.h"

enum { SPACE = VT_MAX_RANK - 2 };

typedef struct col2im_attributes {
  vt_ints dilations, pads, strides;
} col2im_attributes;

static const vt_field col2im_fields[] = {
    {"dilations", VT_FIELD_INTS, offsetof(col2im_attributes, dilations),
     .help = "steps between elements of a block"},
    {"pads", VT_FIELD_INTS, offsetof(col2im_attributes, pads),
     .help = "elements around the image, all begins then all ends"},
    {"strides", VT_FIELD_INTS, offsetof(col2im_attributes, strides), .help = "steps between blocks"},
};

typedef struct col2im_window {
  int space;
  int64_t image[SPACE], block[SPACE], places[SPACE]; /* places: blocks along each axis */
  int64_t dilations[SPACE], strides[SPACE], begins[SPACE];
} col2im_window;

/* Number `index` of a list attribute, checked to lie in low..2^20 so that sums of products fit. */
static bool setting(const vt_ints *list, size_t count, int index, int64_t absent, int64_t low, int64_t *out)
{
  *out = list->present ? (list->count == count ? list->data[index] : -1) : absent;
  return *out >= low && *out <= (int64_t)1 << 20;
}

static vt_status read_window(vt_ctx *ctx, const vt_call *call, col2im_window *out)
{
  const col2im_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  int block_count;
  VT_TRY(vt_input_ints(ctx, call, 1, out->image, SPACE, &out->space));
  VT_TRY(vt_input_ints(ctx, call, 2, out->block, SPACE, &block_count));
  int64_t blocks = 1, cells = 1;
  bool fits = data->rank == 3 && block_count == out->space && out->space > 0;
  for (int axis = 0; fits && axis < out->space; axis++) {
    size_t count = (size_t)out->space;
    int64_t end, limit = (int64_t)1 << 40;
    fits = setting(&attributes->dilations, count, axis, 1, 1, &out->dilations[axis]) &&
           setting(&attributes->strides, count, axis, 1, 1, &out->strides[axis]) &&
           setting(&attributes->pads, 2 * count, axis, 0, 0, &out->begins[axis]) &&
           setting(&attributes->pads, 2 * count, axis + out->space, 0, 0, &end) && out->image[axis] > 0 &&
           out->image[axis] < limit && out->block[axis] > 0 && out->block[axis] < 1 << 20;
    if (!fits) break;
    int64_t room =
        out->image[axis] + out->begins[axis] + end - out->dilations[axis] * (out->block[axis] - 1) - 1;
    out->places[axis] = room < 0 ? 0 : room / out->strides[axis] + 1;
    fits = !__builtin_mul_overflow(blocks, out->places[axis], &blocks) &&
           !__builtin_mul_overflow(cells, out->block[axis], &cells);
  }
  if (fits && data->dims[2] == blocks && data->dims[1] % cells == 0) return VT_OK;
  char shape[160];
  return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                      "data %s does not fit an image of %d axes and its blocks", vt_shape_text(data, shape),
                      out->space);
}

static vt_status col2im_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  col2im_window window;
  VT_TRY(read_window(ctx, call, &window));
  int64_t dims[VT_MAX_RANK] = {data->dims[0], data->dims[1]};
  for (int axis = 0; axis < window.space; axis++) {
    dims[1] /= window.block[axis];
    dims[2 + axis] = window.image[axis];
  }
  return vt_set_output(ctx, call, 0, data->type, 2 + window.space, dims);
}

/* Image element under element `cell` of block `place`, −1 in the padding. */
static int64_t image_index(const col2im_window *window, int64_t cell, int64_t place)
{
  int64_t index = 0, step = 1;
  for (int axis = window->space - 1; axis >= 0; axis--) {
    int64_t at = place % window->places[axis] * window->strides[axis] +
                 cell % window->block[axis] * window->dilations[axis] - window->begins[axis];
    if (at < 0 || at >= window->image[axis]) return -1;
    index += at * step;
    step *= window->image[axis];
    place /= window->places[axis];
    cell /= window->block[axis];
  }
  return index;
}

/* Columns and image as [planes, elements], and the image element of each column element, −1 in the padding.
 * The caller frees the list with vt_free(). */
typedef struct col2im_plan {
  vt_tensor columns, image;
  int64_t *list;
} col2im_plan;

static vt_status make_plan(vt_ctx *ctx, const vt_call *call, const vt_tensor *columns, const vt_tensor *image,
                           col2im_plan *out)
{
  col2im_window window;
  VT_TRY(read_window(ctx, call, &window));
  int64_t planes = image->dims[0] * image->dims[1], cells = 1, places = columns->dims[2];
  for (int axis = 0; axis < window.space; axis++)
    cells *= window.block[axis];
  *out = (col2im_plan){
      .columns = {.type = columns->type, .rank = 2, .dims = {planes, cells * places}, .data = columns->data},
      .image = {.type = image->type,
                .rank = 2,
                .dims = {planes, vt_span(image, 2, image->rank)},
                .data = image->data},
      .list = vt_alloc_zero(ctx, (size_t)(cells * places) + 1, sizeof *out->list)};
  if (!out->list) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t cell = 0; cell < cells; cell++)
    for (int64_t place = 0; place < places; place++)
      out->list[cell * places + place] = image_index(&window, cell, place);
  return VT_OK;
}

/* Overlaps are added as a copy through the list is taken back. */
static vt_status col2im_run(vt_ctx *ctx, const vt_call *call)
{
  col2im_plan plan;
  VT_TRY(make_plan(ctx, call, call->inputs[0], call->outputs[0], &plan));
  const int64_t *maps[VT_MAX_RANK] = {NULL, plan.list};
  vt_status status = vt_remap_add(ctx, &plan.columns, maps, &plan.image);
  vt_free(plan.list);
  return status;
}

static vt_status col2im_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  static const char zero[16] = {0};
  col2im_plan plan;
  vt_tensor *to = vt_gradient_new(ctx, gradient, 0);
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(make_plan(ctx, gradient->call, to, gradient->output_gradients[0], &plan));
  const int64_t *maps[VT_MAX_RANK] = {NULL, plan.list};
  vt_status status = vt_remap(ctx, &plan.image, &plan.columns, maps, zero);
  vt_free(plan.list);
  return status;
}

static const vt_op rows[] = {
    {.name = "Col2Im",
     .since = 18,
     VT_INPUTS(3, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(col2im_attributes, col2im_fields),
     .types = {VT_FLOATS, VT_INDICES},
     .shape = col2im_shape,
     .implementations = {{"plain", NULL, col2im_run}},
     .backward = col2im_backward,
     .saves = VT_SAVES_INPUT(1) | VT_SAVES_INPUT(2)},
};

const vt_op_family vt_ops_col2im = {rows, VT_COUNT(rows)};
