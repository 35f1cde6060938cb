/* SPDX-License-Identifier: Apache-2.0 */
#include "text_case.h"
#include "worlds/skills.h"

static void test_common(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/skills", NULL);
  same_bytes_on_any_threads(ctx, world);
  texts_come_back(ctx, world, VT_TRAIN, 100, offsetof(vt_skill_record, profile));
  texts_come_back(ctx, world, VT_TEST, 100, offsetof(vt_skill_record, job));
  splits_share_few_texts(ctx, world, 300, 0);
  vt_world_close(world);
}

static void test_forms(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/skills", NULL);
  const vt_skill_forms *forms = vt_skills_forms(world);
  int shared = 0, held_out = 0;
  for (int skill = 0; skill < VT_SKILLS; skill++) {
    int count = forms->first[skill + 1] - forms->first[skill], held = 0;
    assert_true(count >= 6 && count <= 10);
    assert_string_equal(forms->forms[forms->first[skill]].text, vt_skill_name(skill));
    for (int i = forms->first[skill]; i < forms->first[skill + 1]; i++) {
      const vt_skill_form *form = &forms->forms[i];
      assert_int_equal(form->owners[0], skill);
      assert_int_not_equal(form->owners[1], skill);
      assert_false(form->kind == VT_FORM_NAME && (form->held_out || form->owners[1] >= 0));
      shared += form->owners[1] >= 0;
      held += form->held_out;
      for (int other = 0; other < i; other++)
        assert_string_not_equal(form->text, forms->forms[other].text);
    }
    assert_true(held >= 1 && held <= 2);
    held_out += held;
  }
  assert_near(shared / (double)forms->count, .3, .05);
  assert_near(held_out / (double)forms->count, .19, .03);
  vt_world_close(world);
}

/* Coverage counted anew from what the two texts say. */
static double read_coverage(const vt_world *world, const vt_skill_record *pair)
{
  const vt_corpus *corpus = vt_world_corpus(world);
  double asked = 0, brought = 0;
  for (int i = 0; i < pair->job.count; i++) {
    const vt_said *need = &pair->job.said[i];
    const char *weight = vt_corpus_value(corpus, need, "weight");
    if (!weight) continue;
    double weighs = strcmp(weight, "perhaps") == 0 ? 1 : strcmp(weight, "often") == 0 ? 2 : 3;
    asked += weighs;
    for (int j = 0; j < pair->profile.count; j++) {
      const char *level = vt_corpus_value(corpus, &pair->profile.said[j], "level");
      if (level && pair->profile.said[j].tag == need->tag)
        brought += weighs * (strcmp(level, "a little") ? 1 : .5);
    }
  }
  return brought / asked;
}

static void test_pairs(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/skills", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  const vt_skill_forms *forms = vt_skills_forms(world);
  int relevant = 0, turned = 0, named = 0, mentions = 0, held = 0;
  enum { PAIRS = 2000 };
  for (int index = 0; index < PAIRS; index++) {
    vt_split split = index % 2 ? VT_TEST : VT_TRAIN;
    vt_skill_record *pair = make_record(ctx, world, split, index / 2);
    assert_near(read_coverage(world, pair), pair->coverage, 1e-6);
    bool fits = pair->coverage >= .6f;
    relevant += fits;
    turned += fits != pair->label;
    assert_int_equal(pair->held_out, split == VT_TEST && index / 2 % 2 == 1);
    held += pair->held_out;
    const vt_document *documents[] = {&pair->profile, &pair->job};
    for (int which = 0; which < 2; which++) {
      bool has_name = false;
      for (int i = 0; i < documents[which]->count; i++) {
        const vt_said *said = &documents[which]->said[i];
        const char *text = vt_corpus_value(corpus, said, "F");
        assert_int_equal(text != NULL, said->tag >= 0);
        if (!text) continue;
        int number = forms->first[said->tag];
        while (number < forms->first[said->tag + 1] && strcmp(forms->forms[number].text, text) != 0)
          number++;
        assert_true(number < forms->first[said->tag + 1]); /* what is said stands for the skill meant */
        assert_int_equal(forms->forms[number].held_out, pair->held_out);
        has_name = has_name || forms->forms[number].kind == VT_FORM_NAME;
        mentions++;
      }
      named += has_name;
    }
    free(pair);
  }
  print_message("# %.3f of the pairs fit, %.3f of the texts name a skill\n", relevant / (double)PAIRS,
                named / (2. * PAIRS));
  assert_near(turned / (double)PAIRS, .05, .02);
  assert_true(relevant > .2 * PAIRS && relevant < .5 * PAIRS);
  assert_true(named < .5 * 2 * PAIRS);
  assert_int_equal(held, PAIRS / 4);
  assert_true(mentions > 15000);
  vt_world_close(world);
}

static void test_persons(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/skills", NULL);
  int true_listed = 0, wrong_listed = 0, skills = 0;
  for (int number = 0; number < 1000; number++) {
    vt_person person, other;
    vt_skills_person(world, VT_TRAIN, number, &person);
    vt_skills_person(world, VT_TEST, number, &other);
    assert_int_not_equal(person.key, other.key);
    assert_true(person.count >= 4 && person.count <= 8);
    skills += person.count;
    bool has[VT_SKILLS] = {0};
    for (int i = 0; i < person.count; i++) {
      assert_false(has[person.skills[i]]);
      has[person.skills[i]] = true;
    }
    for (int skill = 0; skill < VT_SKILLS; skill++)
      if (person.listed[skill]) *(has[skill] ? &true_listed : &wrong_listed) += 1;
    vt_job job;
    vt_skills_job(world, VT_TRAIN, number, &job);
    assert_true(job.count >= 3 && job.count <= 6);
  }
  assert_near((true_listed + wrong_listed) / (double)skills, .6, .03);
  assert_near(wrong_listed / (double)(true_listed + wrong_listed), .05, .015);
  vt_world_close(world);
}

/* Nothing is cut, and the skills beside the tokens are those of the person. */
static void test_fields(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/skills", NULL);
  vt_dataset *set;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TRAIN, 1000, &set));
  int64_t indices[1000];
  for (int i = 0; i < 1000; i++)
    indices[i] = i;
  vt_batch batch;
  assert_ok(ctx, vt_batch_make(ctx, set, indices, 1000, 0, NULL, &batch));
  vt_tensor *profiles = vt_batch_get(ctx, &batch, "profile");
  int64_t width = profiles->dims[1];
  for (int i = 0; i < 1000; i++) {
    const int64_t *tokens = (const int64_t *)profiles->data + i * width;
    int64_t length = vt_get_i64(vt_batch_get(ctx, &batch, "profile_length"), i);
    assert_int_equal(tokens[length - 1], VT_TOKEN_EOS);
    const int64_t *beside = (const int64_t *)vt_batch_get(ctx, &batch, "profile_skill")->data + i * width;
    const float *has = (const float *)vt_batch_get(ctx, &batch, "person_skills")->data + i * VT_SKILLS;
    bool said[VT_SKILLS] = {0};
    for (int64_t at = 0; at < width; at++)
      if (beside[at] >= 0) said[beside[at]] = true;
    for (int skill = 0; skill < VT_SKILLS; skill++)
      assert_int_equal(said[skill], has[skill] > 0);
  }
  vt_dataset_free(set);
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_common, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_forms, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pairs, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_persons, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_fields, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/corpora_skills", tests, NULL, NULL);
}
