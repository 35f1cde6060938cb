/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail attribute: the methods on inputs that are no pictures.
 */
#include "attribution/attribute_arrays.h"

#include <math.h>

#include "cli/inside.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "report/tokens.h"

typedef struct attribute_settings {
  char *method, *preset, *output, *wrt, *labels, *page, *picture, *similar_text;
  bool probabilities;
  int parts;
} attribute_settings;

static const vt_field fields[] = {
    {"method", VT_FIELD_STRING, offsetof(attribute_settings, method), "integrated-gradients",
     .help = "how the input is explained; --method ID --help shows its own options"},
    {"preset", VT_FIELD_STRING, offsetof(attribute_settings, preset),
     .help = "defaults of another toolkit or paper, as 'vitrail methods ID' lists them; options given win"},
    {"output", VT_FIELD_STRING, offsetof(attribute_settings, output),
     .help = "tensor that holds what is explained [the first float output]"},
    {"wrt", VT_FIELD_STRING, offsetof(attribute_settings, wrt),
     .help = "tensor that is explained [the first float input, or the embedded tokens of an integer one]"},
    {"probabilities", VT_FIELD_BOOL, offsetof(attribute_settings, probabilities),
     .help = "the output holds probabilities, not logits"},
    {"parts", VT_FIELD_CHOICE, offsetof(attribute_settings, parts), "words", .choices = "words|tokens",
     .help =
         "what methods that hide parts of a --text hide: whole words, or every token, frame and padding too"},
    {"labels", VT_FIELD_STRING, offsetof(attribute_settings, labels),
     .help = "text file with the name of each token or column, a line each"},
    {"page", VT_FIELD_STRING, offsetof(attribute_settings, page),
     .help = "also write the tokens in colours to this .html file"},
    {"picture", VT_FIELD_STRING, offsetof(attribute_settings, picture),
     .help = "also draw them into this .png file"},
    {"similar_text", VT_FIELD_STRING, offsetof(attribute_settings, similar_text),
     .help = "direction that a similarity is taken with: what the model says of this other text"},
};

typedef struct attribute_run {
  attribute_settings settings;
  vt_request request;
  vt_field *request_fields; /* those of vt_request_fields that make sense without a picture */
  size_t request_count;
  const vt_method *method;
  void *method_settings;
  cli_inside inside;
  cli_text_input text;
  vt_explanation *explanation;
  vt_tokens tokens;
  int32_t *groups; /* words of the tokens; NULL: no text */
  int group_count;
  int64_t classes; /* numbers in a row of the output, 0: not known */
} attribute_run;

static vt_status add_options(cli *run, attribute_run *work, cli_options *options, char title[96])
{
  static const char *const taken[] = {"target", "class_score",        "contrast", "similar_to",
                                      "reduce", "attention_gradient", "seed"};
  snprintf(title, 96, "Options of %s", work->method->id);
  work->request_fields = vt_alloc_zero(run->ctx, VT_COUNT(taken), sizeof *work->request_fields);
  if (!work->request_fields) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < VT_COUNT(taken); i++)
    work->request_fields[work->request_count++] =
        *vt_params_find(vt_request_fields, vt_request_field_count, taken[i]);
  VT_TRY(cli_options_add(run, options, "Options", fields, VT_COUNT(fields), &work->settings,
                         sizeof work->settings));
  VT_TRY(cli_text_options(run, &work->text, options));
  VT_TRY(cli_inside_options(run, &work->inside, false, options));
  VT_TRY(cli_options_add(run, options, "What is explained", work->request_fields, work->request_count,
                         &work->request, sizeof work->request));
  return cli_options_add(run, options, title, work->method->fields, work->method->field_count,
                         work->method_settings, work->method->settings_size);
}

/* ---- results ---- */

/* The places' names: of --labels, or the tokens of --text. */
static vt_status name_places(cli *run, attribute_run *work)
{
  const vt_ids *ids = &work->text.ids;
  if (!work->text.tokenizer || work->settings.labels)
    return vt_tokens_read(run->ctx, work->explanation, work->settings.labels, &work->tokens);
  const char **pieces = vt_alloc(run->ctx, (ids->count + 1) * sizeof *pieces);
  if (!pieces) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < ids->count; i++)
    pieces[i] = vt_tokenizer_piece(work->text.tokenizer, ids->data[i]);
  vt_status status = vt_tokens_name(run->ctx, work->explanation, pieces, (int)ids->count, &work->tokens);
  vt_free(pieces);
  return status;
}

