// The running string of digits, or of words where the model knows others, with its buttons.

import { History } from "./history.js";

const element = (id) => document.getElementById(id);
const history = new History();
let heard = [];
let separator = "";

function show() {
  element("string").textContent = heard.join(separator);
  for (const id of ["backspace", "clear", "copy"]) element(id).disabled = heard.length === 0;
  element("undo").disabled = history.empty;
}

function change(next) {
  history.remember(heard);
  heard = next;
  show();
}

/** Digits stand side by side, words apart. */
export function setDigits(digitsOnly) {
  separator = digitsOnly ? "" : " ";
  element("string").classList.toggle("digits", digitsOnly);
  element("string-title").textContent = digitsOnly ? "Digits so far" : "Words so far";
}

export function addHeard(text) {
  change([...heard, String(text)]);
}

export function deleteLast() {
  if (heard.length > 0) change(heard.slice(0, -1));
}

export function clearHeard() {
  if (heard.length > 0) change([]);
}

/** Take the last change back, whatever it was. */
export function undo() {
  if (history.empty) return;
  heard = history.undo();
  show();
}

/** Return what was heard as it is written. */
export function heardText() {
  return heard.join(separator);
}

/** Return what was heard as a screen reader should say it. */
export function readHeard() {
  return heard.length === 0 ? "Nothing heard." : `${heard.join(" ")}.`;
}
