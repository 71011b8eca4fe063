// The page that records words: the server asks for one, finds where it ends and says whether it can be used.

import { element, showError } from "./elements.js";
import { openMicrophone } from "./microphone.js";
import { connect } from "./server.js";

let microphone = null;
let connection = null;

const EVENTS = {
  prompt({ text, number, of, other }) {
    element("count").textContent = `${number} of ${of}`;
    element("prompt").textContent = other ? `Say ${text}` : text;
    element("prompt").lang = ""; // whatever language it is
  },
  level: ({ db }) => (element("level").value = db),
  kept: ({ seconds, db }) => note(`Kept (${seconds.toFixed(1)} s, ${db} dB).`),
  again: ({ reason }) => note(`Once more: ${reason}.`),
  done: ({ summary, next }) => stop("Done.", `${summary}. Next, in the terminal: ${next}`),
};

function note(message) {
  element("note").textContent = message;
}

async function start() {
  showError("");
  element("toggle").disabled = true;
  try {
    microphone = await openMicrophone((block) => connection?.push(block)); // the server keeps what is good
    connection = await connect("api/record", microphone.sampleRate, {
      onevent: ({ event, ...facts }) => EVENTS[event](facts),
      onend: (error) => fail("Stopped.", error),
    });
  } catch (error) {
    return fail("Press Start.", error);
  }
  note("Listening: half a second of quiet, then the word.");
  element("toggle").textContent = "Stop";
  element("toggle").disabled = false;
}

function fail(prompt, error) {
  stop(prompt, "");
  showError(error.message);
}

function stop(prompt, message) {
  microphone?.close();
  connection?.close();
  microphone = connection = null;
  element("prompt").textContent = prompt;
  note(message);
  element("level").value = -60;
  element("toggle").textContent = "Start";
  element("toggle").disabled = false;
}

element("toggle").addEventListener("click", () => {
  if (connection) stop("Stopped.", "What was kept stays. Press Start to go on.");
  else start();
});
