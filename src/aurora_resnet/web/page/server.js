// What the pages ask their server. Every failure is an Error whose message is meant for people.

import { sentence } from "./elements.js";
import { joined, toPcm16 } from "./sound.js";

const GONE = "The server does not answer. Is it still running? Start it again, then retry.";
const BLOCKS = 5; // of the microphone in a message, a tenth of a second

async function ask(path, options) {
  const response = await fetch(path, options).catch(() => {
    throw new Error(GONE);
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(sentence(answer.error ?? `the server failed (${response.status})`));
  return answer;
}

const askSound = (path) => (body) => ask(path, { method: "POST", body, headers: { "Content-Type": "application/octet-stream" } });

export const askModel = () => ask("api/model");
/** Promise the answer to a sound file: a Blob or File. */
export const askWord = askSound("api/recognize");
/** Promise the string of digits in a sound file. */
export const askString = askSound("api/string");

/**
 * Open a WebSocket and send what the microphone gives.
 *
 * @param path of this server, as "api/stream".
 * @param sampleRate of the microphone.
 * @param onevent called with each event, an object.
 * @param onend called when it ends other than by `close`: with an Error, or with null after `end`.
 * @returns {push(block), say(text), end(), close()}; `end` sends what is left and the text "end".
 */
export function connect(path, sampleRate, { onevent, onend }) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(path);
    let [waiting, open, ended] = [[], true, false];
    const send = (data) => socket.readyState === WebSocket.OPEN && socket.send(data);
    const push = (block) => {
      if (block) waiting.push(block);
      if (waiting.length === 0 || (block && waiting.length < BLOCKS)) return;
      send(toPcm16(joined(...waiting)));
      waiting = [];
    };
    const end = () => {
      push();
      send("end");
      ended = true;
    };
    const finish = (error) => {
      if (open) onend(error);
      open = false;
      socket.close();
    };
    socket.onopen = () => {
      send(JSON.stringify({ sample_rate: sampleRate }));
      resolve({ push, say: send, end, close: () => ((open = false), socket.close()) });
    };
    socket.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      if (event.event === "error") finish(new Error(sentence(event.reason)));
      else if (open) onevent(event);
    };
    socket.onclose = ({ code }) => {
      reject(new Error(GONE));
      finish(ended && code === 1000 ? null : new Error(GONE));
    };
  });
}
