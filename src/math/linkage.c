/* SPDX-License-Identifier: Apache-2.0
 *
 * Complete linkage by a list of nearest neighbours. A group is known by its first item; after a join only the
 * neighbours that were lost are looked for again, as distances never shrink.
 */
#include "math/linkage.h"

typedef struct linkage {
  double *distances; /* [count, count] of groups, by first item */
  size_t count;
  size_t *nearest; /* [count] of each group among those behind it; itself: none is left there */
  bool *joined;    /* [count] no longer a group of its own */
} linkage;

static double *between(const linkage *l, size_t a, size_t b)
{
  return &l->distances[a * l->count + b];
}

static void look_for_nearest(linkage *l, size_t group)
{
  size_t best = group;
  for (size_t other = group + 1; other < l->count; other++)
    if (!l->joined[other] && (best == group || *between(l, group, other) < *between(l, group, best)))
      best = other;
  l->nearest[group] = best;
}

/* The group whose nearest is nearest of all; `count` when only one group is left. */
static size_t first_of_pair(const linkage *l)
{
  size_t best = l->count;
  for (size_t group = 0; group < l->count; group++) {
    if (l->joined[group] || l->nearest[group] == group) continue;
    if (best == l->count || *between(l, group, l->nearest[group]) < *between(l, best, l->nearest[best]))
      best = group;
  }
  return best;
}

static void join(linkage *l, size_t kept, size_t lost)
{
  l->joined[lost] = true;
  for (size_t other = 0; other < l->count; other++) {
    if (l->joined[other] || other == kept || *between(l, other, lost) <= *between(l, other, kept)) continue;
    *between(l, other, kept) = *between(l, kept, other) = *between(l, other, lost);
  }
  for (size_t group = 0; group < l->count; group++)
    if (!l->joined[group] && (group == kept || l->nearest[group] == lost || l->nearest[group] == kept))
      look_for_nearest(l, group);
}

vt_status vt_linkage_complete(vt_ctx *ctx, double *distances, size_t count, double threshold, int *labels,
                              int *groups)
{
  linkage l = {.distances = distances, .count = count};
  *groups = 0;
  l.nearest = vt_alloc_zero(ctx, count + 1, sizeof *l.nearest);
  l.joined = vt_alloc_zero(ctx, count + 1, sizeof *l.joined);
  vt_status status = l.nearest && l.joined ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    for (size_t i = 0; i < count; i++)
      labels[i] = (int)i;
    for (size_t i = 0; i < count; i++)
      look_for_nearest(&l, i);
    for (size_t kept; (kept = first_of_pair(&l)) < count;) {
      size_t lost = l.nearest[kept];
      if (!(*between(&l, kept, lost) < threshold)) break;
      join(&l, kept, lost);
      for (size_t i = 0; i < count; i++)
        if (labels[i] == (int)lost) labels[i] = (int)kept;
    }
    /* labels are first items: their rank among the groups, which never exceeds them */
    for (size_t i = 0; i < count; i++)
      labels[i] = labels[i] == (int)i ? (*groups)++ : labels[labels[i]];
  }
  vt_free(l.nearest);
  vt_free(l.joined);
  return status;
}
