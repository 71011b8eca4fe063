// One word at a time. Who recognises is told at the start.

import { barRow, element, percent, seconds } from "./elements.js";
import { showLimits, startPage } from "./page.js";
import { drawMel } from "./spectrogram.js";
import * as text from "./text.js";
import { showWaveform } from "./waveform.js";

const LISTED_WORDS = 12; // of a long vocabulary
const LISTED = 3; // most probable words

/**
 * Make the page work.
 *
 * @param backend who recognises:
 *   `loadModel()` promises what the page says of the model, as `GET /api/model` answers it;
 *   `recognize(file)` promises the answer to a sound file, as `POST /api/recognize` gives it, or several;
 *   `stream(sampleRate)`, if there is one, returns what recognises words while they are spoken: `push(samples)` and `flush()`
 *   promise the answers that came thereby.
 */
export function startWords(backend) {
  let digitsOnly = true;
  let sampled = 0; // samples tried
  const nothing = () => (digitsOnly ? "no digit" : "none of the words");

  async function loadModel() {
    const model = await backend.loadModel();
    const { words, name, sample_rate: rate } = model;
    digitsOnly = model.digits.every((digit) => digit !== null);
    text.setWords(digitsOnly ? [] : words);
    element("text-title").textContent = digitsOnly ? "Digits so far" : "Words so far";
    document.title = element("title").textContent = digitsOnly ? "Say a digit" : "Say a word";
    const how = backend.stream ? "one after another" : "one at a time";
    element("vocabulary").textContent = `${words.slice(0, LISTED_WORDS).join(", ")}${words.length > LISTED_WORDS ? " …" : ""}: ${how}`;
    element("model").textContent = `Model ${name}, ${rate / 1000} kHz`;
    element("mel-note").textContent = `${model.lowest_hz} to ${model.highest_hz} Hz, brighter is louder`;
    element("numbers").hidden = !model.strings;
    showLimits(model);
    return model;
  }

  function take(answer) {
    const { word, accepted, confidence } = answer;
    const refused = accepted === false;
    const decision = accepted === null ? "not calibrated" : refused ? "rejected" : "accepted";
    element("main").dataset.answer = "yes";
    element("verdict").dataset.decision = decision;
    element("digit").textContent = refused ? "–" : (answer.digit ?? "✓");
    element("word").textContent = refused ? nothing() : word;
    element("decision").textContent = decision;
    element("decision").hidden = false;
    const sure = percent(confidence);
    element("confidence").textContent = accepted ? `${sure} sure` : `if it is one of them, then “${word}” (${sure})`;
    showWords(answer);
    if (answer.waveform) showSound(answer);
    drawMel(element("mel"), answer.log_mel);
    element("mel").setAttribute("aria-label", "Spectrogram of the network's input: frequency over time");
    element("mel-from").textContent = seconds(0);
    element("mel-to").textContent = seconds(answer.clip_seconds);
    if (accepted) text.add(digitsOnly ? answer.digit : word);
    return accepted ? `Recognised “${word}”.`
      : accepted === null ? `“${word}”, if it was one of the words: the model is not calibrated.`
      : "That was none of the words, or not a clear one.";
  }

  /** Show the most probable words, and beside them that it was none; all of them together are certain. */
  function showWords({ probabilities, none_probability: none, word, accepted }) {
    const best = Object.entries(probabilities).sort((a, b) => b[1] - a[1]).slice(0, LISTED);
    const rows = best.map(([name, share]) => barRow(name, share * (1 - none), accepted !== false && name === word ? "best" : ""));
    element("words").replaceChildren(...rows, barRow(nothing(), none, accepted === false ? "none best" : "none"));
  }

  function showSound({ clip_start_seconds: start, clip_seconds: clip, duration_seconds: length, waveform }) {
    const used = [start, start + clip];
    const note = `the network's input is ${seconds(Math.max(0, start))} to ${seconds(Math.min(used[1], length))}`;
    // A short recording is centred in silence.
    showWaveform({ envelope: waveform, length, from: Math.min(0, start), to: Math.max(length, used[1]), used }, note);
    element("waveform-note").textContent = "the network's input is marked";
  }

  function forget() {
    element("digit").textContent = "–";
    element("word").textContent = "nothing yet";
  }

  async function recognize(file) {
    const said = [await backend.recognize(file)].flat().map(take);
    return said.length > 1 ? text.readable() : said[0];
  }

  function listen(sampleRate, { say, fail }) {
    const stream = backend.stream?.(sampleRate);
    let [found, cancelled] = [0, false];
    const takeAll = async (answers) => {
      for (const answer of await answers) {
        if (cancelled) return;
        found += 1;
        say(take(answer));
      }
    };
    element("waveform-note").textContent = "";
    return {
      push: (block) => stream && takeAll(stream.push(block)).catch(fail),
      async end({ sound }) {
        if (stream) await takeAll(stream.flush());
        if (found === 0) return recognize(sound);
        return found > 1 ? text.readable() : `Recognised “${element("word").textContent}”.`;
      },
      cancel: () => (cancelled = true),
    };
  }

  const sample = ({ samples }) => samples[sampled++ % samples.length];
  startPage({ loadModel, listen, recognize, sample, forget, longest: (model) => model.microphone_seconds });
}
