// The microphone: open from `openMicrophone` to `close`, so that the browser's recording light tells the truth.

const INSTEAD = "or use a sound file.";
const REFUSED = `The browser does not allow this page to use the microphone. Allow it beside the address, ${INSTEAD}`;
const EXPLAINED = {
  NotAllowedError: REFUSED,
  SecurityError: REFUSED,
  NotFoundError: `There is no microphone. Connect one, ${INSTEAD}`,
  NotReadableError: `The microphone cannot be opened; another program may be using it. Close that, ${INSTEAD}`,
};

/**
 * Open the microphone; throws an Error whose message is meant for people.
 *
 * @param onblock called with each 20 ms of samples.
 * @returns {sampleRate, close()}
 */
export async function openMicrophone(onblock) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error("Browsers give a page the microphone only over HTTPS or from the machine itself (localhost). Use a sound file.");
  }
  const context = new AudioContext(); // before the first wait: some browsers want it in the press itself
  let stream;
  const close = () => {
    onblock = () => {}; // what is on its way comes too late
    stream?.getTracks().forEach((track) => track.stop());
    context.close();
  };
  try {
    await context.audioWorklet.addModule("recorder-worklet.js"); // first, so that nothing said is lost later
    // What the browser would do for telephone calls changes the sound; the network learnt to do without.
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    stream = await navigator.mediaDevices.getUserMedia({ audio });
    await context.resume();
    const node = new AudioWorkletNode(context, "recorder", { channelCount: 1, channelCountMode: "explicit" });
    node.port.onmessage = ({ data }) => onblock(data);
    context.createMediaStreamSource(stream).connect(node).connect(context.destination); // Safari runs only what leads to the loudspeaker
    return { sampleRate: context.sampleRate, close };
  } catch (error) {
    close();
    throw new Error(EXPLAINED[error.name] ?? `The microphone cannot be opened (${error.message}). Use a sound file.`);
  }
}
