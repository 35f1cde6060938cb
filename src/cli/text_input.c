/* SPDX-License-Identifier: Apache-2.0
 *
 * Inputs are known by the names that exporters of language models give them.
 */
#include "cli/text_input.h"

static const vt_field fields[] = {
    {"text", VT_FIELD_STRING, offsetof(cli_text_settings, text),
     .help = "a text in place of arrays: its tokens fill input_ids, attention_mask, token_type_ids and "
             "position_ids, as far as the model has them"},
    {"tokenizer", VT_FIELD_STRING, offsetof(cli_text_settings, tokenizer),
     .help =
         "how --text becomes tokens: a WordPiece vocab.txt, or a .json file with a tokenizer [\"tokenizer\" "
         "of MODEL.json]"},
};

vt_status cli_text_options(cli *run, cli_text_input *text, cli_options *options)
{
  return cli_options_add(run, options, "Text", fields, VT_COUNT(fields), &text->settings,
                         sizeof text->settings);
}

void cli_text_close(cli_text_input *text)
{
  vt_tokenizer_free(text->tokenizer);
  vt_ids_free(&text->ids);
  for (size_t i = 0; i < VT_COUNT(text->classes); i++)
    vt_free(text->classes[i]);
}

/* ---- which input is which ---- */

typedef enum role { IDS, MASK, TYPES, POSITIONS, ROLES } role;

static const char *const names[ROLES][4] = {{"input_ids", "token_ids", "tokens", "ids"},
                                            {"attention_mask", "input_mask", "mask"},
                                            {"token_type_ids", "segment_ids"},
                                            {"position_ids"}};

/* ROLES when the name says nothing. */
static role role_of(const char *name)
{
  for (int r = 0; r < ROLES; r++)
    for (size_t i = 0; i < VT_COUNT(names[r]) && names[r][i]; i++)
      if (strcmp(names[r][i], name) == 0) return (role)r;
  return ROLES;
}

/* The input for ids: by name, or the only one of integers that is not something else. −1: none. */
static int find_ids(const vt_graph *graph)
{
  int only = -1, count = 0;
  for (int i = 0; i < graph->input_count; i++) {
    const vt_value *input = &graph->values[graph->inputs[i]];
    if (role_of(input->name) == IDS) return i;
    if (role_of(input->name) != ROLES || !(VT_INDICES & VT_T(input->type))) continue;
    only = i;
    count++;
  }
  return count == 1 ? only : -1;
}

/* ---- tokens ---- */

static vt_status read_tokenizer(cli *run, cli_text_input *text, const cli_inside *inside)
{
  const char *given = text->settings.tokenizer;
  run->stage = CLI_INPUT;
  if (given) return vt_tokenizer_read(run->ctx, given, &text->tokenizer);
  size_t length = strlen(inside->model);
  if (length > 5 && strcmp(inside->model + length - 5, ".onnx") == 0) length -= 5;
  char *path = vt_format(run->ctx, "%.*s.json", (int)length, inside->model);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status;
  if (vt_file_exists(path)) {
    status = vt_tokenizer_read(run->ctx, path, &text->tokenizer);
  } else {
    run->stage = CLI_USAGE;
    status = vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                     "--text needs --tokenizer FILE, or a \"tokenizer\" in %s, which is not there", path);
  }
  vt_free(path);
  return status;
}

/* A model of fixed length gets its length: filled with padding, never cut without a word. */
static vt_status fit(cli *run, cli_text_input *text, const vt_value *input, size_t *used)
{
  int64_t pad = vt_tokenizer_special(text->tokenizer, "pad"), length = input->rank == 2 ? input->dims[1] : 0;
  *used = text->ids.count;
  if (length <= 0 || text->ids.count == (size_t)length) return VT_OK;
  if (text->ids.count > (size_t)length)
    return vt_fail(run->ctx, VT_ERROR_INVALID_DATA, "--text is %zu tokens; input '%s' takes %lld",
                   text->ids.count, input->name, (long long)length);
  if (pad < 0)
    return vt_fail(run->ctx, VT_ERROR_INVALID_DATA,
                   "--text is %zu tokens, input '%s' takes %lld, and the tokenizer has no pad",
                   text->ids.count, input->name, (long long)length);
  if (length > 1 << 24)
    return vt_fail(run->ctx, VT_ERROR_INVALID_DATA, "input '%s' is too long", input->name);
  while (text->ids.count < (size_t)length) {
    VT_TRY(vt_grow(run->ctx, &text->ids.data, &text->ids.capacity, text->ids.count, sizeof *text->ids.data));
    text->ids.data[text->ids.count++] = pad;
  }
  return VT_OK;
}

