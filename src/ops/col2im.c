/* SPDX-License-Identifier: Apache-2.0
 *
 * Col2Im: the blocks of a sliding window laid back onto the image, overlaps added.
 */
#include "ops/families.h"
#include "ops/plain.h"

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

static vt_status col2im_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  col2im_window window;
  VT_TRY(read_window(ctx, call, &window));
  int64_t planes = output->dims[0] * output->dims[1], pixels = vt_span(output, 2, output->rank), cells = 1;
  for (int axis = 0; axis < window.space; axis++)
    cells *= window.block[axis];
  double *columns = vt_plain_read(ctx, data),
         *image = vt_alloc_zero(ctx, (size_t)vt_count(output), sizeof *image);
  if (columns && image) {
    for (int64_t plane = 0; plane < planes; plane++)
      for (int64_t cell = 0; cell < cells; cell++)
        for (int64_t place = 0; place < data->dims[2]; place++) {
          int64_t to = image_index(&window, cell, place);
          if (to >= 0) image[plane * pixels + to] += columns[(plane * cells + cell) * data->dims[2] + place];
        }
    vt_plain_write(output, image);
  }
  vt_status status = columns && image ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  vt_free(columns);
  vt_free(image);
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
     .implementations = {{"plain", NULL, col2im_run}}},
};

const vt_op_family vt_ops_col2im = {rows, VT_COUNT(rows)};
