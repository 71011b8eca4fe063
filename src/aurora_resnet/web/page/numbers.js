// The page of numbers: digits appear while one speaks, and stay until they are corrected, copied or cleared.

import { barRow, element, percent } from "./elements.js";
import { showLimits, startPage } from "./page.js";
import { askModel, askString, connect } from "./server.js";
import * as text from "./text.js";
import { showWaveform } from "./waveform.js";

const LIMIT_SECONDS = 60;
const UNSURE = 0.8; // digits below are marked
const LISTED = 4; // other strings

async function loadModel() {
  const model = await askModel();
  element("model").textContent = `Model ${model.strings}`;
  showLimits(model);
  return model;
}

/** Show how sure a string and its digits are, and what else it may have been. */
function showString({ words, accepted, confidence, alternatives = null, reason, text: best }) {
  element("main").dataset.answer = "yes";
  element("verdict").dataset.decision = accepted ? "accepted" : "rejected";
  element("decision").textContent = accepted ? "accepted" : accepted === null ? "not calibrated" : "unsure";
  element("decision").hidden = false;
  element("confidence").textContent = words.length > 0 ? `${percent(confidence)} sure of all digits` : reason;
  for (const id of ["others-part", "words-part"]) element(id).hidden = alternatives === null; // the demo only knows the whole
  if (alternatives === null) return;
  const others = alternatives.filter(([other]) => other !== best).slice(0, LISTED);
  const items = others.map(([other, share]) => `${other || "nothing"} (${percent(share)})`);
  element("others").replaceChildren(
    ...(items.length > 0 ? items : ["–"]).map((item) => Object.assign(document.createElement("li"), { textContent: item })),
  );
  element("words").replaceChildren(...words.map(({ word, confidence: share }) => barRow(word, share, share < UNSURE ? "unsure" : "")));
}

/** Draw a recording with each word where it was known; return what the page says. */
function tell(strings, recording) {
  const words = strings.flatMap((string) => string.words);
  const marks = words.map(({ word, digit, end_seconds: at }) => ({ at, label: String(digit ?? word) }));
  showWaveform({ ...recording, marks }, words.map(({ word, end_seconds: at }) => `${word} at ${at.toFixed(1)} s`).join(", "));
  element("waveform-note").textContent = "each digit where it was known";
  if (words.length === 0) return "No digits were recognised.";
  const said = `Recognised ${[...strings.map((string) => string.text).join("")].join(" ")}.`;
  return strings.every((string) => string.accepted) ? said : `${said} Not sure: compare it with what was said.`;
}

async function recognize(file) {
  const answer = await askString(file);
  text.add(answer.text);
  showString(answer);
  const length = answer.duration_seconds;
  return tell([answer], { envelope: answer.waveform, length, to: Math.max(4, length) });
}

async function listen(sampleRate, { say, fail }) {
  const strings = [];
  let before = text.value(); // the digits of the string that is being said come after it
  let finish = null;
  text.remember();
  const events = {
    speech_started: () => say("Listening …"),
    partial: (event) => text.show(before + event.text),
    string_ended({ string }) {
      strings.push(string);
      text.show((before += string.text));
      showString(string);
    },
    no_input: () => finish || say("Nothing yet. Speak now."),
    rejected: () => finish || say("That was no digit. Go on."),
  };
  const connection = await connect("api/stream", sampleRate, {
    onevent: (event) => events[event.event]?.(event),
    onend: (error) => (error ? fail(error) : finish()),
  });
  return {
    push: connection.push,
    end: (recording) =>
      new Promise((resolve) => {
        finish = () => resolve(tell(strings, recording));
        connection.end(); // the server tells the rest, then closes
      }),
    cancel() {
      connection.close();
      text.show(before);
    },
  };
}

startPage({ loadModel, listen, recognize, sample: () => "number", longest: () => LIMIT_SECONDS });
