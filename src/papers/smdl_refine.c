/* SPDX-License-Identifier: Apache-2.0 */
#include "papers/smdl_refine.h"

enum { MOST_REGIONS = 64 };
enum { SALIENCY, GRAD_CAM, RISE, HSIC, PRIORS };

/* Arms of a prior: its map, the map's patches in their own order, the same patches ordered by SMDL. */
enum { MAP, OWN_ORDER, REFINED, FORMS };
static const char *const arm_ids[PRIORS + 1][FORMS] = {
    {"saliency", "saliency-patches", "saliency-ours"},
    {"grad-cam", "grad-cam-patches", "grad-cam-ours"},
    {"rise", "rise-patches", "rise-ours"},
    {"hsic", "hsic-patches", "hsic-ours"},
    {"maps", "patches", "ours"},
};

const vt_arm vt_smdl_arms[VT_SMDL_ARMS] = {
    {"saliency", "Saliency"},
    {"saliency-patches", "… its patches"},
    {"saliency-ours", "Saliency + SMDL"},
    {"grad-cam", "Grad-CAM"},
    {"grad-cam-patches", "… its patches"},
    {"grad-cam-ours", "Grad-CAM + SMDL"},
    {"rise", "RISE"},
    {"rise-patches", "… its patches"},
    {"rise-ours", "RISE + SMDL"},
    {"hsic", "HSIC"},
    {"hsic-patches", "… its patches"},
    {"hsic-ours", "HSIC + SMDL"},
    {"maps", "mean of the four maps"},
    {"patches", "mean of their patches"},
    {"ours", "mean of the four + SMDL"},
    {"random", "HSIC's patches in random order"},
    {"recogniser", "recogniser"},
};

#define SHARE(id, title, higher)                                                                             \
  {                                                                                                          \
    id, title, "", higher, 0, 1                                                                              \
  }
const vt_yardstick vt_smdl_yardsticks[VT_SMDL_YARDSTICKS] = {
    SHARE("insertion", "Insertion", true),
    SHARE("deletion", "Deletion", false),
    SHARE("shown-5", "p at 5 %", true),
    SHARE("shown-10", "p at 10 %", true),
    SHARE("purity-5", "purity at 5 %", true),
    SHARE("purity-10", "purity at 10 %", true),
    SHARE("highest-25", "wrong: highest p within 25 %", true),
    SHARE("highest-50", "within 50 %", true),
    SHARE("highest-75", "within 75 %", true),
    SHARE("highest-100", "within 100 %", true),
    SHARE("wrong-insertion", "wrong: Insertion", true),
    SHARE("accuracy", "accuracy", true),
};

#define RELATIVE(id, text, section, yardstick, arm, against, margin)                                         \
  {                                                                                                          \
    id, text, section, yardstick, arm, against, NULL, VT_COMPARE_RELATIVE, 0, margin                         \
  }
#define SMALL(prior, title)                                                                                  \
  {                                                                                                          \
    "small-" prior, "at 10 % of the area " title " + SMDL shows at least what " title " does",               \
        "fewer regions, \"small regions\" in the abstract", "shown-10", prior "-ours", prior, NULL,          \
        VT_COMPARE_DIFFERENCE, 0, 0                                                                          \
  }
const vt_claim vt_smdl_claims[VT_SMDL_CLAIMS] = {
    RELATIVE("insertion", "SMDL on a map's patches has a higher Insertion than the map, mean of four maps",
             "table of right predictions, + ours", "insertion", "ours", "maps", 0),
    RELATIVE("deletion", "and a lower Deletion", "the same", "deletion", "ours", "maps", 0),
    RELATIVE("hsic-insertion", "HSIC + SMDL has a higher Insertion than HSIC", "abstract: +2.5 %",
             "insertion", "hsic-ours", "hsic", 0),
    RELATIVE("hsic-deletion", "and a lower Deletion", "abstract: -4.9 %", "deletion", "hsic-ours", "hsic", 0),
    RELATIVE("wrong-highest",
             "on mistakes HSIC + SMDL finds a subset that the true class gets a higher score for",
             "abstract: +81.0 % average highest confidence", "highest-100", "hsic-ours", "hsic", .2),
    RELATIVE("wrong-insertion", "and its Insertion towards the true class is higher", "abstract: +18.4 %",
             "wrong-insertion", "hsic-ours", "hsic", 0),
    SMALL("saliency", "Saliency"),
    SMALL("grad-cam", "Grad-CAM"),
    SMALL("rise", "RISE"),
    SMALL("hsic", "HSIC"),
};

