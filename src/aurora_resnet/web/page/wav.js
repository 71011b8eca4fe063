/** Write mono samples in [-1, 1] as 16-bit PCM, the low byte first. */
function writePcm16(view, offset, samples) {
  samples.forEach((sample, i) => {
    const step = Math.round(sample * 32768);
    view.setInt16(offset + 2 * i, Math.max(-32768, Math.min(32767, step)), true);
  });
}

/** Return mono samples in [-1, 1] as 16-bit PCM, ArrayBuffer. */
export function toPcm16(samples) {
  const buffer = new ArrayBuffer(2 * samples.length);
  writePcm16(new DataView(buffer), 0, samples);
  return buffer;
}

/** Return mono samples in [-1, 1] as a 16-bit WAV file, ArrayBuffer. */
export function encodeWav(samples, sampleRate) {
  const header = 44;
  const buffer = new ArrayBuffer(header + 2 * samples.length);
  const view = new DataView(buffer);
  const text = (offset, word) => [...word].forEach((letter, i) => view.setUint8(offset + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, buffer.byteLength - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // length of what follows up to "data"
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true); // bytes a second
  view.setUint16(32, 2, true); // bytes a frame
  view.setUint16(34, 16, true); // bits a sample
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  writePcm16(view, header, samples);
  return buffer;
}
