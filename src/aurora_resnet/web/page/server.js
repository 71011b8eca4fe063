// What the page asks its server. Every failure is an Error whose message is meant for people.

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer. Is “aurora-resnet serve” still running? Start it again, then retry.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(sentence(answer.error ?? `the server failed (${response.status})`));
  return answer;
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
}

export function askModel() {
  return ask("api/model");
}

function askSound(path, sound) {
  return ask(path, { method: "POST", body: sound, headers: { "Content-Type": "application/octet-stream" } });
}

/** Return the answer to a sound file: a Blob, File or ArrayBuffer. */
export function askWord(sound) {
  return askSound("api/recognize", sound);
}

/** Return the string of digits in a sound file. */
export function askString(sound) {
  return askSound("api/string", sound);
}
