/* SPDX-License-Identifier: Apache-2.0
 *
 * Faithfulness correlation (Bhatt, Weller, Moura, IJCAI 2020), in the form of Quantus: subsets of a fixed
 * number of single pixels, Pearson's correlation.
 */
#include "math/statistics.h"
#include "metrics/subsets.h"

typedef struct correlation_settings {
  int64_t size, runs;
  int baseline;
} correlation_settings;

static const vt_field fields[] = {
    {"size", VT_FIELD_INT, offsetof(correlation_settings, size), "224", VT_RANGE(1, 1e8),
     .help = "pixels hidden together; more than the picture has are all of them", .aliases = "subset_size"},
    {"runs", VT_FIELD_INT, offsetof(correlation_settings, runs), "100", VT_RANGE(2, 1e6),
     .help = "subsets drawn", .aliases = "nr_runs"},
    {"baseline", VT_FIELD_CHOICE, offsetof(correlation_settings, baseline), "black",
     .choices = VT_BASELINE_CHOICES, .help = VT_BASELINE_MEANING},
};

/* The first pixels of a permutation of its own for each subset. */
static vt_status draw(vt_ctx *ctx, const vt_task *task, const void *given, const vt_probe *probe,
                      vt_subsets *out)
{
  const correlation_settings *settings = given;
  int64_t pixels = (int64_t)probe->pixels, size = settings->size < pixels ? settings->size : pixels;
  size_t total;
  if (!vt_size_mul((size_t)size, (size_t)settings->runs, &total))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "size and runs are too large");
  int *order = vt_alloc_zero(ctx, probe->pixels, sizeof *order);
  int32_t *lists = vt_alloc_zero(ctx, total, sizeof *lists);
  vt_status status = order && lists ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; status == VT_OK && i < settings->runs; i++) {
    vt_random_permutation(task->seed, vt_stream("faithfulness-correlation", (uint64_t)i), order, (int)pixels);
    for (int64_t p = 0; p < size; p++)
      lists[i * size + p] = order[p];
  }
  if (status == VT_OK) status = vt_subsets_of_pixels(ctx, lists, (int)settings->runs, size, out);
  vt_free(order);
  vt_free(lists);
  return status;
}

static vt_status compare(vt_ctx *ctx, const double *drops, const double *sums, size_t count, double *out)
{
  VT_UNUSED(ctx);
  *out = vt_pearson(drops, sums, count);
  return VT_OK;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const correlation_settings *settings = given;
  const vt_subsets_metric metric = {.baseline = (vt_baseline)settings->baseline,
                                    .draw = draw,
                                    .compare = compare,
                                    .undefined = "the drops or the sums of the map are all equal"};
  return vt_subsets_measure(ctx, task, judged, settings, &metric, out);
}

const vt_metric vt_metric_faithfulness_correlation = {
    .id = "faithfulness-correlation",
    .title = "Faithfulness correlation",
    .summary =
        "Pearson's correlation, over random subsets of single pixels, of the drop of the target's score "
        "when they are hidden with the sum of the map over them. Few pixels of a large picture change "
        "little: the figure is small and noisy by nature.",
    .citation = "Bhatt, U., Weller, A., Moura, J. (2020). Evaluating and aggregating feature-based model "
                "explanations. IJCAI.",
    .category = "faithfulness",
    .higher_is_better = true,
    .low = -1,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(correlation_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure,
};
