/* Reads recordings (16 bits, mono, the model's rate, with or without the header of a WAV file) and prints their words. */
#include <stdio.h>
#include <string.h>

#include "MODEL.h"

#define HEADER 22 /* of a WAV file, in samples */
#define MOST (HEADER + 10 * MODEL_sample_rate)

static int16_t recording[MOST], clip[MODEL_samples];

/* Cuts out the stretch with the most energy, or puts a shorter recording between zeros. */
static void cut(const int16_t *samples, int count) {
    double energy = 0, most = -1;
    int i, start = 0;
    memset(clip, 0, sizeof clip);
    if (count <= MODEL_samples) {
        memcpy(clip + (MODEL_samples - count) / 2, samples, (size_t)count * sizeof *samples);
        return;
    }
    for (i = 0; i < count; i++) {
        energy += (double)samples[i] * samples[i];
        if (i >= MODEL_samples) energy -= (double)samples[i - MODEL_samples] * samples[i - MODEL_samples];
        if (i >= MODEL_samples - 1 && energy > most) most = energy, start = i - MODEL_samples + 1;
    }
    memcpy(clip, samples + start, sizeof clip);
}

int main(int count, char **files) {
    int i;
    for (i = 1; i < count; i++) {
        FILE *file = fopen(files[i], "rb");
        aurora_samples samples = {NULL, clip};
        aurora_word found;
        int read, header;
        if (!file) return fprintf(stderr, "%s cannot be read\n", files[i]), 1;
        read = (int)fread(recording, sizeof *recording, MOST, file);
        fclose(file);
        header = read >= HEADER && !memcmp(recording, "RIFF", 4) ? HEADER : 0;
        cut(recording + header, read - header);
        found = MODEL_recognize(samples);
        printf("%s\t%s\t%.3f\t%s\n", files[i], MODEL_words[found.word], (double)found.confidence,
               found.accepted > 0 ? "accepted" : found.accepted ? "not calibrated" : "rejected");
    }
    return 0;
}
