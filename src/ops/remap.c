/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies through one index list for each axis: padding and nearest-neighbour resizing.
 */
#include "ops/move.h"

enum { TASK_BYTES = 1 << 18 };

/* Neighbours of the output that are neighbours in the input, or all constant. */
typedef struct remap_run {
  int64_t to, from, count; /* cells; from −1: constant */
} remap_run;

/* Rows of the output: everything but the last mapped axis; the axes behind that one form one cell. */
typedef struct remap_job {
  const vt_tensor *data;
  vt_tensor *output;
  int last;                     /* last mapped axis */
  const int64_t *const *maps;   /* by axis */
  int64_t strides[VT_MAX_RANK]; /* of the input, in cells */
  size_t cell, element;         /* bytes */
  const void *constant;
  remap_run *runs; /* of axis `last` */
  int64_t run_count;
} remap_job;

static void fill_cells(const remap_job *job, char *to, int64_t count)
{
  vt_fill_elements(to, count * (int64_t)(job->cell / job->element), job->element, job->constant);
}

#define GATHER_CELLS(n)                                                                                      \
  for (int64_t i = 0; i < width; i++)                                                                        \
    memcpy(to + i * (n), map[i] < 0 ? constant : from + map[i] * (n), n);

/* Cell by cell: cells are single elements. */
static void gather_row(const remap_job *job, char *to, const char *from)
{
  const int64_t *map = job->maps[job->last];
  int64_t width = job->output->dims[job->last];
  const char *constant = job->constant;
  switch (job->element) {
  case 1:
    GATHER_CELLS(1)
    break;
  case 2:
    GATHER_CELLS(2)
    break;
  case 4:
    GATHER_CELLS(4)
    break;
  case 8:
    GATHER_CELLS(8)
    break;
  default:
    GATHER_CELLS(16)
  }
}

static void copy_row(const remap_job *job, char *to, const char *from)
{
  if (job->cell == job->element && job->run_count > job->output->dims[job->last] / 4) {
    gather_row(job, to, from);
    return;
  }
  for (int64_t r = 0; r < job->run_count; r++) {
    const remap_run *run = &job->runs[r];
    if (run->from < 0)
      fill_cells(job, to + (size_t)run->to * job->cell, run->count);
    else
      memcpy(to + (size_t)run->to * job->cell, from + (size_t)run->from * job->cell,
             (size_t)run->count * job->cell);
  }
}

/* Where row `row` comes from, in cells; −1: it is constant. */
static int64_t row_source(const remap_job *job, int64_t row)
{
  int64_t offset = 0;
  for (int axis = job->last - 1; axis >= 0; axis--) {
    int64_t size = job->output->dims[axis], index = row % size;
    row /= size;
    if (job->maps[axis]) index = job->maps[axis][index];
    if (index < 0) return -1;
    offset += index * job->strides[axis];
  }
  return offset;
}

static void remap_rows(void *user, int64_t first, int64_t last)
{
  const remap_job *job = user;
  int64_t width = job->output->dims[job->last], before = -1;
  size_t bytes = (size_t)width * job->cell;
  for (int64_t row = first; row < last; row++) {
    int64_t source = row_source(job, row);
    char *to = (char *)job->output->data + (size_t)row * bytes;
    if (source < 0)
      fill_cells(job, to, width);
    else if (source == before)
      memcpy(to, to - bytes, bytes);
    else
      copy_row(job, to, (const char *)job->data->data + (size_t)source * job->cell);
    before = source;
  }
}

static void find_runs(remap_job *job)
{
  const int64_t *map = job->maps[job->last];
  int64_t width = job->output->dims[job->last];
  for (int64_t i = 0, count; i < width; i += count) {
    count = 1;
    while (i + count < width && map[i + count] == (map[i] < 0 ? -1 : map[i] + count))
      count++;
    job->runs[job->run_count++] = (remap_run){i, map[i] < 0 ? -1 : map[i], count};
  }
}

vt_status vt_remap(vt_ctx *ctx, const vt_tensor *data, vt_tensor *output,
                   const int64_t *const maps[VT_MAX_RANK], const void *constant)
{
  remap_job job = {.data = data,
                   .output = output,
                   .last = -1,
                   .maps = maps,
                   .element = vt_type_size(data->type),
                   .constant = constant};
  if (vt_count(output) == 0) return VT_OK;
  for (int axis = 0; axis < data->rank; axis++)
    if (maps[axis]) job.last = axis;
  if (job.last < 0) {
    memcpy(output->data, data->data, vt_bytes(data));
    return VT_OK;
  }
  job.cell = (size_t)vt_span(data, job.last + 1, data->rank) * job.element;
  int64_t step = 1, width = output->dims[job.last];
  for (int axis = job.last; axis >= 0; axis--) {
    job.strides[axis] = step;
    step *= data->dims[axis];
  }
  job.runs = vt_alloc_zero(ctx, (size_t)width, sizeof *job.runs);
  if (!job.runs) return VT_ERROR_OUT_OF_MEMORY;
  find_runs(&job);
  vt_parallel(ctx, vt_span(output, 0, job.last), TASK_BYTES / (width * (int64_t)job.cell + 1), remap_rows,
              &job);
  vt_free(job.runs);
  return VT_OK;
}
