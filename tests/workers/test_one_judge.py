"""One judge a process: nobody waits for it, and no wish is lost."""

from concurrent.futures import ThreadPoolExecutor

from workers.one_judge import OneJudge


def test_a_second_one_does_not_begin_and_has_the_first_look_again() -> None:
    judge = OneJudge()
    assert judge.begin()
    assert not judge.begin()
    assert not judge.is_done()
    assert judge.is_done()
    assert judge.begin()


def test_one_that_breaks_lets_the_next_begin() -> None:
    judge = OneJudge()
    assert judge.begin()
    judge.leave()
    assert judge.begin()


def test_every_wish_is_followed_by_a_look() -> None:
    """Threads put work down and then want to judge; whatever they interleave, nothing is left."""
    judge, work, judged = OneJudge(), list[int](), list[int]()

    def want(number: int) -> None:
        work.append(number)
        if not judge.begin():
            return
        while True:
            while work:
                judged.append(work.pop())
            if judge.is_done():
                return

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(want, range(20_000)))
    assert work == []
    assert sorted(judged) == list(range(20_000))
