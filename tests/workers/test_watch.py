"""The judging thread: what it does with bells while it stops, and when waiting for one fails."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from models.lifecycle import AppTrigger
from tests.journeys import app_building, ask, outcome_of, people_in
from tests.waiting import wait_until
from workers.context import WorkerContext
from workers.judging.thread import JudgingThread
from workflow.work.bells import Bell

NEVER_SWEEPS = 3600.0


def test_a_ring_that_a_stopping_worker_took_is_passed_on(context: WorkerContext) -> None:
    rung: list[Bell] = []
    waits, let_go = threading.Event(), threading.Event()

    def wait(_bell: Bell, _seconds: float) -> bool:
        waits.set()
        return let_go.wait(30)

    people = people_in(context.engine)
    app_building(context.engine, people, "acme")
    request = ask(context.engine, people.partner, "acme", AppTrigger.SUBMIT)
    watch = JudgingThread(replace(context, ring=lambda *bells: rung.extend(bells)), wait, NEVER_SWEEPS)
    watch.start()
    assert waits.wait(30)
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(watch.stop)
        wait_until(lambda: watch.is_stopping, what="the watch to be told")
        let_go.set()
        stopping.result(30)
    assert rung == [Bell.APPLY]
    assert outcome_of(context.engine, request)["status"] == "due"


def test_a_wait_that_fails_does_not_end_judging(context: WorkerContext) -> None:
    waits = iter([ConnectionAbortedError("nobody foresaw this")])

    def wait(_bell: Bell, _seconds: float) -> bool:
        for error in waits:
            raise error
        return True

    people = people_in(context.engine)
    app_building(context.engine, people, "acme")
    request = ask(context.engine, people.partner, "acme", AppTrigger.SUBMIT)
    watch = JudgingThread(context, wait, NEVER_SWEEPS)
    watch.start()
    wait_until(lambda: outcome_of(context.engine, request)["status"] == "applied", seconds=30)
    watch.stop()
    assert not context.judging.is_set()


def test_judging_is_shielded_from_the_first_batch_on_whose_mails_are_asked_for_as_it_commits(
    context: WorkerContext,
) -> None:
    people = people_in(context.engine)
    app_building(context.engine, people, "acme")
    request = ask(context.engine, people.partner, "acme", AppTrigger.SUBMIT)
    shielded: list[bool] = []
    watched = replace(context, reached=lambda _point: shielded.append(context.judging.is_set()))
    watch = JudgingThread(watched, lambda _bell, _seconds: True, NEVER_SWEEPS)
    watch.start()
    wait_until(lambda: outcome_of(context.engine, request)["status"] == "applied", seconds=30)
    watch.stop()
    assert shielded
    assert all(shielded)