/* Word `group` as its tokens read; of places that are no words their labels. Caller frees. */
static char *word_text(cli *run, const attribute_run *work, int group)
{
  vt_text text = {0};
  vt_text_add(run->ctx, &text, "");
  for (int i = 0; i < work->tokens.count && work->tokens.labels; i++) {
    const char *label = work->tokens.labels[i];
    if ((work->groups ? work->groups[i] : i) != group) continue;
    vt_text_add(run->ctx, &text, text.length && strncmp(label, "##", 2) == 0 ? label + 2 : label);
  }
  return text.data;
}

/* What methods that rank say: words by rank, scores with and without the first of them. */
static vt_status print_order(cli *run, const attribute_run *work)
{
  const vt_explanation *explanation = work->explanation;
  cli_table table = {0};
  char first[32], second[32];
  printf("\n");
  VT_TRY(cli_table_row(run->ctx, &table, ">Rank\tWord\t>Score\t>Without"));
  for (int j = 0; j < vt_regions_count(explanation->regions); j++) {
    char *word = word_text(run, work, explanation->order[j]);
    vt_status status = cli_table_row(run->ctx, &table, "%d\t%s\t%s\t%s", j + 1, word ? word : "",
                                     vt_number_text(explanation->insertion[j + 1], first),
                                     vt_number_text(explanation->deletion[j + 1], second));
    vt_free(word);
    if (status != VT_OK) {
      cli_table_free(&table);
      return status;
    }
  }
  cli_table_print(run, &table);
  printf("Score: with the words down to this row; Without: with the same words hidden.\n"
         "Insertion AUC %s, deletion AUC %s\n",
         vt_number_text(explanation->insertion_auc, first),
         vt_number_text(explanation->deletion_auc, second));
  return VT_OK;
}

/* Twenty places for the largest value. */
static const char *bar(double value, double largest, char buffer[64])
{
  int length = largest > 0 ? (int)lround(20 * fabs(value) / largest) : 0;
  memset(buffer, value < 0 ? '-' : '+', (size_t)length);
  buffer[length] = 0;
  return buffer;
}

static vt_status print_tokens(cli *run, const attribute_run *work)
{
  const vt_explanation *explanation = work->explanation;
  const vt_tokens *tokens = &work->tokens;
  cli_table table = {0};
  double largest = 0;
  for (int i = 0; i < tokens->count; i++)
    largest = fmax(largest, fabs((double)explanation->saliency[i]));
  VT_TRY(cli_table_row(run->ctx, &table, ">Place\tLabel\t>Value\t"));
  for (int i = 0; i < tokens->count; i++) {
    char marks[64], value[32];
    VT_TRY(cli_table_row(run->ctx, &table, "%d\t%s\t%s\t%s", i, tokens->labels ? tokens->labels[i] : "",
                         vt_number_text((double)explanation->saliency[i], value),
                         bar((double)explanation->saliency[i], largest, marks)));
  }
  cli_table_print(run, &table);
  return VT_OK;
}

/* " of class 5", with the piece that it is where classes are those of the vocabulary. */
static void print_class(const attribute_run *work, int index)
{
  const vt_tokenizer *tokenizer = work->text.tokenizer;
  const char *piece = tokenizer && work->classes == vt_tokenizer_size(tokenizer)
                          ? vt_tokenizer_piece(tokenizer, index)
                          : NULL;
  printf(" of class %d", index);
  if (piece) printf(" ('%s')", piece);
}

static void print_score(const attribute_run *work)
{
  const vt_explanation *explanation = work->explanation;
  char full[32], sum[32], difference[32], error[32];
  printf("%s", vt_score_name(explanation->score));
  if (explanation->target >= 0) print_class(work, explanation->target);
  if (explanation->target_text) printf(" (%s)", explanation->target_text);
  printf(" %s, by %s in %lld runs, %.2f s\n", vt_number_text(explanation->full, full), work->method->id,
         (long long)explanation->model_calls, explanation->seconds);
  const vt_completeness *completeness = &explanation->completeness;
  if (completeness->present)
    printf("The map sums to %s where the score changes by %s: completeness error %s\n",
           vt_number_text(completeness->sum, sum), vt_number_text(completeness->difference, difference),
           vt_number_text(completeness->error, error));
}

