// The page that records words and tries them: the server asks for one, finds where it ends and says whether it can be used,
// makes a model of them, and answers what is said then.

import { barRow, element, showError } from "./elements.js";
import { openMicrophone } from "./microphone.js";
import { connect } from "./server.js";

const NONE = "none of the words";

let microphone = null;
let connection = null;
let finished = false;

const EVENTS = {
  prompt({ text, number, of, other, enough }) {
    element("count").textContent = `${number} of ${of}`;
    show(other ? `Say ${text}` : text);
    element("try").disabled = !enough;
  },
  level: ({ db }) => (element("level").value = db),
  kept: ({ seconds, db }) => note(`Kept (${seconds.toFixed(1)} s, ${db} dB).`),
  again: ({ reason }) => note(`Once more: ${reason}.`),
  done: ({ summary, next }) => note(`${summary}. In the terminal the next command would be: ${next}`),
  enrolling() {
    show("…");
    element("count").textContent = "Learning the words";
    enable(false);
  },
  failed({ reason }) {
    show("There is no model.");
    showError(reason);
    enable(true);
    element("save").disabled = true;
  },
  ready({ words, advice, seconds }) {
    showError("");
    element("count").textContent = `Learnt in ${seconds} s from ${words.reduce((sum, { recordings }) => sum + recordings, 0)} recordings`;
    show("Say a word.");
    enable(true);
    showFound(words, advice);
  },
  answer({ word, accepted, shares, none_probability: none }) {
    show(accepted ? word : NONE);
    note(accepted ? "Recognised. Say another one." : `None of the words, or not a clear one: most like “${word}”.`);
    const rows = Object.entries(shares).map(([name, share]) => barRow(name, share * (1 - none), accepted && name === word ? "best" : ""));
    element("words").replaceChildren(...rows, barRow(NONE, none, accepted ? "none" : "none best"));
    element("answer").hidden = false;
  },
  saved: ({ path, next }) => note(`Saved as ${path}. Next, in the terminal: ${next}`),
};

function show(text) {
  element("prompt").textContent = text;
  element("prompt").lang = ""; // whatever language it is
}

function note(message) {
  element("note").textContent = message;
}

/** Let the page be used, or not while the server computes. */
function enable(yes) {
  for (const id of ["try", "save", "finish"]) element(id).disabled = !yes;
  element("answer").hidden = true; // it was of the model before
}

function showFound(words, advice) {
  element("held-out").replaceChildren(...words.map(({ word, recordings, taken_for: taken }) => {
    const others = Object.entries(taken).filter(([other]) => other !== word);
    const row = barRow(word, (taken[word] ?? 0) / recordings, others.length ? "unsure" : "best");
    row.lastElementChild.textContent = others.length
      ? `taken for ${others.map(([other, count]) => `${other} (${count})`).join(", ")}` : `${recordings} of ${recordings}`;
    return row;
  }));
  const button = (said, text) => {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: text, lang: "" });
    made.addEventListener("click", () => wish({ do: "correct", word: said }));
    return made;
  };
  element("truth").replaceChildren(...words.map(({ word }) => button(word, word)), button("_other", NONE));
  element("advice").replaceChildren(...advice.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  element("found").hidden = false;
}

const wish = (what) => connection?.say(JSON.stringify(what));

async function start() {
  showError("");
  element("toggle").disabled = true;
  try {
    microphone = await openMicrophone((block) => connection?.push(block)); // the server keeps what is good
    connection = await connect("api/record", microphone.sampleRate, {
      onevent: ({ event, ...facts }) => EVENTS[event](facts),
      onend: (error) => (finished ? stop("Finished.", "This page can be closed.") : fail("Stopped.", error)),
    });
  } catch (error) {
    return fail("Press Start.", error);
  }
  note("Listening: half a second of quiet, then the word.");
  element("toggle").textContent = "Stop";
  element("toggle").disabled = element("finish").disabled = false;
}

function fail(prompt, error) {
  stop(prompt, "");
  showError(error.message);
}

function stop(prompt, message) {
  microphone?.close();
  connection?.close();
  microphone = connection = null;
  show(prompt);
  note(message);
  enable(false);
  element("level").value = -60;
  element("toggle").textContent = "Start";
  element("toggle").disabled = finished;
}

element("toggle").addEventListener("click", () => {
  if (connection) stop("Stopped.", "What was kept stays. Press Start to go on.");
  else start();
});
element("try").addEventListener("click", () => wish({ do: "try" }));
element("save").addEventListener("click", () => wish({ do: "save" }));
element("finish").addEventListener("click", () => {
  finished = true;
  wish({ do: "finish" });
});