/* ---- inputs ---- */

static vt_status fill(cli *run, const vt_value *input, role what, const cli_text_input *text, size_t used,
                      vt_tensor **out)
{
  vt_type type = input->type == VT_UNDEFINED ? VT_I64 : input->type;
  if (input->rank != 2 || (type != VT_I64 && type != VT_I32 && type != VT_BOOL && type != VT_F32)) {
    char shape[160];
    return vt_fail(run->ctx, VT_ERROR_UNSUPPORTED, "input '%s' is %s; --text fills [1, tokens] only",
                   input->name, cli_value_text(input, shape));
  }
  size_t count = text->ids.count;
  vt_tensor *tensor = vt_tensor_new(run->ctx, type, 2, (int64_t[]){1, (int64_t)count});
  if (!tensor) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++) {
    int64_t value = what == IDS         ? text->ids.data[i]
                    : what == MASK      ? i < used
                    : what == POSITIONS ? (int64_t)i
                                        : 0;
    if (type == VT_I64) ((int64_t *)tensor->data)[i] = value;
    if (type == VT_I32) ((int32_t *)tensor->data)[i] = (int32_t)value;
    if (type == VT_BOOL) ((uint8_t *)tensor->data)[i] = value != 0;
    if (type == VT_F32) ((float *)tensor->data)[i] = (float)value;
  }
  *out = tensor;
  return VT_OK;
}

/* Makes what inputs[] lacks, from `words` and a tokenizer that is there. */
static vt_status make_inputs(cli *run, cli_text_input *text, const cli_inside *inside, const char *words,
                             const char *option, vt_tensor **inputs)
{
  const vt_graph *graph = inside->graph;
  size_t used;
  int ids = find_ids(graph);
  run->stage = CLI_INPUT;
  if (vt_tokenizer_encode(run->ctx, text->tokenizer, words, strlen(words), true, &text->ids) != VT_OK)
    return vt_fail_prefix(run->ctx, "%s", option);
  VT_TRY(fit(run, text, &graph->values[graph->inputs[ids]], &used));
  for (int i = 0; i < graph->input_count; i++) {
    const vt_value *input = &graph->values[graph->inputs[i]];
    role what = i == ids ? IDS : role_of(input->name);
    if (what != ROLES && (what != IDS || i == ids)) VT_TRY(fill(run, input, what, text, used, &inputs[i]));
  }
  return VT_OK;
}

vt_status cli_text_prepare(cli *run, cli_text_input *text, cli_inside *inside)
{
  const char *words = text->settings.text;
  run->stage = CLI_USAGE;
  if (!words && text->settings.tokenizer)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "--tokenizer says how --text is read, which is missing");
  if (!words) return VT_OK;
  if (find_ids(inside->graph) < 0)
    return vt_fail(
        run->ctx, VT_ERROR_INVALID_ARGUMENT,
        "--text: no input of the model is called input_ids, token_ids, tokens or ids; give arrays with "
        "--input");
  VT_TRY(read_tokenizer(run, text, inside));
  return make_inputs(run, text, inside, words, "--text", inside->inputs);
}

/* ---- what else is asked of texts ---- */

static vt_status last_row(cli *run, const vt_tensor *answer, const char *output, vt_tensor **out)
{
  char shape[160];
  int64_t count = vt_count(answer), wanted = answer->rank > 2 ? answer->dims[answer->rank - 1] : count;
  if (!(VT_FLOATS & VT_T(answer->type)) || wanted < 1)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "tensor '%s' is %s, which is no direction", output,
                   vt_shape_text(answer, shape));
  *out = vt_tensor_new(run->ctx, VT_F32, 1, &wanted);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < wanted; i++)
    ((float *)(*out)->data)[i] = (float)vt_get_f64(answer, count - wanted + i);
  return VT_OK;
}

static const char *output_name(const cli_inside *inside, const char *output)
{
  const vt_graph *graph = inside->graph;
  for (int i = 0; i < graph->output_count && !output; i++)
    if (graph->values[graph->outputs[i]].type == VT_F32) output = graph->values[graph->outputs[i]].name;
  return output;
}

