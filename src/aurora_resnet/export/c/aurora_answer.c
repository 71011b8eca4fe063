/* From what a network says to an answer; the formulas are those of runtime/decision.py, runtime/strings/search.py and
 * runtime/strings/completeness.py. */
#include "aurora.h"

#include <math.h>
#include <string.h>

#define SURE_IF_CLIPPED 0.9f
#define NEAR_PEAK 0.95f
#define CLIPPED_SHARE 0.01f
#define SOFTEST_PEAK (1.0f / 512.0f)
#define LEAST_PROBABILITY 1e-3f
#define LEAST_SHARE 1e-5f
#define SMALL 1e-15f
#define BESIDE_FRAMES 30
#define OTHER_WORDS 0.5f

static float size_of(aurora_samples samples, int at) {
    return fabsf(samples.floats ? samples.floats[at] : (float)samples.ints[at] / 32768.0f);
}

static float peak_of(aurora_samples samples, int count) {
    float peak = 0;
    int i;
    for (i = 0; i < count; i++)
        if (size_of(samples, i) > peak) peak = size_of(samples, i);
    return peak;
}

int aurora_audible(aurora_samples samples, int count) { return peak_of(samples, count) > AURORA_AUDIBLE; }

aurora_word aurora_decide(const float *logits, int words, float temperature, float threshold, aurora_samples clip, int samples) {
    aurora_word found = {0, 0, 0, 0};
    const float peak = peak_of(clip, samples);
    float calibrated = 0, plain = 0;
    int i, flat = 0;
    for (i = 1; i < words; i++)
        if (logits[i] > logits[found.word]) found.word = i;
    for (i = 0; i < words; i++) {
        calibrated += expf((logits[i] - logits[found.word]) / temperature);
        plain += expf(logits[i] - logits[found.word]);
    }
    found.confidence = 1.0f / calibrated;
    found.evidence = logits[found.word] + logf(plain);
    for (i = 0; i < samples; i++) flat += size_of(clip, i) >= NEAR_PEAK * peak;
    if (peak <= AURORA_AUDIBLE) return found;
    if (isnan(threshold)) {
        found.accepted = -1;
        return found;
    }
    found.accepted = found.evidence >= threshold;
    if (peak > SOFTEST_PEAK && (float)flat >= CLIPPED_SHARE * (float)samples && found.confidence < SURE_IF_CLIPPED)
        found.accepted = 0;
    return found;
}

static float total(const aurora_string_node *node) { return node->separated + node->inside; }

static float larger(float a, float b) { return a > b ? a : b; }

/* Where the words lie on the best path up to `now`. */
static int first_of(const aurora_string_node *node) {
    return node->best_separated >= node->best_inside ? node->first : node->first_inside;
}

static int last_of(const aurora_string_node *node, int now) {
    return node->best_separated >= node->best_inside ? node->last : now;
}

void aurora_search_begin(aurora_search *search, int words, float *frames) {
    memset(search, 0, sizeof *search);
    search->words = words, search->frames = frames, search->nodes = 1;
    search->beam[0][0].separated = search->beam[0][0].best_separated = 1;
}

/* Adds to `longer` the paths of `node` that go on with one word more, of probability p. */
static void go_on(aurora_string_node *longer, const aurora_string_node *node, float p, int again, int now) {
    const float best = again ? node->best_separated : larger(node->best_separated, node->best_inside);
    longer->inside += p * (again ? node->separated : total(node)); /* again: without a separator it would be one word */
    if (p * best > longer->best_inside) {
        longer->best_inside = p * best;
        longer->first_inside = (int16_t)(!node->length ? now : again ? node->first : first_of(node));
    }
}

/* Puts a string into its place among the best. */
static int keep(aurora_string_node *kept, int nodes, const aurora_string_node *node) {
    int at = nodes;
    while (at > 0 && total(&kept[at - 1]) < total(node)) at--;
    if (at == AURORA_BEAM) return nodes;
    if (nodes == AURORA_BEAM) nodes--;
    memmove(kept + at + 1, kept + at, (size_t)(nodes - at) * sizeof *kept);
    kept[at] = *node;
    return nodes + 1;
}