static vt_status write_results(cli *run, attribute_run *work)
{
  vt_explanation *explanation = work->explanation;
  const char *names[3] = {"attribution", "saliency", "native"};
  int count = 2;
  int64_t places = work->tokens.count;
  vt_tensor *tensors[3] = {vt_tensor_borrow(run->ctx, VT_F32, explanation->attribution_rank,
                                            explanation->attribution_dims, explanation->attribution),
                           vt_tensor_borrow(run->ctx, VT_F32, 1, &places, explanation->saliency), NULL};
  if (explanation->native)
    tensors[count++] = vt_tensor_borrow(run->ctx, VT_F32, explanation->native_rank, explanation->native_dims,
                                        explanation->native);
  if (!tensors[0] || !tensors[1] || (count == 3 && !tensors[2])) return VT_ERROR_OUT_OF_MEMORY;
  json_t *json = NULL;
  VT_TRY(vt_explanation_json(run->ctx, explanation, &json));
  json_t *labels = work->tokens.labels ? json_array() : NULL;
  for (int i = 0; labels && i < work->tokens.count; i++)
    json_array_append_new(labels, vt_json_outside(work->tokens.labels[i]));
  if (labels) json_object_set_new(json, "tokens", labels);
  json_t *words = work->groups && work->tokens.labels ? json_array() : NULL;
  for (int group = 0; words && group < work->group_count; group++) {
    char *word = word_text(run, work, group);
    json_array_append_new(words, vt_json_outside(word));
    vt_free(word);
  }
  if (words) json_object_set_new(json, "words", words);
  vt_status status = VT_OK;
  if (work->inside.settings.out || run->common.json)
    status = cli_inside_results(run, &work->inside, names, tensors, count, json);
  json_decref(json);
  return status;
}

static vt_status report(cli *run, attribute_run *work)
{
  run->stage = CLI_OUTPUT;
  cli_heed_signals(run->ctx, false);
  size_t index;
  json_t *warning;
  json_array_foreach(work->explanation->warnings, index, warning)
      cli_warn(run, "%s", json_string_value(warning));
  if (work->settings.page)
    VT_TRY(vt_tokens_write_page(run->ctx, work->explanation, &work->tokens, work->inside.settings.force,
                                work->settings.page));
  if (work->settings.picture)
    VT_TRY(vt_tokens_write_picture(run->ctx, work->explanation, &work->tokens, work->inside.settings.force,
                                   work->settings.picture));
  if (!run->common.json) {
    print_score(work);
    VT_TRY(print_tokens(run, work));
    if (work->explanation->order) VT_TRY(print_order(run, work));
  }
  return write_results(run, work);
}

static vt_status check_page(cli *run, const attribute_run *work)
{
  const char *page = work->settings.page, *out = work->inside.settings.out, *picture = work->settings.picture;
  run->stage = CLI_USAGE;
  if (page && !*page)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--page: the name of the file is empty");
  if (page && out && strcmp(page, out) == 0)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--page and --out both name %s", page);
  if (picture && !*picture)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--picture: the name of the file is empty");
  if (picture && ((out && strcmp(picture, out) == 0) || (page && strcmp(picture, page) == 0)))
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--picture and another option both name %s", picture);
  return VT_OK;
}

/* A text's words are its parts, where the tensor explained is that of its tokens. */
static vt_status group_words(cli *run, attribute_run *work, vt_array_request *arrays)
{
  bool words = work->text.tokenizer && work->settings.parts == 0 && !work->settings.wrt;
  if (!words || !(work->method->needs & (VT_NEEDS_PLAYERS | VT_NEEDS_REGIONS))) return VT_OK;
  work->groups = vt_alloc_zero(run->ctx, work->text.ids.count, sizeof *work->groups);
  if (!work->groups) return VT_ERROR_OUT_OF_MEMORY;
  arrays->groups = work->groups;
  arrays->group_places = work->text.ids.count;
  arrays->group_count = work->group_count = cli_text_words(&work->text, work->groups);
  return VT_OK;
}

