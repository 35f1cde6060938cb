/* SPDX-License-Identifier: Apache-2.0
 *
 * LiMA: ranks regions from both ends with few model calls.
 * Chen, Liang, Li, Liu, Liu, Zhang, Cao: "Less is More: Efficient Black-box Attribution via Minimal
 * Interpretable Subset Selection", arXiv 2504.00470 (2025).
 */
#include "attribution/lima.h"
#include "attribution/attribute.h"
#include "attribution/search.h"

static const vt_field fields[] = {
    {"weights", VT_FIELD_REALS, offsetof(vt_lima_settings, weights), "20,5,0.05,0.01", VT_RANGE(0, 1e6),
     .help =
         "consistency,collaboration,confidence,effectiveness (effectiveness counts only with --embedding)"},
    {"search", VT_FIELD_CHOICE, offsetof(vt_lima_settings, search), "bidirectional",
     .choices = VT_SEARCH_CHOICES,
     .help = "how the order is searched for: the paper's way, from both ends, or others that ask more or "
             "less"},
    {"pending", VT_FIELD_INT, offsetof(vt_lima_settings, pending), "8", VT_RANGE(2, 4096),
     .help = "bidirectional: candidates examined for the back of the order in each round",
     .aliases = "pending_samples|n_p"},
    {"window", VT_FIELD_INT, offsetof(vt_lima_settings, window), "5", VT_RANGE(1, 4096),
     .help = "lazy, prior, coarse, backward: candidates scored in a round"},
    {"masks", VT_FIELD_INT, offsetof(vt_lima_settings, masks), "200", VT_RANGE(2, 1000000),
     .help = "prior: random halves of the picture that it is fitted to"},
    {"groups", VT_FIELD_INT, offsetof(vt_lima_settings, groups), "12", VT_RANGE(1, 4096),
     .help = "coarse: groups that regions are merged to at first"},
    {"halves", VT_FIELD_INT, offsetof(vt_lima_settings, halves), "2", VT_RANGE(0, 100000),
     .help = "backward: random halves of the picture that guesses start from"},
    {"last", VT_FIELD_INT, offsetof(vt_lima_settings, last), "21", VT_RANGE(0, 4096),
     .help = "backward: regions left from which on all of them are scored in each round"},
    {"leaders", VT_FIELD_INT, offsetof(vt_lima_settings, leaders), "3", VT_RANGE(1, 4096),
     .help = "backward: candidates of a round of which both terms of the objective are asked"},
    {"tilt", VT_FIELD_REAL, offsetof(vt_lima_settings, tilt), "1.4", VT_RANGE(0.001, 1000),
     .help = "backward: factor of collaboration while it chooses; more serves Deletion, less Insertion"},
    {"width", VT_FIELD_INT, offsetof(vt_lima_settings, width), "3", VT_RANGE(1, 64),
     .help = "beam: fronts kept side by side"},
    {"share", VT_FIELD_REAL, offsetof(vt_lima_settings, share), "0.25", VT_RANGE(0, 1),
     .help = "stochastic: share of the open regions that a round scores"},
};

static vt_search_options plain_options(const vt_lima_settings *settings)
{
  return (vt_search_options){.kind = (vt_search_kind)settings->search,
                             .pending = (int)settings->pending,
                             .window = (int)settings->window,
                             .masks = (int)settings->masks,
                             .groups = (int)settings->groups,
                             .halves = (int)settings->halves,
                             .last = (int)settings->last,
                             .leaders = (int)settings->leaders,
                             .tilt = settings->tilt,
                             .width = (int)settings->width,
                             .share = settings->share};
}

static vt_status options_from(vt_ctx *ctx, const vt_lima_settings *settings, vt_search_options *options)
{
  *options = plain_options(settings);
  return vt_objective_weights_from(ctx, &settings->weights, &options->weights);
}

static vt_status check(vt_ctx *ctx, const vt_task *task, const void *settings)
{
  VT_UNUSED(task);
  vt_search_options options = {0};
  return options_from(ctx, settings, &options);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  vt_search_options options = {0};
  VT_TRY(options_from(ctx, settings, &options));
  return vt_search(ctx, task, &options, explanation);
}

static int64_t calls(const void *settings, int regions, bool embedding)
{
  vt_search_options options = plain_options(settings);
  return vt_search_calls(&options, regions) + vt_search_curve_calls(&options, regions) + 2 +
         (embedding ? regions : 0);
}

const vt_method vt_method_lima = {
    .id = "lima",
    .aliases = "less-is-more",
    .title = "LiMA: minimal interpretable subset selection",
    .summary = "Ranks regions so that the first few, shown alone, already give the decision, and the last "
               "few matter least. Black-box: only outputs of the model are read. High insertion alone does "
               "not prove that the object was found: a network that never saw blanked pictures can be won "
               "over by a collage of patches.",
    .citation = "Chen, R. et al. (2025). Less is More: Efficient Black-box Attribution via Minimal "
                "Interpretable Subset Selection. arXiv:2504.00470.",
    .cost = "about k²/2 + 8k model calls for k regions: 1610 for 49",
    .place = "data · token",
    .needs = VT_NEEDS_REGIONS,
    .settings_size = sizeof(vt_lima_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .check = check,
    .run = run,
    .calls = calls,
};
