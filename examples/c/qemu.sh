#!/bin/sh
# Builds what `aurora-resnet export --c DIR` wrote for a Cortex-M4 and runs it on recordings under QEMU.
#   apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm
#   examples/c/qemu.sh DIR seven.wav ...     (newlib takes about 250 characters of arguments)
set -eu
here=$(dirname "$0") folder=$1 program=$1/firmware.elf
shift
arm-none-eabi-gcc -std=c99 -O2 -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -ffunction-sections \
  --specs=rdimon.specs -Wl,--gc-sections,--wrap=main,-u,vectors -Wl,--section-start=.vectors=0,-Tdata=0x20000000 \
  "$folder"/*.c "$here"/board.c -lm -o "$program"
arm-none-eabi-size "$program"
arguments=arg=firmware
for recording; do arguments="$arguments,arg=$recording"; done
qemu-system-arm -M mps2-an386 -icount shift=0 -nographic -semihosting-config "enable=on,$arguments" -kernel "$program"
