/* SPDX-License-Identifier: Apache-2.0
 *
 * The trainer: what is learned, what a training that was interrupted and went on leaves, and what files that
 * are damaged, foreign or cut short say.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>

#include "nn/layers.h"
#include "nn/trainer.h"
#include "test.h"

enum { ITEMS = 96, HELD = 60, WIDTH = 6, CLASSES = 3 };

static char folder[256];

static int make_folder(void **state)
{
  char name[] = "/tmp/vitrail-trainer-XXXXXX";
  if (!g_mkdtemp(name)) return -1;
  snprintf(folder, sizeof folder, "%s", name);
  return new_context(state);
}

static int remove_folder(void **state)
{
  GDir *list = g_dir_open(folder, 0, NULL);
  for (const char *name; list && (name = g_dir_read_name(list));) {
    char *path = g_build_filename(folder, name, NULL);
    (void)g_remove(path);
    g_free(path);
  }
  if (list) g_dir_close(list);
  (void)g_rmdir(folder);
  return free_context(state);
}

static char *file(const char *name)
{
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

/* ---- something to learn: which of three directions a point lies in ---- */

static vt_dataset *make_set(vt_ctx *ctx, int count, uint64_t salt)
{
  vt_dataset *set;
  vt_tensor *x = vt_tensor_new(ctx, VT_F32, 2, (int64_t[]){count, WIDTH}),
            *label = vt_tensor_new(ctx, VT_I64, 1, (int64_t[]){count});
  for (int i = 0; i < count; i++) {
    int of = i % CLASSES;
    ((int64_t *)label->data)[i] = of;
    for (int k = 0; k < WIDTH; k++)
      ((float *)x->data)[i * WIDTH + k] =
          (float)(1.5 * (k % CLASSES == of) + .5 * vt_random_normal(salt, 1, (uint64_t)(i * WIDTH + k)));
  }
  assert_ok(ctx, vt_dataset_tensors(ctx, "points", 2, (const char *const[]){"x", "label"},
                                    (vt_tensor *const[]){x, label}, &set));
  return set;
}

static vt_tensor *points_model(vt_scope s, vt_tensor *x, const void *settings)
{
  vt_ctx *ctx = s.run->ctx;
  const double *dropout = settings;
  x = vt_linear(vt_sub(s, "in"), x, 8, VT_BIAS);
  x = vt_activate(ctx, vt_batch_norm(vt_sub(s, "norm"), x, 0, false), VT_RELU);
  return vt_linear(vt_sub(s, "head"), vt_dropout(s, x, *dropout), CLASSES, VT_BIAS);
}

typedef struct bench {
  vt_ctx *ctx;
  vt_dataset *train, *held;
  double dropout;
  vt_classify classify;
  vt_learning_task task;
  vt_trainer_settings settings;
  vt_optimiser_settings optimiser;
  vt_schedule_settings schedule;
  json_t *config;
} bench;

static void bench_begin(vt_ctx *ctx, bench *b)
{
  *b = (bench){.ctx = ctx, .dropout = .2, .optimiser = vt_optimiser_default()};
  b->train = make_set(ctx, ITEMS, 1);
  b->held = make_set(ctx, HELD, 2);
  b->classify = (vt_classify){.model = points_model, .settings = &b->dropout, .input = "x"};
  b->task = vt_classify_task(&b->classify);
  assert_ok(ctx, vt_params_defaults(ctx, vt_trainer_fields, vt_trainer_field_count, &b->settings,
                                    sizeof b->settings));
  assert_ok(ctx, vt_params_defaults(ctx, vt_schedule_fields, vt_schedule_field_count, &b->schedule,
                                    sizeof b->schedule));
  b->settings.steps = 20;
  b->settings.batch = 20; /* 4 of an epoch, 16 items left over */
  b->settings.log_every = 5;
  b->optimiser.rate = .02;
  b->config = json_pack("{s:s}", "model", "points");
}

static void bench_end(bench *b)
{
  vt_params_free(vt_trainer_fields, vt_trainer_field_count, &b->settings);
  vt_params_free(vt_schedule_fields, vt_schedule_field_count, &b->schedule);
  vt_dataset_free(b->train);
  vt_dataset_free(b->held);
  json_decref(b->config);
}

