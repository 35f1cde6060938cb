/* SPDX-License-Identifier: Apache-2.0
 *
 * The sentence encoder: a planted one whose layer adds nothing, so that its answer is known by hand; broken
 * folders; and, where VITRAIL_MINILM names the folder of all-MiniLM-L6-v2, the cosine of two words.
 */
#include "nn/sentence.h"

#include "nn/planted_sentence.h"

/* "Red cars" is [CLS] red car ##s [SEP]. */
static void test_value(void **state)
{
  const planted *p = *state;
  static const int ids[5] = {2, 4, 5, 6, 3};
  double wanted[WIDTH];
  vt_sentence_encoder *encoder;
  float found[WIDTH];
  planted_answer(ids, 5, wanted);
  assert_ok(p->ctx, vt_sentence_encoder_open(p->ctx, p->folder, &encoder));
  assert_int_equal(vt_sentence_encoder_width(encoder), WIDTH);
  assert_ok(p->ctx, vt_sentence_encode(p->ctx, encoder, "Red cars", found));
  for (int i = 0; i < WIDTH; i++)
    assert_near((double)found[i], wanted[i], 1e-6); /* f32 */
  assert_fails(p->ctx, vt_sentence_encode(p->ctx, encoder, "  \n", found), VT_ERROR_INVALID_ARGUMENT,
               "empty");
  assert_fails(p->ctx, vt_sentence_encode(p->ctx, encoder, "red red red red red", found),
               VT_ERROR_INVALID_ARGUMENT, "7 tokens");
  vt_sentence_encoder_free(encoder);
  assert_ok(p->ctx, vt_ctx_status(p->ctx));
}

static void refuse(const planted *p, const char *part)
{
  vt_sentence_encoder *encoder;
  assert_fails(p->ctx, vt_sentence_encoder_open(p->ctx, p->folder, &encoder), VT_ERROR_INVALID_DATA, part);
  assert_null(encoder);
}

static void test_broken(void **state)
{
  planted *p = *state;
  vt_sentence_encoder *encoder;
  static const char *const configs[][2] = {
      {"{", "config.json"},
      {"[]", "no JSON object"},
      {"{}", "num_attention_heads"},
      {"{\"num_attention_heads\": 0}", "num_attention_heads"},
      {"{\"num_attention_heads\": 3}", "do not divide among 3 heads"},
      {"{\"num_attention_heads\": 2, \"hidden_act\": \"relu\"}", "hidden_act"},
      {"{\"num_attention_heads\": 2, \"layer_norm_eps\": -1}", "layer_norm_eps"},
  };
  for (size_t i = 0; i < VT_COUNT(configs); i++) {
    write_part(p, "config.json", configs[i][0]);
    refuse(p, configs[i][1]);
  }
  write_part(p, "config.json", planted_config);
  write_part(p, "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nred\ncar\n##s\nbus\n");
  refuse(p, "8 pieces, the encoder vectors for 7");
  write_part(p, "vocab.txt", planted_vocabulary);
  write_tensors(p, p->count - 1);
  refuse(p, "encoder.layer.0.output.LayerNorm.bias");
  write_tensors(p, 5);
  refuse(p, "no layer");
  assert_fails(p->ctx, vt_sentence_encoder_open(p->ctx, "/tmp/vitrail-no-such-folder", &encoder),
               VT_ERROR_NO_SUCH_FILE, "config.json");
}

/* A table of another width is found out by the first text. */
static void test_odd_sizes(void **state)
{
  planted *p = *state;
  vt_sentence_encoder *encoder;
  float found[WIDTH];
  vt_tensor *kept = p->tensors[5];
  int64_t dims[2] = {WIDTH, WIDTH + 1};
  p->tensors[5] = vt_tensor_new(p->ctx, VT_F32, 2, dims);
  assert_non_null(p->tensors[5]);
  memset(p->tensors[5]->data, 0, vt_bytes(p->tensors[5]));
  write_tensors(p, p->count);
  assert_ok(p->ctx, vt_sentence_encoder_open(p->ctx, p->folder, &encoder));
  assert_int_not_equal(vt_sentence_encode(p->ctx, encoder, "red", found), VT_OK);
  assert_non_null(strstr(vt_ctx_message(p->ctx), "q_proj"));
  vt_ctx_clear(p->ctx);
  vt_sentence_encoder_free(encoder);
  p->tensors[5] = kept;
}

static void test_minilm(void **state)
{
  const char *folder = getenv("VITRAIL_MINILM");
  if (!folder) skip();
  const planted *p = *state;
  vt_sentence_encoder *encoder;
  float food[384], bread[384];
  double cosine = 0;
  assert_ok(p->ctx, vt_sentence_encoder_open(p->ctx, folder, &encoder));
  assert_int_equal(vt_sentence_encoder_width(encoder), 384);
  assert_ok(p->ctx, vt_sentence_encode(p->ctx, encoder, "food", food));
  assert_ok(p->ctx, vt_sentence_encode(p->ctx, encoder, "bread", bread));
  vt_sentence_encoder_free(encoder);
  for (int i = 0; i < 384; i++)
    cosine += (double)food[i] * (double)bread[i];
  assert_near(cosine, 0.555478, 1e-5); /* by PyTorch, from the same file */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_value, plant, clear_planted),
      cmocka_unit_test_setup_teardown(test_broken, plant, clear_planted),
      cmocka_unit_test_setup_teardown(test_odd_sizes, plant, clear_planted),
      cmocka_unit_test_setup_teardown(test_minilm, plant, clear_planted),
  };
  return cmocka_run_group_tests_name("nn/sentence", tests, NULL, NULL);
}