vt_status cli_text_answer(cli *run, const cli_text_input *text, cli_inside *inside, const char *words,
                          const char *output, vt_tensor **out)
{
  cli_text_input other = {.tokenizer = text->tokenizer};
  vt_tensor **inputs = vt_alloc_zero(run->ctx, (size_t)inside->graph->input_count + 1, sizeof *inputs);
  vt_tensor *answer;
  vt_trace *trace = NULL;
  vt_status status = inputs ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  output = output_name(inside, output);
  if (status == VT_OK && !output)
    status = vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no float output", inside->model);
  if (status == VT_OK) status = make_inputs(run, &other, inside, words, "--similar-text", inputs);
  for (int i = 0; status == VT_OK && i < inside->graph->input_count; i++)
    if (!inputs[i]) inputs[i] = inside->inputs[i];
  run->stage = CLI_INPUT;
  if (status == VT_OK) status = vt_graph_check_inputs(run->ctx, inside->graph, inputs);
  if (status == VT_OK) status = vt_trace_new(run->ctx, inside->graph, &trace);
  if (status == VT_OK) status = vt_trace_read(run->ctx, trace, output);
  if (status == VT_OK) status = vt_trace_run(run->ctx, trace, inputs);
  if (status == VT_OK) status = vt_trace_value(run->ctx, trace, output, &answer);
  if (status == VT_OK) status = last_row(run, answer, output, out);
  vt_trace_free(trace);
  vt_free(inputs);
  vt_ids_free(&other.ids);
  return status;
}

int64_t cli_text_classes(const cli_inside *inside, const char *output)
{
  output = output_name(inside, output);
  int value = output ? vt_graph_find(inside->graph, output) : VT_NO_VALUE;
  if (value == VT_NO_VALUE) return 0;
  const vt_value *at = &inside->graph->values[value];
  return at->rank > 0 && at->dims[at->rank - 1] > 0 ? at->dims[at->rank - 1] : 0;
}

vt_status cli_text_class(cli *run, cli_text_input *text, int64_t classes, const char *given, const char **out)
{
  int64_t number, id = -1;
  *out = given;
  if (!given || !text->tokenizer || vt_parse_integer(given, &number) || strcmp(given, "pred") == 0 ||
      classes != vt_tokenizer_size(text->tokenizer))
    return VT_OK;
  vt_ids ids = {0};
  id = vt_tokenizer_id(text->tokenizer, given);
  if (id < 0) VT_TRY(vt_tokenizer_encode(run->ctx, text->tokenizer, given, strlen(given), false, &ids));
  if (id < 0 && ids.count == 1) id = ids.data[0];
  size_t pieces = ids.count;
  vt_ids_free(&ids);
  if (id < 0)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "'%s' is %zu pieces of the vocabulary; a class is one", given, pieces);
  char **place = text->classes[0] ? &text->classes[1] : &text->classes[0];
  *place = vt_format(run->ctx, "%lld", (long long)id);
  *out = *place;
  return *place ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* ---- words ---- */

static bool is_frame(const vt_tokenizer *tokenizer, int64_t id)
{
  static const char *const frame[] = {"pad", "bos", "eos", "cls", "sep"};
  for (size_t i = 0; i < VT_COUNT(frame); i++)
    if (vt_tokenizer_special(tokenizer, frame[i]) == id) return true;
  return false;
}

/* Whether a piece goes on with the word before it: "##s" of WordPiece; letters and digits of BPE that no
 * blank precedes ("Ġ" among bytes, " " among characters). */
static bool goes_on(const vt_tokenizer *tokenizer, const char *piece)
{
  const char *kind = vt_tokenizer_kind(tokenizer);
  if (strcmp(kind, "wordpiece") == 0) return strncmp(piece, "##", 2) == 0;
  const char *blank = vt_tokenizer_id(tokenizer, "Ġ") >= 0 ? "Ġ" : " ";
  if (strcmp(kind, "bpe") != 0 || vt_tokenizer_id(tokenizer, blank) < 0) return false;
  unsigned char first = (unsigned char)piece[0];
  bool letter =
      first >= 0x80 || (first >= '0' && first <= '9') || ((first | 32) >= 'a' && (first | 32) <= 'z');
  return letter && strncmp(piece, blank, strlen(blank)) != 0;
}

int cli_text_words(const cli_text_input *text, int32_t *groups)
{
  int words = 0;
  bool inside = false; /* the token before this one is of a word */
  for (size_t i = 0; i < text->ids.count; i++) {
    int64_t id = text->ids.data[i];
    const char *piece = vt_tokenizer_piece(text->tokenizer, id);
    groups[i] = -1;
    if (!is_frame(text->tokenizer, id))
      groups[i] = inside && piece && goes_on(text->tokenizer, piece) ? words - 1 : words++;
    inside = groups[i] >= 0;
  }
  return words;
}
