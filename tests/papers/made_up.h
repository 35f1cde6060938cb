/* SPDX-License-Identifier: Apache-2.0
 *
 * An experiment whose measurements the test decides.
 */
#ifndef VT_TESTS_PAPERS_MADE_UP_H
#define VT_TESTS_PAPERS_MADE_UP_H

#include <math.h>

#include "papers/findings.h"
#include "test.h"

typedef struct made_up_sizes {
  int64_t items;
  double advantage, spread, leak; /* of the method; of single items; of the control */
  int64_t stop_at;                /* seed in which the user interrupts; -1: none */
  int64_t fail_at;                /* seed in which something breaks; -1: none */
} made_up_sizes;

static const vt_field made_up_fields[] = {
    {"items", VT_FIELD_INT, offsetof(made_up_sizes, items), "30", VT_RANGE(1, 1000), .help = "items"},
    {"advantage", VT_FIELD_REAL, offsetof(made_up_sizes, advantage), "0.2", .help = "of the method"},
    {"spread", VT_FIELD_REAL, offsetof(made_up_sizes, spread), "0.05", .help = "of items"},
    {"leak", VT_FIELD_REAL, offsetof(made_up_sizes, leak), "0", .help = "of the control"},
    {"stop_at", VT_FIELD_INT, offsetof(made_up_sizes, stop_at), "-1", .help = "seed that is interrupted"},
    {"fail_at", VT_FIELD_INT, offsetof(made_up_sizes, fail_at), "-1", .help = "seed that breaks"},
};
static const vt_arm made_up_arms[] = {{"ours", "ours"}, {"theirs", "theirs"}};
static const vt_yardstick made_up_yardsticks[] = {{"score", "Score", "", true, 0, 1},
                                                  {"loss", "Loss", "", false, 0, 10}};
static const vt_item_group made_up_groups[] = {{"real", "Real items", false}, {"shuffled", "Shuffled", true}};
static const vt_claim made_up_claims[] = {
    {"better", "ours scores higher", "§1", "score", "ours", "theirs", NULL, VT_COMPARE_DIFFERENCE, 0, .1}};
static const vt_control made_up_controls[] = {{"shuffled", "not on shuffled items", "score", "ours", "theirs",
                                               "shuffled", VT_COMPARE_DIFFERENCE, -.01, .01, false}};

static inline int64_t made_up_steps(const void *settings)
{
  return ((const made_up_sizes *)settings)->items;
}
static const vt_stage made_up_stages[] = {{"measuring", "items measured", made_up_steps}};

static volatile int made_up_cancel; /* tests lend it to the context */

static inline vt_status made_up_run(vt_repro *repro, int seed, const void *settings)
{
  const made_up_sizes *sizes = settings;
  VT_TRY(vt_repro_stage(repro, "measuring"));
  for (int64_t item = 0; item < sizes->items; item++) {
    uint64_t draws = vt_repro_seed(repro, "item", item);
    double base = .2 + .3 * vt_random_uniform(draws, 0, 0);
    double gain = sizes->advantage + sizes->spread * (2 * vt_random_uniform(draws, 0, 1) - 1);
    VT_TRY(vt_repro_row(repro, "theirs", "score", "real", item, base));
    VT_TRY(vt_repro_row(repro, "ours", "score", "real", item, base + gain));
    VT_TRY(vt_repro_row(repro, "theirs", "loss", "real", item, 2));
    VT_TRY(vt_repro_row(repro, "ours", "loss", "real", item, item == 1 ? NAN : 1));
    VT_TRY(vt_repro_row(repro, "theirs", "score", "shuffled", item, base));
    VT_TRY(vt_repro_row(repro, "ours", "score", "shuffled", item, base + sizes->leak));
    if (seed == sizes->stop_at && item == 3) made_up_cancel = 1;
    if (seed == sizes->fail_at && item == 3)
      return vt_fail(vt_repro_ctx(repro), VT_ERROR_RUNTIME, "something broke");
    VT_TRY(vt_repro_step(repro));
  }
  return VT_OK;
}

static const vt_experiment made_up = {
    .version = 1,
    .coverage = "made-up numbers",
    .protocol = "none",
    .not_measured = "- everything",
    .arms = made_up_arms,
    .arm_count = 2,
    .yardsticks = made_up_yardsticks,
    .yardstick_count = 2,
    .groups = made_up_groups,
    .group_count = 2,
    .claims = made_up_claims,
    .claim_count = 1,
    .controls = made_up_controls,
    .control_count = 1,
    .stages = made_up_stages,
    .stage_count = 1,
    .items_independent = true,
    .fields = made_up_fields,
    .field_count = VT_COUNT(made_up_fields),
    .settings_size = sizeof(made_up_sizes),
    .profiles = {"items=5", NULL, "items=100 spread=0.01"},
    .seeds = {1, 3, 5},
    .run = made_up_run,
};

static const vt_paper_piece made_up_parts[] = {{"first", "The first part", &made_up, VT_IN_ALL},
                                               {"second", "The second part", &made_up, VT_IN_STD},
                                               {"third", "The third part", &made_up, VT_IN_FULL}};
static const vt_paper made_up_paper = {99, "made-up",       "A Paper",     "Nobody 2000",
                                       1,  VT_PAPER_PARTLY, made_up_parts, VT_COUNT(made_up_parts)};

static inline void made_up_measure(vt_ctx *ctx, const vt_paper_piece *part, made_up_sizes *sizes, int seeds,
                                   vt_findings **out)
{
  vt_repro_options options = {.profile = VT_PROFILE_STD, .seeds = seeds, .settings = sizes};
  assert_ok(ctx, vt_repro_run(ctx, &made_up_paper, part, &options, out));
}

static inline made_up_sizes made_up_standard(void)
{
  return (made_up_sizes){.items = 30, .advantage = .2, .spread = .05, .stop_at = -1, .fail_at = -1};
}

#endif
