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

vt_status cli_text_prepare(cli *run, cli_text_input *text, cli_inside *inside)
{
  const vt_graph *graph = inside->graph;
  const char *words = text->settings.text;
  size_t used;
  run->stage = CLI_USAGE;
  if (!words && text->settings.tokenizer)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "--tokenizer says how --text is read, which is missing");
  if (!words) return VT_OK;
  int ids = find_ids(graph);
  if (ids < 0)
    return vt_fail(
        run->ctx, VT_ERROR_INVALID_ARGUMENT,
        "--text: no input of the model is called input_ids, token_ids, tokens or ids; give arrays with "
        "--input");
  VT_TRY(read_tokenizer(run, text, inside));
  run->stage = CLI_INPUT;
  if (vt_tokenizer_encode(run->ctx, text->tokenizer, words, strlen(words), true, &text->ids) != VT_OK)
    return vt_fail_prefix(run->ctx, "--text");
  VT_TRY(fit(run, text, &graph->values[graph->inputs[ids]], &used));
  for (int i = 0; i < graph->input_count; i++) {
    const vt_value *input = &graph->values[graph->inputs[i]];
    role what = i == ids ? IDS : role_of(input->name);
    if (what != ROLES && (what != IDS || i == ids))
      VT_TRY(fill(run, input, what, text, used, &inside->inputs[i]));
  }
  return VT_OK;
}

/* ---- words ---- */

static bool is_frame(const vt_tokenizer *tokenizer, int64_t id)
{
  static const char *const frame[] = {"pad", "bos", "eos", "cls", "sep"};
  for (size_t i = 0; i < VT_COUNT(frame); i++)
    if (vt_tokenizer_special(tokenizer, frame[i]) == id) return true;
  return false;
}

/* Whether a piece goes on with the word before it: "##s" of WordPiece; letters and digits of byte-level
 * BPE that no blank ("Ġ") precedes. */
static bool goes_on(const vt_tokenizer *tokenizer, const char *piece)
{
  const char *kind = vt_tokenizer_kind(tokenizer);
  if (strcmp(kind, "wordpiece") == 0) return strncmp(piece, "##", 2) == 0;
  if (strcmp(kind, "bpe") != 0 || vt_tokenizer_id(tokenizer, "Ġ") < 0) return false;
  unsigned char first = (unsigned char)piece[0];
  bool letter =
      first >= 0x80 || (first >= '0' && first <= '9') || ((first | 32) >= 'a' && (first | 32) <= 'z');
  return letter && strncmp(piece, "Ġ", 2) != 0;
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
