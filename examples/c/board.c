/* What a Cortex-M needs before `main`, for QEMU's board mps2-an386 (Cortex-M4 with a unit for floats). The rest is newlib's
 * semihosting: files, output and arguments are those of the computer on which QEMU runs. */
#include <stdint.h>
#include <stdio.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define COPROCESSORS REGISTER(0xE000ED88)
#define SYSTICK_CONTROL REGISTER(0xE000E010)
#define SYSTICK_RELOAD REGISTER(0xE000E014)
#define SYSTICK_NOW REGISTER(0xE000E018)
#define LONGEST 0xFFFFFFu
#define INSTRUCTIONS_A_TICK 40 /* 25 MHz, and with -icount shift=0 an instruction takes a nanosecond */

void _start(void);
int __real_main(int count, char **arguments);
int __wrap_main(int count, char **arguments);
void board_reset(void);
void board_tick(void);

static volatile uint32_t rounds;

void board_tick(void) { rounds++; }

void board_reset(void) {
    COPROCESSORS |= 0xFu << 20;
    _start();
}

int __wrap_main(int count, char **arguments) {
    double ticks;
    int result;
    SYSTICK_RELOAD = LONGEST;
    SYSTICK_NOW = 0;
    SYSTICK_CONTROL = 7; /* of the processor's clock, with interrupts */
    result = __real_main(count, arguments);
    ticks = (double)rounds * (LONGEST + 1.0) + (LONGEST - SYSTICK_NOW);
    printf("%.0f million instructions\n", ticks * INSTRUCTIONS_A_TICK / 1e6);
    return result;
}

extern void (*const vectors[16])(void);
__attribute__((section(".vectors"))) void (*const vectors[16])(void) = {
    (void (*)(void))0x20400000, board_reset, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, board_tick,
};
