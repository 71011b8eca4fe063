// The number as far as it was heard, and how sure it is.

import { drawWaveform } from "./drawing.js";

const element = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(0)} %`;
const UNSURE = 0.8; // digits below are marked
const SHORTEST_SECONDS = 4; // of the axis, so that a recording grows instead of being squeezed

export const number = element("number");
let before = ""; // what was heard for certain; the digits of the string that is being said come after it
let live = "";
let drawn = null;

/** Show the string that is being said behind what was heard before. */
export function showLive(text) {
  if (live === "") before = number.value; // somebody may have corrected it
  live = text;
  number.value = before + text;
  number.scrollLeft = number.scrollWidth; // the last digits are seen
}

/** A string is complete. */
export function showHeard(text) {
  showLive(text);
  live = "";
}

export function clearHeard() {
  [before, live] = ["", ""];
  number.value = "";
  element("verdict").dataset.decision = "none";
  element("decision").hidden = true;
  element("confidence").textContent = "";
  element("main").dataset.answer = element("main").dataset.sound = "no";
}

function item(text) {
  const one = document.createElement("li");
  one.textContent = text;
  return one;
}

function row(word, share) {
  const line = document.createElement("tr");
  line.innerHTML = `<th scope="row"></th>${share === null ? "" : '<td><div class="bar"></div></td><td class="quiet"></td>'}`;
  line.querySelector("th").textContent = word;
  line.querySelector("th").classList.toggle("quiet", share === null);
  if (share === null) return line;
  line.querySelector(".bar").style.width = `${100 * share}%`;
  line.lastElementChild.textContent = percent(share);
  line.classList.toggle("unsure", share < UNSURE);
  return line;
}

/** Show how sure a string and its digits are, and what else it may have been. */
export function showString(string) {
  const { words, accepted, confidence, alternatives, reason } = string;
  element("main").dataset.answer = "yes";
  element("verdict").dataset.decision = accepted ? "accepted" : "rejected";
  element("decision").hidden = false;
  element("decision").textContent = accepted ? "accepted" : accepted === null ? "not calibrated" : "unsure";
  element("confidence").textContent = words.length > 0 ? `${percent(confidence)} sure of all digits` : reason;
  const others = alternatives.filter(([text]) => text !== string.text).slice(0, 4);
  const items = others.map(([text, share]) => item(`${text || "nothing"} (${share < 0.01 ? "below 1 %" : percent(share)})`));
  element("others").replaceChildren(...(items.length > 0 ? items : [item("–")]));
  const rows = words.map(({ word, confidence: share }) => row(word, share));
  element("words").replaceChildren(...(rows.length > 0 ? rows : [row("no digit was heard", null)]));
}

/** Draw a recording, with each word where it was known. */
export function showRecording(envelope, seconds, words) {
  element("main").dataset.sound = "yes"; // before drawing: what is hidden has no size
  const to = Math.max(SHORTEST_SECONDS, seconds);
  const marks = words.map(({ word, digit, end_seconds: at }) => ({ at, label: String(digit ?? word) }));
  drawn = { envelope, seconds, from: 0, to, used: null, marks };
  redraw();
  const digits = words.map(({ word, end_seconds: at }) => `${word} at ${at.toFixed(1)} s`).join(", ");
  const label = `Waveform of ${seconds.toFixed(2)} s${digits ? `: ${digits}` : ""}`;
  element("waveform").setAttribute("aria-label", label);
  element("time-from").textContent = "0.0 s";
  element("time-to").textContent = `${to.toFixed(1)} s`;
}

export function redraw() {
  if (drawn) drawWaveform(element("waveform"), drawn);
}
