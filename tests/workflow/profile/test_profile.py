"""Profiles: the default and another one are valid, and each mistake of an invalid one is named with its remedy."""

from pathlib import Path

import pytest

from models.component import ComponentKind
from tests.profiles import NORTHWIND, default_names_in, names_of
from workflow.building.guides import find_guide, required_sections
from workflow.profile.loading import GUIDES_FOLDER, ProfileInvalid, load_profile

VALID = NORTHWIND.read_text("utf-8").partition("[[guides]]")[0]
GUIDE = '\n[[guides]]\nname = "{}"\ntitle = "Own"\nserves = "partners_page"\nfile = "own.md"\n'


def test_the_default_profile_names_the_platform_and_lists_every_guide_of_the_folder() -> None:
    profile = load_profile()
    assert profile.platform.name == "Segment"
    assert {guide.name for guide in profile.guides} == {file.stem for file in GUIDES_FOLDER.glob("*.md")}
    assert not [guide.name for guide in profile.guides if "{{" in guide.text]
    assert profile.tracked_link in find_guide(profile.guides, "utm").text


def test_another_profile_shares_no_name_with_the_default_one() -> None:
    northwind = load_profile(NORTHWIND)
    assert not names_of(northwind) & names_of(load_profile())
    assert not default_names_in(" ".join(names_of(northwind)))
    assert not [guide.name for guide in northwind.guides if default_names_in(guide.title + guide.text)]


def test_a_guide_of_the_profile_replaces_a_built_in_one_or_is_listed_after_them() -> None:
    built_in = [guide.name for guide in load_profile().guides]
    guides = load_profile(NORTHWIND).guides
    assert [guide.name for guide in guides] == [*built_in, "announcing"]
    assert find_guide(guides, "brand-kit").title == "How to write Northwind"
    assert "Connect to Northwind" in find_guide(guides, "brand-kit").text
    assert find_guide(guides, "announcing").serves == "launch_announcement"


def test_the_sections_that_a_documentation_must_have_are_those_of_the_profiles_template(tmp_path: Path) -> None:
    guides = load_profile(
        _profile(tmp_path, VALID + GUIDE.format("documentation-stream"), "## Only this\n\nwords")
    ).guides
    assert required_sections(guides, [ComponentKind.STREAM]) == ["Only this"]


@pytest.mark.parametrize(
    ("written", "instead", "named", "mend"),
    [
        ('name = "Northwind"\n', "", "platform.name: is missing.", 'For example: name = "Northwind"'),
        ('name = "Northwind"', 'name = "Nor{th}wind"', "platform.name: must be one line", "For example"),
        ('name = "Northwind"', "name = 3", "platform.name: must be a text in quotes", "For example"),
        ("partner_program =", "partner_programme =", "platform.partner_programme: is not known.", "partner_program?"),
        ("[contact]", "[contacts]", "contacts: is not known.", "Did you mean contact?"),
        ('["northwind.example", "northwind.test"]', "[]", "platform.domains: needs one entry", "For example: domains"),
        (
            '"northwind.test"]',
            '"Northwind.test"]',
            "platform.domains.1: must be a domain in lower case",
            "to the platform",
        ),
        ('"northwind.test"]', '"northwind.example"]', "platform.domains: names northwind.example twice", "For example"),
        (
            "https://www.northwind.example/",
            "http://www.northwind.example/",
            "platform.website: must be a URL",
            "https://",
        ),
        ("https://www.northwind.example/", "https://other.example/", "platform: website leads to a host", "mend one"),
        ("partners@northwind.example", "partners", "contact.support_email: must be a mail address", "For example"),
        ("X-Northwind-Settings", "X Northwind", "protocol.settings_header: must be a header's name", "For example"),
        ("northwind-partner-desk (+", "Nördwind (+", "protocol.user_agent: must be one line of ASCII", "For example"),
        ('example = "yes"\n', "", "utm.1.example: is missing.", "For example: example ="),
        ('name = "nw_partner"', 'name = "utm_source"', "utm: names utm_source twice", "docs/profile.md"),
        ("[platform]", "[platform", "is not TOML", "Mend that place."),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path: Path, written: str, instead: str, named: str, mend: str) -> None:
    assert written in VALID
    (problem,) = _problems(tmp_path, VALID.replace(written, instead, 1), named)
    assert mend in problem


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    problems = _problems(tmp_path, "[platform]\nname = 3\n")
    assert {problem.partition(":")[0] for problem in problems} == {
        *(f"platform.{name}" for name in ("name", "developer_center", "partner_program", "website", "domains")),
        *("platform.categories", "contact", "protocol", "brand", "utm"),
    }


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("brand-kit", None, "guides.brand-kit: {folder}/own.md cannot be read"),
        (
            "brand-kit",
            "Write {{plattform}}.",
            "guides.brand-kit: {{{{plattform}}}} is not known. Remove it",
        ),
        ("documentation-plugin", "No section.", "guides.documentation-plugin: it has no section"),
    ],
)
def test_a_guide_that_cannot_be_used_is_named(tmp_path: Path, name: str, text: str | None, named: str) -> None:
    (problem,) = _problems(tmp_path, VALID + GUIDE.format(name), guide=text)
    assert problem.startswith(named.format(folder=tmp_path))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileInvalid) as refused:
        load_profile(tmp_path / "nothing.toml")
    assert "nothing.toml cannot be read: No such file" in refused.value.problems[0]


def _profile(folder: Path, text: str, guide: str | None = None) -> Path:
    file = folder / "profile.toml"
    file.write_text(text, "utf-8")
    if guide is not None:
        (folder / "own.md").write_text(guide, "utf-8")
    return file


def _problems(folder: Path, text: str, named: str = "", guide: str | None = None) -> list[str]:
    """Returns the problems of an invalid profile that begin with, or contain, `named`."""
    with pytest.raises(ProfileInvalid) as refused:
        load_profile(_profile(folder, text, guide))
    found = [problem for problem in refused.value.problems if named in problem]
    assert found, refused.value.problems
    return found