void aurora_search_push(aurora_search *search, const float *probabilities, float other_weight) {
    const int words = search->words, now = search->frame;
    const aurora_string_node *beam = search->beam[now % 2], *parent, *node;
    aurora_string_node *kept = search->beam[(now + 1) % 2];
    float *row = search->frames + now * (words + 2), sum = 0, separator, most, best = 0;
    int i, k, nodes = 0;
    if (now == AURORA_FRAMES) return;
    for (i = 0; i < words + 2; i++) sum += row[i] = probabilities[i] * (i < words ? 1 : other_weight);
    for (i = 0; i < words + 2; i++) row[i] /= sum;
    separator = row[words] + row[words + 1];
    for (node = beam; node < beam + search->nodes; node++) {
        const int length = node->length, last = length ? node->words[length - 1] : -1;
        aurora_string_node next = *node;
        next.separated = separator * total(node);
        next.best_separated = separator * larger(node->best_separated, node->best_inside);
        next.first = (int16_t)first_of(node), next.last = (int16_t)last_of(node, now);
        next.inside = next.best_inside = 0;
        if (length) {
            next.inside = row[last] * node->inside, next.best_inside = row[last] * node->best_inside;
            for (parent = beam; row[last] > LEAST_PROBABILITY && parent < beam + search->nodes; parent++)
                if (parent->length == length - 1 && !memcmp(parent->words, node->words, parent->length))
                    go_on(&next, parent, row[last], length > 1 && node->words[length - 2] == last, now);
        }
        nodes = keep(kept, nodes, &next);
        for (k = 0; k < words; k++) {
            aurora_string_node longer;
            int known = 0;
            if (row[k] <= LEAST_PROBABILITY || length == AURORA_LONGEST) continue;
            for (parent = beam; parent < beam + search->nodes; parent++) /* one of these was dealt with above */
                known |= parent->length == length + 1 && parent->words[length] == k &&
                         !memcmp(parent->words, node->words, node->length);
            if (known) continue;
            longer = *node;
            longer.separated = longer.inside = longer.best_separated = longer.best_inside = 0;
            longer.words[longer.length++] = (uint8_t)k;
            go_on(&longer, node, row[k], k == last, now);
            if (longer.inside > 0) nodes = keep(kept, nodes, &longer);
        }
    }
    most = total(&kept[0]);
    while (nodes > 1 && total(&kept[nodes - 1]) <= LEAST_SHARE * most) nodes--;
    for (i = 0; i < nodes; i++) best = larger(best, larger(kept[i].best_separated, kept[i].best_inside));
    if (most > 0 && best > 0 && (most < SMALL || best < SMALL)) { /* before they are too small for floats */
        for (i = 0; i < nodes; i++) {
            kept[i].separated /= most, kept[i].inside /= most;
            kept[i].best_separated /= best, kept[i].best_inside /= best;
        }
        search->log_kept += logf(most);
    }
    search->nodes = nodes;
    search->frame++;
}

/* Probability that nothing but the words of a string was said with it: the share of its paths without other speech near it. */
static float completeness(const aurora_search *search, const aurora_string_node *node) {
    const int words = search->words, first = first_of(node), last = last_of(node, search->frame), length = node->length;
    float silent[2][AURORA_LONGEST + 1] = {{0}}, inside[2][AURORA_LONGEST] = {{0}}, logs[2] = {0, 0}, said[2];
    int t, i, alone;
    silent[0][0] = silent[1][0] = 1;
    for (t = 0; t < search->frame; t++) {
        const float *row = search->frames + t * (words + 2);
        const int near = t >= first - BESIDE_FRAMES && t < last + BESIDE_FRAMES;
        for (alone = 0; alone < 2; alone++) {
            const float separator = row[words + 1] + (alone && near ? 0 : row[words]);
            float *quiet = silent[alone], *spoken = inside[alone], whole = 0;
            for (i = length - 1; i >= 0; i--) { /* from the end: each takes what the ones before it were */
                const float from_word = i && node->words[i] != node->words[i - 1] ? spoken[i - 1] : 0;
                quiet[i + 1] = separator * (quiet[i + 1] + spoken[i]);
                spoken[i] = row[node->words[i]] * (spoken[i] + quiet[i] + from_word);
                whole += quiet[i + 1] + spoken[i];
            }
            quiet[0] *= separator;
            whole += quiet[0];
            if (whole <= 0) return 0;
            for (i = 0; i <= length; i++) quiet[i] /= whole;
            for (i = 0; i < length; i++) spoken[i] /= whole;
            logs[alone] += logf(whole);
        }
    }
    for (alone = 0; alone < 2; alone++) said[alone] = silent[alone][length] + inside[alone][length - 1];
    if (said[0] <= 0) return 0;
    said[1] = said[1] / said[0] * expf(logs[1] - logs[0]);
    return said[1] < 1 ? said[1] : 1;
}

static int same_text(const aurora_string_node *a, const aurora_string_node *b, const char *digits) {
    int i;
    for (i = 0; i < a->length && i < b->length && digits[a->words[i]] == digits[b->words[i]]; i++) {
    }
    return a->length == b->length && i == a->length;
}

aurora_string aurora_search_best(const aurora_search *search, const char *digits, float temperature, float threshold) {
    const aurora_string_node *node = search->beam[search->frame % 2];
    const float kept = expf(search->log_kept);
    float complete = 1, best = 0;
    aurora_string found = {"", 1, 0, "silence"};
    int i, j, at = 0;
    if (!search->audible) return found;
    for (i = 0; i < search->nodes; i++) { /* zero and oh are one digit */
        float same = 0;
        for (j = 0; j < search->nodes; j++) same += same_text(&node[i], &node[j], digits) ? total(&node[j]) * kept : 0;
        if (same > best) best = same, at = i;
    }
    if (node[0].length) complete = completeness(search, &node[0]); /* of the most probable words */
    for (i = 0; i < node[at].length; i++) found.text[i] = digits[node[at].words[i]];
    best = best * complete < 1 ? best * complete : 1;
    found.confidence = powf(best, 1 / (temperature * sqrtf(node[at].length ? (float)node[at].length : 1.0f)));
    found.accepted = isnan(threshold) ? -1 : node[at].length && found.confidence >= threshold;
    found.reason = !node[at].length          ? "no words"
                   : isnan(threshold)        ? "not calibrated"
                   : found.accepted          ? NULL
                   : 1 - complete >= OTHER_WORDS ? "other words"
                                                 : "unsure";
    if (!node[at].length) found.accepted = 0;
    return found;
}
