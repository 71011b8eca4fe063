// Sound files become samples, by the browser's own decoder, at the rate that the file has.

const OTHER_RATE = 48_000; // of files whose rate is not told below
const LEAST_RATE = 8_000; // Hz, of the model

/** Return the rate that a WAV or FLAC file states, or null. */
export function statedRate(buffer) {
  const view = new DataView(buffer);
  const text = (at) => (at + 4 <= buffer.byteLength ? String.fromCharCode(...new Uint8Array(buffer, at, 4)) : "");
  if (text(0) === "fLaC" && buffer.byteLength > 21) return view.getUint32(18) >>> 12;
  if (text(0) !== "RIFF" || text(8) !== "WAVE") return null;
  for (let at = 12; at + 16 <= buffer.byteLength; at += 8 + view.getUint32(at + 4, true) + (view.getUint32(at + 4, true) % 2)) {
    if (text(at) === "fmt ") return view.getUint32(at + 12, true);
  }
  return null;
}

/** Return the mean of channels, after those were turned round that are opposite to the loudest: a cable with swapped wires. */
export function mixed(channels) {
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const loudest = channels.toSorted((a, b) => dot(b, b) - dot(a, a))[0];
  const signs = channels.map((channel) => Math.sign(dot(channel, loudest)));
  return channels[0].map((_, i) => channels.reduce((sum, channel, c) => sum + signs[c] * channel[i], 0) / channels.length);
}

/** Promise {samples, sampleRate} of a file, a Blob; throws an Error whose message is meant for people. */
export async function decodeFile(file, mostSeconds) {
  const buffer = await file.arrayBuffer();
  // A decoder brings everything to its context's rate; at the file's own it changes nothing.
  const context = new OfflineAudioContext(1, 1, Math.max(LEAST_RATE, statedRate(buffer) ?? OTHER_RATE));
  const decoded = await context.decodeAudioData(buffer).catch(() => {
    throw new Error("The browser cannot read this as sound. Use WAV, FLAC, Ogg or MP3.");
  });
  if (decoded.duration > mostSeconds) {
    throw new Error(`The recording may last ${mostSeconds} s, this one lasts ${decoded.duration.toFixed(1)} s; cut it.`);
  }
  const channels = Array.from({ length: decoded.numberOfChannels }, (_, c) => decoded.getChannelData(c));
  return { samples: mixed(channels), sampleRate: decoded.sampleRate };
}
