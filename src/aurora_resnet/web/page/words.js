// One word at a time: ready, opening the microphone, listening, thinking, ready again. Who recognises is told at the start.

import { nameNone, redraw, showAnswer, showWaveform } from "./answer.js";
import { copyText } from "./copying.js";
import { checkSize, onFile } from "./files.js";
import { openMicrophone } from "./microphone.js";
import { playsBack } from "./playback.js";
import { onPress } from "./press.js";
import { sampleOf } from "./samples.js";
import { addHeard, clearHeard, deleteLast, heardText, readHeard, setDigits, undo } from "./string.js";
import { encodeWav } from "./wav.js";

const SHORTEST_SECONDS = 0.15; // no word is shorter
const LISTED_WORDS = 12; // of a long vocabulary
const LABELS = { ready: "Speak", opening: "Wait", listening: "Stop", thinking: "Wait" };

const element = (id) => document.getElementById(id);

/**
 * Make the page work.
 *
 * @param backend who recognises:
 *   `loadModel()` promises what the page says of the model, as `GET /api/model` answers it;
 *   `recognize(file)` promises the answer to a sound file, as `POST /api/recognize` gives it;
 *   `stream(sampleRate)`, if there is one, returns what hears words while they are spoken: `push(samples)` and `flush()`
 *   promise the answers that came thereby.
 */
export function startWords(backend) {
  const speak = element("speak");
  let state = "ready";
  let model = null;
  let microphone = null;
  let stream = null;
  let recording = null; // the last one, for `play`
  let sampled = 0; // samples tried
  let live = 0; // words heard while one speaks

  function enter(next, message) {
    state = next;
    speak.dataset.state = next;
    element("speak-label").textContent = LABELS[next];
    element("status").textContent = message;
    element("play").disabled = recording === null || next !== "ready";
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
    model = await backend.loadModel();
    const digitsOnly = (model.digitsOnly = model.digits.every((digit) => digit !== null));
    setDigits(digitsOnly);
    nameNone(digitsOnly);
    document.title = element("title").textContent = digitsOnly ? "Say a digit" : "Say a word";
    const more = model.words.length > LISTED_WORDS ? " …" : "";
    const how = backend.stream ? "one after another" : "one at a time";
    element("vocabulary").textContent = `${model.words.slice(0, LISTED_WORDS).join(", ")}${more}: ${how}`;
    const { name, sample_rate: rate, max_bytes: bytes, max_seconds: seconds } = model;
    element("limits").textContent = `, up to ${seconds}\u00a0s and ${bytes / 1e6}\u00a0MB`;
    element("model").textContent = `Model ${name}, ${rate / 1000} kHz`;
    element("numbers").hidden = !model.strings;
    element("sample").hidden = model.samples.length === 0;
    element("mel-note").textContent = `${model.lowest_hz} to ${model.highest_hz} Hz, brighter is louder`;
  }

  function take(answer) {
    showAnswer(answer);
    if (answer.accepted) addHeard(model.digitsOnly ? answer.digit : answer.word);
  }

  async function takeAll(source, answers) {
    for (const answer of await answers) {
      if (source !== stream) return; // cancelled meanwhile
      live += 1;
      take(answer);
      if (state === "listening") element("status").textContent = `Heard “${answer.word}”. Go on.`;
    }
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
    stream = backend.stream?.(microphone.sampleRate) ?? null;
    live = 0;
    const limit = model.microphone_seconds;
    const envelope = { low: [], high: [] };
    let drawn = false;
    microphone.onblock = (block) => {
      envelope.low.push(Math.min(...block));
      envelope.high.push(Math.max(...block));
      if (stream) takeAll(stream, stream.push(block)).catch(fail);
      if (microphone.seconds >= limit) return stop();
      if (!drawn) requestAnimationFrame(() => {
        drawn = false;
        if (state !== "listening") return;
        showWaveform({ envelope, seconds: microphone.seconds, from: 0, to: Math.min(limit, Math.max(3, microphone.seconds)), used: null });
      });
      drawn = true;
    };
    element("time-from").textContent = "0.00 s";
    element("time-to").textContent = `${Math.min(limit, 3).toFixed(2)} s`;
    element("waveform-note").textContent = "";
    enter("listening", "Speak now.");
  }

  async function stop() {
    if (state !== "listening") return;
    const { seconds, sampleRate } = microphone;
    const samples = microphone.close();
    microphone = null;
    if (seconds < SHORTEST_SECONDS) return enter("ready", "That was too short. Hold the button until the word is over.");
    recording = { samples, sampleRate };
    enter("thinking", "Recognising …");
    try {
      if (stream) await takeAll(stream, stream.flush());
    } catch (error) {
      return fail(error);
    }
    if (live > 1) enter("ready", readHeard());
    else if (live === 1) enter("ready", `Heard “${element("word").textContent}”.`);
    else recognize(encodeWav(samples, sampleRate));
  }

  function cancel() {
    if (state !== "listening") return;
    microphone.close();
    microphone = stream = null;
    enter("ready", "Cancelled.");
  }

  async function recognize(sound) {
    showError("");
    enter("thinking", "Recognising …");
    try {
      if (!model) await loadModel();
      checkSize(sound, model.max_bytes);
      const answer = await backend.recognize(sound);
      take(answer);
      const { word, accepted } = answer;
      const unknown = accepted === null ? `“${word}”, if it was one of the words: the model is not calibrated.` : null;
      enter("ready", accepted ? `Heard “${word}”.` : (unknown ?? "That was none of the words, or not a clear one."));
    } catch (error) {
      fail(error);
    }
  }

  function recognizeFile(file) {
    if (state !== "ready") return;
    recording = { file };
    return recognize(file);
  }

  onPress(speak, { state: () => state, begin: listen, end: stop });
  onFile(element("file"), recognizeFile);

  element("sample").addEventListener("click", async () => {
    if (state !== "ready") return;
    try {
      await recognizeFile(await sampleOf(model.samples[sampled % model.samples.length]));
      sampled += 1;
    } catch (error) {
      fail(error);
    }
  });

  function change(how) {
    how();
    if (state === "ready") enter("ready", readHeard());
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") cancel();
    if (event.key === "Backspace") change(deleteLast);
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) change(undo);
  });

  for (const [id, how] of [["backspace", deleteLast], ["clear", clearHeard], ["undo", undo]]) {
    element(id).addEventListener("click", () => {
      change(how);
      if (element(id).disabled) speak.focus(); // else the keyboard would stand nowhere
    });
  }
  element("copy").addEventListener("click", async () => {
    await copyText(heardText());
    enter("ready", "Copied.");
  });
  playsBack(element("play"), () => recording, showError);

  new ResizeObserver(redraw).observe(element("waveform"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  loadModel().catch(fail);
}
