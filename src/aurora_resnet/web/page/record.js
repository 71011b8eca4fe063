// The page that records words: the server asks for one, hears where it ends and says whether it can be used.

import { openMicrophone } from "./microphone.js";
import { connect, inChunks } from "./sockets.js";

const element = (id) => document.getElementById(id);

let microphone = null;
let socket = null;

function show(prompt, note) {
  if (prompt !== null) element("prompt").textContent = prompt;
  element("note").textContent = note;
}

function showError(message) {
  element("error").textContent = message;
  element("error").hidden = !message;
}

const ANSWERS = {
  prompt({ text, number, of, other }) {
    element("count").textContent = `${number} of ${of}`;
    element("prompt").textContent = other ? `Say ${text}` : text;
    element("prompt").lang = ""; // whatever language it is
  },
  level({ db }) {
    element("level").value = db;
  },
  kept({ seconds, db }) {
    show(null, `Kept (${seconds.toFixed(1)} s, ${db} dB).`);
  },
  again({ reason }) {
    show(null, `Once more: ${reason}.`);
  },
  done({ summary, next }) {
    stop("Done.", `${summary}. Next, in the terminal: ${next}`);
  },
  error({ reason }) {
    stop("Stopped.", "");
    showError(`${reason[0].toUpperCase()}${reason.slice(1)}.`);
  },
};

async function start() {
  showError("");
  element("toggle").disabled = true;
  try {
    microphone = await openMicrophone();
    socket = await connect("api/record", { sample_rate: microphone.sampleRate }, { onevent, onclose });
  } catch (error) {
    stop("Press Start.", "");
    return showError(error.message);
  }
  const open = socket;
  const send = inChunks(microphone.sampleRate, (chunk) => open.readyState === WebSocket.OPEN && open.send(chunk));
  microphone.onblock = (block) => {
    microphone.forget(); // the server keeps what is good
    send(block);
  };
  show(null, "Listening: half a second of quiet, then the word.");
  element("toggle").textContent = "Stop";
  element("toggle").disabled = false;
}

function onevent({ event, ...facts }, opened) {
  if (opened === socket) ANSWERS[event](facts); // not what was on its way when it was stopped
}

function onclose(_code, opened) {
  if (opened !== socket) return; // ended by us
  stop("Stopped.", "");
  showError("The server does not answer. Is “aurora-resnet record” still running? Start it again, then reload.");
}

function stop(prompt, note) {
  microphone?.close();
  const open = socket;
  microphone = socket = null;
  open?.close();
  show(prompt, note);
  element("level").value = -60;
  element("toggle").textContent = "Start";
  element("toggle").disabled = false;
}

element("toggle").addEventListener("click", () => {
  if (socket) stop("Stopped.", "What was kept stays. Press Start to go on.");
  else start();
});
