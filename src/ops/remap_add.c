/* SPDX-License-Identifier: Apache-2.0
 *
 * vt_remap() backwards: what went from one input element to several output elements comes back as a sum.
 * Each input element adds up its own outputs, in index order and in f64, so that tasks never meet.
 */
#include "ops/move.h"
#include "ops/sample.h"

enum { BUFFER = 2048, TASK_ELEMENTS = 1 << 16 };

/* Output indices by input index of an axis: list[starts[i]]..list[starts[i + 1] − 1]. */
typedef struct inverse_map {
  int64_t *starts, *list; /* NULL: the axis stays as it is */
} inverse_map;

/* Rows of the input are everything before the last mapped axis; a unit is a block of indices of that axis, or
 * a piece of the cell behind one index, whatever fits the buffer. */
typedef struct add_job {
  const vt_tensor *gradient;
  vt_tensor *sum;
  int last; /* last mapped axis */
  inverse_map maps[VT_MAX_RANK];
  int64_t strides[VT_MAX_RANK]; /* of the output, elements */
  int64_t inner;                /* elements of a cell */
  int64_t block, blocks, piece, pieces;
} add_job;

/* Part of a row that a unit fills. */
typedef struct add_part {
  int64_t first, count;  /* indices of the last mapped axis */
  int64_t start, length; /* elements of each cell */
} add_part;

/* Two loops: single elements, and cells. */
#define DEFINE_ADD(name, type)                                                                               \
  static void name(const add_job *job, const add_part *part, int64_t offset, double *sums)                   \
  {                                                                                                          \
    const int64_t *starts = job->maps[job->last].starts + part->first, *list = job->maps[job->last].list;    \
    const type *from = (const type *)job->gradient->data + offset + part->start;                             \
    int64_t length = part->length, inner = job->inner;                                                       \
    for (int64_t i = 0; i < part->count && inner == 1; i++)                                                  \
      for (int64_t k = starts[i]; k < starts[i + 1]; k++)                                                    \
        sums[i] += (double)from[list[k]];                                                                    \
    for (int64_t i = 0; i < part->count && inner > 1; i++, sums += length)                                   \
      for (int64_t k = starts[i]; k < starts[i + 1]; k++) {                                                  \
        const type *cell = from + list[k] * inner;                                                           \
        _Pragma("omp simd") for (int64_t j = 0; j < length; j++) sums[j] += (double)cell[j];                 \
      }                                                                                                      \
  }
DEFINE_ADD(add_f32, float)
DEFINE_ADD(add_f64, double)

/* All output rows that came from input row `row`, in index order. */
static void add_row(const add_job *job, int64_t row, const add_part *part, double *sums)
{
  int64_t first[VT_MAX_RANK], end[VT_MAX_RANK], at[VT_MAX_RANK];
  for (int axis = job->last - 1; axis >= 0; axis--) {
    int64_t size = job->sum->dims[axis], index = row % size;
    const int64_t *starts = job->maps[axis].starts;
    row /= size;
    first[axis] = at[axis] = starts ? starts[index] : index;
    end[axis] = starts ? starts[index + 1] : index + 1;
    if (first[axis] == end[axis]) return;
  }
  for (bool more = true; more;) {
    int64_t offset = 0;
    for (int axis = 0; axis < job->last; axis++)
      offset += (job->maps[axis].list ? job->maps[axis].list[at[axis]] : at[axis]) * job->strides[axis];
    if (job->gradient->type == VT_F32)
      add_f32(job, part, offset, sums);
    else
      add_f64(job, part, offset, sums);
    more = false;
    for (int axis = job->last - 1; axis >= 0 && !more; axis--) {
      more = ++at[axis] < end[axis];
      if (!more) at[axis] = first[axis];
    }
  }
}

static void add_units(void *user, int64_t first, int64_t last)
{
  const add_job *job = user;
  double sums[BUFFER];
  const int64_t *starts = job->maps[job->last].starts;
  int64_t size = job->sum->dims[job->last];
  size_t element = vt_type_size(job->sum->type);
  for (int64_t unit = first; unit < last; unit++) {
    int64_t row = unit / job->pieces / job->blocks;
    add_part part = {.first = unit / job->pieces % job->blocks * job->block,
                     .start = unit % job->pieces * job->piece};
    part.count = size - part.first < job->block ? size - part.first : job->block;
    part.length = job->inner - part.start < job->piece ? job->inner - part.start : job->piece;
    int64_t to = (row * size + part.first) * job->inner + part.start, count = part.count * part.length;
    if (starts[part.first] == starts[part.first + part.count]) { /* few indices into a large table */
      memset((char *)job->sum->data + (size_t)to * element, 0, (size_t)count * element);
      continue;
    }
    memset(sums, 0, sizeof *sums * (size_t)count);
    add_row(job, row, &part, sums);
    for (int64_t i = 0; i < count; i++) /* with several indices, cells are whole */
      vt_sample_store(job->sum->data, job->sum->type, to + i, sums[i]);
  }
}

