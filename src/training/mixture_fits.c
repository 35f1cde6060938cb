/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether parts of a mixture mean the same by the same numbers.
 */
#include "training/mixture.h"
#include "worlds/corpus.h"
#include "worlds/sequences.h"

/* A part beside the one that the learner was made for. */
typedef struct pair {
  const char *labels[2];
  const vt_world *worlds[2];
  const vt_dataset *sets[2];
} pair;

static const vt_dataset_field *field_of(const vt_dataset *set, const char *name)
{
  int index = vt_dataset_find(set, name);
  return index < 0 ? NULL : &set->fields[index];
}

/* "f32[3,64,64]" */
static void describe(const vt_dataset_field *field, char *out, size_t size)
{
  if (!field) {
    snprintf(out, size, "missing");
    return;
  }
  int length = snprintf(out, size, "%s[", vt_type_name(field->type));
  for (int i = 0; i < field->rank && length < (int)size; i++)
    length +=
        snprintf(out + length, size - (size_t)length, "%s%lld", i ? "," : "", (long long)field->dims[i]);
  if (length < (int)size) snprintf(out + length, size - (size_t)length, "]");
}

static vt_status same_field(vt_ctx *ctx, const pair *p, const char *name)
{
  const vt_dataset_field *a = field_of(p->sets[0], name), *b = field_of(p->sets[1], name);
  if (a && b && a->type == b->type && a->rank == b->rank &&
      memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0)
    return VT_OK;
  char mine[120], its[120];
  describe(a, mine, sizeof mine);
  describe(b, its, sizeof its);
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "%s and %s do not mix: field '%s', which is read, is %s in the first and %s in the "
                 "second",
                 p->labels[0], p->labels[1], name, mine, its);
}

static vt_status same_fields(vt_ctx *ctx, const pair *p, const char *const *names)
{
  const vt_dataset *first = p->sets[0];
  for (int i = 0; names && names[i]; i++)
    VT_TRY(same_field(ctx, p, names[i]));
  for (int i = 0; !names && i < first->field_count; i++)
    VT_TRY(same_field(ctx, p, first->fields[i].name));
  return VT_OK;
}

/* Lists of names. */
static vt_status same_names(vt_ctx *ctx, const pair *p, const char *what, const char *const *a, int a_count,
                            const char *const *b, int b_count)
{
  int same = 0;
  while (same < a_count && same < b_count && strcmp(a[same], b[same]) == 0)
    same++;
  if (same == a_count && same == b_count) return VT_OK;
  return vt_fail(
      ctx, VT_ERROR_INVALID_ARGUMENT,
      "%s and %s do not mix: the first has %d %s and the second %d; number %d is '%.60s' in the first and "
      "'%.60s' in the second",
      p->labels[0], p->labels[1], a_count, what, b_count, same, same < a_count ? a[same] : "none",
      same < b_count ? b[same] : "none");
}

/* What tokens and items are: words of corpora, the catalogue of sequences. */
static vt_status same_words(vt_ctx *ctx, const pair *p)
{
  const vt_world *a = p->worlds[0], *b = p->worlds[1];
  const vt_corpus *mine = vt_world_corpus(a), *its = vt_world_corpus(b);
  if (mine || its)
    return same_names(ctx, p, "words", mine ? mine->words : NULL, mine ? mine->word_count : 0,
                      its ? its->words : NULL, its ? its->word_count : 0);
  const vt_preset *sequences = vt_preset_find("sequences");
  if (a->preset != sequences || b->preset != sequences || strcmp(a->key, b->key) == 0) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "%s and %s do not mix: settings make the catalogue, so items of the two are not the same",
                 p->labels[0], p->labels[1]);
}

vt_status vt_mixture_agrees(vt_ctx *ctx, const vt_mixture *mixture, const vt_mixture *base,
                            const char *const *fields, bool classes)
{
  for (int part = 0; part < mixture->count; part++) {
    const vt_dataset *first = base->parts[0], *other = mixture->parts[part];
    const pair p = {
        {base->labels[0], mixture->labels[part]}, {base->worlds[0], mixture->worlds[part]}, {first, other}};
    if (first == other) continue;
    VT_TRY(same_fields(ctx, &p, fields));
    VT_TRY(same_words(ctx, &p));
    if (classes)
      VT_TRY(same_names(ctx, &p, "classes", first->classes, first->class_count, other->classes,
                        other->class_count));
  }
  return VT_OK;
}

vt_status vt_mixture_fits(vt_ctx *ctx, const vt_mixture *mixture, const vt_mixture *base,
                          const vt_learner *learner)
{
  const char *inputs[VT_LEARNER_INPUTS + 1] = {NULL};
  for (int i = 0; i < VT_LEARNER_INPUTS && learner->kind->inputs[i].field; i++)
    inputs[i] = learner->kind->inputs[i].field;
  VT_TRY(vt_mixture_agrees(ctx, mixture, base, learner->task.fields, learner->reads_classes));
  return vt_mixture_agrees(ctx, mixture, base, inputs, false);
}
