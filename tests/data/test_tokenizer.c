/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokenizers: ids worked out by hand, what BERT's and GPT-2's rules say about odd text, files that lie, and
 * text that comes back.
 */
#include "data/tokenizer.h"
#include "folder.h"

/* The ids of a text must be these, ended by −1. */
static void assert_ids(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, bool framed,
                       const int *expected)
{
  vt_ids ids = {0};
  assert_ok(ctx, vt_tokenizer_encode(ctx, tokenizer, text, strlen(text), framed, &ids));
  size_t count = 0;
  while (expected[count] >= 0)
    count++;
  if (ids.count != count) fail_msg("'%s': %zu ids instead of %zu", text, ids.count, count);
  for (size_t i = 0; i < count; i++)
    if (ids.data[i] != expected[i])
      fail_msg("'%s': id %zu is %lld instead of %d", text, i, (long long)ids.data[i], expected[i]);
  vt_ids_free(&ids);
}

static void assert_pieces(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, const char *expected)
{
  vt_ids ids = {0};
  vt_text line = {0};
  assert_ok(ctx, vt_tokenizer_encode(ctx, tokenizer, text, strlen(text), false, &ids));
  vt_text_add(ctx, &line, "");
  for (size_t i = 0; i < ids.count; i++)
    vt_text_addf(ctx, &line, i ? "|%s" : "%s", vt_tokenizer_piece(tokenizer, ids.data[i]));
  assert_string_equal(line.data ? line.data : "", expected);
  vt_text_free(&line);
  vt_ids_free(&ids);
}

static void assert_back(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, const char *expected)
{
  vt_ids ids = {0};
  char *back;
  assert_ok(ctx, vt_tokenizer_encode(ctx, tokenizer, text, strlen(text), true, &ids));
  assert_ok(ctx, vt_tokenizer_decode(ctx, tokenizer, ids.data, ids.count, &back));
  assert_string_equal(back, expected);
  vt_tokenizer_text_free(back);
  vt_ids_free(&ids);
}

/* Writes, reads back, and frees the first. */
static vt_tokenizer *again(vt_ctx *ctx, vt_tokenizer *tokenizer)
{
  vt_tokenizer *out;
  assert_ok(ctx, vt_tokenizer_write(ctx, tokenizer, path_of("again.json")));
  vt_tokenizer_free(tokenizer);
  assert_ok(ctx, vt_tokenizer_read(ctx, path_of("again.json"), &out));
  return out;
}

