"""The commands that recognise, each with a line about it."""

COMMANDS = {
    "recognize": "Say which word is spoken in each file.",
    "listen": "Recognise digits or words in running speech: live from the microphone, from a file, or from a pipe.",
}
