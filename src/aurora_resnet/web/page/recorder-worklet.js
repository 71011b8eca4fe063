// Runs beside the page, on the browser's audio thread: hands blocks of 20 ms to the page.
class Recorder extends AudioWorkletProcessor {
  block = new Float32Array(Math.round(0.02 * sampleRate));
  filled = 0;

  process([[channel]]) {
    for (const sample of channel ?? []) {
      this.block[this.filled++] = sample;
      if (this.filled < this.block.length) continue;
      this.port.postMessage(this.block); // a copy
      this.filled = 0;
    }
    return true; // its output stays silence
  }
}

registerProcessor("recorder", Recorder);
