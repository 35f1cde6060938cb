/* SPDX-License-Identifier: Apache-2.0
 *
 * The catalogue is made from the descriptors alone; a new method appears in it without a change here.
 */
#include "cli/catalogue.h"

#include <math.h>

#include "attribution/attribute.h"

const char *cli_needs_text(unsigned needs, char buffer[160])
{
  static const struct {
    unsigned bit;
    const char *name;
  } names[] = {{VT_NEEDS_REGIONS, "regions"},
               {VT_NEEDS_GRADIENTS, "gradients"},
               {VT_NEEDS_HOOKS, "hooks"},
               {VT_NEEDS_LABELS, "labels"},
               {VT_NEEDS_MASKS, "masks"},
               {VT_NEEDS_EMBEDDING, "embedding"},
               {VT_NEEDS_PICTURE, "a picture"},
               {VT_NEEDS_LAYER, "a layer with spatial extent"},
               {VT_NEEDS_ATTENTION, "attention blocks"},
               {VT_NEEDS_INPUT, "the model's scores"},
               {VT_NEEDS_PARTS, "parts with their true effects"},
               {VT_NEEDS_PLAYERS, "regions or tokens"},
               {VT_NEEDS_EXPLAINER, "the method, to ask it again"},
               {VT_NEEDS_WEIGHTS, "a model file, whose weights are drawn anew"}};
  size_t used = 0;
  buffer[0] = 0;
  for (size_t i = 0; i < VT_COUNT(names); i++)
    if (needs & names[i].bit)
      used += (size_t)snprintf(buffer + used, 160 - used, "%s%s", used ? ", " : "", names[i].name);
  return buffer;
}

const vt_divider *cli_divider_find(const char *id)
{
  for (size_t i = 0; i < vt_divider_count; i++)
    if (strcmp(vt_dividers[i].id, id) == 0) return &vt_dividers[i];
  return NULL;
}

vt_status cli_unknown_id(vt_ctx *ctx, const char *id)
{
  const char *names[128];
  size_t known = 0;
  for (size_t i = 0; i < vt_methods.count && known < VT_COUNT(names); i++)
    names[known++] = vt_methods.methods[i]->id;
  for (size_t i = 0; i < vt_metric_count && known < VT_COUNT(names); i++)
    names[known++] = vt_metrics[i]->id;
  for (size_t i = 0; i < vt_protocol_count && known < VT_COUNT(names); i++)
    names[known++] = vt_protocols[i].id;
  for (size_t i = 0; i < vt_divider_count && known < VT_COUNT(names); i++)
    names[known++] = vt_dividers[i].id;
  const char *near = vt_nearest(id, names, known);
  char suggestion[VT_SUGGESTION];
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no method, metric, protocol or division is called '%s'%s",
                 id, vt_suggestion(near, suggestion));
}

static json_t *text(const char *value)
{
  return value ? json_string(value) : json_null();
}

static json_t *bar_list(const char *names)
{
  json_t *list = json_array();
  for (const char *at = names; at && *at;) {
    size_t length = strcspn(at, "|");
    json_array_append_new(list, json_stringn(at, length));
    at += length + (at[length] == '|');
  }
  return list;
}

static json_t *preset_list(const vt_method *method)
{
  json_t *list = json_object();
  for (size_t i = 0; i < method->preset_count; i++)
    json_object_set_new(list, method->presets[i].id, json_string(method->presets[i].settings));
  return list;
}

json_t *cli_method_json(const vt_method *method)
{
  char needs[160];
  return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "id", method->id, "aliases",
                   bar_list(method->aliases), "title", method->title, "summary", text(method->summary),
                   "citation", text(method->citation), "cost", text(method->cost), "place",
                   text(method->place), "needs", cli_needs_text(method->needs, needs), "parameters",
                   vt_params_schema(method->fields, method->field_count), "presets", preset_list(method));
}

static json_t *number_or_null(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

json_t *cli_metric_json(const vt_metric *metric)
{
  char needs[160];
  return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:s, s:b, s:o}", "id", metric->id, "title",
                   metric->title, "summary", text(metric->summary), "citation", text(metric->citation),
                   "category", text(metric->category), "higher_is_better", metric->higher_is_better, "low",
                   number_or_null(metric->low), "high", number_or_null(metric->high), "needs",
                   cli_needs_text(metric->needs, needs), "curve", metric->curve, "settings",
                   vt_params_schema(metric->fields, metric->field_count));
}