static void test_words(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const words[] = {"red", "ball", "left-of", "7", "1", ".", "it's", "<q>"};
  vt_tokenizer *t;
  assert_ok(ctx, vt_tokenizer_words(
                     ctx, words, VT_COUNT(words),
                     (const char *[]){"pad", "<pad>", "bos", "<s>", "eos", "</s>", "unk", "<unk>", NULL},
                     true, &t));
  for (int round = 0; round < 2; round++) { /* as made, and as read back */
    assert_int_equal(vt_tokenizer_size(t), 12);
    assert_int_equal(vt_tokenizer_special(t, "eos"), 2);
    assert_int_equal(vt_tokenizer_special(t, "cls"), -1);
    assert_int_equal(vt_tokenizer_special(t, "nonsense"), -1);
    assert_int_equal(vt_tokenizer_id(t, "ball"), 5);
    assert_string_equal(vt_tokenizer_piece(t, 5), "ball");
    assert_null(vt_tokenizer_piece(t, 12));
    assert_null(vt_tokenizer_piece(t, -1));
    assert_ids(ctx, t, "Red ball.", true, (int[]){1, 4, 5, 9, 2, -1});
    assert_ids(ctx, t, " RED\tleft-of 71 it's\n<q> zebra", false, (int[]){4, 6, 7, 8, 10, 11, 3, -1});
    assert_ids(ctx, t, "red<pad>ball", false, (int[]){4, 0, 5, -1});
    assert_ids(ctx, t, "", true, (int[]){1, 2, -1});
    assert_back(ctx, t, "red ball 71 . it's", "red ball 71. it's");
    t = again(ctx, t);
  }
  vt_tokenizer_free(t);
  vt_ids ids = {0};
  assert_ok(ctx, vt_tokenizer_words(ctx, words, VT_COUNT(words), NULL, false, &t));
  t = again(ctx, t);
  assert_fails(ctx, vt_tokenizer_encode(ctx, t, "red Ball", 8, false, &ids), VT_ERROR_INVALID_DATA,
               "'Ball' is not among the 8");
  assert_fails(ctx, vt_tokenizer_encode(ctx, t, "red \xff", 5, false, &ids), VT_ERROR_INVALID_DATA,
               "byte 5 of 5 is 0xff");
  assert_fails(ctx, vt_tokenizer_encode(ctx, t, "a\0b", 3, false, &ids), VT_ERROR_INVALID_DATA,
               "byte 2 of 3");
  char *text;
  assert_fails(ctx, vt_tokenizer_decode(ctx, t, (int64_t[]){1, 8}, 2, &text), VT_ERROR_INVALID_ARGUMENT,
               "token 1 has the id 8; there are 0 to 7");
  vt_ids_free(&ids);
  vt_tokenizer_free(t);
  assert_fails(ctx, vt_tokenizer_words(ctx, words, 1, (const char *[]){"start", "<s>", NULL}, false, &t),
               VT_ERROR_INVALID_ARGUMENT, "'start'");
  assert_null(t);
}

/* ---- WordPiece ---- */

