// An answer of the server becomes what one sees.

import { drawMel, drawWaveform } from "./drawing.js";

const element = (id) => document.getElementById(id);
const seconds = (number) => `${number.toFixed(2).replace("-", "−")} s`;
const percent = (number) => `${(100 * number).toFixed(1)} %`;

let waveform = null; // what drawWaveform drew last, to draw it anew in another size or other colours

export function showWaveform(what) {
  waveform = what;
  drawWaveform(element("waveform"), what);
}

export function redraw() {
  if (waveform) drawWaveform(element("waveform"), waveform);
}

/** Make a line for each word; `showAnswer` fills them. */
export function showWords(words) {
  element("words").replaceChildren(
    ...words.map((word) => {
      const row = document.createElement("tr");
      row.dataset.word = word;
      row.innerHTML = '<th scope="row"></th><td><div class="bar"></div></td><td class="quiet">&ndash;</td>';
      row.querySelector("th").textContent = word;
      return row;
    }),
  );
}

export function showAnswer(answer) {
  const decision = answer.accepted ? "accepted" : "rejected";
  element("heard").dataset.decision = decision;
  element("digit").textContent = answer.accepted ? (answer.digit ?? "✓") : "–";
  element("word").textContent = answer.accepted ? answer.word : "none of the words";
  element("decision").hidden = false;
  element("decision").textContent = decision;
  const sure = percent(answer.confidence);
  element("confidence").textContent = answer.accepted ? `${sure} sure` : `if it is one of them, then “${answer.word}” (${sure})`;
  for (const row of element("words").rows) {
    const probability = answer.probabilities[row.dataset.word];
    row.querySelector(".bar").style.width = `${100 * probability}%`;
    row.lastElementChild.textContent = percent(probability);
    row.classList.toggle("best", row.dataset.word === answer.word);
  }
  showSound(answer);
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
  drawMel(element("mel"), answer.log_mel);
  element("mel").setAttribute("aria-label", "Spectrogram of what the network hears: frequency over time");
  element("mel-from").textContent = seconds(0);
  element("mel-to").textContent = seconds(answer.clip_seconds);
}
