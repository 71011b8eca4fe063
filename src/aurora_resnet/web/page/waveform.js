// The waveform of a recording.

import { element, seconds } from "./elements.js";

const QUIETEST = 0.05; // a recording below this peak is drawn small, so that silence looks like silence
let shown = null; // to draw it anew in another size or other colours

/**
 * Show a waveform.
 *
 * @param what {envelope, length, from, to, used, marks}: the envelope's {low, high} are extremes of equal parts, left to right, and
 *   last `length`; the canvas shows the time from `from` to `to`; `used` is [start, end] of a stretch to mark; `marks` are moments
 *   to name, {at, label}. Times are in seconds.
 * @param note what there is to see, for those who do not.
 */
export function showWaveform({ from = 0, used = null, marks = [], ...what }, note = "") {
  element("main").dataset.sound = "yes"; // before drawing: what is hidden has no size
  shown = { ...what, from, used, marks };
  element("waveform").setAttribute("aria-label", `Waveform of ${seconds(what.length)}${note && `; ${note}`}`);
  element("time-from").textContent = seconds(from);
  element("time-to").textContent = seconds(what.to);
  draw();
}

function draw() {
  if (!shown) return;
  const { envelope: { low, high }, length, from, to, used, marks } = shown;
  const canvas = element("waveform");
  const scale = window.devicePixelRatio || 1;
  const width = (canvas.width = Math.round(canvas.clientWidth * scale));
  const height = (canvas.height = Math.round(canvas.clientHeight * scale));
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const x = (time) => ((time - from) / (to - from)) * width;
  const fill = (colour, ...box) => {
    context.fillStyle = style.getPropertyValue(colour);
    context.fillRect(...box);
  };
  if (used) {
    const [start, end] = used.map(x);
    fill("--used", start, 0, end - start, height);
    for (const edge of [start, end - 1.5 * scale]) fill("--bar", edge, 0, 1.5 * scale, height);
  }
  fill("--line", 0, height / 2 - scale / 2, width, scale);
  const peak = low.reduce((most, value, i) => Math.max(most, -value, high[i]), QUIETEST);
  const y = (value) => (height / 2) * (1 - (0.92 * value) / peak);
  const column = length / low.length;
  low.forEach((value, i) => {
    const [left, top] = [x(i * column), y(high[i])];
    fill("--text", left, top, Math.max(scale, x((i + 1) * column) - left), Math.max(scale, y(value) - top));
  });
  context.font = `700 ${18 * scale}px system-ui, sans-serif`;
  for (const { at, label } of marks) {
    fill("--bar", x(at) - scale, 26 * scale, 1.5 * scale, height - 26 * scale);
    context.fillText(label, Math.min(x(at) - 5 * scale, width - context.measureText(label).width), 20 * scale);
  }
}

/** Draw anew whenever the size or the colours change. */
export function watchWaveform() {
  new ResizeObserver(draw).observe(element("waveform"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
