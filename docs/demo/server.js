// What the pages ask, in place of the served pages' `server.js`: here nothing is sent, the models run in the browser.

import { decodeFile } from "./decoding.js";
import { element } from "./elements.js";
import { fetched } from "./engine.js";
import { StringReader } from "./strings.js";
import { WordReader } from "./words.js";

const COLUMNS = 600; // most in which a waveform is drawn
let loading = null;

/** Promise {words, strings, model}: who answers, and what the pages say of it. */
export function load() {
  return (loading ??= (async () => {
    const { words, strings, model } = await (await fetched("models.json")).json();
    return { model, words: await WordReader.load(words), strings: await StringReader.load(strings) };
  })());
}

export async function askModel() {
  element("model").textContent = "Loading the models, about 16 MB the first time …";
  return (await load()).model;
}

function envelope(samples) {
  const count = Math.min(COLUMNS, samples.length);
  const edge = (i) => Math.floor((i * samples.length) / count);
  const parts = Array.from({ length: count }, (_, i) => samples.subarray(edge(i), edge(i + 1)));
  return { low: parts.map((part) => Math.min(...part)), high: parts.map((part) => Math.max(...part)) };
}

const ask = (kind) => async (file) => {
  const recognizers = await load();
  const { samples, sampleRate } = await decodeFile(file, recognizers.model.max_seconds);
  const answer = await recognizers[kind].recognize(samples, sampleRate);
  return { ...answer, duration_seconds: samples.length / sampleRate, waveform: envelope(samples) };
};
export const askWord = ask("words");
export const askString = ask("strings");

/** Recognise what the microphone gives; arguments and answer as those of the served pages' `connect`. */
export async function connect(_path, sampleRate, { onevent, onend }) {
  const stream = (await load()).strings.stream(sampleRate);
  let open = true;
  const tell = async (events) => (await events).forEach((event) => open && onevent(event));
  const fail = (error) => open && onend(error);
  return {
    push: (block) => tell(stream.push(block)).catch(fail),
    end: () => tell(stream.flush()).then(() => open && onend(null)).catch(fail),
    close: () => (open = false),
  };
}
