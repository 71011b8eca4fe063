// The page: ready, opening the microphone, listening, thinking, ready again.

import { redraw, showAnswer, showWaveform, showWords } from "./answer.js";
import { addHeard, clearHeard, deleteLast, readHeard, setDigits } from "./string.js";
import { openMicrophone } from "./microphone.js";
import { askModel, askWord } from "./server.js";
import { encodeWav } from "./wav.js";

const HOLD_MS = 350; // a press that lasts longer ends the recording when it ends
const SHORTEST_SECONDS = 0.15; // no word is shorter
const LISTED_WORDS = 12; // of a long vocabulary

const element = (id) => document.getElementById(id);
const speak = element("speak");
const LABELS = { ready: "Speak", opening: "Wait", listening: "Stop", thinking: "Wait" };

let state = "ready";
let model = null;
let microphone = null;
let pressedAt = null;

function enter(next, message) {
  state = next;
  speak.dataset.state = next;
  element("speak-label").textContent = LABELS[next];
  element("status").textContent = message;
}

function showError(message) {
  element("error").textContent = message;
  element("error").hidden = !message;
}

function fail(error) {
  enter("ready", "Ready.");
  showError(error.message);
}

async function loadModel() {
  model = await askModel();
  showWords(model.words);
  const digitsOnly = (model.digitsOnly = model.digits.every((digit) => digit !== null));
  setDigits(digitsOnly);
  document.title = element("title").textContent = digitsOnly ? "Say a digit" : "Say a word";
  const more = model.words.length > LISTED_WORDS ? " …" : "";
  element("vocabulary").textContent = `${model.words.slice(0, LISTED_WORDS).join(", ")}${more}: one at a time`;
  const { name, sample_rate: rate, max_bytes: bytes, max_seconds: seconds } = model;
  element("limits").textContent = `, up to ${seconds}\u00a0s and ${bytes / 1e6}\u00a0MB`;
  element("model").textContent = `Model ${name}, ${rate / 1000} kHz`;
  element("mel-note").textContent = `${model.lowest_hz} to ${model.highest_hz} Hz, brighter is louder`;
}

async function listen() {
  showError("");
  enter("opening", "Opening the microphone …");
  try {
    if (!model) await loadModel();
    microphone = await openMicrophone();
  } catch (error) {
    return fail(error);
  }
  const limit = model.microphone_seconds;
  const envelope = { low: [], high: [] };
  let drawn = false;
  microphone.onblock = (block) => {
    envelope.low.push(Math.min(...block));
    envelope.high.push(Math.max(...block));
    if (microphone.seconds >= limit) return stop();
    if (!drawn) requestAnimationFrame(() => {
      drawn = false;
      if (state === "listening") showWaveform({ envelope, seconds: microphone.seconds, from: 0, to: limit, used: null });
    });
    drawn = true;
  };
  element("time-from").textContent = "0.00 s";
  element("time-to").textContent = `${limit.toFixed(2)} s`;
  element("waveform-note").textContent = "";
  enter("listening", "Speak now.");
}

function stop() {
  if (state !== "listening") return;
  const { seconds, sampleRate } = microphone;
  const samples = microphone.close();
  microphone = null;
  if (seconds < SHORTEST_SECONDS) enter("ready", "That was too short. Hold the button until the word is over.");
  else recognize(encodeWav(samples, sampleRate));
}

function cancel() {
  if (state !== "listening") return;
  microphone.close();
  microphone = null;
  enter("ready", "Cancelled.");
}

async function recognize(sound) {
  showError("");
  enter("thinking", "Recognising …");
  try {
    if (!model) await loadModel();
    const size = sound.size ?? sound.byteLength;
    if (size > model.max_bytes) {
      const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
      throw new Error(`A recording may have ${megabytes(model.max_bytes)}, this one has ${megabytes(size)}. Cut it.`);
    }
    const answer = await askWord(sound);
    showAnswer(answer);
    if (answer.accepted) addHeard(model.digitsOnly ? answer.digit : answer.word);
    const { word, accepted } = answer;
    enter("ready", accepted ? `Heard “${word}”.` : "That was none of the words, or not a clear one.");
  } catch (error) {
    fail(error);
  }
}

// A short press starts or stops; a long one listens as long as it lasts.
function press() {
  if (state === "listening") return stop();
  if (state !== "ready") return;
  pressedAt = performance.now();
  listen();
}

function release() {
  const held = pressedAt !== null && performance.now() - pressedAt > HOLD_MS;
  pressedAt = null;
  if (held) stop(); // nothing to stop while the browser still asks for permission: then it listens until the limit
}

speak.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  speak.setPointerCapture(event.pointerId); // the release counts wherever the finger has gone
  press();
});
speak.addEventListener("pointerup", release);
speak.addEventListener("pointercancel", release);
speak.addEventListener("contextmenu", (event) => event.preventDefault()); // a long press on a phone
speak.addEventListener("click", (event) => {
  if (event.detail === 0) press(); // Enter, or a screen reader; a pointer's click was handled above
});

// The Space key speaks, but on the other controls it does what it does there.
function isSpeakKey(event) {
  if (event.key !== " " || event.ctrlKey || event.altKey || event.metaKey) return false;
  return event.target === speak || !event.target.closest("button, input");
}

function change(how) {
  how();
  if (state === "ready") enter("ready", readHeard());
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") cancel();
  if (event.key === "Backspace") change(deleteLast);
  if (!isSpeakKey(event)) return;
  event.preventDefault(); // neither scroll nor click
  if (!event.repeat) press();
});
document.addEventListener("keyup", (event) => {
  if (!isSpeakKey(event)) return;
  event.preventDefault();
  release();
});

for (const [id, how] of [["backspace", deleteLast], ["clear", clearHeard]]) {
  element(id).addEventListener("click", () => {
    change(how);
    if (element(id).disabled) speak.focus(); // else the keyboard would stand nowhere
  });
}

function take(files) {
  if (files.length > 0 && state === "ready") recognize(files[0]);
}

element("file").addEventListener("change", (event) => {
  take(event.target.files);
  event.target.value = ""; // the same file may be chosen again
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  take(event.dataTransfer.files);
});

new ResizeObserver(redraw).observe(element("waveform"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
loadModel().catch(fail);
