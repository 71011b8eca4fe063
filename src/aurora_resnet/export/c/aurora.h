/* What the exported networks of aurora-resnet are computed with: C99, no other dependency than math.h, no heap.
 *
 * Activations lie in memory as [time][height][channels], height being mel bands: uint8 with one scale and zero point. */
#ifndef AURORA_H
#define AURORA_H

#include <stddef.h>
#include <stdint.h>

#define AURORA_AUDIBLE (1.0f / 32768.0f) /* one step of 16-bit audio: below it there is nothing but dither */

/* Samples in [-1, 1], or of 16 bits: the other pointer is NULL. */
typedef struct {
    const float *floats;
    const int16_t *ints;
} aurora_samples;

/* Mel spectrograms. */
typedef struct {
    int size;               /* of the Fourier transform, a power of 2 */
    int window, hop, bands; /* samples, samples, mel bands */
    const float *shape;     /* of the window, [window] */
    const float *turns;     /* cosine and sine of 2 pi k / size, [size / 2][2] */
    const uint16_t *first;  /* first bin of each band, [bands] */
    const uint16_t *count;  /* bins of each band */
    const float *weights;   /* of the bins of all bands, one after the other */
} aurora_mel;

/* A convolution, also of a fully connected layer. The tables have room for a multiple of four outputs. */
typedef struct {
    const int8_t *weights; /* [outputs][taps in time][taps in height][inputs] */
    const int32_t *bias;   /* [outputs] */
    const float *scale;    /* scale of input and weights by that of the output, [outputs] */
    int inputs, outputs;
    int height, height_out, height_taps, height_stride, height_pad;
    int time, time_out, time_taps, time_stride, time_pad, dilation;
    uint8_t zero, zero_out; /* the integers that stand for 0 */
} aurora_convolution;

typedef struct {
    float scale;
    uint8_t zero;
} aurora_range; /* value = scale * (integer - zero) */

/* Log-mel features of a clip as the networks of single words take them, [frames][bands]: at least `range` below the largest,
 * mean 0, variance 1. `pad` samples are mirrored at both ends. */
void aurora_log_mel(const aurora_mel *mel, aurora_samples clip, int samples, int pad, float floor, float range, float epsilon,
                    float *scratch, float *features, int frames);

typedef struct {
    float full_scale, smoothing, epsilon, alpha, delta, root;
} aurora_gain;

/* Mel energies with a gain control in each band, of new samples of a stream, [frames][bands].
 * `before` holds window - hop samples, `mean` [bands]: both go on with the stream. */
void aurora_pcen(const aurora_mel *mel, const aurora_gain *gain, aurora_samples step, int frames, float *before, float *mean,
                 float *scratch, float *features);
#define AURORA_SCRATCH(size, window) (2 * (size) + (window)) /* floats */

void aurora_convolve(const aurora_convolution *layer, const uint8_t *x, uint8_t *y);
void aurora_add(const uint8_t *a, aurora_range of_a, const uint8_t *b, aurora_range of_b, uint8_t *y, aurora_range of_y, int n);
void aurora_mean(const uint8_t *x, aurora_range of_x, int places, int channels, uint8_t *y, aurora_range of_y);
void aurora_quantize(const float *x, uint8_t *y, aurora_range of_y, int n);
void aurora_dequantize(const uint8_t *x, aurora_range of_x, float *y, int n);
void aurora_softmax(const float *x, float *y, int n);
void aurora_sigmoid(const float *x, float *y, int n);

/* ---- Which word. A threshold of NAN is that of a model that is not calibrated. */
typedef struct {
    int word;         /* index into the words of the model */
    float confidence; /* probability of the word, given that it is one of them */
    float evidence;   /* log-odds of a word against none of the words */
    int accepted;     /* 1, 0, or -1 where the model is not calibrated */
} aurora_word;

aurora_word aurora_decide(const float *logits, int words, float temperature, float threshold, aurora_samples clip, int samples);
int aurora_audible(aurora_samples samples, int count);

/* ---- Which string of words. */
#ifndef AURORA_BEAM
#define AURORA_BEAM 24 /* strings kept */
#endif
#ifndef AURORA_LONGEST
#define AURORA_LONGEST 32 /* words of a string */
#endif
#ifndef AURORA_FRAMES
#define AURORA_FRAMES 256 /* steps of a string, 10 s at 25 a second; later ones do not count */
#endif

typedef struct {
    float separated, inside, best_separated, best_inside;
    int16_t first, last, first_inside; /* of the best paths: first frame of the first word, frame behind the last one */
    uint8_t length, words[AURORA_LONGEST];
} aurora_string_node;

typedef struct {
    int words, frame, nodes;
    float log_kept;
    int audible;
    aurora_string_node beam[2][AURORA_BEAM];
    float *frames; /* [AURORA_FRAMES][words + 2] */
} aurora_search;

typedef struct {
    char text[AURORA_LONGEST + 1]; /* digits */
    float confidence;              /* probability that these are all words that were said */
    int accepted;                  /* 1, 0, or -1 where the model is not calibrated */
    const char *reason;            /* why it is not accepted: silence, no words, other words, unsure, not calibrated; or NULL */
} aurora_string;

void aurora_search_begin(aurora_search *search, int words, float *frames);
/* Goes on with the probabilities of a step, [words + 2]: words, other speech, neither. */
void aurora_search_push(aurora_search *search, const float *probabilities, float other_weight);
/* The most probable string so far. `digits`: of each word, as characters. */
aurora_string aurora_search_best(const aurora_search *search, const char *digits, float temperature, float threshold);

#endif
