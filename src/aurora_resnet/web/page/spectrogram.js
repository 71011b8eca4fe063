// Viridis (N. Smith and S. van der Walt, 2015): equal steps look equally large, also to colour-blind readers and in grey.
// Seventeen of its colours, and straight lines between them.
const VIRIDIS = [
  "#440154", "#48186a", "#472d7b", "#424086", "#3b528b", "#33638d", "#2c728e", "#26828e", "#21918c",
  "#1fa088", "#28ae80", "#3fbc73", "#5ec962", "#84d44b", "#addc30", "#d8e219", "#fde725",
].map((colour) => [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16)));

/** Return red, green and blue, 0 to 255, of an amount from 0 to 1. */
export function viridis(amount) {
  const place = Math.max(0, Math.min(1, amount)) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
  return VIRIDIS[below].map((low, i) => Math.round(low + (place - below) * (VIRIDIS[below + 1][i] - low)));
}

/** Draw a spectrogram, rows of numbers with the lowest band first, with the lowest band at the bottom. */
export function drawMel(canvas, rows) {
  [canvas.width, canvas.height] = [rows[0].length, rows.length];
  const all = rows.toReversed().flat();
  const lowest = Math.min(...all);
  const range = Math.max(...all) - lowest || 1;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  all.forEach((value, i) => image.data.set([...viridis((value - lowest) / range), 255], 4 * i));
  context.putImageData(image, 0, 0);
}
