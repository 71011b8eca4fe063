// Recognise words and a string with the exported files in Node, and compare every answer with Python's.
//
//     npm install onnxruntime-node
//     python vectors.py vectors && node digits.mjs vectors
//
// Prints:
//
//     compact.onnx: 110 of 111 recordings as in Python
//     string_net.onnx: 1 of 1 recordings as in Python
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { InferenceSession, Tensor } = createRequire(import.meta.url)("onnxruntime-node");
const folder = process.argv[2] ?? "vectors";
const load = (name) => InferenceSession.create(`${folder}/${name}`);
const [search, decideWord, decideString] = await Promise.all(["word_search", "word_decision", "string_decision"].map((name) => load(`${name}.onnx`)));
const floats = (values, ...shape) => new Tensor("float32", values, shape);
const scalar = (value) => floats([value]);

async function recognizeWord(network, { vocabulary, calibration: { temperature, threshold } }, samples) {
  const recording = floats(samples, samples.length);
  const { waveform, clipped } = await search.run({ recording, clean: recording }); // tones would be removed from the second
  const { logits } = await network.run({ waveform }, ["logits"]);
  const found = await decideWord.run({ logits, waveform, clipped, temperature: scalar(temperature), threshold: scalar(threshold ?? Infinity) });
  return { said: vocabulary.words[found.word.data[0]], ...found };
}

async function recognizeString(network, { vocabulary: { words }, calibration, step_samples: step, state_size: size }, samples) {
  let state = floats(new Float32Array(size), 1, size);
  const frames = [];
  for (let at = 0; at < samples.length; at += step) {
    const waveform = new Float32Array(step);
    waveform.set(samples.subarray(at, at + step));
    const answer = await network.run({ waveform: floats(waveform, 1, step), state });
    state = answer.state_after;
    frames.push(...answer.probabilities.data);
  }
  const found = await decideString.run({
    probabilities: floats(frames, frames.length / (words.length + 3), words.length + 3),
    words: new Tensor("int64", [BigInt(words.length)], []),
    other_weight: scalar(calibration.other_weight ?? 1),
    temperature: scalar(calibration.temperature),
    threshold: scalar(calibration.threshold ?? Infinity),
  });
  return { said: Array.from(found.string.data, (word) => words[word]).join(" "), ...found };
}

for (const { model, facts, recordings } of JSON.parse(readFileSync(`${folder}/vectors.json`, "utf8"))) {
  const network = await load(model);
  let same = 0;
  for (const { file, said, confidence, accepted } of recordings) {
    const samples = Float32Array.from(new Int16Array(new Uint8Array(readFileSync(`${folder}/${file}`)).buffer), (sample) => sample / 32768);
    const answer = await (facts.kind === "strings" ? recognizeString : recognizeWord)(network, facts, samples);
    same += answer.said === said && Boolean(answer.accepted.data[0]) === accepted && Math.abs(answer.confidence.data[0] - confidence) < 0.02;
  }
  console.log(`${model}: ${same} of ${recordings.length} recordings as in Python`);
  if (same < 0.99 * recordings.length) process.exitCode = 1; // in one of the words Python removes a tone
}
