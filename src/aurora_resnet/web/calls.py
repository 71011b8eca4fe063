"""What happens in calls, for whoever wants to know: the WebSocket ``/api/calls/{call}`` has a call's events as JSON."""

import asyncio
from collections import OrderedDict
from typing import Any

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from aurora_resnet.web.sockets import AGAIN, refuse

#: So long a call may still begin after somebody asked for it.
WAIT_SECONDS = 30.0
#: Calls whose events are kept, the latest ones, and events of a call.
KEPT_CALLS, MOST_EVENTS = 200, 10_000

Told = dict[str, Any]


class Call:
    """The events of a call so far, as JSON values."""

    def __init__(self) -> None:
        self.events: list[Told] = []
        self.over = False
        self.news = asyncio.Condition()

    async def tell(self, events: list[Told], *, over: bool = False) -> None:
        """Add events, and tell all who wait."""
        async with self.news:
            self.events += events[: MOST_EVENTS - len(self.events)]
            self.over = self.over or over
            self.news.notify_all()


class Calls:
    """Calls by name, those under way and the last ones."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, Call] = OrderedDict()
        self._begun = asyncio.Condition()

    async def begin(self, name: str) -> Call:
        """Return a new call; an earlier one of that name is forgotten."""
        call = self._calls[name] = Call()
        self._calls.move_to_end(name)
        while len(self._calls) > KEPT_CALLS:
            self._calls.popitem(last=False)
        async with self._begun:
            self._begun.notify_all()
        return call

    async def find(self, name: str) -> Call:
        """Return a call, once it has begun.

        Raises:
            TimeoutError: if it does not begin.
        """
        async with asyncio.timeout(WAIT_SECONDS), self._begun:
            await self._begun.wait_for(lambda: name in self._calls)
        return self._calls[name]


async def serve_events(socket: WebSocket, calls: Calls) -> None:
    """Send a call's events from its beginning to its end, then leave.

    Args:
        socket: not accepted yet; its path names the call.
        calls: all.
    """
    await socket.accept()
    name = socket.path_params["call"]
    try:
        call, told = await calls.find(name), 0
        while True:
            async with call.news:
                await call.news.wait_for(lambda: len(call.events) > told or call.over)  # noqa: B023 (waited for here)
            for event in call.events[told:]:
                await socket.send_json(event)
                told += 1
            if call.over and told == len(call.events):
                break
        await socket.close()
    except WebSocketDisconnect:
        return
    except TimeoutError:
        await refuse(socket, f"there is no call {name[:100]!r}, and none began for {WAIT_SECONDS:g} s", AGAIN)
