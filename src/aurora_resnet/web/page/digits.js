// The running string of digits, with its two buttons.

const string = document.getElementById("string");
const buttons = ["backspace", "clear"].map((id) => document.getElementById(id));
let digits = "";

function show() {
  string.textContent = digits;
  for (const button of buttons) button.disabled = digits === "";
}

export function addDigit(digit) {
  digits += digit;
  show();
}

export function deleteLast() {
  digits = digits.slice(0, -1);
  show();
}

export function clearDigits() {
  digits = "";
  show();
}

/** Return the digits as a screen reader should say them. */
export function readDigits() {
  return digits === "" ? "No digits." : `${[...digits].join(" ")}.`;
}
