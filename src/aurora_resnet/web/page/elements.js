// Small things that every page needs.

export const element = (id) => document.getElementById(id);
export const percent = (share) => (share > 0 && share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`);
export const seconds = (number) => `${number.toFixed(2).replace("-", "−")} s`;
export const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;

export function showError(message) {
  element("error").textContent = message;
  element("error").hidden = !message;
}

/** Return the row of a table: a word, and its share as a bar and a number. */
export function barRow(word, share, kind = "") {
  const row = document.createElement("tr");
  row.innerHTML = '<th scope="row"></th><td><div class="bar"></div></td><td class="quiet"></td>';
  row.className = kind;
  row.querySelector("th").textContent = word;
  row.querySelector(".bar").style.width = `${100 * share}%`;
  row.lastElementChild.textContent = percent(share);
  return row;
}
