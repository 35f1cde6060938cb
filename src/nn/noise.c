/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers that draw: dropout, stochastic depth, Gumbel-softmax. Numbers are a function of seed, step, place
 * and element, never of threads.
 */
#include <math.h>

#include "nn/layers.h"

typedef struct mask_job {
  float *data;
  vt_noise noise;
  uint32_t threshold; /* kept when 32 bits are below */
  float kept;
} mask_job;

/* Four draws of 32 bits a counter. */
static void fill_mask(void *user, int64_t first, int64_t last)
{
  const mask_job *job = user;
  uint32_t bits[4];
  for (int64_t i = first; i < last; i++) {
    if (i == first || i % 4 == 0) vt_random_bits(job->noise.seed, job->noise.stream, (uint64_t)(i / 4), bits);
    job->data[i] = bits[i % 4] < job->threshold ? job->kept : 0;
  }
}

static vt_tensor *masked(vt_scope s, vt_tensor *x, double rate, int rank, const int64_t *dims,
                         const char *purpose)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *mask = vt_filled(ctx, rank, dims, 0);
  if (vt_is_void(mask)) return mask;
  mask_job job = {mask->data, vt_noise_of(s, purpose), (uint32_t)((1 - rate) * 4294967295.0),
                  (float)(1 / (1 - rate))};
  vt_parallel(ctx, vt_count(mask), 1 << 14, fill_mask, &job);
  return vt_mul(ctx, x, mask);
}

vt_tensor *vt_dropout(vt_scope s, vt_tensor *x, double rate)
{
  if (!s.run->training || rate <= 0 || vt_is_void(x)) return x;
  return masked(s, x, rate, x->rank, x->dims, "dropout");
}

vt_tensor *vt_drop_path(vt_scope s, vt_tensor *x, double rate)
{
  if (!s.run->training || rate <= 0 || vt_is_void(x)) return x;
  int64_t dims[VT_MAX_RANK] = {vt_dim(x, 0)};
  for (int i = 1; i < x->rank; i++)
    dims[i] = 1;
  return masked(s, x, rate, x->rank, dims, "drop path");
}

vt_tensor *vt_gumbel_softmax(vt_scope s, vt_tensor *logits, double temperature, bool hard)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *moved = logits;
  if (s.run->training && !vt_is_void(logits)) {
    vt_tensor *noise = vt_filled(ctx, logits->rank, logits->dims, 0);
    if (vt_is_void(noise)) return noise;
    vt_noise source = vt_noise_of(s, "gumbel");
    float *data = noise->data;
    for (int64_t i = 0; i < vt_count(noise); i++) {
      double uniform = vt_random_uniform(source.seed, source.stream, (uint64_t)i);
      data[i] = (float)-log(-log(uniform + 1e-20) + 1e-20);
    }
    moved = vt_add(ctx, logits, noise);
  }
  vt_tensor *soft = vt_softmax(ctx, vt_times(ctx, moved, 1 / temperature), -1);
  if (!hard) return soft;
  return vt_straight_through(ctx, vt_one_hot(ctx, vt_argmax(ctx, soft, -1), vt_dim(soft, -1)), soft);
}