/* One training into the folder, with a store of its own. */
static vt_status train(bench *b, bool resume, vt_trained *out)
{
  vt_parameters *parameters;
  vt_checkpoint at;
  vt_status status = vt_parameters_new(b->ctx, 7, &parameters);
  if (status == VT_OK && resume) status = vt_checkpoint_look(b->ctx, file(VT_CHECKPOINT_FILE), &at, NULL);
  vt_training training = {.task = &b->task,
                          .train = b->train,
                          .validation = b->held,
                          .parameters = parameters,
                          .settings = &b->settings,
                          .optimiser = &b->optimiser,
                          .schedule = &b->schedule,
                          .folder = folder,
                          .config = b->config,
                          .metadata = (const char *const[]){"note", "points", NULL},
                          .resume = resume ? &at : NULL};
  if (status == VT_OK) status = vt_trainer_run(b->ctx, &training, out);
  vt_parameters_free(parameters);
  return status;
}

static GBytes *content(const char *name)
{
  char *bytes;
  gsize size;
  if (!g_file_get_contents(file(name), &bytes, &size, NULL)) fail_msg("no %s", name);
  return g_bytes_new_take(bytes, size);
}

static void assert_same_bytes(GBytes *a, const char *name)
{
  GBytes *b = content(name);
  if (!g_bytes_equal(a, b)) fail_msg("%s has other bytes", name);
  g_bytes_unref(a);
  g_bytes_unref(b);
}

/* ---- learning ---- */

static void test_learning(void **state)
{
  bench b;
  vt_trained out;
  bench_begin(*state, &b);
  b.settings.steps = 150;
  assert_ok(b.ctx, train(&b, false, &out));
  assert_int_equal(out.steps, 150);
  assert_true(vt_measures_get(&out.best, "accuracy") >= .95);
  assert_true(out.report.loss < .5);
  /* what is in the file measures the same */
  vt_parameters *parameters;
  json_t *texts;
  vt_measures again = {0};
  assert_ok(b.ctx, vt_parameters_new(b.ctx, 0, &parameters));
  assert_ok(b.ctx, vt_weights_read(b.ctx, file(VT_MODEL_FILE), parameters, &texts));
  assert_string_equal(json_string_value(json_object_get(texts, "note")), "points");
  assert_true(vt_parameters_find(parameters, "norm.running_mean")->state);
  vt_run run = {.ctx = b.ctx, .parameters = parameters, .locked = true};
  assert_ok(b.ctx, b.task.measure(&run, b.held, 7, b.task.user, &again));
  assert_true(vt_measures_get(&again, "accuracy") == vt_measures_get(&out.best, "accuracy"));
  assert_near(vt_measures_get(&again, "entropy"), vt_measures_get(&out.best, "entropy"), 1e-6);
  vt_run_end(&run);
  json_decref(texts);
  vt_parameters_free(parameters);
  bench_end(&b);
}

static void test_early_stop(void **state)
{
  bench b;
  vt_trained out;
  bench_begin(*state, &b);
  b.settings.steps = 400;
  b.settings.validate_every = 5;
  b.settings.patience = 4;
  assert_ok(b.ctx, train(&b, false, &out));
  assert_true(out.stopped_early);
  assert_int_equal(out.steps, out.best_step + 4 * 5);
  bench_end(&b);
}

/* ---- interrupted ---- */

typedef struct stopper {
  volatile int flag;
  double at;
} stopper;

static void stop_at(void *user, const char *what, double done, double total)
{
  VT_UNUSED(what), VT_UNUSED(total);
  stopper *s = user;
  if (done >= s->at) s->flag = 1;
}

/* Dropout, shuffling, running statistics, averages, passes that add up, a plateau: the same bytes, where
 * validation is due (10) and where it is not (7). */