/* Classes that are pieces of the vocabulary, and a text to be like. `asked` owns nothing. */
static vt_status read_texts(cli *run, attribute_run *work, vt_request *asked)
{
  const char *other = work->settings.similar_text, *target, *contrast;
  vt_tensor *direction = NULL;
  run->stage = CLI_USAGE;
  if (other && !work->text.tokenizer)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "--similar-text needs a --text that it is compared with");
  work->classes = cli_text_classes(&work->inside, work->settings.output);
  VT_TRY(cli_text_class(run, &work->text, work->classes, work->request.target, &target));
  VT_TRY(cli_text_class(run, &work->text, work->classes, work->request.contrast, &contrast));
  if (other)
    VT_TRY(cli_text_answer(run, &work->text, &work->inside, other, work->settings.output, &direction));
  *asked = work->request;
  asked->target = (char *)(uintptr_t)target;
  asked->contrast = (char *)(uintptr_t)contrast;
  asked->direction = direction;
  return VT_OK;
}

/* The other text, in the result. */
static vt_status say_similar(cli *run, attribute_run *work)
{
  json_t *text = vt_json_outside(work->settings.similar_text);
  vt_explanation *explanation = work->explanation;
  if (!explanation->target_details) explanation->target_details = json_object();
  explanation->target_text = text ? vt_format(run->ctx, "like “%s”", json_string_value(text)) : NULL;
  if (explanation->target_text && json_object_set_new(explanation->target_details, "similar_text", text) == 0)
    return VT_OK;
  return vt_fail(run->ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory while saying what is explained");
}

static vt_status compute(cli *run, attribute_run *work, const char *model)
{
  vt_request asked;
  vt_array_request arrays = {.output = work->settings.output,
                             .varying = work->settings.wrt,
                             .probabilities = work->settings.probabilities};
  VT_TRY(check_page(run, work));
  VT_TRY(cli_inside_open(run, &work->inside, model));
  work->inside.finite = true; /* a map of what is no number says nothing */
  VT_TRY(cli_text_prepare(run, &work->text, &work->inside));
  VT_TRY(cli_inside_prepare(run, &work->inside));
  work->request.precision = work->inside.settings.precision;
  VT_TRY(read_texts(run, work, &asked));
  run->stage = CLI_INPUT; /* options name files, too */
  VT_TRY(group_words(run, work, &arrays));
  VT_TRY(vt_attribute_arrays(run->ctx, work->inside.graph, work->inside.inputs, work->method,
                             work->method_settings, &asked, &arrays, &work->explanation));
  if (work->settings.similar_text) VT_TRY(say_similar(run, work));
  VT_TRY(name_places(run, work));
  return report(run, work);
}

static vt_status attribute(cli *run, int argc, char **argv)
{
  attribute_run work = {0};
  cli_options options = {0};
  char title[96];
  vt_status status;
  const char *name = cli_options_peek(argc, argv, "method");
  VT_TRY_DONE(vt_method_choose(run->ctx, &vt_methods, name ? name : fields[0].fallback, &work.method,
                               &work.method_settings));
  VT_TRY_DONE(add_options(run, &work, &options, title));
  const char *preset = cli_options_peek(argc, argv, "preset");
  if (preset)
    VT_TRY_DONE(vt_preset_apply(run->ctx, work.method, preset, work.method_settings, work.request_fields,
                                work.request_count, &work.request));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 1, 1, "MODEL"));
  if (run->common.help) goto done;
  status = compute(run, &work, options.operands[0]);
done:
  vt_tokens_free(&work.tokens);
  vt_explanation_free(work.explanation);
  cli_text_close(&work.text);
  cli_inside_close(&work.inside);
  cli_options_free(&options);
  vt_free(work.method_settings);
  vt_free(work.request_fields);
  vt_free(work.groups);
  return status;
}

const cli_verb cli_attribute = {
    .name = "attribute",
    .operands = "MODEL.onnx",
    .summary = "which tokens, columns or samples of an array make a model decide",
    .examples = "  vitrail attribute text.onnx --text 'a charming journey' --tokenizer vocab.txt\n"
                "  vitrail attribute text.onnx --input input_ids=ids.npy --input attention_mask=mask.npy "
                "--labels words.txt\n"
                "  vitrail attribute text.onnx --input … --score similarity --similar-to other.npy --output "
                "embedding\n"
                "  vitrail attribute table.onnx --input row.npy --method input-x-gradient --target 1\n"
                "  vitrail attribute bert.onnx --input … --method attention-rollout --page words.html\n",
    .description = "For inputs that are no pictures; 'vitrail explain' is for those. The inputs hold one "
                   "item. Of an integer "
                   "input its embedded tokens are explained: the table gives one value a token, the .npz "
                   "file the whole map.",
    .run = attribute,
};
