// The page of words without a server: the recogniser runs here.

import { decodeFile } from "./decoding.js";
import { Recognizer } from "./runtime.js";
import { startWords } from "./words.js";

const LIMITS = { max_bytes: 5_000_000, max_seconds: 30, microphone_seconds: 30 };

let recognizer = null;

startWords({
  async loadModel() {
    document.getElementById("model").textContent = "Loading the model, about 15 MB the first time …";
    recognizer = await Recognizer.load("compact.onnx", "compact.json");
    const { name, sample_rate, vocabulary, frequencies_hz, samples } = recognizer.facts;
    const [lowest_hz, highest_hz] = frequencies_hz;
    const { words, digits } = vocabulary;
    return { name, sample_rate, words, digits, lowest_hz, highest_hz, samples, strings: null, ...LIMITS };
  },
  async recognize(file) {
    const { samples, sampleRate } = await decodeFile(file, LIMITS.max_seconds);
    return recognizer.recognize(samples, sampleRate);
  },
  stream: (sampleRate) => recognizer.stream(sampleRate),
});