static const char vocabulary[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\nhello\n!\n\xe4\xb8\xad\n##a\na\r\n'\ns\n";

static void test_wordpiece(void **state)
{
  vt_ctx *ctx = *state;
  vt_tokenizer *t;
  assert_ok(ctx, vt_write_file(ctx, path_of("vocab.txt"), vocabulary, sizeof vocabulary - 1));
  assert_ok(ctx, vt_tokenizer_read(ctx, path_of("vocab.txt"), &t));
  assert_string_equal(vt_tokenizer_kind(t), "wordpiece");
  for (int round = 0; round < 2; round++) {
    assert_int_equal(vt_tokenizer_size(t), 15);
    assert_int_equal(vt_tokenizer_special(t, "mask"), 4);
    assert_ids(ctx, t, "Unaffable  H\xc3\xa9llo!", true, (int[]){2, 5, 6, 7, 8, 9, 3, -1});
    /* an accent of its own, a control character, a Chinese character without blanks, an apostrophe */
    assert_ids(ctx, t,
               "he\xcc\x81l\x07lo\xe4\xb8\xad"
               "a's",
               false, (int[]){8, 10, 12, 13, 14, -1});
    /* a word that cannot be cut to its end is unknown as a whole */
    assert_ids(ctx, t, "unaffx un", false, (int[]){1, 5, -1});
    assert_ids(ctx, t, "a[MASK]a [mask]", false, (int[]){12, 4, 12, 1, 1, 1, -1});
    assert_back(ctx, t, "Unaffable, hello !", "unaffable [UNK] hello!");
    char word[102];
    memset(word, 'a', sizeof word);
    vt_ids ids = {0};
    assert_ok(ctx, vt_tokenizer_encode(ctx, t, word, 100, false, &ids));
    assert_int_equal(ids.count, 100);
    assert_int_equal(ids.data[99], 11);
    ids.count = 0;
    assert_ok(ctx, vt_tokenizer_encode(ctx, t, word, 101, false, &ids));
    assert_int_equal(ids.count, 1);
    assert_int_equal(ids.data[0], 1);
    vt_ids_free(&ids);
    t = again(ctx, t);
  }
  vt_tokenizer_free(t);
  /* case kept when the file says so; a vocabulary beside the JSON file */
  static const char cased[] = "{\"kind\": \"wordpiece\", \"path\": \"vocab.txt\", \"lower\": false}";
  assert_ok(ctx, vt_write_file(ctx, path_of("cased.json"), cased, sizeof cased - 1));
  assert_ok(ctx, vt_tokenizer_read(ctx, path_of("cased.json"), &t));
  assert_ids(ctx, t, "hello Hello", false, (int[]){8, 1, -1});
  vt_tokenizer_free(t);
  /* in a sidecar: by name, or as it is; a chain of names ends */
  static const char *const sidecars[] = {
      "{\"labels\": [\"a\"], \"tokenizer\": \"cased.json\"}", "{\"tokenizer\": \"vocab.txt\"}",
      "{\"tokenizer\": {\"kind\": \"wordpiece\", \"path\": \"vocab.txt\"}}"};
  for (size_t i = 0; i < VT_COUNT(sidecars); i++) {
    assert_ok(ctx, vt_write_file(ctx, path_of("model.json"), sidecars[i], strlen(sidecars[i])));
    assert_ok(ctx, vt_tokenizer_read(ctx, path_of("model.json"), &t));
    assert_ids(ctx, t, "Hello", false, (int[]){i == 0 ? 1 : 8, -1});
    vt_tokenizer_free(t);
  }
  static const char self[] = "{\"tokenizer\": \"self.json\"}";
  assert_ok(ctx, vt_write_file(ctx, path_of("self.json"), self, sizeof self - 1));
  assert_fails(ctx, vt_tokenizer_read(ctx, path_of("self.json"), &t), VT_ERROR_INVALID_DATA,
               "\"tokenizer\" must be");
  assert_null(t);
}

/* The real vocabulary, where it is; ids by an independent implementation of the same rules. */
static void test_real_vocabulary(void **state)
{
  vt_ctx *ctx = *state;
  const char *path = shared_path("data/minilm/vocab.txt");
  if (!path) skip();
  vt_tokenizer *t;
  assert_ok(ctx, vt_tokenizer_read(ctx, path, &t));
  assert_int_equal(vt_tokenizer_size(t), 30522);
  assert_ids(ctx, t, "H\xc3\xa9llo W\xc3\xb6rld! It's unaffable.", true,
             (int[]){101, 7592, 2088, 999, 2009, 1005, 1055, 14477, 20961, 3468, 1012, 102, -1});
  assert_ids(ctx, t,
             "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e text\xe2\x80\x94"
             "1,234.56",
             true, (int[]){101, 1864, 1876, 1950, 3793, 1517, 1015, 1010, 22018, 1012, 5179, 102, -1});
  assert_ids(ctx, t, "[MASK] in the[SEP]mid", true, (int[]){101, 103, 1999, 1996, 102, 3054, 102, -1});
  vt_tokenizer_free(t);
}

/* ---- BPE ---- */

static void test_bpe_learns(void **state)
{
  vt_ctx *ctx = *state;
  /* words: "ab" ×3, " ab" ×2, " c" ×2. Pairs: a b 5, ␣ a 2, ␣ c 2. First "ab"; then of "␣ ab" and "␣ c",
   * twice each, the lower ids: ids are unk 0, ␣ 1, a 2, b 3, c 4, ab 5, so ␣ c. */
  static const char *const texts[] = {"ab ab c", "ab ab c", "ab"};
  vt_tokenizer *t;
  assert_ok(ctx, vt_bpe_train(ctx, texts, 3, VT_BPE_CHARACTERS, 7, (const char *[]){"unk", "?", NULL}, &t));
  for (int round = 0; round < 2; round++) {
    assert_int_equal(vt_tokenizer_size(t), 7);
    static const char *const pieces[] = {"?", " ", "a", "b", "c", "ab", " c"};
    for (int i = 0; i < 7; i++)
      assert_string_equal(vt_tokenizer_piece(t, i), pieces[i]);
    assert_ids(ctx, t, "ab c ba", false, (int[]){5, 6, 1, 3, 2, -1});
    assert_ids(ctx, t, "az", false, (int[]){2, 0, -1});
    assert_back(ctx, t, "ab c", "ab c");
    t = again(ctx, t);
  }
  vt_tokenizer_free(t);
  /* stops when no pair occurs twice: ␣ ab follows, and that is all */
  assert_ok(ctx, vt_bpe_train(ctx, texts, 3, VT_BPE_CHARACTERS, 100, NULL, &t));
  assert_int_equal(vt_tokenizer_size(t), 7);
  assert_string_equal(vt_tokenizer_piece(t, 6), " ab");
  vt_tokenizer_free(t);
  /* no text makes a special piece */
  assert_ok(ctx, vt_bpe_train(ctx, (const char *[]){"<s", "<s", "<s"}, 3, VT_BPE_CHARACTERS, 100,
                              (const char *[]){"bos", "<s", NULL}, &t));
  assert_int_equal(vt_tokenizer_size(t), 3);
  vt_tokenizer_free(t);
  assert_fails(ctx, vt_bpe_train(ctx, texts, 3, VT_BPE_BYTES, 200, NULL, &t), VT_ERROR_INVALID_ARGUMENT,
               "are 256");
  assert_fails(ctx, vt_bpe_train(ctx, (const char *[]){"\xc3"}, 1, VT_BPE_BYTES, 300, NULL, &t),
               VT_ERROR_INVALID_DATA, "not UTF-8");
}

static void test_bpe_splits(void **state)
{
  vt_ctx *ctx = *state;
  vt_tokenizer *t;
  /* enough repetition that each word as split becomes one piece */
  static const char text[] = "I'll  say 12cats: 'no'!\n\n x\xc3\xa9";
  const char *texts[] = {text, text};
  assert_ok(ctx, vt_bpe_train(ctx, texts, 2, VT_BPE_BYTES, 400, NULL, &t));
  /* contraction apart; of two blanks one stays alone; digits, letters and marks apart; "\n\n" before a blank
   * that belongs to the word; é as two bytes */
  assert_pieces(ctx, t, text,
                "I|'ll|\xc4\xa0|\xc4\xa0say|\xc4\xa0"
                "12|cats|:|\xc4\xa0'|no|'!|\xc4\x8a\xc4\x8a|\xc4\xa0x\xc3\x83\xc2\xa9");
  t = again(ctx, t);
  static const char *const back[] = {text, "\xf0\x9f\x98\x80 \xe6\x97\xa5\xe6\x9c\xac\t~ ", " ", "a  ", ""};
  for (size_t i = 0; i < VT_COUNT(back); i++)
    assert_back(ctx, t, back[i], back[i]);
  vt_tokenizer_free(t);
}

/* Merges are applied in the order in which they were learnt, checked against the plain rule: find the pair of
 * lowest rank, merge the leftmost, start over. One long word takes no time either. */
static void test_bpe_order(void **state)
{
  vt_ctx *ctx = *state;
  enum { LENGTH = 4000 };
  char *text = vt_alloc(ctx, LENGTH + 1);
  for (int i = 0; i < LENGTH; i++)
    text[i] = (char)('a' + vt_random_below(5, 1, (uint64_t)i, 3));
  text[LENGTH] = 0;
  vt_tokenizer *t;
  assert_ok(ctx, vt_bpe_train(ctx, (const char *[]){text}, 1, VT_BPE_CHARACTERS, 60, NULL, &t));
  int64_t *plain = vt_alloc(ctx, LENGTH * sizeof *plain);
  int count = 300;
  for (int i = 0; i < count; i++)
    plain[i] = text[i] - 'a';
  for (;;) {
    int64_t best = -1;
    int at = 0;
    for (int i = 0; i + 1 < count; i++) {
      int64_t rank = vt_bpe_find_merge(t, (int32_t)plain[i], (int32_t)plain[i + 1]);
      if (rank < 0 || (best >= 0 && rank >= best)) continue;
      best = rank;
      at = i;
    }
    if (best < 0) break;
    plain[at] = t->merges[best].into;
    memmove(plain + at + 1, plain + at + 2, sizeof *plain * (size_t)(count - at - 2));
    count--;
  }
  assert_true(count < 150);
  vt_ids ids = {0};
  assert_ok(ctx, vt_tokenizer_encode(ctx, t, text, 300, false, &ids));
  assert_int_equal(ids.count, count);
  assert_memory_equal(ids.data, plain, sizeof *plain * (size_t)count);
  ids.count = 0;
  size_t length = 300000;
  char *run = vt_alloc(ctx, length);
  for (size_t i = 0; i < length; i++)
    run[i] = text[i % LENGTH];
  assert_ok(ctx, vt_tokenizer_encode(ctx, t, run, length, false, &ids));
  assert_true(ids.count > 1000 && ids.count < length / 2);
  vt_ids_free(&ids);
  vt_free(run);
  vt_free(plain);
  vt_free(text);
  vt_tokenizer_free(t);
}

/* ---- files ---- */

static void test_refused(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *json, *message;
  } rows[] = {
      {"[]", "\"kind\""},
      {"{", "no JSON"},
      {"{\"kind\": \"unigram\"}", "words, bpe or wordpiece"},
      {"{\"kind\": \"words\"}", "\"vocabulary\" must be there"},
      {"{\"kind\": \"words\", \"vocabulary\": []}", "a list of pieces"},
      {"{\"kind\": \"words\", \"vocabulary\": [1]}", "made of texts"},
      {"{\"kind\": \"words\", \"vocabulary\": [\"a\", \"a\"]}", "piece 1, 'a', is there already"},
      {"{\"kind\": \"words\", \"vocabulary\": [\"a\", \"\"]}", "piece 1 is empty"},
      {"{\"kind\": \"words\", \"path\": \"vocab.txt\"}", "beside this one"},
      {"{\"kind\": \"words\", \"vocabulary\": [\"a\"], \"specials\": {\"unk\": \"b\"}}",
       "\"unk\" is no piece"},
      {"{\"kind\": \"words\", \"vocabulary\": [\"a\"], \"specials\": {\"huh\": \"a\"}}", "'huh'"},
      {"{\"kind\": \"words\", \"vocabulary\": [\"a\"], \"specials\": []}", "an object"},
      {"{\"kind\": \"words\", \"vocabulary\": [\"a\"], \"unknown\": \"drop\"}", "unk or error"},
      {"{\"kind\": \"words\", \"vocabulary\": [\"a\"], \"lower\": 1}", "true or false"},
      {"{\"kind\": \"wordpiece\", \"vocabulary\": [\"a\"]}", "[UNK]"},
      {"{\"kind\": \"bpe\", \"vocabulary\": [\"a\"], \"merges\": []}", "\"level\""},
      {"{\"kind\": \"bpe\", \"vocabulary\": [\"a\"], \"level\": \"bytes\"}", "\"merges\""},
      {"{\"kind\": \"bpe\", \"vocabulary\": [\"a\"], \"level\": \"bytes\", \"merges\": [[\"a\"]]}", "pairs"},
      {"{\"kind\": \"bpe\", \"vocabulary\": [\"a\"], \"level\": \"bytes\", \"merges\": [[\"a\", \"b\"]]}",
       "not both"},
      {"{\"kind\": \"bpe\", \"vocabulary\": [\"a\"], \"level\": \"bytes\", \"merges\": [[\"a\", \"a\"]]}",
       "no piece"},
      {"{\"kind\": \"bpe\", \"vocabulary\": [\"a\", \"aa\"], \"level\": \"bytes\", \"merges\": [[\"a\", "
       "\"a\"], [\"a\", "
       "\"a\"]]}",
       "twice"},
  };
  vt_tokenizer *t;
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    assert_fails(ctx, vt_tokenizer_parse(ctx, rows[i].json, strlen(rows[i].json), NULL, &t),
                 VT_ERROR_INVALID_DATA, rows[i].message);
    assert_null(t);
  }
  static const struct {
    const char *text, *message;
  } files[] = {{"", "empty vocabulary"},
               {"[UNK]\n\na", "piece 1 is empty"},
               {"a\nb\n", "[UNK]"},
               {"[UNK]\n\xff\n", "UTF-8"}};
  for (size_t i = 0; i < VT_COUNT(files); i++) {
    assert_ok(ctx, vt_write_file(ctx, path_of("bad.txt"), files[i].text, strlen(files[i].text)));
    assert_fails(ctx, vt_tokenizer_read(ctx, path_of("bad.txt"), &t), VT_ERROR_INVALID_DATA,
                 files[i].message);
    assert_null(t);
  }
  static const char outside[] = "{\"kind\": \"words\", \"path\": \"../bad.txt\"}";
  assert_ok(ctx, vt_write_file(ctx, path_of("outside.json"), outside, sizeof outside - 1));
  assert_fails(ctx, vt_tokenizer_read(ctx, path_of("outside.json"), &t), VT_ERROR_INVALID_DATA,
               "outside.json: tokenizer: \"path\"");
  assert_fails(ctx, vt_tokenizer_read(ctx, path_of("absent.txt"), &t), VT_ERROR_NO_SUCH_FILE, "absent.txt");
}

