// Playing a recording back. An <audio> element would need an address, which this page's policy allows to files alone.

let playing = null;

/**
 * Let a button play a recording, and stop it.
 *
 * @param button it says what it would do.
 * @param recording returns the one to play.
 * @param onend called when it is over, with what went wrong or "".
 */
export function playsBack(button, recording, onend) {
  button.addEventListener("click", () => {
    button.textContent = "Stop";
    play(recording(), (message) => {
      button.textContent = "Play back";
      onend(message);
    });
  });
}

/**
 * Play a recording; a second call stops what plays.
 *
 * @param recording {samples, sampleRate} of one channel, or {file}: a Blob or ArrayBuffer that the browser can decode.
 * @param onend called when it is over, however it ended.
 */
async function play(recording, onend) {
  if (playing) return playing.stop();
  const context = new AudioContext();
  try {
    playing = context.createBufferSource();
    playing.buffer = recording.file ? await decode(context, recording.file) : fromSamples(context, recording);
  } catch {
    [playing] = [null, context.close()];
    return onend("The browser cannot play this kind of file.");
  }
  playing.connect(context.destination);
  playing.onended = () => {
    playing = null;
    context.close();
    onend("");
  };
  playing.start();
}

async function decode(context, file) {
  return context.decodeAudioData(file instanceof Blob ? await file.arrayBuffer() : file.slice(0));
}

function fromSamples(context, { samples, sampleRate }) {
  const buffer = context.createBuffer(1, samples.length, sampleRate);
  buffer.copyToChannel(samples, 0);
  return buffer;
}
