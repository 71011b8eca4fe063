// The page of numbers: digits appear while one speaks, and stay until they are corrected, copied or cleared.

import { copyText } from "./copying.js";
import { checkSize, onFile } from "./files.js";
import { History } from "./history.js";
import { openMicrophone } from "./microphone.js";
import { clearHeard, number, redraw, showHeard, showLive, showRecording, showString } from "./number.js";
import { playsBack } from "./playback.js";
import { onPress } from "./press.js";
import { sampleOfWords } from "./samples.js";
import { askModel, askString } from "./server.js";
import { connect, inChunks } from "./sockets.js";

const LIMIT_SECONDS = 60;
const COLUMN_SECONDS = 0.02; // of the waveform that grows
const SAMPLE = ["four", "oh", "seven", "one"];

const element = (id) => document.getElementById(id);
const speak = element("speak");
const LABELS = { ready: "Speak", opening: "Wait", listening: "Stop", thinking: "Wait" };
const NOTHING = { no_input: "Nothing heard yet. Speak now.", rejected: "That was no digit. Go on." };

let state = "ready";
let model = null;
let microphone = null;
let socket = null;
let recording = null; // the last one, for `play`
let strings = [];
const history = new History();

function enter(next, message) {
  state = next;
  speak.dataset.state = next;
  element("speak-label").textContent = LABELS[next];
  element("status").textContent = message;
  refresh();
}

function refresh() {
  for (const id of ["backspace", "clear", "copy"]) element(id).disabled = number.value === "" || state !== "ready";
  element("undo").disabled = history.empty || state !== "ready";
  element("play").disabled = recording === null || state !== "ready";
  number.readOnly = state !== "ready";
}

function showError(message) {
  element("error").textContent = message;
  element("error").hidden = !message;
}

function fail(error) {
  microphone?.close();
  [microphone, socket] = [null, null];
  showLive("");
  enter("ready", "Ready.");
  showError(error.message);
}

async function loadModel() {
  model = await askModel();
  const { strings: name, max_bytes: bytes, max_seconds: seconds } = model;
  element("limits").textContent = `, up to ${seconds}\u00a0s and ${bytes / 1e6}\u00a0MB`;
  element("model").textContent = `Model ${name}`;
  element("sample").hidden = !SAMPLE.every((word) => model.samples.includes(word));
}

const EVENTS = {
  ready() {},
  speech_started() {
    element("status").textContent = "Listening …";
  },
  partial({ text }) {
    showLive(text);
  },
  digit() {},
  string_ended({ string }) {
    strings.push(string);
    showHeard(string.text);
    showString(string);
  },
  no_input: () => sayNothing("no_input"),
  rejected: () => sayNothing("rejected"),
  error({ reason }) {
    fail(new Error(`${reason[0].toUpperCase()}${reason.slice(1)}.`));
  },
};

function sayNothing(event) {
  if (state === "listening") element("status").textContent = NOTHING[event];
}

function ended(code, closed) {
  if (closed !== socket) return;
  socket = null;
  if (state === "thinking" && code === 1000) return finish();
  fail(new Error("The server does not answer. Is “aurora-resnet serve” still running? Start it again, then retry."));
}

async function begin() {
  showError("");
  history.remember(number.value);
  enter("opening", "Opening the microphone …");
  strings = [];
  try {
    if (!model) await loadModel();
    microphone = await openMicrophone();
    const handlers = { onevent: (event) => EVENTS[event.event](event), onclose: ended };
    socket = await connect("api/stream", { sample_rate: microphone.sampleRate }, handlers);
  } catch (error) {
    return fail(error);
  }
  const envelope = { low: [], high: [] };
  const send = inChunks(microphone.sampleRate, (chunk) => socket?.readyState === WebSocket.OPEN && socket.send(chunk));
  let drawn = false;
  microphone.onblock = (block) => {
    send(block);
    grow(envelope, block, microphone.seconds);
    if (microphone.seconds >= LIMIT_SECONDS) return end();
    if (!drawn) requestAnimationFrame(() => {
      drawn = false;
      if (state === "listening") showRecording(envelope, microphone.seconds, []);
    });
    drawn = true;
  };
  microphone.rest = send;
  enter("listening", "Speak now.");
}

function grow(envelope, block, seconds) {
  const [low, high] = [Math.min(...block), Math.max(...block)];
  const last = Math.floor(seconds / COLUMN_SECONDS);
  envelope.low[last] = Math.min(envelope.low[last] ?? 0, low);
  envelope.high[last] = Math.max(envelope.high[last] ?? 0, high);
  for (let i = last - 1; i >= 0 && envelope.low[i] === undefined; i--) [envelope.low[i], envelope.high[i]] = [low, high];
}

function end() {
  if (state !== "listening") return;
  microphone.rest(); // what was not sent yet
  const { sampleRate } = microphone;
  recording = { samples: microphone.close(), sampleRate };
  microphone = null;
  enter("thinking", "Recognising …");
  socket.send("end"); // the server tells the rest, then closes
}

function finish() {
  const { samples, sampleRate } = recording;
  const envelope = { low: [], high: [] };
  const step = Math.max(1, Math.round(sampleRate * COLUMN_SECONDS));
  for (let at = 0; at < samples.length; at += step) {
    const part = samples.subarray(at, at + step);
    envelope.low.push(Math.min(...part));
    envelope.high.push(Math.max(...part));
  }
  tell(strings, envelope, samples.length / sampleRate);
}

function tell(heard, envelope, seconds) {
  const words = heard.flatMap((string) => string.words);
  showRecording(envelope, seconds, words);
  const text = heard.map((string) => string.text).join("");
  const sure = heard.every((string) => string.accepted);
  const message = text === "" ? "No digits were heard." : `Heard ${[...text].join(" ")}.`;
  enter("ready", sure || text === "" ? message : `${message} Not sure: compare it with what was said.`);
}

function cancel() {
  if (state !== "listening") return;
  microphone.close();
  const open = socket;
  [microphone, socket] = [null, null];
  open.close();
  showLive("");
  enter("ready", "Cancelled.");
}

async function recognize(sound) {
  if (state !== "ready") return;
  showError("");
  enter("thinking", "Recognising …");
  try {
    if (!model) await loadModel();
    checkSize(sound, model.max_bytes);
    const answer = await askString(sound);
    history.remember(number.value);
    recording = { file: sound };
    showHeard(answer.text);
    showString(answer);
    tell([answer], answer.waveform, answer.duration_seconds);
  } catch (error) {
    fail(error);
  }
}

onPress(speak, { state: () => state, begin, end });
onFile(element("file"), recognize);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") cancel();
});

element("sample").addEventListener("click", async () => {
  try {
    await recognize(await sampleOfWords(SAMPLE));
  } catch (error) {
    fail(error);
  }
});
element("undo").addEventListener("click", () => {
  number.value = history.undo();
  refresh();
  if (element("undo").disabled) speak.focus(); // else the keyboard would stand nowhere
});
element("backspace").addEventListener("click", () => {
  history.remember(number.value);
  number.value = number.value.slice(0, -1);
  refresh();
});
element("clear").addEventListener("click", () => {
  history.remember(number.value);
  clearHeard();
  recording = null;
  enter("ready", "Cleared.");
  speak.focus(); // else the keyboard would stand nowhere
});
element("copy").addEventListener("click", async () => {
  await copyText(number.value);
  enter("ready", "Copied.");
});
playsBack(element("play"), () => recording, showError);
number.addEventListener("input", refresh);

new ResizeObserver(redraw).observe(element("waveform"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
loadModel().catch(fail);
