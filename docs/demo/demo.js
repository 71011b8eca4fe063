// The page of words without a server: the recogniser runs here.

import { decodeFile } from "./decoding.js";
import { element } from "./elements.js";
import { Recognizer } from "./runtime.js";
import { startWords } from "./words.js";

const LIMITS = { max_bytes: 5_000_000, max_seconds: 30, microphone_seconds: 30 };

let recognizer = null;

startWords({
  async loadModel() {
    element("model").textContent = "Loading the model, about 15 MB the first time …";
    recognizer = await Recognizer.load("compact.onnx", "compact.json");
    const { frequencies_hz: [lowest_hz, highest_hz], vocabulary, ...facts } = recognizer.facts;
    return { ...facts, ...vocabulary, ...LIMITS, lowest_hz, highest_hz, strings: null };
  },
  async recognize(file) {
    const { samples, sampleRate } = await decodeFile(file, LIMITS.max_seconds);
    return recognizer.recognize(samples, sampleRate);
  },
  stream: (sampleRate) => recognizer.stream(sampleRate),
});