static vt_status invert(vt_ctx *ctx, const int64_t *map, int64_t count, int64_t size, inverse_map *out)
{
  out->starts = vt_alloc_zero(ctx, (size_t)size + 2, sizeof *out->starts);
  out->list = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *out->list);
  if (!out->starts || !out->list) return VT_ERROR_OUT_OF_MEMORY;
  /* counted two places further on, starts[i + 1] is where the next output of i goes, and in the end where
   * those of i + 1 begin */
  for (int64_t i = 0; i < count; i++)
    if (map[i] >= 0) out->starts[map[i] + 2]++;
  for (int64_t i = 2; i <= size; i++)
    out->starts[i] += out->starts[i - 1];
  for (int64_t i = 0; i < count; i++)
    if (map[i] >= 0) out->list[out->starts[map[i] + 1]++] = i;
  return VT_OK;
}

vt_status vt_remap_add(vt_ctx *ctx, const vt_tensor *gradient, const int64_t *const maps[VT_MAX_RANK],
                       vt_tensor *sum)
{
  add_job job = {.gradient = gradient, .sum = sum, .last = -1};
  vt_status status = VT_OK;
  if (vt_count(sum) == 0) return VT_OK;
  for (int axis = 0; axis < sum->rank; axis++)
    if (maps[axis]) job.last = axis;
  if (job.last < 0 || vt_count(gradient) == 0) {
    if (job.last < 0)
      memcpy(sum->data, gradient->data, vt_bytes(sum));
    else
      memset(sum->data, 0, vt_bytes(sum));
    return VT_OK;
  }
  for (int axis = 0; axis <= job.last && status == VT_OK; axis++)
    if (maps[axis]) status = invert(ctx, maps[axis], gradient->dims[axis], sum->dims[axis], &job.maps[axis]);
  if (status == VT_OK) {
    int64_t size = sum->dims[job.last];
    vt_strides(gradient, job.strides);
    job.inner = vt_span(sum, job.last + 1, sum->rank);
    job.piece = job.inner < BUFFER ? job.inner : BUFFER;
    job.pieces = (job.inner + job.piece - 1) / job.piece;
    job.block = job.pieces > 1 ? 1 : BUFFER / job.inner;
    if (job.block > size) job.block = size;
    job.blocks = (size + job.block - 1) / job.block;
    int64_t work = job.block * job.piece * (1 + vt_count(gradient) / vt_count(sum));
    vt_parallel(ctx, vt_span(sum, 0, job.last) * job.blocks * job.pieces, TASK_ELEMENTS / work, add_units,
                &job);
  }
  for (int axis = 0; axis <= job.last; axis++) {
    vt_free(job.maps[axis].starts);
    vt_free(job.maps[axis].list);
  }
  return status;
}

double vt_remap_constant_sum(const vt_tensor *gradient, const int64_t *const maps[VT_MAX_RANK])
{
  int last = -1;
  for (int axis = 0; axis < gradient->rank; axis++)
    if (maps[axis]) last = axis;
  if (last < 0 || vt_count(gradient) == 0) return 0;
  int64_t inner = vt_span(gradient, last + 1, gradient->rank), width = gradient->dims[last];
  int64_t rows = vt_span(gradient, 0, last);
  double sum = 0;
  for (int64_t row = 0; row < rows; row++) {
    bool constant = false;
    int64_t rest = row;
    for (int axis = last - 1; axis >= 0; axis--) {
      int64_t index = rest % gradient->dims[axis];
      rest /= gradient->dims[axis];
      constant = constant || (maps[axis] && maps[axis][index] < 0);
    }
    for (int64_t i = 0; i < width; i++)
      for (int64_t j = 0; (constant || maps[last][i] < 0) && j < inner; j++)
        sum += vt_sample_load(gradient->data, gradient->type, (row * width + i) * inner + j);
  }
  return sum;
}
