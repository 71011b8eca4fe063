/* Front end and layers. */
#include "aurora.h"

#include <math.h>
#include <string.h>

static float sample_at(aurora_samples samples, int at) {
    return samples.floats ? samples.floats[at] : (float)samples.ints[at] / 32768.0f;
}

/* Power spectrum of a real signal: a Fourier transform in place, z [size][2], by halves (Cooley and Tukey, 1965). */
static void transform(const aurora_mel *mel, float *z) {
    const int size = mel->size;
    int i, j = 0, length, k;
    for (i = 1; i < size; i++) { /* bit reversal */
        int bit = size >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            const float real = z[2 * i], imaginary = z[2 * i + 1];
            z[2 * i] = z[2 * j], z[2 * i + 1] = z[2 * j + 1];
            z[2 * j] = real, z[2 * j + 1] = imaginary;
        }
    }
    for (length = 2; length <= size; length <<= 1) {
        for (i = 0; i < size; i += length) {
            for (k = 0; k < length / 2; k++) {
                const float *turn = mel->turns + 2 * (k * (size / length));
                float *a = z + 2 * (i + k), *b = a + length;
                const float real = b[0] * turn[0] + b[1] * turn[1], imaginary = b[1] * turn[0] - b[0] * turn[1];
                b[0] = a[0] - real, b[1] = a[1] - imaginary;
                a[0] += real, a[1] += imaginary;
            }
        }
    }
}

/* Mel energies of one frame, [window] to [bands]; z holds 2 * size. */
static void energies_of(const aurora_mel *mel, const float *frame, float *z, float *energies) {
    const float *weights = mel->weights;
    int i, band;
    memset(z, 0, 2 * (size_t)mel->size * sizeof *z);
    for (i = 0; i < mel->window; i++) z[2 * i] = frame[i] * mel->shape[i];
    transform(mel, z);
    for (band = 0; band < mel->bands; band++) {
        float sum = 0;
        const float *bin = z + 2 * mel->first[band];
        for (i = 0; i < mel->count[band]; i++, bin += 2) sum += *weights++ * (bin[0] * bin[0] + bin[1] * bin[1]);
        energies[band] = sum;
    }
}

void aurora_log_mel(const aurora_mel *mel, aurora_samples clip, int samples, int pad, float floor, float range, float epsilon,
                    float *scratch, float *features, int frames) {
    const int n = frames * mel->bands;
    float *frame = scratch + 2 * mel->size, largest = -INFINITY, mean = 0, variance = 0, gain;
    int t, i;
    for (t = 0; t < frames; t++) {
        float *row = features + t * mel->bands;
        for (i = 0; i < mel->window; i++) {
            int at = t * mel->hop - pad + i;
            if (at < 0) at = -at;
            if (at >= samples) at = 2 * (samples - 1) - at;
            frame[i] = sample_at(clip, at);
        }
        energies_of(mel, frame, scratch, row);
        for (i = 0; i < mel->bands; i++) {
            row[i] = logf(row[i] > floor ? row[i] : floor);
            if (row[i] > largest) largest = row[i];
        }
    }
    for (t = 0; t < frames; t++) { /* sums of frames first: there are too many cells for one sum of floats */
        float sum = 0;
        for (i = t * mel->bands; i < (t + 1) * mel->bands; i++) {
            features[i] = (features[i] > largest - range ? features[i] : largest - range) - largest;
            sum += features[i];
        }
        mean += sum;
    }
    mean /= (float)n;
    for (t = 0; t < frames; t++) {
        float sum = 0;
        for (i = t * mel->bands; i < (t + 1) * mel->bands; i++) sum += (features[i] - mean) * (features[i] - mean);
        variance += sum;
    }
    gain = 1.0f / sqrtf(variance / (float)n + epsilon);
    for (i = 0; i < n; i++) features[i] = (features[i] - mean) * gain;
}

void aurora_pcen(const aurora_mel *mel, const aurora_gain *gain, aurora_samples step, int frames, float *before, float *mean,
                 float *scratch, float *features) {
    const int kept = mel->window - mel->hop, samples = frames * mel->hop;
    float *frame = scratch + 2 * mel->size;
    int t, i;
    for (t = 0; t < frames; t++) {
        float *row = features + t * mel->bands;
        for (i = 0; i < mel->window; i++) {
            const int at = t * mel->hop + i;
            frame[i] = at < kept ? before[at] : sample_at(step, at - kept);
        }
        energies_of(mel, frame, scratch, row);
        for (i = 0; i < mel->bands; i++) {
            const float energy = row[i] * gain->full_scale;
            mean[i] += gain->smoothing * (energy - mean[i]);
            row[i] = powf(energy * powf(gain->epsilon + mean[i], -gain->alpha) + gain->delta, gain->root) -
                     powf(gain->delta, gain->root);
        }
    }
    for (i = 0; i < kept; i++) /* from left to right: a kept sample is read before its place is written */
        before[i] = samples + i < kept ? before[samples + i] : sample_at(step, samples + i - kept);
}

