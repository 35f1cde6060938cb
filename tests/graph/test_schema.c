/* SPDX-License-Identifier: Apache-2.0
 *
 * Our schema against the one that Debian's libonnx-dev installs (IR 8): every field that both have must agree
 * in number, label and kind. What ours has beyond it (IR 9 and 10) is listed here by hand.
 */
#include "graph/onnx.pb-c.h"
#include "test.h"

static const char *const path = "/usr/include/onnx/onnx.proto";

/* One field of the installed schema. */
typedef struct entry {
  char message[64]; /* "TypeProto.Tensor" */
  char name[64], type[64], label[16];
  unsigned number;
} entry;

typedef struct schema {
  entry entries[400];
  size_t count;
} schema;

static const char *next_token(const char *text, char token[128])
{
  for (;;) {
    text += strspn(text, " \t\r\n");
    if (strncmp(text, "//", 2) != 0) break;
    text += strcspn(text, "\n");
  }
  size_t length = strcspn(text, " \t\r\n;{}=[]\"");
  if (length == 0 && *text) length = 1;
  size_t kept = length < 127 ? length : 127;
  memcpy(token, text, kept);
  token[kept] = 0;
  return text + length;
}

/* Reads `label type name = number` inside messages; enums and options are stepped over. */
static void parse(const char *text, schema *out)
{
  char scope[8][64], token[128], kinds[8] = {0}, before[3][128] = {{0}};
  int depth = 0;
  while (*text) {
    text = next_token(text, token);
    if (!token[0]) break;
    if (strcmp(token, "{") == 0) {
      assert_true(depth < 8);
      snprintf(scope[depth], sizeof scope[depth], "%.60s", before[2]);
      kinds[depth++] = before[1][0];
    } else if (strcmp(token, "}") == 0) {
      assert_true(depth-- > 0);
    } else if (strcmp(token, "=") == 0 && depth > 0 && kinds[depth - 1] != 'e') {
      assert_true(out->count < VT_COUNT(out->entries));
      entry *field = &out->entries[out->count++];
      snprintf(field->name, sizeof field->name, "%.60s", before[2]);
      snprintf(field->type, sizeof field->type, "%.60s", before[1]);
      bool choice = kinds[depth - 1] == 'o';
      snprintf(field->label, sizeof field->label, "%.12s", choice ? "optional" : before[0]);
      for (int i = 0; i < depth; i++)
        if (kinds[i] == 'm') {
          size_t used = strlen(field->message);
          snprintf(field->message + used, sizeof field->message - used, "%s%.40s", used ? "." : "", scope[i]);
        }
      text = next_token(text, token);
      field->number = (unsigned)atoi(token);
    }
    memmove(before[0], before[1], sizeof before[0] * 2);
    memcpy(before[2], token, sizeof token);
  }
  assert_int_equal(depth, 0);
}

static const char *kind_name(const ProtobufCFieldDescriptor *field)
{
  switch (field->type) {
  case PROTOBUF_C_TYPE_INT32:
    return "int32";
  case PROTOBUF_C_TYPE_INT64:
    return "int64";
  case PROTOBUF_C_TYPE_UINT64:
    return "uint64";
  case PROTOBUF_C_TYPE_FLOAT:
    return "float";
  case PROTOBUF_C_TYPE_DOUBLE:
    return "double";
  case PROTOBUF_C_TYPE_STRING:
    return "string";
  case PROTOBUF_C_TYPE_BYTES:
    return "bytes";
  case PROTOBUF_C_TYPE_ENUM:
    return ((const ProtobufCEnumDescriptor *)field->descriptor)->short_name;
  case PROTOBUF_C_TYPE_MESSAGE:
    return ((const ProtobufCMessageDescriptor *)field->descriptor)->short_name;
  default:
    return "?";
  }
}

/* Fields that came after IR 8. */
static bool is_newer(const char *message, const char *field)
{
  static const char *const newer[][2] = {
      {"FunctionProto", "attribute_proto"}, {"FunctionProto", "overload"}, {"NodeProto", "overload"}};
  for (size_t i = 0; i < VT_COUNT(newer); i++)
    if (strcmp(newer[i][0], message) == 0 && strcmp(newer[i][1], field) == 0) return true;
  return false;
}

static int compare_message(const schema *theirs, const ProtobufCMessageDescriptor *ours)
{
  const char *message = ours->name + strlen("onnx.");
  int compared = 0;
  for (unsigned i = 0; i < ours->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &ours->fields[i];
    const entry *found = NULL;
    for (size_t k = 0; k < theirs->count; k++)
      if (strcmp(theirs->entries[k].message, message) == 0 &&
          strcmp(theirs->entries[k].name, field->name) == 0)
        found = &theirs->entries[k];
    if (!found && is_newer(message, field->name)) continue;
    if (!found) fail_msg("%s.%s is not in %s", message, field->name, path);
    if (found->number != field->id || strcmp(found->type, kind_name(field)) != 0 ||
        (strcmp(found->label, "repeated") == 0) != (field->label == PROTOBUF_C_LABEL_REPEATED))
      fail_msg("%s.%s: ours is number %u, %s; theirs %u, %s %s", message, field->name, field->id,
               kind_name(field), found->number, found->label, found->type);
    compared++;
  }
  return compared;
}

static void fields_agree(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  unsigned char *text;
  size_t size;
  if (access(path, R_OK) != 0) {
    vt_ctx_free(ctx);
    skip();
  }
  assert_ok(ctx, vt_read_file(ctx, path, 1 << 20, &text, &size));
  schema *theirs = calloc(1, sizeof *theirs);
  parse((const char *)text, theirs);
  const ProtobufCMessageDescriptor *const messages[] = {
      &onnx__model_proto__descriptor,
      &onnx__operator_set_id_proto__descriptor,
      &onnx__graph_proto__descriptor,
      &onnx__node_proto__descriptor,
      &onnx__attribute_proto__descriptor,
      &onnx__tensor_proto__descriptor,
      &onnx__tensor_proto__segment__descriptor,
      &onnx__sparse_tensor_proto__descriptor,
      &onnx__string_string_entry_proto__descriptor,
      &onnx__value_info_proto__descriptor,
      &onnx__type_proto__descriptor,
      &onnx__type_proto__tensor__descriptor,
      &onnx__type_proto__sequence__descriptor,
      &onnx__type_proto__optional__descriptor,
      &onnx__type_proto__sparse_tensor__descriptor,
      &onnx__tensor_shape_proto__descriptor,
      &onnx__tensor_shape_proto__dimension__descriptor,
      &onnx__function_proto__descriptor,
  };
  int compared = 0;
  for (size_t i = 0; i < VT_COUNT(messages); i++)
    compared += compare_message(theirs, messages[i]);
  assert_int_equal(compared, 77); /* all but the three newer ones: nothing was passed over */
  free(theirs);
  vt_free(text);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(fields_agree)};
  return cmocka_run_group_tests_name("graph/schema", tests, NULL, NULL);
}
