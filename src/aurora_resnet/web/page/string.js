// The running string of digits, or of words where the model knows others, with its two buttons.

const string = document.getElementById("string");
const buttons = ["backspace", "clear"].map((id) => document.getElementById(id));
let heard = [];
let separator = "";

function show() {
  string.textContent = heard.join(separator);
  for (const button of buttons) button.disabled = heard.length === 0;
}

/** Digits stand side by side, words apart. */
export function setDigits(digitsOnly) {
  separator = digitsOnly ? "" : " ";
  string.classList.toggle("digits", digitsOnly);
  document.getElementById("string-title").textContent = digitsOnly ? "Digits so far" : "Words so far";
}

export function addHeard(text) {
  heard.push(String(text));
  show();
}

export function deleteLast() {
  heard.pop();
  show();
}

export function clearHeard() {
  heard = [];
  show();
}

/** Return what was heard as a screen reader should say it. */
export function readHeard() {
  return heard.length === 0 ? "Nothing heard." : `${heard.join(" ")}.`;
}