/* Each allocation refused in turn. */
static void test_every_allocation(void **state)
{
  VT_UNUSED(state);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  long n = 0;
  while (status != VT_OK) {
    vt_ctx *ctx = vt_ctx_new();
    vt_tokenizer *bpe = NULL, *words = NULL;
    vt_ids ids = {0};
    char *text = NULL;
    vt_ctx_fail_allocation(ctx, ++n);
    VT_TRY_DONE(vt_bpe_train(ctx, (const char *[]){"aab aab"}, 1, VT_BPE_CHARACTERS, 9, NULL, &bpe));
    VT_TRY_DONE(vt_tokenizer_write(ctx, bpe, path_of("memory.json")));
    vt_tokenizer_free(bpe);
    VT_TRY_DONE(vt_tokenizer_read(ctx, path_of("memory.json"), &bpe));
    VT_TRY_DONE(vt_tokenizer_encode(ctx, bpe, "aab b", 5, true, &ids));
    VT_TRY_DONE(vt_tokenizer_decode(ctx, bpe, ids.data, ids.count, &text));
    ids.count = 0;
    VT_TRY_DONE(vt_tokenizer_words(ctx, (const char *[]){"a", "b"}, 2, NULL, true, &words));
    VT_TRY_DONE(vt_tokenizer_encode(ctx, words, "A b", 3, true, &ids));
  done:
    if (status != VT_OK && status != VT_ERROR_OUT_OF_MEMORY) fail_msg("%ld: %s", n, vt_ctx_message(ctx));
    vt_tokenizer_text_free(text);
    vt_ids_free(&ids);
    vt_tokenizer_free(bpe);
    vt_tokenizer_free(words);
    if (vt_ctx_memory_in_use(ctx) != 0) fail_msg("%ld: something is lost", n);
    vt_ctx_free(ctx);
    assert_true(n < 2000);
  }
  assert_true(n > 30);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_words, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_wordpiece, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_real_vocabulary, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_bpe_learns, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_bpe_splits, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_bpe_order, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refused, new_context, free_context),
      cmocka_unit_test(test_every_allocation),
  };
  return cmocka_run_group_tests_name("data/tokenizer", tests, make_folder, remove_folder);
}
