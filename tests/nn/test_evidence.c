/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidential losses against their formulas, and what uncertainty is at its ends.
 */
#include "loss_case.h"
#include "nn/evidence.h"

enum { ROWS = 3, CLASSES = 4 };
static const int64_t labels[ROWS] = {2, 0, 3};

/* ψ(x) = ψ(x + n) − Σ 1 / (x + i), with the asymptotic series from 30 on, where its next term is below
 * 1e-14. */
static double psi(double x)
{
  double sum = 0;
  for (; x < 30; x++)
    sum -= 1 / x;
  double y = 1 / (x * x);
  return sum + log(x) - .5 / x - y * (1 / 12. - y * (1 / 120. - y / 252));
}

/* α of one row and their sum; of the label 1 when `others`. */
static double alphas(const double *x, int row, bool others, double alpha[CLASSES])
{
  double sum = 0;
  for (int k = 0; k < CLASSES; k++) {
    alpha[k] = others && k == labels[row] ? 1 : exp(fmax(-10, fmin(10, x[CLASSES * row + k]))) + 1;
    sum += alpha[k];
  }
  return sum;
}

static vt_tensor *of_form(vt_ctx *ctx, vt_tensor *x, vt_evidential_form form)
{
  return vt_evidential_loss(ctx, x, classes_of(ctx, VT_DIMS(ROWS), labels), form, (vt_terms){0});
}

static vt_tensor *log_loss(vt_ctx *ctx, vt_tensor *x)
{
  return of_form(ctx, x, VT_EVIDENTIAL_LOG);
}

static double log_formula(const double *x)
{
  double alpha[CLASSES], loss = 0;
  for (int row = 0; row < ROWS; row++)
    loss += log(alphas(x, row, false, alpha)) - log(alpha[labels[row]]);
  return loss / ROWS;
}

static vt_tensor *digamma_loss(vt_ctx *ctx, vt_tensor *x)
{
  return of_form(ctx, x, VT_EVIDENTIAL_DIGAMMA);
}

static double digamma_formula(const double *x)
{
  double alpha[CLASSES], loss = 0;
  for (int row = 0; row < ROWS; row++)
    loss += psi(alphas(x, row, false, alpha)) - psi(alpha[labels[row]]);
  return loss / ROWS;
}

static vt_tensor *squared_loss(vt_ctx *ctx, vt_tensor *x)
{
  return of_form(ctx, x, VT_EVIDENTIAL_SQUARED);
}

static double squared_formula(const double *x)
{
  double alpha[CLASSES], loss = 0;
  for (int row = 0; row < ROWS; row++) {
    double sum = alphas(x, row, false, alpha);
    for (int k = 0; k < CLASSES; k++) {
      double error = (k == labels[row]) - alpha[k] / sum;
      loss += error * error + alpha[k] * (sum - alpha[k]) / (sum * sum * (sum + 1));
    }
  }
  return loss / ROWS;
}

static vt_tensor *kl_loss(vt_ctx *ctx, vt_tensor *x)
{
  return vt_evidential_kl(ctx, x, classes_of(ctx, VT_DIMS(ROWS), labels), (vt_terms){0});
}

static double kl_formula(const double *x)
{
  double alpha[CLASSES], loss = 0;
  for (int row = 0; row < ROWS; row++) {
    double sum = alphas(x, row, true, alpha);
    loss += lgamma(sum) - lgamma(CLASSES);
    for (int k = 0; k < CLASSES; k++)
      loss += (alpha[k] - 1) * (psi(alpha[k]) - psi(sum)) - lgamma(alpha[k]);
  }
  return loss / ROWS;
}

static void test_losses(void **state)
{
  VT_UNUSED(state);
  check_loss(log_loss, log_formula, VT_DIMS(ROWS, CLASSES), 1.5);
  check_loss(digamma_loss, digamma_formula, VT_DIMS(ROWS, CLASSES), 1.5);
  check_loss(squared_loss, squared_formula, VT_DIMS(ROWS, CLASSES), 1.5);
  check_loss(kl_loss, kl_formula, VT_DIMS(ROWS, CLASSES), 1.5);
}

/* The Monte-Carlo meaning of the forms: means over draws of the Dirichlet with α = (3, 2, 5) and label 2,
 * whose exact values are known: E[−ln p] = ψ(10) − ψ(5), E|y − p|² = Σ (y − α/S)² + variances. */
static void test_closed_forms(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  const double scores[] = {log(2), 0, log(4)};
  const int64_t label[] = {2};
  vt_tensor *x = numbers_of(ctx, VT_DIMS(1, 3), scores), *y = classes_of(ctx, VT_DIMS(1), label);
  /* ψ(10) − ψ(5) = 1/5 + 1/6 + 1/7 + 1/8 + 1/9 */
  double expected[] = {log(2), 1 / 5. + 1 / 6. + 1 / 7. + 1 / 8. + 1 / 9.,
                       .09 + .04 + .25 + (21 + 16 + 25) / 1100.};
  for (int form = VT_EVIDENTIAL_LOG; form <= VT_EVIDENTIAL_SQUARED; form++) {
    vt_tensor *loss = vt_evidential_loss(ctx, x, y, (vt_evidential_form)form, (vt_terms){0});
    assert_ok(ctx, vt_ctx_status(ctx));
    assert_near((double)*(float *)loss->data, expected[form], 1e-6);
  }
  /* no evidence for other classes (e^-10 each, cut): no divergence from the flat Dirichlet to speak of */
  const double sure[] = {-30, -30, 9};
  vt_tensor *kl = vt_evidential_kl(ctx, numbers_of(ctx, VT_DIMS(1, 3), sure), y, (vt_terms){0});
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_near((double)*(float *)kl->data, 0, 1e-5);
  /* the same without a label: that of Dir(2, 1, 1) is ln Γ(4) − ln Γ(3) + ψ(2) − ψ(4) = ln 3 − 1/2 − 1/3 */
  const double one[] = {0, -30, -30};
  kl = vt_evidential_kl(ctx, numbers_of(ctx, VT_DIMS(1, 3), one), NULL, (vt_terms){0});
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_near((double)*(float *)kl->data, log(3) - .5 - 1 / 3., 2e-4);
  vt_ctx_free(ctx);
}

static void test_uncertainty(void **state)
{
  VT_UNUSED(state);
  const float nothing[] = {-40, -40, -40}, even[] = {0, 0, 0}, sure[] = {100, -40, -40};
  double least = exp(-10), most = exp(10);
  assert_near(vt_evidential_uncertainty(nothing, 3), 3 / (3 + 3 * least), 1e-12);
  assert_near(vt_evidential_uncertainty(even, 3), .5, 1e-12);
  assert_near(vt_evidential_uncertainty(sure, 3), 3 / (3 + most + 2 * least), 1e-12);
  assert_near(vt_evidential_probability(sure, 3, 0), (most + 1) / (3 + most + 2 * least), 1e-12);
  assert_near(vt_evidential_probability(even, 3, 1), 1 / 3., 1e-12);
  /* one output: present or not, without a second class */
  assert_near(vt_evidential_uncertainty(even, 1), .5, 1e-12);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_losses),
      cmocka_unit_test(test_closed_forms),
      cmocka_unit_test(test_uncertainty),
  };
  return cmocka_run_group_tests_name("nn/evidence", tests, NULL, NULL);
}
