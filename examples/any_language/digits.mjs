// Recognise words and a string with the exported files in Node, and compare every answer with Python's.
//
//     npm install onnxruntime-node
//     python vectors.py vectors.json && node digits.mjs vectors.json
//
// Prints:
//
//     words: 111 of 111 clips as in Python
//     strings: four oh seven one, 94 of 94 steps as in Python
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const ort = createRequire(import.meta.url)("onnxruntime-node");
const vectors = JSON.parse(readFileSync(process.argv[2] ?? "vectors.json", "utf8"));

/** Samples in [-1, 1] of 16-bit samples in base64. */
function samples(text) {
  const bytes = Buffer.from(text, "base64");
  return Float32Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readInt16LE(2 * at) / 32768);
}

/** The word, its confidence and whether to believe it, of the logits z of one clip. */
export function decide(z, waveform, { vocabulary, calibration: { temperature, threshold } }) {
  const largest = Math.max(...z);
  const shares = z.map((one) => Math.exp((one - largest) / temperature));
  const evidence = largest + Math.log(z.reduce((sum, one) => sum + Math.exp(one - largest), 0));
  const best = z.indexOf(largest);
  const audible = waveform.some((sample) => Math.abs(sample) > 2 ** -15);
  return {
    word: vocabulary.words[best],
    confidence: shares[best] / shares.reduce((sum, share) => sum + share, 0),
    accepted: threshold === null ? (audible ? null : false) : audible && evidence >= threshold,
  };
}

/** The words of frames: a run of frames with the same unit is one, and all behind the words only separates. */
export function collapse(frames, { vocabulary: { words }, calibration }) {
  const weights = [...words.map(() => 1), ...[1, 1].map((one) => one * (calibration.other_weight ?? 1))];
  const units = frames.map((frame) => {
    const weighted = weights.map((weight, unit) => weight * frame[unit]);
    return weighted.indexOf(Math.max(...weighted));
  });
  return units.filter((unit, at) => unit < words.length && unit !== units[at - 1]).map((unit) => words[unit]);
}

const near = (a, b, step) => Math.abs(a - b) <= step;

async function words({ file, facts, clips }) {
  const session = await ort.InferenceSession.create(file);
  let same = 0;
  for (const clip of clips) {
    const waveform = samples(clip.waveform);
    const { logits } = await session.run({ waveform: new ort.Tensor("float32", waveform, [1, waveform.length]) }, ["logits"]);
    const answer = decide([...logits.data], waveform, facts);
    same += answer.word === clip.word && answer.accepted === clip.accepted && near(answer.confidence, clip.confidence, 0.01);
  }
  console.log(`words: ${same} of ${clips.length} clips as in Python`);
  return same === clips.length;
}

async function strings({ file, facts, waveform, probabilities, words: said }) {
  const session = await ort.InferenceSession.create(file);
  const sound = samples(waveform);
  let state = new ort.Tensor("float32", new Float32Array(facts.state_size), [1, facts.state_size]);
  const frames = [];
  for (let at = 0; at < probabilities.length; at += 1) {
    const step = new Float32Array(facts.step_samples);
    step.set(sound.subarray(at * facts.step_samples, (at + 1) * facts.step_samples));
    const answer = await session.run({ waveform: new ort.Tensor("float32", step, [1, step.length]), state });
    state = answer.state_after;
    frames.push([...answer.probabilities.data]);
  }
  const same = frames.filter((frame, at) => frame.every((share, unit) => near(share, probabilities[at][unit], 0.01))).length;
  const found = collapse(frames, facts).join(" ");
  console.log(`strings: ${found}, ${same} of ${frames.length} steps as in Python`);
  return same === frames.length && found === said.join(" ");
}

process.exitCode = (await words(vectors.words)) && (await strings(vectors.strings)) ? 0 : 1;
