// Single words, by the way of the Python package: where the word is, its clip, the network, the decision.

import { audible, centred, LowCut, mirrored, withoutTones } from "./cleaning.js";
import { decisive, floats, loadGraph, scalar } from "./engine.js";
import { resampled } from "./resampling.js";

/** Tell whether a recording was cut off at its peaks: `is_clipped` of `runtime/audio/clips.py`, before any filter. */
function isClipped(samples, { softest_peak: softest, near_peak: near, clipped_share: share }) {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return peak > softest && samples.filter((sample) => Math.abs(sample) >= near * peak).length >= share * samples.length;
}

export class WordReader {
  static async load(facts) {
    const [search, network, decide] = await Promise.all(["word_search", facts.name, "word_decision"].map((name) => loadGraph(`${name}.onnx`)));
    return Object.assign(new WordReader(), { facts, search, network, decide });
  }

  /** Promise the answer to a recording, with the fields that `POST /api/recognize` of the served page has but the length and the
   * waveform of the recording. */
  async recognize(samples, sampleRate) {
    const { vocabulary, calibration, clip_samples: length, sample_rate: rate } = this.facts;
    const { clip, clipped, start } = await this.clip(samples, sampleRate);
    const waveform = floats(clip, 1, length);
    const { logits, features } = await this.network({ waveform });
    const found = await this.decide({ logits, waveform, clipped: scalar(clipped), ...decisive(calibration) });
    const [, bands, frames] = features.dims;
    return {
      word: vocabulary.words[Number(found.word.data[0])],
      digit: vocabulary.digits[Number(found.word.data[0])],
      confidence: found.confidence.data[0],
      accepted: Boolean(found.accepted.data[0]),
      probabilities: Object.fromEntries(vocabulary.words.map((word, i) => [word, found.probabilities.data[i]])),
      none_probability: found.none_probability.data[0],
      clip_start_seconds: start,
      clip_seconds: length / rate,
      log_mel: Array.from({ length: bands }, (_, i) => [...features.data.subarray(i * frames, (i + 1) * frames)]),
    };
  }

  /** Promise the network's input for a recording, where in it that begins, and whether it was cut off at its peaks there. */
  async clip(samples, sampleRate) {
    const { sample_rate: rate, clip_samples: length, low_cut: kernel } = this.facts;
    const count = Math.min(samples.length, Math.round((length / rate) * sampleRate));
    let first = 0;
    if (count < samples.length) {
      const recording = resampled(samples, sampleRate, rate);
      const { start } = await this.search({ recording: floats(recording), clean: floats(withoutTones(recording, this.facts)) });
      first = Math.min(Math.round((Number(start.data[0]) * sampleRate) / rate), samples.length - count);
    }
    const recorded = samples.subarray(first, first + count);
    let stretch = resampled(recorded, sampleRate, rate).subarray(0, length);
    if (audible(stretch, this.facts)) stretch = withoutTones(new LowCut(kernel, mirrored(stretch, kernel)).push(stretch), this.facts);
    const start = first / sampleRate - Math.floor((length - stretch.length) / 2) / rate;
    return { clip: centred(stretch, length), start, clipped: isClipped(recorded, this.facts) };
  }
}
