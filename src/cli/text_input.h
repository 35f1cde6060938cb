/* SPDX-License-Identifier: Apache-2.0
 *
 * A text instead of arrays of ids: tokens, and the inputs of a language model filled with them.
 */
#ifndef VT_CLI_TEXT_INPUT_H
#define VT_CLI_TEXT_INPUT_H

#include "cli/inside.h"
#include "vitrail/tokenizer.h"

typedef struct cli_text_settings {
  char *text, *tokenizer;
} cli_text_settings;

typedef struct cli_text_input {
  cli_text_settings settings;
  vt_tokenizer *tokenizer;
  char *classes[2]; /* owned, see cli_text_class() */
  vt_ids ids; /* as the model gets them: with the tokenizer's frame, filled up where the length is fixed */
} cli_text_input;

/* Adds --text and --tokenizer. */
vt_status cli_text_options(cli *run, cli_text_input *text, cli_options *options);
/* Between cli_inside_open() and cli_inside_prepare(): makes the inputs for ids, attention mask, token types
 * and positions that the model has. Nothing without --text. */
vt_status cli_text_prepare(cli *run, cli_text_input *text, cli_inside *inside);
/* Which word each token belongs to: groups[ids.count] in 0..words−1, −1 for the frame and padding. Number
 * of words. */
int cli_text_words(const cli_text_input *text, int32_t *groups);
/* What tensor `output` says of another text: the numbers that a target reads, f32, made in the run's context.
 * Of several positions [batch, positions, numbers] it is the last. */
vt_status cli_text_answer(cli *run, const cli_text_input *text, cli_inside *inside, const char *words,
                          const char *output, vt_tensor **out);
/* A class that is a piece of the vocabulary as its number, where `classes` says that classes are pieces;
 * in any other case *out is `given`. The text is the run's until cli_text_close(). */
vt_status cli_text_class(cli *run, cli_text_input *text, int64_t classes, const char *given,
                         const char **out);
/* Numbers in a row of the tensor that is explained, 0: not known before a run. */
int64_t cli_text_classes(const cli_inside *inside, const char *output);
void cli_text_close(cli_text_input *text);

#endif