static void test_resume(void **state)
{
  static const double stops[] = {10, 7};
  bench b;
  vt_trained out;
  bench_begin(*state, &b);
  b.settings.accumulate = 2;
  b.settings.validate_every = 5;
  b.optimiser.average = .9;
  b.optimiser.clip = 1;
  b.schedule.kind = VT_SCHEDULE_PLATEAU;
  b.schedule.patience = 1;
  for (size_t i = 0; i < VT_COUNT(stops); i++) {
    assert_ok(b.ctx, train(&b, false, &out));
    int64_t best = out.best_step;
    GBytes *model = content(VT_MODEL_FILE), *checkpoint = content(VT_CHECKPOINT_FILE);
    stopper s = {.at = stops[i]};
    vt_ctx_set_cancel(b.ctx, &s.flag);
    vt_ctx_set_progress(b.ctx, stop_at, &s);
    assert_fails(b.ctx, train(&b, false, &out), VT_ERROR_INTERRUPTED, VT_CHECKPOINT_FILE);
    vt_ctx_set_progress(b.ctx, NULL, NULL);
    vt_ctx_set_cancel(b.ctx, NULL);
    vt_checkpoint at;
    assert_ok(b.ctx, vt_checkpoint_look(b.ctx, file(VT_CHECKPOINT_FILE), &at, NULL));
    assert_int_equal(at.step, (int)stops[i]);
    assert_ok(b.ctx, train(&b, true, &out));
    assert_int_equal(out.steps_here, 20 - (int)stops[i]);
    assert_int_equal(out.best_step, best);
    assert_same_bytes(model, VT_MODEL_FILE);
    assert_same_bytes(checkpoint, VT_CHECKPOINT_FILE);
    /* once more has nothing to do, and the log has each line once */
    assert_ok(b.ctx, train(&b, true, &out));
    assert_int_equal(out.steps_here, 0);
    assert_int_equal(out.best_step, best);
    assert_true(out.best.count > 0);
    GBytes *log = content(VT_LOG_FILE);
    const char *text = g_bytes_get_data(log, NULL);
    char **lines = g_strsplit(text, "\n", -1);
    assert_int_equal(g_strv_length(lines), 4 + 4 + 1); /* steps, validations, behind the last newline */
    g_strfreev(lines);
    g_bytes_unref(log);
  }
  bench_end(&b);
}

/* ---- failures ---- */

static void test_other_config(void **state)
{
  bench b;
  vt_trained out;
  bench_begin(*state, &b);
  assert_ok(b.ctx, train(&b, false, &out));
  b.optimiser.rate = .5;
  assert_fails(b.ctx, train(&b, true, &out), VT_ERROR_INVALID_ARGUMENT,
               "optimiser.lr is 0.02 there and 0.5 here");
  b.optimiser.rate = .02;
  b.settings.log_every = 1; /* decides nothing */
  assert_ok(b.ctx, train(&b, true, &out));
  bench_end(&b);
}

static void test_damaged(void **state)
{
  bench b;
  vt_trained out;
  bench_begin(*state, &b);
  assert_ok(b.ctx, train(&b, false, &out));
  GBytes *good = content(VT_CHECKPOINT_FILE);
  gsize size;
  const char *bytes = g_bytes_get_data(good, &size);
  for (gsize length = 0; length < size; length += 1 + size / 37) { /* cut anywhere */
    assert_true(g_file_set_contents(file(VT_CHECKPOINT_FILE), bytes, (gssize)length, NULL));
    assert_fails(b.ctx, train(&b, true, &out), VT_ERROR_INVALID_DATA, VT_CHECKPOINT_FILE);
  }
  /* a model is no checkpoint, a checkpoint no model */
  GBytes *model = content(VT_MODEL_FILE);
  gsize model_size;
  const char *model_bytes = g_bytes_get_data(model, &model_size);
  assert_true(g_file_set_contents(file(VT_CHECKPOINT_FILE), model_bytes, (gssize)model_size, NULL));
  assert_fails(b.ctx, train(&b, true, &out), VT_ERROR_INVALID_DATA, "not written by vitrail as a checkpoint");
  assert_true(g_file_set_contents(file(VT_MODEL_FILE), bytes, (gssize)size, NULL));
  vt_parameters *parameters;
  assert_ok(b.ctx, vt_parameters_new(b.ctx, 0, &parameters));
  assert_fails(b.ctx, vt_weights_read(b.ctx, file(VT_MODEL_FILE), parameters, NULL), VT_ERROR_INVALID_MODEL,
               "is a checkpoint of a training, not a model");
  vt_parameters_free(parameters);
  /* every byte of the header changed: an error, or a change of names and texts that shows as one later;
   * never a crash */
  char *copy = g_memdup2(bytes, size);
  for (gsize i = 0; i < 2500 && i < size; i += 7) {
    copy[i] ^= 4;
    assert_true(g_file_set_contents(file(VT_CHECKPOINT_FILE), copy, (gssize)size, NULL));
    (void)!train(&b, true, &out);
    vt_ctx_clear(b.ctx);
    copy[i] ^= 4;
  }
  g_free(copy);
  g_bytes_unref(model);
  g_bytes_unref(good);
  bench_end(&b);
}

