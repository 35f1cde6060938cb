/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside a model from C: read tensors, silence one, differentiate. Built and run by the tests.
 *
 *   cc trace.c $(pkg-config --cflags --libs vitrail) && ./a.out MODEL.onnx TENSOR
 *
 * The model takes one f32 input of a declared size (open sizes are taken as 1); TENSOR is any tensor of it.
 */
#include <stdio.h>

#include <vitrail/vitrail.h>

/* A grey input: every element 0.5. */
static vt_tensor *grey_input(vt_ctx *ctx, const vt_graph *graph)
{
  vt_type type;
  int rank;
  int64_t dims[VT_MAX_RANK];
  vt_graph_input_shape(graph, 0, &type, &rank, dims);
  for (int axis = 0; axis < rank; axis++)
    if (dims[axis] < 0) dims[axis] = 1;
  vt_tensor *input = vt_tensor_new(ctx, VT_F32, rank, dims);
  if (!input) return NULL;
  float *values = vt_tensor_data(input);
  for (int64_t i = 0; i < vt_tensor_count(input); i++)
    values[i] = 0.5f;
  return input;
}

static double sum(const vt_tensor *tensor)
{
  const float *values = vt_tensor_const_data(tensor);
  double total = 0;
  for (int64_t i = 0; i < vt_tensor_count(tensor); i++)
    total += values[i];
  return total;
}

/* The gradient of the first element of the output with respect to a tensor, and what the output is when the
 * tensor is silenced. */
static vt_status look_inside(vt_ctx *ctx, const vt_graph *graph, vt_trace *trace, const char *name)
{
  const char *output = vt_graph_output_name(graph, 0);
  vt_tensor *input = grey_input(ctx, graph), *value, *gradient, *seed;
  if (!input) return vt_ctx_status(ctx);
  vt_status status = vt_trace_read(ctx, trace, name);
  if (status == VT_OK) status = vt_trace_watch(ctx, trace, name);
  if (status == VT_OK) status = vt_trace_run(ctx, trace, &input);
  if (status == VT_OK) status = vt_trace_value(ctx, trace, output, &value);
  if (status != VT_OK) return status;

  int64_t dims[VT_MAX_RANK];
  for (int axis = 0; axis < vt_tensor_rank(value); axis++)
    dims[axis] = vt_tensor_dim(value, axis);
  seed = vt_tensor_new(ctx, VT_F32, vt_tensor_rank(value), dims);
  if (!seed) return vt_ctx_status(ctx);
  float *weights = vt_tensor_data(seed);
  for (int64_t i = 0; i < vt_tensor_count(seed); i++)
    weights[i] = i == 0;
  status = vt_trace_backward(ctx, trace, output, seed, false);
  if (status == VT_OK) status = vt_trace_gradient(ctx, trace, name, &gradient);
  if (status != VT_OK) return status;
  printf("sum of %s %.4f, of the gradient with respect to %s %.4f\n", output, sum(value), name,
         sum(gradient));

  status = vt_trace_zero(ctx, trace, name);
  if (status == VT_OK) status = vt_trace_run(ctx, trace, &input);
  if (status == VT_OK) status = vt_trace_value(ctx, trace, output, &value);
  if (status == VT_OK) printf("sum of %s without %s %.4f\n", output, name, sum(value));
  return status;
}

int main(int argc, char **argv)
{
  if (argc != 3) {
    fprintf(stderr, "usage: trace MODEL.onnx TENSOR\n");
    return 2;
  }
  vt_ctx *ctx = vt_ctx_new();
  vt_graph *graph = NULL;
  vt_trace *trace = NULL;
  if (!ctx) return 1;
  vt_status status = vt_graph_read(ctx, argv[1], NULL, &graph);
  if (status == VT_OK) status = vt_trace_new(ctx, graph, &trace);
  if (status == VT_OK) status = look_inside(ctx, graph, trace, argv[2]);
  if (status != VT_OK) fprintf(stderr, "%s\n", vt_ctx_message(ctx));
  vt_trace_free(trace);
  vt_graph_free(graph);
  vt_ctx_free(ctx);
  return status == VT_OK ? 0 : 1;
}
