/* SPDX-License-Identifier: Apache-2.0
 *
 * Real models written and read again: the same bits.
 */
#include "export_case.h"
#include "zoo_case.h"

static void write_again(void **state)
{
  const json_t *model = *state;
  zoo_model zoo;
  if (!zoo_open(model, &zoo)) skip();
  if (!zoo.graph) {
    zoo_close(&zoo);
    skip();
  }
  vt_graph_options options = vt_graph_options_default();
  options.ignore_declared_sizes = strstr(text_of(model, "note"), "ignore the declared sizes") != NULL;
  char name[256];
  snprintf(name, sizeof name, "zoo_%.200s", vt_path_name(zoo.npz));
  export_check(zoo.ctx, zoo.graph, zoo.inputs, name, 0, &options);
  zoo_close(&zoo);
}

int main(void)
{
  struct CMUnitTest tests[64];
  size_t count = 0;
  const char *path = shared_path("golden/zoo/zoo.json"), *name;
  json_t *zoo = path ? json_load_file(path, 0, NULL) : NULL, *model;
  json_object_foreach(json_object_get(zoo, "models"), name, model) if (count < VT_COUNT(tests))
      tests[count++] = (struct CMUnitTest){name, write_again, NULL, NULL, model};
  if (count == 0) {
    printf("1..0 # SKIP no golden graphs here\n");
    return 0;
  }
  int failed = _cmocka_run_group_tests("graph/export_zoo", tests, count, NULL, NULL);
  json_decref(zoo);
  return failed;
}
