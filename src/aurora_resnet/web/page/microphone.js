// The microphone: open from `openMicrophone` to `close`, so that the browser's recording light tells the truth.

/** What to tell a person whose browser gives no microphone. */
function explain(error) {
  switch (error.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "The browser does not allow this page to use the microphone. Allow it beside the address, or use a sound file.";
    case "NotFoundError":
      return "There is no microphone. Connect one, or use a sound file.";
    case "NotReadableError":
      return "The microphone cannot be opened; another program may be using it. Close that, or use a sound file.";
    default:
      return `The microphone cannot be opened (${error.message}). Use a sound file.`;
  }
}

export class Microphone {
  constructor(stream, context, source, node) {
    Object.assign(this, { stream, context, source, node });
    this.blocks = [];
    this.length = 0;
    this.onblock = () => {};
    node.port.onmessage = ({ data }) => {
      this.blocks.push(data);
      this.length += data.length;
      this.onblock(data);
    };
  }

  get sampleRate() {
    return this.context.sampleRate;
  }

  get seconds() {
    return this.length / this.sampleRate;
  }

  /** Let go of what was heard so far. */
  forget() {
    [this.blocks, this.length] = [[], 0];
  }

  /** Close it and return all samples, Float32Array. */
  close() {
    this.node.port.onmessage = null;
    this.source.disconnect();
    this.stream.getTracks().forEach((track) => track.stop());
    this.context.close();
    const samples = new Float32Array(this.length);
    let done = 0;
    for (const block of this.blocks) {
      samples.set(block, done);
      done += block.length;
    }
    return samples;
  }
}

/** Open the microphone; throws an Error whose message is meant for people. */
export async function openMicrophone() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error(
      "Browsers give a page the microphone only over HTTPS or from the machine itself (localhost). Use a sound file.",
    );
  }
  const context = new AudioContext(); // before the first wait: some browsers want it in the press itself
  let stream;
  try {
    await context.audioWorklet.addModule("recorder-worklet.js"); // first, so that nothing said is lost later
    // What the browser would do for telephone calls changes the sound; the network learnt to do without.
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    stream = await navigator.mediaDevices.getUserMedia({ audio });
    await context.resume();
    const source = context.createMediaStreamSource(stream);
    const node = new AudioWorkletNode(context, "recorder", { channelCount: 1, channelCountMode: "explicit" });
    source.connect(node).connect(context.destination); // Safari runs only what leads to the loudspeaker
    return new Microphone(stream, context, source, node);
  } catch (error) {
    stream?.getTracks().forEach((track) => track.stop());
    context.close();
    throw new Error(explain(error));
  }
}
