/* SPDX-License-Identifier: Apache-2.0
 *
 * The Gaussian process over subsets. Rasmussen, Williams: "Gaussian Processes for Machine Learning" (2006),
 * algorithm 2.1, the scale of the covariance profiled out.
 */
#include "attribution/surrogate.h"

#include <math.h>

typedef struct covariance {
  double linear, local, reach, noise; /* c₁, c₂, ℓ, on the diagonal; c₀ is CONSTANT */
} covariance;

enum { CONSTANT = 10 };
/* Beyond this probability log-odds are rounding. */
static const double certain = 1e-5;

struct vt_surrogate {
  int regions, words, most;
  bool probability;
  int count, fitted; /* points; how many the factor has */
  uint64_t *bits;    /* [most, words] */
  double *values;    /* [most] modelled */
  double *factor;    /* [most, most] lower Cholesky factor, row-major */
  double *weights;   /* [most] K⁻¹ (values − mean) */
  double *table;     /* [regions + 1] covariance by distance */
  covariance chosen;
  int chosen_at; /* points when it was chosen; 0: not yet */
  double mean;
};

vt_status vt_surrogate_new(vt_ctx *ctx, int regions, int most, bool probability, vt_surrogate **out)
{
  vt_surrogate *s = *out = vt_alloc_zero(ctx, 1, sizeof *s);
  size_t square;
  if (!s) return VT_ERROR_OUT_OF_MEMORY;
  *s = (vt_surrogate){
      .regions = regions, .words = (regions + 63) / 64, .most = most, .probability = probability};
  if (vt_size_mul((size_t)most, (size_t)most, &square)) {
    s->bits = vt_alloc_zero(ctx, (size_t)most * (size_t)s->words, sizeof *s->bits);
    s->values = vt_alloc_zero(ctx, (size_t)most, sizeof *s->values);
    s->weights = vt_alloc_zero(ctx, (size_t)most, sizeof *s->weights);
    s->factor = vt_alloc_zero(ctx, square, sizeof *s->factor);
    s->table = vt_alloc_zero(ctx, (size_t)regions + 1, sizeof *s->table);
  }
  if (s->bits && s->values && s->weights && s->factor && s->table) return VT_OK;
  vt_surrogate_free(s);
  *out = NULL;
  return VT_ERROR_OUT_OF_MEMORY;
}

void vt_surrogate_free(vt_surrogate *s)
{
  if (!s) return;
  vt_free(s->bits);
  vt_free(s->values);
  vt_free(s->weights);
  vt_free(s->factor);
  vt_free(s->table);
  vt_free(s);
}

int vt_surrogate_count(const vt_surrogate *s)
{
  return s->count;
}

static int distance(const vt_surrogate *s, const uint64_t *a, const uint64_t *b)
{
  int bits = 0;
  for (int w = 0; w < s->words; w++)
    for (uint64_t other = a[w] ^ b[w]; other; other &= other - 1)
      bits++;
  return bits;
}

static const uint64_t *point(const vt_surrogate *s, int i)
{
  return s->bits + (size_t)i * (size_t)s->words;
}

void vt_surrogate_add(vt_surrogate *s, const uint64_t *bits, double score)
{
  if (s->count == s->most || !isfinite(score)) return;
  for (int i = 0; i < s->count; i++)
    if (distance(s, point(s, i), bits) == 0) return;
  if (s->probability) {
    double p = fmin(fmax(score, certain), 1 - certain);
    score = log(p / (1 - p));
  }
  memcpy(s->bits + (size_t)s->count * (size_t)s->words, bits, (size_t)s->words * sizeof *bits);
  s->values[s->count++] = score;
}

static void tabulate(vt_surrogate *s, const covariance *c)
{
  for (int h = 0; h <= s->regions; h++)
    s->table[h] = CONSTANT + c->linear * (1 - 2. * h / s->regions) + c->local * exp(-h / c->reach);
}

/* Rows `from` and on of the Cholesky factor. False: the matrix is not positive definite. */
static bool factorise(vt_surrogate *s, int from, double noise)
{
  for (int i = from; i < s->count; i++) {
    double *row = s->factor + (size_t)i * (size_t)s->most;
    for (int j = 0; j <= i; j++) {
      const double *other = s->factor + (size_t)j * (size_t)s->most;
      double sum = s->table[distance(s, point(s, i), point(s, j))] + (i == j ? noise : 0);
      for (int m = 0; m < j; m++)
        sum -= row[m] * other[m];
      if (i == j && sum <= 0) return false;
      row[j] = i == j ? sqrt(sum) : sum / other[j];
    }
  }
  return true;
}

static void solve(vt_surrogate *s)
{
  double sum = 0;
  for (int i = 0; i < s->count; i++)
    sum += s->values[i];
  s->mean = sum / s->count;
  for (int i = 0; i < s->count; i++) {
    const double *row = s->factor + (size_t)i * (size_t)s->most;
    double rest = s->values[i] - s->mean;
    for (int j = 0; j < i; j++)
      rest -= row[j] * s->weights[j];
    s->weights[i] = rest / row[i];
  }
  for (int i = s->count - 1; i >= 0; i--) {
    const double *row = s->factor + (size_t)i * (size_t)s->most;
    s->weights[i] /= row[i];
    for (int j = 0; j < i; j++)
      s->weights[j] -= row[j] * s->weights[i];
  }
}

/* Logarithm of the marginal likelihood, up to a constant, at the best scale. */
static double likelihood(const vt_surrogate *s)
{
  double fit = 0, volume = 0;
  for (int i = 0; i < s->count; i++) {
    fit += (s->values[i] - s->mean) * s->weights[i];
    volume += log(s->factor[(size_t)i * (size_t)s->most + (size_t)i]);
  }
  return -.5 * s->count * log(fit / s->count + 1e-12) - volume;
}

static void choose(vt_surrogate *s)
{
  static const double linears[] = {4, 16}, locals[] = {2, 8}, reaches[] = {6, 14}, noises[] = {.03, .3};
  double best = -INFINITY;
  for (int i = 0; i < 16; i++) {
    covariance c = {linears[i & 1], locals[i >> 1 & 1], reaches[i >> 2 & 1], noises[i >> 3]};
    tabulate(s, &c);
    if (!factorise(s, 0, c.noise)) continue;
    solve(s);
    double found = likelihood(s);
    if (found <= best) continue;
    best = found;
    s->chosen = c;
  }
  s->chosen_at = s->count;
  s->fitted = 0;
}

vt_status vt_surrogate_fit(vt_ctx *ctx, vt_surrogate *s)
{
  if (s->count == 0 || s->fitted == s->count) return VT_OK;
  if (s->chosen_at == 0 || 2 * s->count >= 3 * s->chosen_at) choose(s);
  tabulate(s, &s->chosen);
  if (!factorise(s, s->fitted, s->chosen.noise))
    return vt_fail(ctx, VT_ERROR_RUNTIME, "the surrogate of %d subsets has no factor", s->count);
  s->fitted = s->count;
  solve(s);
  return VT_OK;
}

double vt_surrogate_guess(const vt_surrogate *s, const uint64_t *bits)
{
  double sum = s->mean;
  for (int i = 0; i < s->fitted; i++)
    sum += s->table[distance(s, point(s, i), bits)] * s->weights[i];
  return s->probability ? 1 / (1 + exp(-sum)) : sum;
}
