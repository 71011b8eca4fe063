/* Reads recordings (16 bits, mono, the model's rate, with or without the header of a WAV file) step by step, as a stream comes,
 * and prints the digits that were said. */
#include <stdio.h>
#include <string.h>

#include "MODEL.h"

#define HEADER 22 /* of a WAV file, in samples */

static MODEL_stream stream;
static int16_t step[MODEL_step];

int main(int count, char **files) {
    int i;
    for (i = 1; i < count; i++) {
        FILE *file = fopen(files[i], "rb");
        aurora_samples samples = {NULL, step};
        aurora_string found;
        size_t read;
        if (!file) return fprintf(stderr, "%s cannot be read\n", files[i]), 1;
        if (fread(step, sizeof *step, HEADER, file) < HEADER || memcmp(step, "RIFF", 4)) rewind(file);
        MODEL_begin(&stream);
        while ((read = fread(step, sizeof *step, MODEL_step, file)) > 0) {
            memset(step + read, 0, (MODEL_step - read) * sizeof *step);
            MODEL_feed(&stream, samples, NULL);
        }
        fclose(file);
        found = MODEL_finish(&stream);
        printf("%s\t%s\t%.3f\t%s\n", files[i], found.text, (double)found.confidence,
               found.accepted > 0 ? "accepted" : found.reason);
    }
    return 0;
}