/* ---- one picture ---- */

static vt_status measure_prior(vt_repro *repro, const vt_smdl_case *of, int prior, const char *group,
                               int64_t item, bool wrong, int64_t samples, vt_smdl_figures figures[FORMS])
{
  static const char *const contenders[PRIORS] = {"saliency", "grad-cam", "rise(n_samples=%lld)",
                                                 "hsic(n_samples=%lld,regions=grid:8x8)"};
  static const vt_smdl_variant all = {"1,1,1,1", false};
  vt_ctx *ctx = vt_repro_ctx(repro);
  vt_made *map = NULL;
  vt_regions *regions = NULL;
  int order[MOST_REGIONS], own[MOST_REGIONS], mixed[MOST_REGIONS];
  char contender[80];
  vt_status status;
  snprintf(contender, sizeof contender, contenders[prior], (long long)samples);
  VT_TRY_DONE(vt_smdl_case_prior(ctx, of, contender, &map, &regions));
  int count = vt_regions_count(regions);
  if (count > MOST_REGIONS) {
    status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%d regions; %d at most", count, MOST_REGIONS);
    goto done;
  }
  for (int i = 0; i < count; i++)
    own[i] = mixed[i] = i;
  VT_TRY_DONE(vt_smdl_case_measure(ctx, of, map, &figures[MAP]));
  VT_TRY_DONE(vt_smdl_case_measure_order(ctx, of, regions, own, &figures[OWN_ORDER]));
  VT_TRY_DONE(vt_smdl_case_refine(ctx, of, regions, &all, order, NULL));
  VT_TRY_DONE(vt_smdl_case_measure_order(ctx, of, regions, order, &figures[REFINED]));
  for (int form = 0; form < FORMS; form++)
    VT_TRY_DONE(vt_smdl_rows(repro, arm_ids[prior][form], group, item, wrong, &figures[form]));
  if (prior == HSIC) {
    uint64_t seed = vt_repro_seed(repro, "random order", item);
    vt_smdl_figures random;
    for (int i = count - 1; i > 0; i--) {
      int j = (int)vt_random_below(seed, 0, (uint64_t)i, (uint64_t)i + 1), kept = mixed[i];
      mixed[i] = mixed[j];
      mixed[j] = kept;
    }
    VT_TRY_DONE(vt_smdl_case_measure_order(ctx, of, regions, mixed, &random));
    status = vt_smdl_rows(repro, "random", group, item, wrong, &random);
  }
done:
  vt_regions_free(regions);
  vt_made_free(map);
  return status;
}

vt_status vt_smdl_refine_picture(vt_repro *repro, const vt_smdl_case *wanted, const char *group, int64_t item,
                                 bool wrong, int64_t samples)
{
  vt_smdl_figures figures[PRIORS][FORMS], column[PRIORS], mean;
  vt_smdl_case of;
  VT_TRY(vt_smdl_case_open(vt_repro_ctx(repro), wanted, (int64_t)(vt_repro_seed(repro, group, item) >> 12),
                           &of));
  vt_status status = VT_OK;
  for (int prior = 0; prior < PRIORS && status == VT_OK; prior++)
    status = measure_prior(repro, &of, prior, group, item, wrong, samples, figures[prior]);
  for (int form = 0; form < FORMS && status == VT_OK; form++) {
    for (int prior = 0; prior < PRIORS; prior++)
      column[prior] = figures[prior][form];
    mean = vt_smdl_figures_mean(column, PRIORS);
    status = vt_smdl_rows(repro, arm_ids[PRIORS][form], group, item, wrong, &mean);
  }
  vt_smdl_case_close(&of);
  return status;
}
