"""`devcenter adopt`: a catalog that comes from another system, checked as a whole, adopted App by App."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from cli.adopt import adopt_file, check_file
from models.lifecycle import AppState, AppTrigger
from runtime.settings import Settings, load_settings
from tests.cli.command import devcenter, devcenter_anew
from tests.databases import TestDatabase
from tests.factories import app_in, move
from tests.journeys import KEY, People, app_building
from tests.launch import LOGO, MARK
from workflow.history.verification import verify_history

EXAMPLE = Path(__file__).parents[2] / "examples" / "adopt" / "apps.jsonl"


@pytest.fixture
def settings(database: TestDatabase) -> Settings:
    return load_settings(
        database_url=database.application_url,
        redis_url="redis://127.0.0.1:1/0",
        history_key=KEY.decode(),
        secret_keys=Fernet.generate_key().decode(),
    )


def _line(number: int, **changes: Any) -> dict[str, Any]:
    company = {
        "name": f"Company {number}",
        "website": f"https://company{number}.example",
        "owner": {"name": "Pat Owner", "email": f"pat@company{number}.example"},
    }
    info = {
        "website": f"https://company{number}.example",
        "description": "Charts that a whole team reads together, made from your own events.",
        "categories": ["Analytics"],
        "support_email": f"help@company{number}.example",
    }
    stream = {"kind": "stream", "name": "Events", "settings": {"events": ["Email Opened"]}}
    return {
        "company": company,
        "slug": f"adopted-{number}-app",
        "name": f"Adopted {number}",
        "components": [stream],
        "evidence": {"app_info": info},
        **changes,
    }


def _file(folder: Path, *lines: Any) -> Path:
    file = folder / "apps.jsonl"
    file.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return file


def _count(engine: Engine, table: str) -> int:
    with Session(engine) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_the_example_is_adopted_published_and_listed_once_however_often_it_is_run(
    settings: Settings, engine: Engine
) -> None:
    assert check_file(settings, EXAMPLE).refused == ()
    assert _count(engine, "app") == 0
    done = adopt_file(settings, EXAMPLE)
    assert (done.apps, done.before, done.refused) == (("acme-charts", "globex-mail"), (), ())
    again = adopt_file(settings, EXAMPLE)
    assert (again.apps, again.before) == ((), ("acme-charts", "globex-mail"))
    with Session(engine) as session:
        rows = session.execute(
            text("""
                SELECT a.slug, a.state, a.published, t.trigger, r.kind, r.outcome, c.slug IS NOT NULL
                  FROM app a JOIN transition t ON t.app_id = a.id
                  JOIN review r ON r.app_id = a.id LEFT JOIN catalog_entry c ON c.app_id = a.id ORDER BY a.slug
            """)
        ).all()
        assert [tuple(row) for row in rows] == [
            ("acme-charts", "public_beta", 1, "adopt", "first", "adopted", True),
            ("globex-mail", "public_beta", 1, "adopt", "first", "adopted", True),
        ]
        mails = session.scalars(
            text("SELECT recipient_email FROM notification WHERE kind = 'welcome' ORDER BY 1")
        ).all()
        assert mails == ["gus@globex.example", "paula@acme.example"]
        assert list(verify_history(session, KEY)) == []


def test_every_wrong_line_is_named_with_what_to_do_and_nothing_is_adopted(
    settings: Settings, engine: Engine, people: People, tmp_path: Path
) -> None:
    app_building(engine, people, "taken-by-acme")
    info = _line(0)["evidence"]["app_info"]
    wrong = {
        2: ("no JSON", "one JSON object"),
        3: (_line(3, slug="Not A Slug"), "slug"),
        4: (_line(4, slug="taken-by-acme"), "taken"),
        5: (_line(5, slug="catalog"), "reserved"),
        6: (_line(6, slug="adopted-1-app"), "line 1: choose another"),
        7: (_line(7, evidence={}), "app_info is missing"),
        8: (_line(8, evidence={"app_info": info | {"categories": ["Nonsense"]}}), "categories"),
        9: (_line(9, components=[]), "components"),
        10: (_line(10, components=[{"kind": "stream", "name": "E", "settings": {"nothing": 1}}]), "components.0"),
        11: (_line(11, colour="blue"), "colour"),
        12: (_line(12, company=_line(1)["company"] | {"name": "Another name"}), "Line 1"),
        13: (
            _line(13, company=_line(13)["company"] | {"owner": {"name": "Pat", "email": "pat@acme.example"}}),
            "another company",
        ),
        14: (_line(14, company=_line(14)["company"] | {"website": "https://github.com/x"}), "own website"),
        15: (_line(15, evidence={"app_info": info | {"logo": "no-such-file.svg"}}), "no-such-file.svg"),
        16: (_line(16, evidence={"app_info": info | {"logo": "../../etc/passwd"}}), "folder of the file"),
        17: (_line(17, name="A\0B"), "NUL"),
    }
    lines = [_line(1), *(line for line, _ in wrong.values())]
    done = adopt_file(settings, _file(tmp_path, *lines))
    said = {one.line: one.problem for one in done.refused}
    assert sorted(said) == sorted(wrong)
    for number, (_, words) in wrong.items():
        assert words in said[number], (number, said[number])
    assert done.apps == ()
    assert _count(engine, "app") == 1


def test_a_run_that_was_cut_goes_on_and_adopts_none_twice(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    file = _file(tmp_path, *(_line(number) for number in range(8)))

    class CutError(Exception):
        pass

    def cut(slug: str) -> None:
        if slug == "adopted-3-app":
            raise CutError

    with pytest.raises(CutError):
        adopt_file(settings, file, cut)
    assert _count(engine, "app") == 4
    done = adopt_file(settings, file)
    assert (len(done.before), len(done.apps)) == (4, 4)
    assert (_count(engine, "app"), _count(engine, "catalog_entry"), _count(engine, "invitation")) == (8, 8, 8)


def test_pictures_beside_the_file_are_read_as_uploads_are(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(LOGO)
    (tmp_path / "mark.svg").write_bytes(MARK)
    line = _line(1)
    line["evidence"]["app_info"] |= {"logo": "logo.svg", "mark": "mark.svg"}
    assert adopt_file(settings, _file(tmp_path, line)).apps == ("adopted-1-app",)
    with Session(engine) as session:
        shown = session.scalars(
            text("""
                SELECT x.kind FROM asset x JOIN submission s ON s.app_id = x.app_id
                 WHERE x.id::text IN (s.snapshot->'evidence'->'app_info'->>'logo',
                                      s.snapshot->'evidence'->'app_info'->>'mark') ORDER BY 1
            """)
        ).all()
    assert shown == ["logo", "mark"]
    (tmp_path / "logo.svg").write_bytes(b"no picture at all")
    refused = check_file(settings, _file(tmp_path, line | {"slug": "another-app"})).refused
    assert [one.line for one in refused] == [1]
    assert "logo.svg" in refused[0].problem


def test_ten_thousand_lines_are_checked_as_a_whole_before_any_is_adopted(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    many = [_line(number) for number in range(10_000)]
    many[7_000]["slug"] = "no slug"
    many[9_999]["components"][0]["kind"] = "teapot"
    done = adopt_file(settings, _file(tmp_path, *many))
    assert [one.line for one in done.refused] == [7_001, 10_000]
    assert (_count(engine, "app"), _count(engine, "organization")) == (0, 0)


def test_an_adopted_app_lives_on_like_any_other(
    settings: Settings, engine: Engine, people: People, tmp_path: Path
) -> None:
    company = {
        "name": "Acme",
        "website": "https://acme.example",
        "owner": {"name": "Pat", "email": "pat@acme.example"},
    }
    adopt_file(settings, _file(tmp_path, _line(1, company=company)))
    assert _count(engine, "organization") == 1
    assert _count(engine, "invitation") == 0
    for trigger in (AppTrigger.RECHECK, AppTrigger.CLEAR, AppTrigger.SUSPEND, AppTrigger.REINSTATE):
        move(engine, people, "adopted-1-app", trigger)
    app_in(engine, people, "another", AppState.PUBLIC_BETA)
    with Session(engine) as session:
        assert list(verify_history(session, KEY)) == []


def test_the_command_names_lines_and_says_what_it_did(
    settings: Settings, database: TestDatabase, tmp_path: Path
) -> None:
    env = {
        "DATABASE_URL": database.application_url,
        "REDIS_URL": settings.redis_url,
        "DEVCENTER_HISTORY_KEY": KEY.decode(),
        "DEVCENTER_SECRET_KEYS": Fernet.generate_key().decode(),
    }
    wrong = devcenter("adopt", str(_file(tmp_path, _line(1), "{}")), settings=env, folder=tmp_path)
    assert wrong.returncode == 2
    assert "Line 2: company: Field required." in wrong.stdout
    checked = devcenter("adopt", "--check", str(EXAMPLE), settings=env, folder=tmp_path)
    assert (checked.returncode, checked.stdout) == (0, "2 Apps can be adopted; 0 were adopted already.\n")
    done = devcenter("adopt", str(EXAMPLE), settings=env, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "2 Apps are adopted; 0 were adopted already.\n")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = devcenter_anew("adopt", "missing.jsonl", folder=tmp_path)
    assert missing.returncode == 2
    assert "missing.jsonl" in missing.stderr
    assert "Traceback" not in missing.stderr
