/* SPDX-License-Identifier: Apache-2.0
 *
 * vt.Lgamma(x) = log |Γ(x)|, vt.Digamma(x) = ψ(x) = its derivative; that of ψ is the trigamma function. For
 * training (evidential losses): ONNX has no such operators, and a model that still holds one is not exported.
 *
 * All three step up by their recurrences to x ≥ 8, where the asymptotic series (Abramowitz and Stegun 6.1.41,
 * 6.3.18, 6.4.12) are exact to f64, and mirror negative x at ½. Computed in f64.
 */
#include "ops/derivative.h"
#include "ops/families.h"

#define PI 3.14159265358979323846

enum { SERIES_FROM = 8 };

/* x² as the series want it: Σ c[k] / x^(2k). */
static double series(const double *c, int count, double x)
{
  double sum = 0, inverse = 1 / (x * x);
  for (int k = count - 1; k >= 0; k--)
    sum = (sum + c[k]) * (k ? inverse : 1);
  return sum;
}

/* sin πx and cos πx by the remainder of x, which is exact. */
static double sine_of_pi(double x)
{
  double rest = fmod(x, 2);
  return sin(PI * rest);
}

static bool is_pole(double x)
{
  return x <= 0 && x == floor(x);
}

static double trigamma(double x)
{
  static const double c[] = {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6};
  if (is_pole(x)) return INFINITY;
  if (x == INFINITY) return 0;
  if (x < 0.5) { /* π² / sin² πx − ψ′(1 − x) */
    double s = sine_of_pi(x);
    return PI / s * (PI / s) - trigamma(1 - x);
  }
  double sum = 0;
  for (; x < SERIES_FROM; x += 1)
    sum += 1 / (x * x);
  return sum + 1 / x + 0.5 / (x * x) + series(c, VT_COUNT(c), x) / (x * x * x);
}

static double digamma(double x)
{
  static const double c[] = {1.0 / 12,  -1.0 / 120,     1.0 / 252, -1.0 / 240,
                             1.0 / 132, -691.0 / 32760, 1.0 / 12};
  if (is_pole(x)) return x == 0 ? (signbit(x) ? INFINITY : -INFINITY) : NAN;
  if (x == -INFINITY) return NAN;
  if (x == INFINITY) return x;
  if (x < 0) /* ψ(1 − x) − π cot πx */
    return digamma(1 - x) - PI * cos(PI * fmod(x, 2)) / sine_of_pi(x);
  double sum = 0;
  for (; x < SERIES_FROM; x += 1)
    sum -= 1 / x;
  return sum + log(x) - 0.5 / x - series(c, VT_COUNT(c), x) / (x * x);
}

/* The C library's own writes a global. */
static double log_gamma(double x)
{
  static const double c[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                             1.0 / 1188, -691.0 / 360360, 1.0 / 156};
  if (is_pole(x) || isinf(x)) return INFINITY;
  if (x == 1 || x == 2) return 0;
  if (x < 0.5) return log(PI / fabs(sine_of_pi(x))) - log_gamma(1 - x);
  double product = 1;
  for (; x < SERIES_FROM; x += 1)
    product *= x;
  return (x - 0.5) * log(x) - x + 0.91893853320467274178 /* log √2π */ + series(c, VT_COUNT(c), x) / x -
         log(product);
}

VT_FLOAT_LOOPS1(log_gamma, VT_NOTHING, (real)log_gamma((double)x))
VT_FLOAT_LOOPS1(digamma, VT_NOTHING, (real)digamma((double)x))
VT_DERIVATIVE_BY_INPUT(log_gamma, VT_NOTHING, (real)((double)g *digamma((double)x)))
VT_DERIVATIVE_BY_INPUT(digamma, VT_NOTHING, (real)((double)g *trigamma((double)x)))

static vt_status log_gamma_run(vt_ctx *ctx, const vt_call *call)
{
  static const vt_loop loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(log_gamma)};
  return vt_run_loops(ctx, call, loops);
}

static vt_status digamma_run(vt_ctx *ctx, const vt_call *call)
{
  static const vt_loop loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(digamma)};
  return vt_run_loops(ctx, call, loops);
}

/* clang-format off */
#define ROW(operator, function)                                                                              \
  {                                                                                                          \
    .name = operator, .domain = "vt", .since = 1, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),                         \
    .types = {VT_FLOATS | VT_HALVES}, .flags = VT_OP_ELEMENTWISE, .shape = vt_shape_same,                    \
    .implementations = {{"plain", NULL, function##_run}},                                                    \
    VT_BACKWARD(function##_backward, VT_SAVES_INPUT(0))                                                      \
  }
static const vt_op rows[] = {
    ROW("Lgamma", log_gamma),
    ROW("Digamma", digamma),
};
/* clang-format on */

const vt_op_family vt_ops_gamma = {rows, VT_COUNT(rows)};
