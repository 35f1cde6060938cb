/* SPDX-License-Identifier: Apache-2.0
 *
 * The next token from logits.
 */
#include <math.h>
#include <stdlib.h>

#include "nn/generate.h"

double vt_log_total(const float *logits, int64_t count)
{
  double most = -INFINITY, sum = 0;
  for (int64_t i = 0; i < count; i++)
    most = fmax(most, logits[i]);
  for (int64_t i = 0; i < count; i++)
    sum += exp(logits[i] - most);
  return most + log(sum);
}

static int64_t largest(const float *logits, int64_t count)
{
  int64_t best = 0;
  for (int64_t i = 1; i < count; i++)
    if (logits[i] > logits[best]) best = i;
  return best;
}

typedef struct ranked {
  double logit;
  int64_t id;
} ranked;

static int by_logit(const void *a, const void *b)
{
  const ranked *x = a, *y = b;
  if (x->logit != y->logit) return x->logit > y->logit ? -1 : 1;
  return (x->id > y->id) - (x->id < y->id);
}

/* How many of the ranked words stay in play; their weights go over the logits. */
static int64_t in_play(ranked *words, int64_t count, const vt_generate_settings *settings, double *total)
{
  double temperature = settings->temperature > 0 ? settings->temperature : 1, sum = 0, part = 0;
  int64_t kept = settings->top_k > 0 && settings->top_k < count ? settings->top_k : count;
  double most = words[0].logit;
  for (int64_t i = 0; i < kept; i++) {
    words[i].logit = exp((words[i].logit - most) / temperature);
    sum += words[i].logit;
  }
  *total = sum;
  if (!(settings->top_p > 0 && settings->top_p < 1)) return kept;
  for (int64_t i = 0; i < kept; i++) {
    part += words[i].logit;
    if (part < settings->top_p * sum) continue;
    *total = part;
    return i + 1;
  }
  return kept;
}

int64_t vt_choose(vt_ctx *ctx, const float *logits, int64_t count, const vt_generate_settings *settings,
                  double uniform, vt_status *status)
{
  *status = VT_OK;
  if (!settings->sample) return largest(logits, count);
  ranked *words = vt_alloc_zero(ctx, (size_t)count, sizeof *words);
  if (!words) {
    *status = VT_ERROR_OUT_OF_MEMORY;
    return 0;
  }
  for (int64_t i = 0; i < count; i++)
    words[i] = (ranked){logits[i], i};
  qsort(words, (size_t)count, sizeof *words, by_logit);
  double total, sum = 0;
  int64_t kept = in_play(words, count, settings, &total), chosen = words[kept - 1].id;
  for (int64_t i = 0; i < kept; i++) {
    sum += words[i].logit;
    if (uniform * total >= sum) continue;
    chosen = words[i].id;
    break;
  }
  vt_free(words);
  return chosen;
}
