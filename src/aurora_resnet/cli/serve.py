"""``aurora-resnet serve``."""

from typing import Annotated, Any

import typer
from typer import Option

from aurora_resnet.cli.terminal import MODEL_HELP, Device, TrustCode
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import EXPORTED, EXPORTED_STRINGS
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer


def serve(
    model: Annotated[str, Option(help=MODEL_HELP)] = EXPORTED[0],
    strings: Annotated[
        str | None,
        Option(
            metavar="MODEL",
            help=f"The model of strings ({', '.join(EXPORTED_STRINGS)}, or as --model), for the page of numbers and "
            "/api/stream; '' for none. By default the shipped one, if the words of --model are digits.",
        ),
    ] = None,
    host: Annotated[str, Option(help="Where to listen; by default only this machine reaches the page.")] = "127.0.0.1",
    port: Annotated[int, Option(help="0 takes a free one.", min=0, max=65535)] = 8000,
    allow_host: Annotated[
        list[str] | None,
        Option(
            metavar="NAME",
            help="Name of this server, besides localhost and, with --host, IP addresses; may be repeated.",
        ),
    ] = None,
    audiosocket: Annotated[
        int | None, Option(metavar="PORT", help="Take calls of Asterisk's AudioSocket here.", min=0, max=65535)
    ] = None,
    wyoming: Annotated[int | None, Option(metavar="PORT", help="Answer Home Assistant.", min=0, max=65535)] = None,
    drain: Annotated[float, Option(metavar="SECONDS", help="Time that callers have after SIGTERM.", min=0)] = 0.0,
    device: Device = "cpu",
    threads: Annotated[int | None, Option(help="CPU threads; default one, for a checkpoint all cores.", min=1)] = None,
    trust_code: TrustCode = False,
) -> None:
    """Open a page for the browser: speak into the microphone, or drop a sound file.

    Digits appear while one speaks; another page shows of a single word what the network sees and how sure it is.
    Programs stream calls to the WebSocket /api/stream. Nothing is kept and no other machine is asked. Ctrl-C stops it.
    Browsers hand the microphone to pages from this machine (localhost) or over HTTPS only.

    \b
    Examples:
      aurora-resnet serve
      aurora-resnet serve --model compact --port 8080
      aurora-resnet serve --host 0.0.0.0 --allow-host words.example.org
      aurora-resnet serve --model lamp.onnx --host 0.0.0.0 --wyoming 10300
    """
    from contextlib import ExitStack

    from aurora_resnet.web.running import is_loopback, open_socket, serve_forever, socket_address
    from aurora_resnet.web.server import create_app  # says what to install if it is not

    if wyoming is not None:
        from aurora_resnet.web.wyoming import Commands

    with ExitStack() as sockets:  # a taken port is known before the model is loaded
        listening, phones, commands = (
            None if number is None else sockets.enter_context(open_socket(host, number))
            for number in (port, audiosocket, wyoming)
        )
        assert listening is not None
        private = is_loopback(listening)
        recognizer = Recognizer.from_pretrained(model, device=device, threads=threads, trust_code=trust_code)
        if strings is None:
            strings = EXPORTED_STRINGS[0] if None not in recognizer.vocabulary.digits else ""
        numbers = StringRecognizer.from_pretrained(strings, threads=threads, trust_code=trust_code) if strings else None
        if phones is not None and numbers is None:
            raise ConfigError("calls of --audiosocket need a model of strings; leave out --strings ''")
        hosts = [host, *(allow_host or ())]
        app = create_app(recognizer, strings=numbers, allowed_hosts=hosts, any_address=not private)
        beside: list[Any] = []
        if phones is not None:
            beside.append((phones, app.state.phones.audiosocket))
        if commands is not None:
            beside.append((commands, Commands(recognizer, numbers, app.state.receiver).serve))
        if not private:
            tell(
                f"warning: everybody who reaches this machine at {host} can use the page; over plain HTTP browsers"
                " elsewhere will not give it the microphone, so put HTTPS in front of it (files work all the same)"
            )
        typer.echo(f"{socket_address(listening)}  (open it in a browser; Ctrl-C stops)")
        if commands is not None:
            typer.echo(f"Home Assistant: its integration 'Wyoming Protocol', port {commands.getsockname()[1]}")
        try:
            serve_forever(app, listening, beside=beside, drain_seconds=drain)
        except KeyboardInterrupt:
            tell("stopped")
