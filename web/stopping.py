"""A server that says in its log what it waits for when it is told to stop, and what it left."""

import asyncio
import logging
import signal
import socket
import time
from types import FrameType
from typing import Final

import uvicorn

SAME_SIGNAL_SECONDS: Final = 0.5
"""A second SIGTERM that comes sooner is the same one: a supervisor may signal both a group and its processes."""

log = logging.getLogger(__name__)


class TellingServer(uvicorn.Server):
    """uvicorn's server. A first signal stops it in order; a second Ctrl-C or SIGTERM cuts off what is under way.

    The server `beside` starts and stops with it, on the same loop. A call that is cut off has committed or has not, and
    is repeated safely with its Idempotency-Key.
    """

    def __init__(self, config: uvicorn.Config, beside: uvicorn.Server) -> None:
        super().__init__(config)
        self._beside = beside
        self._looping: asyncio.Task[None] | None = None
        self._told_at = 0.0
        self._left = 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Notes a signal."""
        again = self.should_exit and time.monotonic() - self._told_at >= SAME_SIGNAL_SECONDS
        if not self.should_exit:
            self._told_at = time.monotonic()
        super().handle_exit(sig, frame)
        if again and sig == signal.SIGTERM:
            self.force_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts both servers. Ends the process if an address is taken."""
        await super().startup(sockets)
        beside = self._beside
        beside.config.load()
        beside.lifespan = beside.config.lifespan_class(beside.config)
        await beside.startup()
        self._looping = asyncio.create_task(beside.main_loop())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops: waits for calls under way, at most as long as the configuration says."""
        seconds = self.config.timeout_graceful_shutdown
        log.info(
            "stopping: waiting for %s under way and %s to close, at most %s s; press Ctrl-C again to stop now",
            _count(len(self.server_state.tasks), "call"),
            _count(len(self.server_state.connections), "connection"),
            seconds,
        )
        await asyncio.gather(super().shutdown(sockets), self._stop_beside())
        if self.force_exit and self.server_state.tasks:
            self._cut_off()
        if self._left:
            log.warning(
                "stopped: %s cut off; what they committed is kept, and a caller repeats its call with the same "
                "Idempotency-Key",
                _count(self._left, "call"),
            )
        else:
            log.info("stopped: every call was answered")

    async def _stop_beside(self) -> None:
        self._beside.should_exit = True
        self._beside.force_exit = self.force_exit
        if self._looping is not None:
            await self._looping
            await self._beside.shutdown()

    async def _wait_tasks_to_complete(self) -> None:
        try:
            await super()._wait_tasks_to_complete()
        except asyncio.CancelledError:  # the time is over: uvicorn cancels the calls next
            self._cut_off()
            raise

    def _cut_off(self) -> None:
        """Ends all connections: an answer that says "internal error" would not be true."""
        self._left = sum(not task.done() for task in self.server_state.tasks)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
