// Recordings to try at once: a synthetic voice of the package says a word, or several one after another.

import { encodeWav } from "./wav.js";

const RATE = 8000; // of the package's recordings; decoding at it changes nothing
const PAUSE_SECONDS = 0.12;
const QUIET_SECONDS = 0.5; // before and after

/** Return the recording of one word, ArrayBuffer of a FLAC file. */
export async function sampleOf(word) {
  const response = await fetch(`samples/${word}.flac`);
  if (!response.ok) throw new Error("The sample is not there. Is the server still running?");
  return response.arrayBuffer();
}

/** Return a WAV file in which words are said one after another. */
export async function sampleOfWords(words) {
  const context = new OfflineAudioContext(1, 1, RATE);
  const said = await Promise.all(words.map(async (word) => context.decodeAudioData(await sampleOf(word))));
  const pause = new Float32Array(Math.round(PAUSE_SECONDS * RATE));
  const quiet = new Float32Array(Math.round(QUIET_SECONDS * RATE));
  const parts = [quiet, ...said.flatMap((buffer) => [buffer.getChannelData(0), pause]), quiet];
  const samples = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return encodeWav(samples, RATE);
}
