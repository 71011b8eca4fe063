// The best sequence of segments that do not overlap, decided as early as it is certain: `runtime/streaming/segment_search.py`
// in JavaScript, which has the formulas and the sources.

/** Segments are {start, end, gain, ...}, in steps; those of a gain of 0 and less are never chosen. */
export class SegmentSearch {
  constructor(patience) {
    this.patience = patience;
    this.step = 0;
    this.ways = new Map([[0, { value: 0, segments: [] }]]);
  }

  /** Go on by one step; `segments` end there, later ones may begin at `starts`. Return what is decided, in order. */
  advance(segments, starts) {
    let best = this.ways.get(this.step);
    const before = best;
    for (const segment of segments) {
      const way = segment.start === this.step ? before : this.ways.get(segment.start);
      if (way && way.value + segment.gain > best.value) {
        best = { value: way.value + segment.gain, segments: [...way.segments, segment] };
      }
    }
    this.step += 1;
    this.ways = new Map([...this.ways].filter(([step]) => starts.includes(step)));
    this.ways.set(this.step, best);
    this.cut(best.segments.filter((segment) => segment.end <= this.step - this.patience));
    return this.decide(commonStart([...this.ways.values()].map((way) => way.segments)));
  }

  /** Return the rest of the best sequence. */
  finish() {
    return this.decide(this.ways.get(this.step).segments.length);
  }

  cut(due) {
    const latest = this.step - this.patience;
    this.keep(({ segments }) => {
      const begins = due.every((segment, i) => segments[i] === segment);
      return begins && segments.slice(due.length).every((segment) => segment.end > latest);
    });
  }

  decide(count) {
    const decided = this.ways.get(this.step).segments.slice(0, count);
    const gain = decided.reduce((sum, segment) => sum + segment.gain, 0);
    this.keep(({ segments }) => decided.every((segment, i) => segments[i] === segment));
    for (const [step, way] of this.ways) {
      this.ways.set(step, { value: way.value - gain, segments: way.segments.slice(count) });
    }
    return decided;
  }

  keep(good) {
    this.ways = new Map([...this.ways].filter(([, way]) => good(way)));
  }
}

function commonStart(ways) {
  let count = 0;
  while (ways.every((segments) => segments[count] !== undefined && segments[count] === ways[0][count])) count += 1;
  return count;
}
