// Models and the graphs around them (`aurora_resnet.export.graphs`), computed by onnxruntime's WebAssembly.

import * as ort from "./vendor/ort.wasm.bundle.min.mjs";

ort.env.wasm.wasmPaths = { wasm: new URL("./vendor/ort-wasm-simd-threaded.wasm", import.meta.url).href };
ort.env.wasm.numThreads = 1; // more need headers that static hosts seldom send

/** Return a function that does one work after the other, and promises what each gives. */
export function queue() {
  let turn = Promise.resolve();
  return (work) => {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  };
}

const inTurn = queue(); // the engine does one thing at a time

export async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} is not where this page lies (${response.status}).`);
  return response;
}

/** Load a graph; promises a function of its inputs, tensors by name, that promises its outputs. */
export async function loadGraph(address) {
  const file = new Uint8Array(await (await fetched(address)).arrayBuffer());
  const session = await inTurn(() => ort.InferenceSession.create(file, { executionProviders: ["wasm"] }));
  return (inputs) => inTurn(() => session.run(inputs));
}

export const floats = (values, ...shape) => new ort.Tensor("float32", values, shape.length > 0 ? shape : [values.length]);
/** Return a number, a BigInt or a boolean as a tensor without dimensions. */
export const scalar = (value) => new ort.Tensor({ number: "float32", bigint: "int64", boolean: "bool" }[typeof value], [value], []);
/** Return a calibration as the graphs of decisions take it; without a threshold they accept nothing. */
export const decisive = ({ temperature, threshold }) => ({ temperature: scalar(temperature), threshold: scalar(threshold ?? Infinity) });
