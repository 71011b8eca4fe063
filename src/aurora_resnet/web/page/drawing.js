// Waveforms and spectrograms on canvases.

import { viridis } from "./colours.js";

const QUIETEST = 0.05; // a recording below this peak is drawn small, so that silence looks like silence

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}

/**
 * Draw a waveform from its envelope.
 *
 * @param canvas where; its pixels follow its size on the page.
 * @param envelope {low, high}: extremes of equal parts, left to right.
 * @param seconds how long the envelope lasts.
 * @param from, to the stretch of time that the canvas shows, seconds.
 * @param used [start, end] of the stretch to mark, seconds, or null.
 * @param marks [{at, label}]: moments to name, seconds.
 */
export function drawWaveform(canvas, { envelope, seconds, from, to, used, marks = [] }) {
  const scale = window.devicePixelRatio || 1;
  const width = (canvas.width = Math.round(canvas.clientWidth * scale));
  const height = (canvas.height = Math.round(canvas.clientHeight * scale));
  const context = canvas.getContext("2d");
  const x = (time) => ((time - from) / (to - from)) * width;
  if (used) {
    const [start, end] = used.map(x);
    context.fillStyle = colour("--used");
    context.fillRect(start, 0, end - start, height);
    context.fillStyle = colour("--bar");
    for (const edge of [start, end - 1.5 * scale]) context.fillRect(edge, 0, 1.5 * scale, height);
  }
  context.fillStyle = colour("--line");
  context.fillRect(0, height / 2 - scale / 2, width, scale);
  const { low, high } = envelope;
  const peak = low.reduce((most, value, i) => Math.max(most, -value, high[i]), QUIETEST);
  const y = (value) => (height / 2) * (1 - (0.92 * value) / peak);
  const step = seconds / low.length;
  context.fillStyle = colour("--text");
  low.forEach((value, i) => {
    const left = x(i * step);
    const top = y(high[i]);
    context.fillRect(left, top, Math.max(scale, x((i + 1) * step) - left), Math.max(scale, y(value) - top));
  });
  context.fillStyle = colour("--bar");
  context.font = `700 ${18 * scale}px system-ui, sans-serif`;
  for (const { at, label } of marks) {
    context.fillRect(x(at) - scale, 26 * scale, 1.5 * scale, height - 26 * scale);
    context.fillText(label, Math.min(x(at) - 5 * scale, width - context.measureText(label).width), 20 * scale);
  }
}

/** Draw a spectrogram, rows of numbers with the lowest band first, with the lowest band at the bottom. */
export function drawMel(canvas, rows) {
  canvas.height = rows.length;
  canvas.width = rows[0].length;
  canvas.style.aspectRatio = `${canvas.width} / ${canvas.height}`;
  const all = rows.flat();
  const lowest = all.reduce((a, b) => Math.min(a, b));
  const range = all.reduce((a, b) => Math.max(a, b)) - lowest || 1;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  [...rows].reverse().flat().forEach((value, i) => {
    image.data.set([...viridis((value - lowest) / range), 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
}