json_t *cli_catalogue_json(void)
{
  json_t *methods = json_array(), *metrics = json_array(), *dividers = json_array(),
         *protocols = json_array();
  for (size_t i = 0; i < vt_methods.count; i++)
    json_array_append_new(methods, cli_method_json(vt_methods.methods[i]));
  for (size_t i = 0; i < vt_metric_count; i++)
    json_array_append_new(metrics, cli_metric_json(vt_metrics[i]));
  for (size_t i = 0; i < vt_divider_count; i++)
    json_array_append_new(dividers, json_pack("{s:s, s:s, s:s}", "id", vt_dividers[i].id, "form",
                                              vt_dividers[i].form, "summary", vt_dividers[i].summary));
  for (size_t i = 0; i < vt_protocol_count; i++)
    json_array_append_new(
        protocols, json_pack("{s:s, s:s}", "id", vt_protocols[i].id, "summary", vt_protocols[i].summary));
  return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "schema_version", 1, "methods", methods, "request",
                   vt_params_schema(vt_request_fields, vt_request_field_count), "dividers", dividers,
                   "metrics", metrics, "protocols", protocols);
}

/* Table cells must not hold a bare '|'. */
static void print_cell(const char *value)
{
  for (; value && *value; value++)
    if (*value == '|')
      fputs("\\|", stdout);
    else
      putchar(*value);
}

void cli_markdown_parameters(const vt_field *fields, size_t count, const char *dashes)
{
  if (count == 0) return;
  printf("| %s | default | range or choices | meaning |\n|---|---|---|---|\n",
         *dashes ? "option" : "setting");
  for (size_t i = 0; i < count; i++) {
    char low[32], high[32];
    printf("| `%s", dashes);
    for (const char *c = fields[i].name; *c; c++)
      putchar(*c == '_' ? '-' : *c);
    printf("` | ");
    print_cell(fields[i].kind == VT_FIELD_BOOL && !fields[i].fallback ? "false" : fields[i].fallback);
    printf(" | ");
    if (fields[i].choices)
      print_cell(fields[i].choices);
    else if (fields[i].low != fields[i].high)
      printf("%s to %s", vt_number_text(fields[i].low, low), vt_number_text(fields[i].high, high));
    printf(" | ");
    print_cell(fields[i].help);
    printf(" |\n");
  }
  printf("\n");
}

static void markdown_method(const vt_method *method)
{
  char needs[160];
  printf("### `%s`: %s\n\n%s\n\n", method->id, method->title, method->summary);
  printf("- needs: %s\n- cost in model calls: %s\n- place: %s\n- source: %s\n",
         cli_needs_text(method->needs, needs), method->cost ? method->cost : "",
         method->place ? method->place : "", method->citation ? method->citation : "");
  if (method->aliases) {
    printf("- also called: ");
    print_cell(method->aliases);
    printf("\n");
  }
  printf("\n");
  cli_markdown_parameters(method->fields, method->field_count, "--");
  if (method->preset_count == 0) return;
  printf("| `--preset` | sets |\n|---|---|\n");
  for (size_t i = 0; i < method->preset_count; i++)
    printf("| `%s` | %s |\n", method->presets[i].id, method->presets[i].settings);
  printf("\n");
}

void cli_catalogue_markdown(void)
{
  printf("# Methods\n\nThis page is printed by `vitrail methods --markdown` from what the methods declare; a "
         "test compares the two.\n\n## Attribution methods\n\n");
  for (size_t i = 0; i < vt_methods.count; i++)
    markdown_method(vt_methods.methods[i]);
  printf("## Options of every method\n\n");
  cli_markdown_parameters(vt_request_fields, vt_request_field_count, "--");
  printf("## Regions\n\n| form | division |\n|---|---|\n");
  for (size_t i = 0; i < vt_divider_count; i++)
    printf("| `%s` | %s |\n", vt_dividers[i].form, vt_dividers[i].summary);
  printf("\n## Metrics\n\nSee [metrics.md](metrics.md).\n");
}
