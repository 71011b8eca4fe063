// Samples as browsers and sound files have them.

/** Return arrays of samples one after another, Float32Array. */
export function joined(...parts) {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Return mono samples in [-1, 1] as 16-bit PCM, in the processor's order, which is the low byte first wherever browsers run. */
export function toPcm16(samples) {
  return Int16Array.from(samples, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32768))));
}

/** Return mono samples in [-1, 1] as a 16-bit WAV file, Blob. */
export function encodeWav(samples, sampleRate) {
  const bytes = 2 * samples.length;
  const [riff, wave, fmt, data] = [0x46464952, 0x45564157, 0x20746d66, 0x61746164]; // "RIFF", "WAVE", "fmt ", "data"
  const [pcmMono, frame] = [0x10001, 0x100002]; // format 1, 1 channel; 2 bytes a frame, 16 bits a sample
  const header = [riff, 36 + bytes, wave, fmt, 16, pcmMono, sampleRate, 2 * sampleRate, frame, data, bytes];
  return new Blob([Uint32Array.from(header), toPcm16(samples)], { type: "audio/wav" });
}

/** Let a button play what `sound` returns, a Blob, and stop it. */
export function playsBack(button, sound, onerror) {
  const audio = new Audio();
  audio.onplay = () => (button.textContent = "Stop");
  audio.onpause = () => (button.textContent = "Play back");
  button.addEventListener("click", async () => {
    if (!audio.paused) return audio.pause();
    URL.revokeObjectURL(audio.src);
    audio.src = URL.createObjectURL(sound());
    await audio.play().catch(() => onerror("The browser cannot play this kind of file."));
  });
}
