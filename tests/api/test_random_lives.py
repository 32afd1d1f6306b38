"""Random users make random calls on a handful of Apps. Whatever they do, the invariants hold."""

import itertools
from typing import Any, ClassVar
from uuid import UUID

import requests
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import NO_REVIEW, AppState, AppTrigger
from tests.api.invariants import LISTED, SentRequest, check_requests, check_rows
from tests.api.running import Service
from tests.api.service import Caller
from tests.factories import app_in
from tests.journeys import judge, people_in, token_of

COMPANIES = ("one", "two")
PARTNERS = ("partner one", "partner two")
REVIEWERS = ("reviewer one", "reviewer two", "admin")
EVERYBODY = (*PARTNERS, *REVIEWERS, "service")
BEGINNINGS = (("one", AppState.BUILDING), ("two", AppState.SUBMITTED), ("one", AppState.PUBLIC_BETA))
SECRET = "between reviewers"

partners = st.sampled_from(PARTNERS)
reviewers = st.sampled_from(REVIEWERS)
everybody = st.sampled_from(EVERYBODY)
apps = st.integers(0, 3)
triggers = st.sampled_from([*AppTrigger])
keys = st.sampled_from([None, None, "key-1", "key-2", "key-3"])
HOLDING = ("claim", "release", "hand-over")
STEPPING = ("pass", "fail", "warn", "waive")
acts = st.sampled_from([*HOLDING, "claim", *STEPPING, "approve", "approve", "request_changes", "decide the last round"])
decisions = st.sampled_from(["approve", "request_changes"])
turns = st.sampled_from(["good", "good", "good", "bad", "revise", "look", "unlist", "appeal"])


