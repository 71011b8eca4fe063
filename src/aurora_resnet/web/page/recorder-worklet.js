// Runs beside the page, on the browser's audio thread: hands each block of samples to the page.
class Recorder extends AudioWorkletProcessor {
  process(inputs) {
    const channel = inputs[0][0];
    if (channel) this.port.postMessage(channel.slice()); // the browser uses the array again
    return true; // its output stays silence
  }
}

registerProcessor("recorder", Recorder);
