// The page of single words.

import { barRow, element, percent, seconds } from "./elements.js";
import { showLimits, startPage } from "./page.js";
import { askModel, askString, askWord } from "./server.js";
import { drawMel } from "./spectrogram.js";
import * as text from "./text.js";
import { showWaveform } from "./waveform.js";

const LISTED_WORDS = 12; // of a long vocabulary
const LISTED = 3; // most probable words

let digitsOnly = true;
let sampled = 0; // samples tried
let numbers = false; // whether whole numbers can be read, too
const nothing = () => (digitsOnly ? "no digit" : "none of the words");

async function loadModel() {
  const model = await askModel();
  const { words, name, sample_rate: rate } = model;
  digitsOnly = model.digits.every((digit) => digit !== null);
  text.setWords(digitsOnly ? [] : words);
  element("text-title").textContent = digitsOnly ? "Digits so far" : "Words so far";
  document.title = element("title").textContent = digitsOnly ? "Say a digit" : "Say a word";
  element("vocabulary").textContent = `${words.slice(0, LISTED_WORDS).join(", ")}${words.length > LISTED_WORDS ? " …" : ""}: one at a time`;
  element("model").textContent = `Model ${name}, ${rate / 1000} kHz`;
  element("mel-note").textContent = `${model.lowest_hz} to ${model.highest_hz} Hz, brighter is louder`;
  numbers = Boolean(model.strings);
  element("numbers").hidden = !numbers;
  showLimits(model);
  return model;
}

function take(answer) {
  const { word, accepted, confidence } = answer;
  const refused = accepted === false;
  const decision = accepted === null ? "not calibrated" : refused ? "rejected" : "accepted";
  element("main").dataset.answer = "yes";
  element("verdict").dataset.decision = decision;
  element("digit").textContent = refused ? "–" : (answer.digit ?? "✓");
  element("word").textContent = refused ? nothing() : word;
  element("decision").textContent = decision;
  element("decision").hidden = false;
  const sure = percent(confidence);
  element("confidence").textContent = accepted ? `${sure} sure` : `if it is one of them, then “${word}” (${sure})`;
  showWords(answer);
  showSound(answer);
  drawMel(element("mel"), answer.log_mel);
  element("mel").setAttribute("aria-label", "Spectrogram of the network's input: frequency over time");
  element("mel-from").textContent = seconds(answer.clip_start_seconds); // of the recording, as above
  element("mel-to").textContent = seconds(answer.clip_start_seconds + answer.clip_seconds);
  if (accepted) text.add(digitsOnly ? answer.digit : word);
  return accepted ? `Recognised “${word}”.`
    : accepted === null ? `“${word}”, if it was one of the words: the model is not calibrated.`
    : "That was none of the words, or not a clear one.";
}

/** Show the most probable words, with the shares that the answer has: given that it is one of the words. */
function showWords({ probabilities, word, accepted }) {
  const best = Object.entries(probabilities).sort((a, b) => b[1] - a[1]).slice(0, LISTED);
  element("words").replaceChildren(...best.map(([name, share]) => barRow(name, share, accepted !== false && name === word ? "best" : "")));
}

function showSound({ clip_start_seconds: start, clip_seconds: clip, duration_seconds: length, waveform }) {
  const used = [start, start + clip];
  const note = `the network's input is ${seconds(Math.max(0, start))} to ${seconds(Math.min(used[1], length))}`;
  // A short recording is centred in silence.
  showWaveform({ envelope: waveform, length, from: Math.min(0, start), to: Math.max(length, used[1]), used }, note);
  element("waveform-note").textContent = "the network's input is marked";
}

function forget() {
  element("digit").textContent = "–";
  element("word").textContent = "nothing yet";
}

async function recognize(file) {
  const answer = await askWord(file);
  const message = take(answer);
  if (!numbers || answer.duration_seconds <= answer.clip_seconds) return message;
  const { words, accepted, text: number } = await askString(file);
  const all = [...number].join("\u00a0"); // in one line
  return accepted && words.length > 1 ? `${message} More was said: ${all}. “Whole numbers” reads it all.` : message;
}

function listen() {
  element("waveform-note").textContent = "";
  return { push() {}, end: ({ sound }) => recognize(sound), cancel() {} };
}

const sample = ({ samples }) => samples[sampled++ % samples.length];
startPage({ loadModel, listen, recognize, sample, forget, longest: (model) => model.microphone_seconds });
