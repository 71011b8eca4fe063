// Sound goes to the server as it is recorded, and what happens comes back.

import { toPcm16 } from "./wav.js";

const CHUNK_SECONDS = 0.1;

/** Return what takes blocks of samples and hands them on in chunks of a tenth of a second, as 16-bit PCM. */
export function inChunks(sampleRate, send) {
  let waiting = [];
  let length = 0;
  return (block) => {
    if (block) waiting.push(block);
    length += block?.length ?? 0;
    if (length === 0 || (block && length < CHUNK_SECONDS * sampleRate)) return; // without a block: what is left
    const chunk = new Float32Array(length);
    let done = 0;
    for (const part of waiting) {
      chunk.set(part, done);
      done += part.length;
    }
    [waiting, length] = [[], 0];
    send(toPcm16(chunk));
  };
}

/**
 * Open a WebSocket and say what will come.
 *
 * @param path of this server, as "api/stream".
 * @param begin what is said first, as JSON.
 * @param onevent called with each event, an object.
 * @param onclose called when it ends, whoever ended it, with the code of the end.
 */
export function connect(path, begin, { onevent, onclose }) {
  return new Promise((resolve, reject) => {
    const address = new URL(path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.onopen = () => {
      socket.send(JSON.stringify(begin));
      resolve(socket);
    };
    socket.onmessage = ({ data }) => onevent(JSON.parse(data), socket);
    socket.onclose = ({ code }) => {
      reject(new Error("The server does not answer. Is it still running? Start it again, then reload."));
      onclose(code, socket);
    };
  });
}
