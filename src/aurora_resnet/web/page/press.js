// Hold a button or the Space key while something lasts, or press once to begin it and once to end it.

const HOLD_MS = 350; // a press that lasts longer ends what it began when it ends

/**
 * Make a button, and the Space key wherever it does nothing else, begin and end something.
 *
 * @param button what is pressed.
 * @param state returns "ready" when it may begin, "listening" when it may end.
 */
export function onPress(button, { state, begin, end }) {
  let pressedAt = null;

  // By the times of the events, not of their handling: a busy page handles a release late.
  function press({ timeStamp }) {
    if (state() === "listening") return end();
    if (state() !== "ready") return;
    pressedAt = timeStamp;
    begin();
  }

  function release({ timeStamp }) {
    const held = pressedAt !== null && timeStamp - pressedAt > HOLD_MS;
    pressedAt = null;
    if (held) end(); // nothing to end while the browser still asks for permission: then a press ends it
  }

  // The Space key speaks, but on the other controls it does what it does there.
  function isSpeakKey(event) {
    if (event.key !== " " || event.ctrlKey || event.altKey || event.metaKey) return false;
    return event.target === button || !event.target.closest("button, input, a");
  }

  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId); // the release counts wherever the finger has gone
    press(event);
  });
  button.addEventListener("pointerup", release);
  button.addEventListener("pointercancel", release);
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long press on a phone
  button.addEventListener("click", (event) => {
    if (event.detail === 0) press(event); // Enter, or a screen reader; a pointer's click was handled above
  });
  document.addEventListener("keydown", (event) => {
    if (!isSpeakKey(event)) return;
    event.preventDefault(); // neither scroll nor click
    if (!event.repeat) press(event);
  });
  document.addEventListener("keyup", (event) => {
    if (!isSpeakKey(event)) return;
    event.preventDefault();
    release(event);
  });
}
