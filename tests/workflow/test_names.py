"""What a name may be, by names as people, companies and products have them, and by what only pretends to be one."""

# ruff: noqa: RUF001, E501 (names in many scripts, a table)

from collections.abc import Callable
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.names import (
    MAX_NAME,
    MAX_QUOTED,
    domains_in,
    foreign_domains,
    one_line,
    quoted,
    read_company_name,
    read_line,
    read_name,
    read_person_name,
)

PEOPLE = [
    "Pat Doe", "José Álvarez-Núñez", "Zoë O’Connor", "D'Arcy McGee", "Łukasz Żółć", "Þórunn Ögmundsdóttir",
    "Nguyễn Thị Minh Khai", "Ọlámidé Ọ̀ṣúnlẹ́", "J.R.R. Tolkien", "Sammy Davis, Jr.", "Dr. Jane Roe, Ph.D.", "St.John Rivers",
    "Mary.Ann Smith", "Anders K:son Lind", "Raj a/l Kumar", "X Æ A-12", "Jennifer 8. Lee", "Henry VIII", "Li (Lily) Wei",
    "Björk", "Cher", "Ng", "О́льга Ивановна", "Юлія Їжакевич", "Αλέξης Παπαδόπουλος", "Աննա Հակոբյան", "გიორგი მელაძე",
    "דָּוִד בֶּן־גּוּרִיּוֹן", "نجيب محفوظ", "مُحَمَّدٌ", "فرزانه می‌خواهد", "علی‌رضا", "אברהם כהן", "راج کمار", "प्रिया शर्मा", "राजेश क्षत्रिय",
    "শ্রেয়া ঘোষাল", "র‍্যাচেল", "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", "પ્રિયા", "தமிழ்ச்செல்வி", "శ్రీను", "ಶ್ರೀನಿವಾಸ", "ശ്രീജിത്ത്", "അവന്‍", "ශ්‍රී ලංකා",
    "สมชาย ใจดี", "น้ำผึ้ง", "ສົມສັກ", "បុប្ផា", "အောင်ဆန်းစုကြည်", "མཁྱེན་བརྩེ", "བསྒྲུབས", "አበበ ቢቂላ", "ᠮᠣᠩᠭᠣᠯ", "山田太郎",
    "葛󠄀城", "山田 たろう", "ガッツ", "王小明", "김민수", "ⵉⵎⴰⵣⵉⵖⵏ", "ǃXóbile", "Ⲙⲁⲣⲕⲟⲥ", "ᏣᎳᎩ", "𞤀𞤣𞤤𞤢𞤥", "𠮷野家",
]  # fmt: skip
COMPANIES = [
    "Acme", "Acme, Inc.", "Customer.io", "Booking.com B.V.", "monday.com", "Salesforce.com, inc.", "1-800-Flowers.com",
    "3M", "7-Eleven", "23andMe", "4399.com", "58.com", "A&W", "Yahoo!", "Toys “R” Us", "Mercedes-Benz Group AG",
    "C++ Builder", "AT&T", "Ernst & Young", "Société Générale", "Ørsted A/S", "株式会社アクメ", "三菱商事", "삼성전자",
    "ООО «Ромашка»", "شركة أرامكو", "ЧП", "Яндекс", "Just", "Now", "!nteresting", "₿itfinity", "π Labs", "+Plus", "@Acme",
    "#1 Analytics", "Ai", "X", "Rock’n’Roll", "Acme™", "Acme® 2", "½ Price Books", "M·A·C", "Ünïcödé",
]  # fmt: skip
PRODUCTS = [
    "Acme Insights", "Acme 🚀", "👩‍💻 Coder", "👨‍👩‍👧‍👦 Family", "❤️ Heart", "❤️‍🔥", "🏴󠁧󠁢󠁳󠁣󠁴󠁿 Tartan", "🇳🇴 Ski", "1️⃣ First", "👍🏽", "🏳️‍🌈",
    "🧑🏽‍🚀", "☎︎ Phone", "Node.js", "ASP.NET Core", "Acme v2.1", "S3 → Warehouse", "Web/App", "「アクメ」", "…and more",
]  # fmt: skip
UNSEEN = [
    "\u200b", "Acme\u200b", "\u00ad", "Ac\u00adme", "\ufeff", "\ufeffAcme", "\u0085", "Ac\u0085me", "\u2028", "Ac\u2029me",
    "Acme\u202egpj", "\u2066Acme\u2069", "Acme\u200f", "\u200eAcme", "\u061cAcme", "\u2060", "Ac\u2061me", "\u3164",
    "Acme\u3164", "\uffa0", "\u115f\u1160", "\u2800", "Acme\u2800", "\u034f", "Ac\u034fme", "\u17b4", "\ue000", "Acme\uf8ff",
    "\U000f0000", "\uffff", "\ufdd0", "\u0378", "Acme\U000e0041", "Ac\u200dme", "Ac\u200cme", "Acme\u200d", "\u200dAcme",
    "\u200c", "Acme\ufe0f", "\ufe00", "A\ufe0f\ufe0fcme", "Acme\U000e0100", "a\x00b", "a\tb", "a\nb", "a\x7fb", "a\x1bb",
    "🚀\u200d", "👩\u200d\u200d💻", "می\u200c\u200cخ", "\u180e", "Acme\u180b", "\ufff9Acme", "\ufffc", "\U0001d159", "\U00016fe4",
    "\U0001bca0", "🏴\U000e0067", "\ud800",
]  # fmt: skip
"""Names with characters that cannot be seen, that look like blanks or that turn the direction of what follows."""
NOTHING = ["", " ", "\u3000", "\u00a0 \u2003", "...", "-", "–—", "“”", "\u0301", "  \u0301", "/", "?!"]


