// What was heard so far, with a way back.

const MOST = 100;

/** Remembers earlier values, so that a slip of the finger costs nothing. */
export class History {
  constructor() {
    this.earlier = [];
  }

  /** Remember a value before it changes. */
  remember(value) {
    if (this.earlier.at(-1) !== value) this.earlier.push(value);
    if (this.earlier.length > MOST) this.earlier.shift();
  }

  /** Return the value before the last change. */
  undo() {
    return this.earlier.pop();
  }

  get empty() {
    return this.earlier.length === 0;
  }
}
