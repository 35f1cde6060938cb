/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "nn/parameters.h"

static double truncated(uint64_t seed, uint64_t stream, uint64_t index)
{
  /* beyond two deviations in one of 22 draws; other counters, so that no number is used twice */
  for (uint64_t again = 0;; again++) {
    double value = vt_random_normal(seed, stream, index + (again << 40));
    if (fabs(value) <= 2) return value;
  }
}

void vt_init_fill(vt_tensor *value, vt_initial init, uint64_t seed, const char *name)
{
  float *data = value->data;
  int64_t count = vt_count(value);
  if (init.kind == VT_INIT_COPY) {
    memcpy(data, init.data, (size_t)count * sizeof *data);
    return;
  }
  int64_t outputs = value->rank ? value->dims[0] : 1;
  int64_t inputs = init.inputs ? init.inputs : value->rank > 1 && outputs ? count / outputs : count;
  double fan = inputs > 0 ? (double)inputs : 1, size = init.value;
  if (init.kind == VT_INIT_FAN_IN) size = sqrt(init.value / fan);
  if (init.kind == VT_INIT_XAVIER) {
    double receptive = value->rank > 1 ? (double)count / (double)(outputs * value->dims[1]) : 1;
    size = init.value * sqrt(6 / (fan + (double)outputs * receptive));
  }
  if (init.kind == VT_INIT_TORCH) size = 1 / sqrt(fan);
  uint64_t stream = vt_stream(name, 0);
  for (int64_t i = 0; i < count; i++) {
    double number = size;
    if (init.kind == VT_INIT_NORMAL || init.kind == VT_INIT_FAN_IN)
      number = size * vt_random_normal(seed, stream, (uint64_t)i);
    else if (init.kind == VT_INIT_TRUNCATED)
      number = size * truncated(seed, stream, (uint64_t)i);
    else if (init.kind != VT_INIT_CONSTANT)
      number = size * (2 * vt_random_uniform(seed, stream, (uint64_t)i) - 1);
    data[i] = (float)number;
  }
}