@pytest.mark.parametrize("name", PEOPLE)
def test_a_persons_name_in_any_script_is_kept(name: str) -> None:
    assert read_person_name(name) == normalize("NFC", name)


@pytest.mark.parametrize("name", COMPANIES)
def test_a_companys_name_is_kept(name: str) -> None:
    assert read_company_name(name) == normalize("NFC", name)


@pytest.mark.parametrize("name", [*PRODUCTS, *COMPANIES, *PEOPLE])
def test_an_apps_name_is_kept(name: str) -> None:
    assert read_name(name) == normalize("NFC", name)


@pytest.mark.parametrize("name", [*UNSEEN, *NOTHING], ids=ascii)
@pytest.mark.parametrize("read", [read_line, read_name, read_company_name, read_person_name])
def test_what_cannot_be_seen_is_no_name(read: Callable[[str], str], name: str) -> None:
    with pytest.raises(ValueError, match="must"):
        read(name)


@pytest.mark.parametrize("mark", ["\u0301", "\u0336", "\u0489", "\u20dd", "\u1dc4", "\u0e49", "\u0f71", "\u064b"])
def test_marks_are_not_stacked_beyond_what_a_script_needs(mark: str) -> None:
    for many in (10, 50):
        with pytest.raises(ValueError, match="stack"):
            read_name(f"Ac{mark * many}me")


@pytest.mark.parametrize("blank", [" ", "   ", "\u00a0", "\u3000", "\u2003\u2009", " \u202f "])
def test_blanks_of_any_width_become_one_and_none_stands_at_an_end(blank: str) -> None:
    assert read_line(f"{blank}Acme{blank}Insights{blank}") == "Acme Insights"


def test_a_name_is_stored_composed_and_has_a_bound_after_that() -> None:
    assert read_line("Cafe\u0301") == "Café"
    assert read_line("é" * MAX_NAME) == "é" * MAX_NAME
    for name in ("e" * (MAX_NAME + 1), "\u0958" * MAX_NAME, "e\u0301" * 10_000, " " * 10_000 + "a"):
        with pytest.raises(ValueError, match="1 to 100"):
            read_line(name)


@pytest.mark.parametrize(
    "name",
    [
        "Account locked: verify at https://evil.example/login now",
        "http://evil.example",
        "www.evil.example",
        "WWW.evil.example",
        "hxxp://evil.example",
        "mailto:a@evil.example",
        "pat@evil.example",
        "Pat <pat@evil.example>",
        "ｈｔｔｐ：／／evil.example",
        "pat＠evil.example",
        "pat@evil．example",
        "pat@evil。example",
        "pat﹫evil․example",
    ],
)
@pytest.mark.parametrize("read", [read_name, read_company_name, read_person_name])
def test_no_name_has_a_web_or_mail_address_in_it(read: Callable[[str], str], name: str) -> None:
    with pytest.raises(ValueError, match="address"):
        read(name)


@pytest.mark.parametrize(
    "name",
    [
        "Evil.example",
        "see evil.com",
        "evil.co.uk",
        "evil。com",
        "evil．com",
        "пример.рф",
        "bit.ly/abc",
        "Your account is locked. Call 555 now",
        "+1 (555) 123-4567",
        "５５５１２３",
        "٥٥٥١٢٣",
        "Notice: pay now",
        "Click #here",
        "[Pay](now)",
        "a*b*c",
        "Pat; Olga",
        "{name}",
        "100% sure",
    ],
)
def test_a_persons_name_is_no_message(name: str) -> None:
    with pytest.raises(ValueError, match="person"):
        read_person_name(name)


@pytest.mark.parametrize("name", ["Call +1 555 123 4567", "555-1234567 Ltd", "bit.ly/abc", "evil.example/login"])
def test_a_companys_name_has_no_phone_number_and_no_path(name: str) -> None:
    with pytest.raises(ValueError, match="must not contain"):
        read_company_name(name)


@pytest.mark.parametrize(
    ("name", "own", "foreign"),
    [
        ("Customer.io", ["customer.io"], []),
        ("Booking.com B.V.", ["www.booking.com"], []),
        ("monday.com", ["support.monday.com"], []),
        ("Acme", ["acme.example"], []),
        ("Buy now at evil.example", ["bigco.example"], ["evil.example"]),
        ("Customer.io", ["evilcustomer.io"], ["customer.io"]),
        ("Node.js Partners, Inc.", ["acme.example"], []),
        ("Bücher.example", ["www.xn--bcher-kva.example"], []),
        ("BÜCHER.example", ["bücher.example"], []),
        ("faß.de", ["xn--fa-hia.de"], []),
        ("fass.de", ["xn--fa-hia.de"], ["fass.de"]),
        ("例え.テスト", ["xn--r8jz45g.xn--zckzah"], []),
    ],
)
def test_a_company_may_be_called_by_its_own_domain_only(name: str, own: list[str], foreign: list[str]) -> None:
    assert foreign_domains(name, own) == foreign


def test_initials_versions_and_abbreviations_are_no_domains() -> None:
    assert domains_in("J.R.R. Tolkien, Ph.D., of Acme v2.1 and Node.js, e.g. 3.14") == []


@given(st.text())
def test_any_text_is_a_name_that_stays_as_it_is_or_is_refused(text: str) -> None:
    try:
        name = read_name(text)
    except ValueError:
        return
    assert read_name(name) == name
    assert 1 <= len(name) <= MAX_NAME


@given(st.text())
def test_any_name_is_quoted_in_one_bounded_line(text: str) -> None:
    shown = one_line(text)
    assert len(shown) <= MAX_QUOTED
    assert shown.isprintable() or "\u200c" in shown or "\u200d" in shown
    assert quoted(text) == f'"{shown}"'
    assert '"' not in shown
