/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening and closing learners.
 */
#include "training/learner.h"

const vt_learner_kind *vt_learner_find(const char *id)
{
  for (size_t i = 0; i < vt_learner_kind_count; i++)
    if (!strcmp(vt_learner_kinds[i]->id, id)) return vt_learner_kinds[i];
  return NULL;
}

vt_status vt_learner_named(vt_ctx *ctx, const char *id, const vt_learner_kind **out)
{
  *out = vt_learner_find(id);
  if (*out) return VT_OK;
  const char **names = vt_alloc_zero(ctx, vt_learner_kind_count, sizeof *names);
  if (!names) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < vt_learner_kind_count; i++)
    names[i] = vt_learner_kinds[i]->id;
  char suggestion[VT_SUGGESTION];
  vt_suggestion(vt_nearest(id, names, vt_learner_kind_count), suggestion);
  vt_free(names);
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no learner '%s'%s", id, suggestion);
}

static vt_status open_learner(vt_ctx *ctx, vt_learner *learner, const char *const *settings, size_t count)
{
  const vt_learner_kind *kind = learner->kind;
  learner->settings = vt_alloc_zero(ctx, 1, kind->settings_size);
  if (!learner->settings) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_params_defaults(ctx, kind->fields, kind->field_count, learner->settings, kind->settings_size));
  for (size_t i = 0; i < count; i++)
    VT_TRY(vt_params_apply(ctx, kind->fields, kind->field_count, learner->settings, "learner setting",
                           settings[i]));
  return kind->open(ctx, learner);
}

vt_status vt_learner_open(vt_ctx *ctx, const char *id, const char *const *settings, size_t count,
                          const vt_world *world, const vt_dataset *set, vt_learner **out)
{
  *out = NULL;
  const vt_learner_kind *kind;
  VT_TRY(vt_learner_named(ctx, id, &kind));
  vt_learner *learner = vt_alloc_zero(ctx, 1, sizeof *learner);
  if (!learner) return VT_ERROR_OUT_OF_MEMORY;
  learner->kind = kind;
  learner->world = world;
  learner->set = set;
  vt_status status = open_learner(ctx, learner, settings, count);
  if (status != VT_OK) {
    vt_learner_close(learner);
    return status;
  }
  *out = learner;
  return VT_OK;
}

void vt_learner_close(vt_learner *learner)
{
  if (!learner) return;
  const vt_learner_kind *kind = learner->kind;
  if (kind->close) kind->close(learner);
  if (learner->settings) vt_params_free(kind->fields, kind->field_count, learner->settings);
  vt_free(learner->settings);
  vt_free(learner);
}

vt_status vt_learner_field(vt_ctx *ctx, const vt_learner *learner, const char *name, vt_type type, int rank,
                           const vt_dataset_field **out)
{
  const vt_dataset *set = learner->set;
  int index = vt_dataset_find(set, name);
  if (index >= 0 && set->fields[index].type == type && set->fields[index].rank == rank) {
    *out = &set->fields[index];
    return VT_OK;
  }
  vt_text list = {0};
  for (int i = 0; i < set->field_count; i++)
    vt_text_addf(ctx, &list, "%s%s (%s, rank %d)", i ? ", " : "", set->fields[i].name,
                 vt_type_name(set->fields[i].type), set->fields[i].rank);
  vt_status status =
      vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "learner '%s' needs field '%s' (%s, rank %d); %s has %s",
              learner->kind->id, name, vt_type_name(type), rank, set->name, list.data ? list.data : "none");
  vt_text_free(&list);
  return status;
}

vt_status vt_learner_classes(vt_ctx *ctx, vt_learner *learner, int64_t *out)
{
  learner->reads_classes = true;
  *out = learner->set->class_count;
  if (*out >= 2) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "learner '%s' needs data that names 2 classes or more; %s names %lld", learner->kind->id,
                 learner->set->name, (long long)*out);
}
