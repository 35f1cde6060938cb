/* SPDX-License-Identifier: Apache-2.0
 *
 * Strided copies.
 */
#include "ops/move.h"

enum { TASK_BYTES = 1 << 18, RUN_BYTES = 1 << 16, LINE_ELEMENTS = 4096, TILE = 16 };

void vt_move_axis(vt_move *move, int64_t dim, int64_t to_stride, int64_t from_stride)
{
  move->dims[move->rank] = dim;
  move->to_strides[move->rank] = to_stride;
  move->from_strides[move->rank] = from_stride;
  move->rank++;
}

void vt_move_dense(vt_move *move)
{
  int64_t step = 1;
  for (int axis = move->rank - 1; axis >= 0; axis--) {
    move->to_strides[axis] = step;
    step *= move->dims[axis];
  }
}

void vt_move_turn(vt_move *move)
{
  for (int axis = 0; axis < move->rank; axis++) {
    int64_t stride = move->to_strides[axis];
    move->to_strides[axis] = move->from_strides[axis];
    move->from_strides[axis] = stride;
  }
}

/* Drops axes of size 1 and joins neighbours that both boxes step through evenly. */
static vt_move merged(const vt_move *move)
{
  vt_move out = {0};
  for (int axis = 0; axis < move->rank; axis++) {
    int64_t dim = move->dims[axis], to = move->to_strides[axis], from = move->from_strides[axis];
    if (dim == 1) continue;
    int last = out.rank - 1;
    if (last >= 0 && out.to_strides[last] == to * dim && out.from_strides[last] == from * dim) {
      out.dims[last] *= dim;
      out.to_strides[last] = to;
      out.from_strides[last] = from;
    } else {
      vt_move_axis(&out, dim, to, from);
    }
  }
  if (out.rank == 0) vt_move_axis(&out, 1, 1, 1);
  return out;
}

typedef enum kind { RUNS, TILES, LINES } kind;

/* A merged copy cut into tasks: all axes but the inner ones are walked row by row, and one inner axis is cut
 * in pieces. */
typedef struct move_job {
  vt_move move;
  kind kind;
  int outer;             /* axes that are walked */
  int64_t piece, pieces; /* of axis `outer`, the first inner one */
  size_t element_size;
  char *to;
  const char *from;
} move_job;

/* Where a walk over the outer axes stands. */
typedef struct cursor {
  int64_t index[VT_MOVE_RANK];
  int64_t to, from; /* elements */
} cursor;

static void cursor_set(const move_job *job, int64_t row, cursor *at)
{
  at->to = at->from = 0;
  for (int axis = job->outer - 1; axis >= 0; axis--) {
    at->index[axis] = row % job->move.dims[axis];
    row /= job->move.dims[axis];
    at->to += at->index[axis] * job->move.to_strides[axis];
    at->from += at->index[axis] * job->move.from_strides[axis];
  }
}

static void cursor_next(const move_job *job, cursor *at)
{
  for (int axis = job->outer - 1; axis >= 0; axis--) {
    at->to += job->move.to_strides[axis];
    at->from += job->move.from_strides[axis];
    if (++at->index[axis] < job->move.dims[axis]) return;
    at->to -= job->move.dims[axis] * job->move.to_strides[axis];
    at->from -= job->move.dims[axis] * job->move.from_strides[axis];
    at->index[axis] = 0;
  }
}

/* The loops below exist once for each element size, so that the copy is a single load and store. */
#define FOR_SIZES(size, LOOP)                                                                                \
  switch (size) {                                                                                            \
  case 1:                                                                                                    \
    LOOP(1) break;                                                                                           \
  case 2:                                                                                                    \
    LOOP(2) break;                                                                                           \
  case 4:                                                                                                    \
    LOOP(4) break;                                                                                           \
  case 8:                                                                                                    \
    LOOP(8) break;                                                                                           \
  default:                                                                                                   \
    LOOP(16)                                                                                                 \
  }

static void copy_line(size_t size, char *to, int64_t to_stride, const char *from, int64_t from_stride,
                      int64_t count)
{
#define LINE_LOOP(n)                                                                                         \
  for (int64_t i = 0; i < count; i++)                                                                        \
    memcpy(to + i * to_stride * n, from + i * from_stride * n, n);
  FOR_SIZES(size, LINE_LOOP)
#undef LINE_LOOP
}

/* to[j · to_row + i] = from[i · from_row + j] for j < rows, i < columns. */
static void copy_tiles(size_t size, char *to, int64_t to_row, const char *from, int64_t from_row,
                       int64_t rows, int64_t columns)
{
  for (int64_t start = 0; start < columns; start += TILE) {
    int64_t end = start + TILE < columns ? start + TILE : columns;
#define TILE_LOOP(n)                                                                                         \
  for (int64_t j = 0; j < rows; j++)                                                                         \
    for (int64_t i = start; i < end; i++)                                                                    \
      memcpy(to + (j * to_row + i) * n, from + (i * from_row + j) * n, n);
    FOR_SIZES(size, TILE_LOOP)
#undef TILE_LOOP
  }
}

