// An answer becomes what one sees.

import { drawMel, drawWaveform } from "./drawing.js";

const LISTED = 3; // most probable words
const NONE = "none of the words";

const element = (id) => document.getElementById(id);
const seconds = (number) => `${number.toFixed(2).replace("-", "−")} s`;
const percent = (number) => (number > 0 && number < 0.001 ? "< 0.1 %" : `${(100 * number).toFixed(1)} %`);

let none = NONE; // how what is no word is called
let waveform = null; // what drawWaveform drew last, to draw it anew in another size or other colours

export function showWaveform(what) {
  element("main").dataset.sound = "yes"; // before drawing: what is hidden has no size
  waveform = what;
  drawWaveform(element("waveform"), what);
}

export function redraw() {
  if (waveform) drawWaveform(element("waveform"), waveform);
}

/** Say whether what is no word is called no digit. */
export function nameNone(digitsOnly) {
  none = digitsOnly ? "no digit" : NONE;
}

export function showAnswer(answer) {
  const refused = answer.accepted === false;
  const decision = answer.accepted === null ? "not calibrated" : refused ? "rejected" : "accepted";
  element("main").dataset.answer = "yes";
  element("heard").dataset.decision = decision;
  element("digit").textContent = refused ? "–" : (answer.digit ?? "✓");
  element("word").textContent = refused ? none : answer.word;
  element("decision").hidden = false;
  element("decision").textContent = decision;
  const sure = percent(answer.confidence);
  element("confidence").textContent = answer.accepted ? `${sure} sure` : `if it is one of them, then “${answer.word}” (${sure})`;
  showWords(answer);
  if (answer.waveform) showSound(answer);
  drawMel(element("mel"), answer.log_mel);
  element("mel").setAttribute("aria-label", "Spectrogram of what the network hears: frequency over time");
  element("mel-from").textContent = seconds(0);
  element("mel-to").textContent = seconds(answer.clip_seconds);
}

/** Show the most probable words, and beside them that it was none; all of them together are certain. */
function showWords({ probabilities, none_probability: nothing, word, accepted }) {
  const words = Object.entries(probabilities).map(([name, share]) => [name, share * (1 - nothing)]);
  const best = words.sort((a, b) => b[1] - a[1]).slice(0, LISTED);
  const rows = [...best.map(([name, share]) => row(name, share, accepted !== false && name === word)), row(none, nothing, accepted === false)];
  rows.at(-1).classList.add("none");
  element("words").replaceChildren(...rows);
}

function row(word, share, best) {
  const line = document.createElement("tr");
  line.innerHTML = '<th scope="row"></th><td><div class="bar"></div></td><td class="quiet"></td>';
  line.querySelector("th").textContent = word;
  line.querySelector(".bar").style.width = `${100 * share}%`;
  line.lastElementChild.textContent = percent(share);
  line.classList.toggle("best", best);
  return line;
}

function showSound(answer) {
  const start = answer.clip_start_seconds;
  const end = start + answer.clip_seconds;
  const from = Math.min(0, start); // a short recording is centred in silence
  const to = Math.max(answer.duration_seconds, end);
  const whole = { envelope: answer.waveform, seconds: answer.duration_seconds };
  showWaveform({ ...whole, from, to, used: [start, end] });
  const heard = `${seconds(Math.max(0, start))} to ${seconds(Math.min(end, answer.duration_seconds))}`;
  const label = `Waveform of ${seconds(answer.duration_seconds)}; the network hears ${heard}`;
  element("waveform").setAttribute("aria-label", label);
  element("waveform-note").textContent = "the network hears what is marked";
  element("time-from").textContent = seconds(from);
  element("time-to").textContent = seconds(to);
}
