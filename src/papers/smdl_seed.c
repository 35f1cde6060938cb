/* SPDX-License-Identifier: Apache-2.0
 *
 * One seed of 02 SMDL on generated worlds.
 */
#include "papers/smdl_seed.h"

enum { APART = 100000, TESTED = 300 };

static int64_t training_steps(const void *settings)
{
  return ((const vt_smdl_sizes *)settings)->creatures ? 2 : 1;
}

static int64_t picture_steps(const void *settings)
{
  const vt_smdl_sizes *sizes = settings;
  return (sizes->right + sizes->wrong) * (sizes->creatures ? 2 : 1);
}

const vt_stage vt_smdl_stages[2] = {{"subjects", "networks trained", training_steps},
                                    {"pictures", "pictures explained", picture_steps}};

static vt_status measure_items(vt_repro *repro, const vt_smdl_subject *subject, int seed, bool wrong,
                               const vt_smdl_sizes *sizes, vt_smdl_measure_fn measure)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  int64_t index = (int64_t)seed * APART, count = wrong ? sizes->wrong : sizes->right;
  for (int64_t i = 0; i < count; i++) {
    vt_smdl_item item;
    bool found;
    VT_TRY(vt_smdl_item_next(ctx, subject, wrong ? subject->damaged : subject->plain, wrong, sizes->most,
                             &index, &item, &found));
    if (!found) break;
    vt_status status = measure(repro, subject, &item, wrong ? APART + i : i, wrong, sizes->samples);
    vt_smdl_item_free(&item);
    VT_TRY(status);
    VT_TRY(vt_repro_step(repro));
  }
  return VT_OK;
}

vt_status vt_smdl_seed_run(vt_repro *repro, int seed, const vt_smdl_sizes *sizes, const char *arm,
                           vt_smdl_measure_fn measure)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  size_t kinds = sizes->creatures ? 2 : 1;
  vt_smdl_subject subjects[2] = {{0}};
  double accuracy;
  vt_status status;
  VT_TRY_DONE(vt_repro_stage(repro, "subjects"));
  for (size_t k = 0; k < kinds; k++) {
    VT_TRY_DONE(vt_smdl_subject_open(ctx, vt_repro_cache(repro), &vt_smdl_kinds[k], seed, sizes->steps,
                                     &subjects[k]));
    VT_TRY_DONE(vt_repro_step(repro));
  }
  VT_TRY_DONE(vt_repro_stage(repro, "pictures"));
  for (size_t k = 0; k < kinds; k++) {
    VT_TRY_DONE(vt_smdl_accuracy(ctx, &subjects[k], (int64_t)seed * APART, TESTED, &accuracy));
    VT_TRY_DONE(vt_repro_row(repro, arm, "accuracy", subjects[k].kind->id, 0, accuracy));
    VT_TRY_DONE(measure_items(repro, &subjects[k], seed, false, sizes, measure));
    VT_TRY_DONE(measure_items(repro, &subjects[k], seed, true, sizes, measure));
  }
done:
  for (size_t k = 0; k < kinds; k++)
    vt_smdl_subject_close(&subjects[k]);
  return status;
}