class RandomLives(RuleBasedStateMachine):
    """Two companies with partners, two reviewers, an admin and a service. Each example has people and Apps of its own.

    Due requests are judged in this process, between calls, as workers judge them.
    """

    service: ClassVar[Service]
    numbers: ClassVar["itertools.count[int]"] = itertools.count()

    @initialize()
    def begin(self) -> None:
        """Stores the people, and three Apps."""
        number, engine = next(self.numbers), self.service.engine
        self.companies = {company: people_in(engine, f"{company.title()}{number}") for company in COMPANIES}
        self.actors = {
            **{
                f"{role} {company}": getattr(people, role)
                for role in ("partner", "reviewer")
                for company, people in self.companies.items()
            },
            "admin": self.companies["one"].admin,
            "service": self.companies["one"].service,
        }
        self.callers = {name: Caller(self.service.url, token_of(engine, one)) for name, one in self.actors.items()}
        self.owners: dict[str, str] = {}
        for index, (company, state) in enumerate(BEGINNINGS):
            slug = f"app{number}-{index}"
            app_in(engine, self.companies[company], slug, state)
            self.owners[slug] = company
        self.fresh = f"app{number}-new"
        self.names = {slug: slug.title() for slug in self.owners}
        self.asked: list[SentRequest] = []
        self.by_key: dict[tuple[str, str], tuple[Any, UUID]] = {}

    @rule(who=partners)
    def create(self, who: str) -> None:
        """A partner creates the fourth App, which has nothing yet."""
        answer = self._call(who, "POST", "/v1/apps", {"slug": self.fresh, "name": "New"})
        assert answer.status_code == (409 if self.fresh in self.owners else 201), answer.text
        if answer.status_code == 201:
            self.owners[self.fresh], self.names[self.fresh] = who.split()[1], "New"

    @rule(who=everybody, app=apps, trigger=triggers, reason=st.booleans(), key=keys)
    def ask(self, who: str, app: int, trigger: AppTrigger, reason: bool, key: str | None) -> None:
        """Anybody requests anything, with a key that may have been used before."""
        slug = self._slug(app)
        body = {"app": slug, "trigger": trigger.value, "reasons": [{"text": "Because."}] if reason else []}
        answer = self._call(who, "POST", "/v1/transition-requests", body, key)
        if self._is_foreign(who, slug):
            # 403 and 422 depend on the role and the key only, not on the App.
            assert answer.status_code in (403, 404, 422), answer.text
            return
        if answer.status_code in (403, 422):
            return
        self._accepted(answer, who, slug, key, body)

    @rule(who=everybody, wishes=st.lists(st.tuples(apps, triggers), min_size=1, max_size=6))
    def ask_in_bulk(self, who: str, wishes: list[tuple[int, AppTrigger]]) -> None:
        """Anybody requests many transitions in one call."""
        items = [{"app": self._slug(app), "trigger": trigger.value} for app, trigger in wishes]
        answers = self._call(who, "POST", "/v1/transition-requests", items).json()["items"]
        for item, answer in zip(items, answers, strict=True):
            assert not self._is_foreign(who, item["app"]) or answer["status"] in (403, 404), answer
            if answer["status"] == 202:
                self.asked.append(SentRequest(UUID(answer["id"]), item["app"]))

    @rule()
    def judge_what_is_due(self) -> None:
        """A worker judges all due requests. Afterwards the catalog has exactly the Apps whose state lists them."""
        judge(self.service.engine)
        self._check_catalog()

    @rule(app=apps, turns=st.lists(turns, min_size=1, max_size=4))
    def come_along(self, app: int, turns: list[str]) -> None:
        """The people take an App a few steps further along a life that goes on after its launch."""
        for turn in turns:
            self._come_along(self._slug(app), turn)

    @rule(who=reviewers, app=apps, acts=st.lists(acts, min_size=1, max_size=5), to=everybody, key=keys)
    def sit_at_the_desk(self, who: str, app: int, acts: list[str], to: str, key: str | None) -> None:
        """A reviewer does a few things to an App's review, whether they hold it or not."""
        slug = self._slug(app)
        for act in acts:
            review = self._review(slug, 1 if act == "decide the last round" else 0)
            if review is None:
                return
            if act in HOLDING:
                self._hold(who, review, act, to)
            elif act in STEPPING:
                self._decide_steps(who, review, act)
            else:
                self._decide(who, review, act if act == "approve" else "request_changes", key)

    def _come_along(self, slug: str, turn: str) -> None:
        judge(self.service.engine)
        state = self._one("SELECT state FROM app WHERE slug = :slug", slug=slug)
        kind = self._one("SELECT open_kind FROM app WHERE slug = :slug", slug=slug)
        partner = f"partner {self.owners[slug]}"
        if kind != NO_REVIEW:
            self._end_review(slug, kind, turn)
        elif state == "building":
            self._ask_for(partner, slug, AppTrigger.APPEAL if turn == "appeal" else AppTrigger.SUBMIT)
        elif turn == "revise" and state != "removed":
            self._rename(partner, slug)
            self._ask_for(partner, slug, AppTrigger.SUBMIT)
        elif state in ("public_beta", "public"):
            self._live_on(slug, turn)
        elif state == "suspended" and turn == "appeal":
            self._ask_for(partner, slug, AppTrigger.APPEAL)
        elif state == "suspended":
            self._ask_for("reviewer one", slug, AppTrigger.REINSTATE)
        elif state == "unlisted":
            self._ask_for(partner, slug, AppTrigger.RELIST)
        judge(self.service.engine)

    def _end_review(self, slug: str, kind: str, turn: str) -> None:
        """Has the review passed, and decided as `turn` says."""
        holder, is_good = self._pass_review(slug), turn != "bad"
        if holder is None:
            return
        if kind == "health":
            self._ask_for(holder, slug, AppTrigger.CLEAR if is_good else AppTrigger.FLAG)
        else:
            self._decide(holder, self._review(slug, 0), "approve" if is_good else "request_changes", None)

    def _live_on(self, slug: str, turn: str) -> None:
        partner = f"partner {self.owners[slug]}"
        if turn == "look":
            self._ask_for("reviewer one", slug, AppTrigger.RECHECK)
        elif turn == "unlist":
            self._ask_for(partner, slug, AppTrigger.UNLIST)
        elif turn == "appeal":
            self._ask_for(partner, slug, AppTrigger.APPEAL)
        elif turn == "bad":
            self._ask_for("reviewer two", slug, AppTrigger.SUSPEND)
        else:
            self._report_use(slug)
            self._call(partner, "POST", f"/v1/apps/{slug}/membership", {})

    def _rename(self, partner: str, slug: str) -> None:
        name = f"{self.names[slug]}+"[-40:]
        if self._call(partner, "PATCH", f"/v1/apps/{slug}", {"name": name}).ok:
            self.names[slug] = name

    @rule(app=apps, again=decisions, key=keys)
    def decide_in_haste(self, app: int, again: str, key: str | None) -> None:
        """The partner submits again before anything is judged, and the reviewer decides the old round once more."""
        slug = self._slug(app)
        review = self._review(slug, 0)
        who = self._claimed_by_its_holder(review) if review is not None else None
        if who is not None:
            self._decide(who, review, "request_changes", None)
            self._ask_for(f"partner {self.owners[slug]}", slug, AppTrigger.SUBMIT)
            self._decide(who, review, again, key)
            self._decide(who, review, again, key)

    @rule(app=apps, use=st.sampled_from(["customers", "oauth-installs"]), number=st.integers(1, 4), on=st.booleans())
    def report_use(self, app: int, use: str, number: int, on: bool) -> None:
        """The service reports one workspace. For a removed App the report is refused."""
        slug = self._slug(app)
        answer = self._call("service", "PUT" if on else "DELETE", f"/v1/apps/{slug}/{use}/w-{number}")
        if self._one("SELECT state FROM app WHERE slug = :slug", slug=slug) == AppState.REMOVED:
            assert (answer.status_code, answer.json()["code"]) == (409, "app.removed"), answer.text
            return
        assert answer.status_code == 200, answer.text
        counted = self._one("SELECT onboarded_customers FROM app WHERE slug = :slug", slug=slug)
        assert answer.json()["onboarded_customers"] == counted

    @rule(who=partners, app=apps, what=st.sampled_from(["name", "component", "checklist"]))
    def edit(self, who: str, app: int, what: str) -> None:
        """A partner edits an App, their own or not, frozen or not."""
        slug = self._slug(app)
        path = f"/v1/apps/{slug}"
        if what == "name":
            answer = self._call(who, "PATCH", path, {"name": f"{who} was here"})
        elif what == "component":
            answer = self._call(who, "POST", f"{path}/components", {"kind": "stream", "name": "More"})
        else:
            body = {"evidence": {"url": "https://acme.example/other"}}
            answer = self._call(who, "PUT", f"{path}/checklist/partner_documentation", body)
        if self._is_foreign(who, slug):
            assert answer.status_code == 404, answer.text
        elif what == "name" and answer.status_code == 200:
            self.names[slug] = f"{who} was here"

    @rule(
        who=everybody,
        app=apps,
        what=st.sampled_from(
            ["", "/triggers", "/transitions", "/transition-requests", "/checklist", "/customers", "/oauth-installs"]
        ),
    )
    def look(self, who: str, app: int, what: str) -> None:
        """Anybody reads an App. For a partner, an App of another company does not exist."""
        slug = self._slug(app)
        answer = self._call(who, "GET", f"/v1/apps/{slug}{what}")
        assert answer.status_code == (404 if self._is_foreign(who, slug) else 200), answer.text
        if who in PARTNERS:
            items = self._call(who, "GET", "/v1/apps?limit=100").json()["items"]
            own = {slug for slug, company in self.owners.items() if company == who.split()[1]}
            assert {item["slug"] for item in items} == own

    @rule(who=reviewers, app=apps)
    def note(self, who: str, app: int) -> None:
        """A reviewer writes a note and a message. Partners see the message and not the note."""
        slug = self._slug(app)
        review = self._review(slug, 0)
        if review is not None:
            self._call(who, "POST", f"/v1/reviews/{review}/notes", {"text": SECRET})
            self._call(who, "POST", f"/v1/reviews/{review}/messages", {"text": "What do you mean?"})
            self._call(f"partner {self.owners[slug]}", "GET", f"/v1/apps/{slug}/messages")

    @rule(who=st.sampled_from((*PARTNERS, *REVIEWERS)), app=apps, act=st.sampled_from(["apply", "accept", "leave"]))
    def join(self, who: str, app: int, act: str) -> None:
        """Somebody changes an App's membership in the Select Partner Program."""
        slug = self._slug(app)
        path = f"/v1/apps/{slug}/membership"
        calls = {"apply": ("POST", path, {}), "accept": ("POST", f"{path}/decision", {"decision": "accept"})}
        answer = self._call(who, *calls.get(act, ("DELETE", path, None)))
        assert not answer.ok or not self._is_foreign(who, slug), answer.text

    def teardown(self) -> None:
        """Judges all due requests, then checks all invariants."""
        if not hasattr(self, "asked"):
            return
        judge(self.service.engine)
        check_rows(self.service.engine)
        check_requests(self.service.engine, self.asked)
        self._check_catalog()
        names = {slug: self._one("SELECT name FROM app WHERE slug = :slug", slug=slug) for slug in self.owners}
        assert names == self.names, "an App has a name that its company did not give it"

    def _call(self, who: str, method: str, path: str, body: Any = None, key: str | None = None) -> requests.Response:
        caller = self.callers[who]
        answer = caller(method, path, body, Idempotency_Key=key) if key else caller(method, path, body)
        assert answer.status_code < 500, f"{who}: {method} {path}: {answer.text}"
        if who in PARTNERS:
            foreign = [slug for slug, company in self.owners.items() if company != who.split()[1]]
            shown = answer.text if answer.ok else ""
            assert not any(f'"{slug}"' in shown for slug in foreign), f"{who} sees another company's App: {shown}"
            assert SECRET not in answer.text, f"{who} sees a note: {answer.text}"
        return answer

    def _hold(self, who: str, review: UUID, act: str, to: str) -> None:
        """The reviewer claims the review, releases it, or hands it over."""
        before = self._holder(review)
        body = {"to": str(self.actors[to].id)} if act == "hand-over" else None
        answer = self._call(who, "POST", f"/v1/reviews/{review}/{act}", body)
        if answer.status_code != 200:
            assert answer.status_code in (404, 409), answer.text
            assert self._holder(review) == before, "refused, and yet it has another holder"
            return
        me = self.actors[who].id
        after = {"claim": me, "release": None, "hand-over": self.actors[to].id}[act]
        allowed = {"claim": (None, me), "release": (me,), "hand-over": (before if who == "admin" else me,)}[act]
        assert before in allowed, f"{who} could {act} what {before} held"
        assert self._holder(review) == after
        assert act != "hand-over" or to in REVIEWERS, f"{to} holds a review"

    def _decide_steps(self, who: str, review: UUID, decision: str) -> None:
        """The reviewer decides all steps, if the review is theirs."""
        held = self._holder(review) == self.actors[who].id
        codes = self._codes(review)
        for code in ("end_to_end_check", "partner_documentation"):
            path = f"/v1/reviews/{review}/steps/{code}"
            answer = self._call(who, "POST", path, {"decision": decision, "reason": "Because."})
            # A revision has only the people's steps that it touches.
            answers = (409, 200 if code in codes else 404) if held else (409,)
            assert answer.status_code in answers, answer.text

    def _accepted(self, answer: requests.Response, who: str, slug: str, key: str | None, body: Any) -> None:
        """Records an accepted request. A key that was used before must return the same request."""
        assert answer.status_code in (200, 202), answer.text
        request_id = UUID(answer.json()["id"])
        if key is not None and (who, key) in self.by_key:
            assert self.by_key[who, key] == (body, request_id), "a key returned another request than before"
            return
        if key is not None:
            self.by_key[who, key] = body, request_id
        review = UUID(body["review"]) if "review" in body else None
        self.asked.append(SentRequest(request_id, slug, review))

    def _ask_for(self, who: str, slug: str, trigger: AppTrigger) -> None:
        body = {"app": slug, "trigger": trigger.value, "reasons": [{"text": "Because."}]}
        self._accepted(self._call(who, "POST", "/v1/transition-requests", body), who, slug, None, body)

    def _decide(self, who: str, review: UUID | None, decision: str, key: str | None) -> None:
        if review is None:
            return
        slug = self._one("SELECT slug FROM app a JOIN review r ON r.app_id = a.id WHERE r.id = :id", id=review)
        body = {"decision": decision, "reasons": [{"text": "Because."}]}
        answer = self._call(who, "POST", f"/v1/reviews/{review}/decision", body, key)
        known = self.by_key.get((who, key or ""))
        told = {"review": str(review), **body}
        if known is not None and known[0] == told:
            assert answer.status_code in (200, 202), f"repeated, and refused: {answer.text}"
        if answer.ok:
            self._accepted(answer, who, slug, key, told)
        else:
            assert answer.status_code in (409, 422), answer.text

    def _pass_review(self, slug: str) -> str | None:
        """Has the review's holder, or the first reviewer, pass its steps. Returns who it was."""
        review = self._review(slug, 0)
        assert review is not None
        who = self._claimed_by_its_holder(review)
        if who is None:
            return None
        with Session(self.service.engine) as session:
            pending = text("SELECT code FROM review_step WHERE review_id = :id AND state = 'pending' ORDER BY code")
            codes = session.scalars(pending, {"id": review}).all()
        for code in codes:
            self._call(who, "POST", f"/v1/reviews/{review}/steps/{code}", {"decision": "pass"})
        return who

    def _claimed_by_its_holder(self, review: UUID) -> str | None:
        """Has the review's holder, or the first reviewer, claim it. Returns who it was, or None if it is closed."""
        holder = self._holder(review)
        who = next((name for name in REVIEWERS if self.actors[name].id == holder), "reviewer one")
        return who if self._call(who, "POST", f"/v1/reviews/{review}/claim").ok else None

    def _report_use(self, slug: str) -> None:
        uses = [("oauth_install", "w-0"), *(("customer", f"w-{number}") for number in range(4))]
        items = [{"app": slug, "use": use, "workspace": workspace} for use, workspace in uses]
        assert self._call("service", "POST", "/v1/usage", {"items": items}).status_code == 200

    def _check_catalog(self) -> None:
        shown: list[tuple[str, str]] = []
        after = ""
        while True:
            answer = requests.get(f"{self.service.url}/v1/catalog?limit=100{after}", timeout=20)
            assert answer.status_code == 200, answer.text
            shown += [(entry["slug"], entry["name"]) for entry in answer.json()["items"]]
            if answer.json()["next"] is None:
                break
            after = f"&after={answer.json()['next']}"
        with Session(self.service.engine) as session:
            listed = session.execute(text(LISTED))
            assert sorted(shown) == sorted((row.slug, row.name) for row in listed)

    def _slug(self, app: int) -> str:
        slugs = sorted(self.owners)
        return slugs[app % len(slugs)]

    def _is_foreign(self, who: str, slug: str) -> bool:
        return who in PARTNERS and who.split()[1] != self.owners[slug]

    def _review(self, slug: str, age: int) -> UUID | None:
        query = """
            SELECT r.id FROM review r JOIN app a ON a.id = r.app_id
             WHERE a.slug = :slug ORDER BY r.id DESC LIMIT 1 OFFSET :age
        """
        found: UUID | None = self._one(query, slug=slug, age=age)
        return found

    def _holder(self, review: UUID) -> UUID | None:
        held: UUID | None = self._one("SELECT claimed_by FROM review WHERE id = :id", id=review)
        return held

    def _codes(self, review: UUID) -> set[str]:
        with Session(self.service.engine) as session:
            return set(session.scalars(text("SELECT code FROM review_step WHERE review_id = :id"), {"id": review}))

    def _one(self, query: str, **values: Any) -> Any:
        with Session(self.service.engine) as session:
            return session.scalar(text(query), values)


def test_the_invariants_hold_whatever_random_users_do(shared_service: Service) -> None:
    RandomLives.service = shared_service
    run_state_machine_as_test(
        RandomLives,
        settings=settings(
            max_examples=8,
            stateful_step_count=80,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # shrinking would take longer than the test, and few enough steps are printed
            suppress_health_check=list(HealthCheck),
        ),
    )
