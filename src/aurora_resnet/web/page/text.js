// The digits or words so far, in a field where they can be corrected, with a way back.

import { element } from "./elements.js";

const field = element("text");
const earlier = [];
let words = [];
let separator = "";

/** Words stand apart; digits, which is what `known` is empty for, side by side. */
export function setWords(known) {
  words = known.toSorted((a, b) => b.length - a.length);
  separator = known.length > 0 ? " " : "";
}

export const value = () => field.value;
/** Return the text as a screen reader should say it. */
export const readable = () => (field.value === "" ? "Nothing yet." : `${(separator ? [field.value] : [...field.value]).join(" ")}.`);
export const canUndo = () => earlier.length > 0;

/** Put another text into the field; the last characters are seen. */
export function show(text) {
  field.value = text;
  field.scrollLeft = field.scrollWidth;
}

/** Remember the text before it changes. */
export function remember() {
  if (earlier.at(-1) !== field.value) earlier.push(field.value);
}

export function add(text) {
  remember();
  show(field.value + (field.value && separator) + text);
}

/** Delete the last word that the model knows, or the last character. */
export function deleteLast() {
  remember();
  const last = words.find((word) => field.value.endsWith(word)) ?? field.value.slice(-1);
  show(field.value.slice(0, field.value.length - last.length).trimEnd());
}

export function clear() {
  remember();
  show("");
}

export function undo() {
  if (canUndo()) show(earlier.pop());
}

export async function copy() {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    field.select(); // without HTTPS browsers do not hand the clipboard out
    document.execCommand("copy");
  }
}
