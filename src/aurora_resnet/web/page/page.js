// What the pages of words and of numbers have in common: ready, opening the microphone, listening, thinking, ready again.

import { element, showError } from "./elements.js";
import { checkSize, onFile } from "./files.js";
import { openMicrophone } from "./microphone.js";
import { onPress } from "./press.js";
import { encodeWav, joined, playsBack } from "./sound.js";
import * as text from "./text.js";
import { showWaveform, watchWaveform } from "./waveform.js";

const SHORTEST_SECONDS = 0.15; // no word is shorter
const AXIS_SECONDS = 4; // so that a recording grows instead of being squeezed
const LABELS = { ready: "Speak", opening: "Wait", listening: "Stop", thinking: "Wait" };

/**
 * Make the page work.
 *
 * @param loadModel promises what the page says of the model, as `GET /api/model` answers it.
 * @param listen begins a recording of a sample rate and returns {push(block), end(recording), cancel()}; `end` promises what the page
 *   says then; `say` of its second argument tells what happens meanwhile, `fail` ends it. May be asynchronous.
 * @param recognize shows the answer to a sound file and promises what the page says.
 * @param sample returns the name of the next recording to try.
 * @param forget shows that nothing was recognised.
 * @param longest how many seconds the page listens, of the model.
 */
export function startPage({ loadModel, listen, recognize, sample, forget, longest }) {
  const speak = element("speak");
  let state = "ready";
  let model = null;
  let microphone = null;
  let session = null;
  let sound = null; // the last one, for `play`

  function enter(next, message) {
    state = speak.dataset.state = next;
    element("speak-label").textContent = LABELS[next];
    element("status").textContent = message;
    refresh();
  }

  function refresh() {
    const ready = state === "ready";
    for (const id of ["backspace", "clear", "copy"]) element(id).disabled = !ready || text.value() === "";
    element("undo").disabled = !ready || !text.canUndo();
    element("play").disabled = !ready || sound === null;
    element("text").readOnly = !ready;
  }

  function stop() {
    microphone?.close();
    session?.cancel();
    microphone = session = null;
  }

  function fail(error) {
    stop();
    enter("ready", "Ready.");
    showError(error.message);
  }

  const load = async () => (model ??= await loadModel());

  /** Do what may fail; what it promises is said, unless something else has begun meanwhile. */
  async function work(doing, what) {
    showError("");
    enter("thinking", doing);
    const mine = session;
    try {
      const message = await what();
      if (session !== mine) return;
      session = null;
      enter("ready", message);
    } catch (error) {
      if (session === mine) fail(error);
    }
  }

  async function begin() {
    showError("");
    enter("opening", "Opening the microphone …");
    const envelope = { low: [], high: [] };
    let [samples, length] = [[], 0];
    const recording = () => ({ envelope, length, to: Math.max(AXIS_SECONDS, length), samples });
    try {
      await load();
      microphone = await openMicrophone((block) => {
        if (state !== "listening") return;
        samples.push(block);
        length += block.length / microphone.sampleRate;
        envelope.low.push(Math.min(...block));
        envelope.high.push(Math.max(...block));
        session.push(block);
        if (length >= longest(model)) end();
        else showWaveform(recording());
      });
      const opened = await listen(microphone.sampleRate, { say: (message) => (element("status").textContent = message), fail });
      if (state !== "opening") return opened.cancel(); // it has failed meanwhile
      session = { ...opened, recording };
    } catch (error) {
      return fail(error);
    }
    enter("listening", "Speak now.");
  }

  function end() {
    if (state !== "listening") return;
    const recording = session.recording();
    sound = encodeWav(joined(...recording.samples), microphone.sampleRate);
    microphone.close();
    microphone = null;
    if (recording.length < SHORTEST_SECONDS) {
      stop();
      return enter("ready", "That was too short. Hold the button until the word is over.");
    }
    work("Recognising …", () => session.end({ ...recording, sound }));
  }

  function cancel() {
    if (state !== "listening") return;
    stop();
    enter("ready", "Cancelled.");
  }

  function recognizeFile(given) {
    if (state !== "ready") return;
    return work("Recognising …", async () => {
      const { max_bytes: most } = await load();
      const file = await given;
      checkSize(file, most);
      const message = await recognize(file);
      sound = file;
      return message;
    });
  }

  async function fetchSample(name) {
    const response = await fetch(`samples/${name}.flac`).catch(() => ({ ok: false }));
    if (!response.ok) throw new Error("The sample is not there. Is the server still running?");
    return response.blob();
  }

  function clear() {
    text.clear();
    sound = null;
    element("main").dataset.answer = element("main").dataset.sound = "no";
    element("verdict").dataset.decision = "none";
    element("decision").hidden = true;
    element("confidence").textContent = "";
    forget?.();
  }

  /** Change the text by a button or a key; a button that can do no more leaves the keyboard with the one that speaks. */
  async function change(how, said = text.readable) {
    if (state !== "ready") return;
    const { activeElement } = document;
    await how();
    enter("ready", said());
    if (activeElement.disabled) speak.focus();
  }

  const changes = { backspace: [text.deleteLast], undo: [text.undo], clear: [clear, () => "Cleared."], copy: [text.copy, () => "Copied."] };
  for (const [id, how] of Object.entries(changes)) element(id).addEventListener("click", () => change(...how));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") cancel();
    if (event.target === element("text")) return;
    if (event.key === "Backspace" && text.value()) change(text.deleteLast);
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) change(text.undo);
  });
  element("text").addEventListener("input", refresh);
  element("sample").addEventListener("click", () => recognizeFile(fetchSample(sample(model))));
  onPress(speak, { state: () => state, begin, end });
  onFile(element("file"), recognizeFile);
  playsBack(element("play"), () => sound, showError);
  watchWaveform();
  load().catch(fail);
}

/** Say what a model takes. */
export function showLimits({ max_bytes: bytes, max_seconds: seconds, samples }) {
  element("limits").textContent = `, up to ${seconds}\u00a0s and ${bytes / 1e6}\u00a0MB`;
  element("sample").hidden = samples.length === 0;
}