static uint8_t rounded(float value, uint8_t zero) {
    const float least = -(float)zero, most = 255.0f - (float)zero;
    return (uint8_t)(lrintf(value < least ? least : value > most ? most : value) + zero);
}

/* Adds products of n inputs with the weights of four outputs, which lie `apart`: an input is loaded once for all. */
static void add_products(const uint8_t *x, int zero, const int8_t *w, int apart, int n, int32_t *sums) {
    const int8_t *w1 = w + apart, *w2 = w1 + apart, *w3 = w2 + apart;
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    int i;
    for (i = 0; i < n; i++) {
        const int32_t value = (int32_t)x[i] - zero;
        a += value * w[i], b += value * w1[i], c += value * w2[i], d += value * w3[i];
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

void aurora_convolve(const aurora_convolution *layer, const uint8_t *x, uint8_t *y) {
    const int inputs = layer->inputs, row = layer->height * inputs, column = layer->height_taps * inputs;
    const int filter = layer->time_taps * column;
    int t, h, output, tap, i;
    for (t = 0; t < layer->time_out; t++) {
        for (h = 0; h < layer->height_out; h++) {
            /* The taps of a column of the filter lie one behind the other, as their inputs do. */
            const int top = h * layer->height_stride - layer->height_pad;
            const int from = top < 0 ? 0 : top;
            const int to = top + layer->height_taps > layer->height ? layer->height : top + layer->height_taps;
            for (output = 0; output < layer->outputs; output += 4) {
                const int8_t *w = layer->weights + output * filter + (from - top) * inputs;
                int32_t sums[4];
                memcpy(sums, layer->bias + output, sizeof sums);
                for (tap = 0; tap < layer->time_taps; tap++) {
                    const int at = t * layer->time_stride - layer->time_pad + tap * layer->dilation;
                    if (at >= 0 && at < layer->time)
                        add_products(x + at * row + from * inputs, layer->zero, w + tap * column, filter, (to - from) * inputs,
                                     sums);
                }
                for (i = output; i < layer->outputs && i < output + 4; i++)
                    *y++ = rounded((float)sums[i - output] * layer->scale[i], layer->zero_out);
            }
        }
    }
}

void aurora_add(const uint8_t *a, aurora_range of_a, const uint8_t *b, aurora_range of_b, uint8_t *y, aurora_range of_y, int n) {
    const float by_a = of_a.scale / of_y.scale, by_b = of_b.scale / of_y.scale;
    const float fixed = -(by_a * of_a.zero + by_b * of_b.zero);
    int i;
    for (i = 0; i < n; i++) y[i] = rounded(a[i] * by_a + (b[i] * by_b + fixed), of_y.zero);
}

void aurora_mean(const uint8_t *x, aurora_range of_x, int places, int channels, uint8_t *y, aurora_range of_y) {
    int channel, i;
    for (channel = 0; channel < channels; channel++) {
        int32_t sum = -places * of_x.zero;
        for (i = 0; i < places; i++) sum += x[i * channels + channel];
        y[channel] = rounded(of_x.scale * (float)sum / (float)places / of_y.scale, of_y.zero);
    }
}

void aurora_quantize(const float *x, uint8_t *y, aurora_range of_y, int n) {
    int i;
    for (i = 0; i < n; i++) y[i] = rounded(x[i] / of_y.scale, of_y.zero);
}

void aurora_dequantize(const uint8_t *x, aurora_range of_x, float *y, int n) {
    int i;
    for (i = 0; i < n; i++) y[i] = of_x.scale * (float)(x[i] - of_x.zero);
}

void aurora_softmax(const float *x, float *y, int n) {
    float largest = x[0], sum = 0;
    int i;
    for (i = 1; i < n; i++)
        if (x[i] > largest) largest = x[i];
    for (i = 0; i < n; i++) sum += y[i] = expf(x[i] - largest);
    for (i = 0; i < n; i++) y[i] /= sum;
}

void aurora_sigmoid(const float *x, float *y, int n) {
    int i;
    for (i = 0; i < n; i++) y[i] = 1.0f / (1.0f + expf(-x[i]));
}