static void run_tasks(void *user, int64_t first, int64_t last)
{
  const move_job *job = user;
  const vt_move *move = &job->move;
  int inner = job->outer;
  int64_t size = (int64_t)job->element_size, dim = move->dims[inner];
  int64_t to_stride = move->to_strides[inner], from_stride = move->from_strides[inner];
  int64_t part = first % job->pieces;
  cursor at;
  cursor_set(job, first / job->pieces, &at);
  for (int64_t task = first; task < last; task++) {
    int64_t start = part * job->piece, count = start + job->piece < dim ? job->piece : dim - start;
    char *to = job->to + (at.to + start * to_stride) * size;
    const char *from = job->from + (at.from + start * from_stride) * size;
    if (job->kind == RUNS)
      memcpy(to, from, (size_t)(count * size));
    else if (job->kind == TILES)
      copy_tiles(job->element_size, to, to_stride, from, move->from_strides[inner + 1], count,
                 move->dims[inner + 1]);
    else
      copy_line(job->element_size, to, to_stride, from, from_stride, count);
    if (++part == job->pieces) {
      part = 0;
      cursor_next(job, &at);
    }
  }
}

/* Moves axis `from` behind axis `to`, others keeping their order: the order of axes
 * does not matter to a copy. */
static void rotate_axis(vt_move *move, int from, int to)
{
  int64_t dim = move->dims[from], to_stride = move->to_strides[from], from_stride = move->from_strides[from];
  for (int axis = from; axis < to; axis++) {
    move->dims[axis] = move->dims[axis + 1];
    move->to_strides[axis] = move->to_strides[axis + 1];
    move->from_strides[axis] = move->from_strides[axis + 1];
  }
  move->dims[to] = dim;
  move->to_strides[to] = to_stride;
  move->from_strides[to] = from_stride;
}

/* Chooses how the innermost axes are copied; returns the elements of one task. */
static int64_t choose(move_job *job)
{
  vt_move *move = &job->move;
  int last = move->rank - 1;
  job->outer = last;
  if (move->to_strides[last] == 1 && move->from_strides[last] == 1) {
    job->kind = RUNS;
    job->piece = RUN_BYTES / (int64_t)job->element_size;
  } else {
    job->kind = LINES;
    job->piece = LINE_ELEMENTS;
    for (int axis = 0; axis < last && move->to_strides[last] == 1; axis++)
      if (move->from_strides[axis] == 1) {
        rotate_axis(move, axis, last - 1);
        job->kind = TILES;
        job->outer = last - 1;
        job->piece = job->element_size < 4 ? 4 * TILE : TILE;
        break;
      }
  }
  int64_t dim = move->dims[job->outer];
  if (job->piece > dim) job->piece = dim;
  job->pieces = (dim + job->piece - 1) / job->piece;
  return job->piece * (job->kind == TILES ? move->dims[last] : 1);
}

void vt_move_run(vt_ctx *ctx, const vt_move *move, size_t element_size, void *to, const void *from)
{
  for (int axis = 0; axis < move->rank; axis++)
    if (move->dims[axis] == 0) return;
  move_job job = {.move = merged(move), .element_size = element_size, .to = to, .from = from};
  int64_t elements = choose(&job), tasks = job.pieces;
  for (int axis = 0; axis < job.outer; axis++)
    tasks *= job.move.dims[axis];
  vt_parallel(ctx, tasks, TASK_BYTES / (elements * (int64_t)element_size), run_tasks, &job);
}

void vt_fill_elements(void *to, int64_t count, size_t element_size, const void *element)
{
  if (element_size == 1) {
    memset(to, *(const unsigned char *)element, (size_t)count);
    return;
  }
  for (int64_t i = 0; i < count; i++)
    vt_copy_element((char *)to + (size_t)i * element_size, element, element_size);
}

vt_status vt_run_copy(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *input = call->inputs[0];
  vt_tensor *output = vt_output(call, 0);
  if (!output || output->data == input->data) return VT_OK;
  vt_move move = {0};
  vt_move_axis(&move, vt_count(input), 1, 1);
  vt_move_run(ctx, &move, vt_type_size(input->type), output->data, input->data);
  return VT_OK;
}

vt_status vt_check_indices(vt_ctx *ctx, const vt_call *call, int input, int64_t size)
{
  const vt_tensor *indices = call->inputs[input];
  int64_t count = vt_count(indices);
  for (int64_t i = 0; i < count; i++) {
    int64_t index = vt_index_at(indices, i, size);
    if (index < 0 || index >= size)
      return vt_call_fail(
          ctx, call, VT_ERROR_INVALID_DATA, "index %lld at position %lld of input %d is outside %lld..%lld",
          (long long)vt_get_i64(indices, i), (long long)i, input, (long long)-size, (long long)size - 1);
  }
  return VT_OK;
}