/* A limit on the size of files stands for a full disk. */
static void test_full_disk(void **state)
{
  bench b;
  vt_trained out;
  bench_begin(*state, &b);
  assert_ok(b.ctx, train(&b, false, &out));
  GBytes *checkpoint = content(VT_CHECKPOINT_FILE), *model = content(VT_MODEL_FILE);
  struct rlimit before, limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = before;
  limit.rlim_cur = 1024;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  b.optimiser.rate = .01;
  vt_status status = train(&b, false, &out);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  assert_int_equal(status, VT_ERROR_IO);
  assert_non_null(strstr(vt_ctx_message(b.ctx), folder));
  vt_ctx_clear(b.ctx);
  assert_same_bytes(checkpoint, VT_CHECKPOINT_FILE);
  assert_same_bytes(model, VT_MODEL_FILE);
  bench_end(&b);
}

/* A rate beyond reason: the message has the step, the file the last good state. */
static void test_not_finite(void **state)
{
  bench b;
  vt_trained out;
  bench_begin(*state, &b);
  b.optimiser.rate = 1e30;
  b.optimiser.kind = VT_SGD;
  b.schedule.warmup = 0;
  assert_fails(b.ctx, train(&b, false, &out), VT_ERROR_NOT_FINITE, "step ");
  bench_end(&b);
}

static void test_patterns(void **state)
{
  bench b;
  vt_trained out;
  bench_begin(*state, &b);
  b.settings.train = vt_strdup(b.ctx, "head.*, nothing.*");
  assert_fails(b.ctx, train(&b, false, &out), VT_ERROR_INVALID_ARGUMENT, "no parameter fits 'nothing.*'");
  b.settings.train[6] = 0;
  assert_ok(b.ctx, train(&b, false, &out));
  /* frozen ones are what they begin with, to the bit */
  vt_parameters *trained, *fresh;
  assert_ok(b.ctx, vt_parameters_new(b.ctx, 7, &trained));
  assert_ok(b.ctx, vt_parameters_new(b.ctx, 7, &fresh));
  assert_ok(b.ctx, vt_weights_read(b.ctx, file(VT_MODEL_FILE), trained, NULL));
  vt_run run = {.ctx = b.ctx, .parameters = fresh};
  points_model(vt_root(&run), vt_filled(b.ctx, VT_DIMS(2, WIDTH), 1), &b.dropout);
  assert_ok(b.ctx, vt_ctx_status(b.ctx));
  vt_parameter *before = vt_parameters_find(fresh, "in.weight"),
               *after = vt_parameters_find(trained, "in.weight");
  assert_memory_equal(before->value->data, after->value->data, vt_bytes(before->value));
  before = vt_parameters_find(fresh, "head.weight");
  after = vt_parameters_find(trained, "head.weight");
  assert_memory_not_equal(before->value->data, after->value->data, vt_bytes(before->value));
  vt_free(b.settings.loss);
  b.settings.loss = vt_strdup(b.ctx, "entropy=1");
  assert_fails(b.ctx, train(&b, false, &out), VT_ERROR_INVALID_ARGUMENT, "NAME:WEIGHT");
  vt_parameters_free(trained);
  vt_parameters_free(fresh);
  bench_end(&b);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(test_learning), CASE(test_early_stop), CASE(test_resume),     CASE(test_other_config),
      CASE(test_damaged),  CASE(test_full_disk),  CASE(test_not_finite), CASE(test_patterns),
  };
  return cmocka_run_group_tests_name("nn/trainer", tests, NULL, NULL);
}
