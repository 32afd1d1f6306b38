"""A function on foreign bytes runs in a process that may be ended, whatever it does, and others go on."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from runtime.confined import BusyError, ConfinedCalls, ConfinedPool, FailedError, Limits, TooCostlyError
from tests.waiting import wait_until

Result = TypeVar("Result")
TARGET = "tests.runtime.confined_functions:work"
LIMITS = Limits(memory_bytes=1 << 29, cpu_s=1, wait_s=60, wall_s=60)


def _run(content: bytes, target: str = TARGET, limits: Limits = LIMITS) -> bytes:
    return asyncio.run(ConfinedPool(target, limits, at_once=1, waiting=1).run(content))


def test_the_answer_comes_back_whole() -> None:
    content = os.urandom(1 << 20)
    assert _run(b"echo " + content) == content


@pytest.mark.parametrize("work", ["eat", "spin", "crash"])
def test_a_process_that_takes_too_much_memory_or_time_or_crashes_is_ended(work: str) -> None:
    with pytest.raises(TooCostlyError):
        _run(work.encode())


def test_an_exception_is_told_from_a_process_that_was_ended() -> None:
    with pytest.raises(FailedError):
        _run(b"raise")


def test_a_function_that_cannot_be_imported_is_not_the_inputs_fault() -> None:
    with pytest.raises(BusyError):
        _run(b"echo", target="tests.runtime.confined_functions:unknown")


def test_a_process_that_somebody_else_kills_is_started_again(tmp_path: Path) -> None:
    (mark := tmp_path / "mark").touch()
    assert _run(f"killed {mark}".encode()) == b"done"


def test_a_process_inherits_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVCENTER_HISTORY_KEY", "secret")
    assert b"DEVCENTER" not in _run(b"environment")


def _with_one_waiting(
    mark: Path,
    limits: Limits,
    use: Callable[[ConfinedPool, "asyncio.Task[bytes]"], Awaitable[Result]],
    *,
    waiting: int = 1,
) -> Result:
    """Runs `use` while a process of the pool runs and waits."""
    mark.touch()

    async def main() -> Result:
        pool = ConfinedPool(TARGET, limits, at_once=1, waiting=waiting)
        task = asyncio.create_task(pool.run(f"wait {mark}".encode()))
        await asyncio.to_thread(wait_until, lambda: not mark.exists(), seconds=60, what="the process")
        try:
            return await use(pool, task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return asyncio.run(main())


def test_a_caller_waits_for_a_place_only_so_long(tmp_path: Path) -> None:
    async def use(pool: ConfinedPool, _task: "asyncio.Task[bytes]") -> None:
        with pytest.raises(BusyError):
            await pool.run(b"echo")

    _with_one_waiting(tmp_path / "mark", Limits(1 << 29, 1, wait_s=0.01, wall_s=60), use)


def test_only_so_many_callers_wait_for_a_place(tmp_path: Path) -> None:
    async def use(pool: ConfinedPool, task: "asyncio.Task[bytes]") -> bytes:
        second = asyncio.create_task(pool.run(b"echo second"))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await pool.run(b"echo third")
        task.cancel()
        return await second

    assert _with_one_waiting(tmp_path / "mark", LIMITS, use) == b"second"


def test_a_caller_that_goes_away_leaves_no_process_behind(tmp_path: Path) -> None:
    async def use(_pool: ConfinedPool, task: "asyncio.Task[bytes]") -> int:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return len(psutil.Process().children(recursive=True))

    before = len(psutil.Process().children(recursive=True))
    assert _with_one_waiting(tmp_path / "mark", LIMITS, use) == before


def test_a_process_that_only_waits_is_ended_and_its_input_is_not_judged(tmp_path: Path) -> None:
    async def use(_pool: ConfinedPool, task: "asyncio.Task[bytes]") -> None:
        with pytest.raises(BusyError):
            await task

    _with_one_waiting(tmp_path / "mark", Limits(1 << 29, 1, wait_s=60, wall_s=3), use)


def _call(content: bytes, limits: Limits = LIMITS, target: str = TARGET) -> bytes:
    return ConfinedCalls(target, limits, at_once=1).run(content)


def test_a_thread_calls_a_function_in_the_same_way(tmp_path: Path) -> None:
    (mark := tmp_path / "mark").touch()
    assert _call(b"echo abc") == b"abc"
    assert _call(f"killed {mark}".encode()) == b"done"
    for work in (b"eat", b"spin", b"crash"):
        with pytest.raises(TooCostlyError):
            _call(work)
    with pytest.raises(FailedError):
        _call(b"raise")
    with pytest.raises(BusyError):
        _call(b"echo", target="tests.runtime.confined_functions:unknown")


def test_a_process_of_a_thread_that_does_not_end_in_time_is_too_costly(tmp_path: Path) -> None:
    (mark := tmp_path / "mark").touch()
    with pytest.raises(TooCostlyError):
        _call(f"wait {mark}".encode(), Limits(1 << 29, 1, wait_s=60, wall_s=3))
