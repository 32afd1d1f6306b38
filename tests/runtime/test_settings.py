"""Settings that cannot work are named at the start, with what would work."""

from typing import Any

import pytest

from runtime.settings import SettingsInvalid, load_settings
from tests.refusing_mail import settings_for

USUAL: dict[str, Any] = {
    "database_url": "postgresql://n@127.0.0.1:1/n",
    "redis_url": "redis://127.0.0.1:1/0",
    "history_key": "x" * 32,
    "secret_keys": "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
}
PROVIDER: dict[str, object] = {
    "oidc_issuer": "https://login.example/tenant/",
    "oidc_client_id": "devcenter",
    "oidc_client_secret": "the-secret-of-the-client",
}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://x.example", "https://x.example"),
        ("https://x.example/", "https://x.example"),
        ("https://x.example/devcenter//", "https://x.example/devcenter"),
        (" http://127.0.0.1:8787 ", "http://127.0.0.1:8787"),
        ("http://[::1]:8787/", "http://[::1]:8787"),
    ],
)
def test_a_path_can_follow_the_public_url(given: str, kept: str) -> None:
    assert settings_for(25, public_url=given).public_url == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_url", ""),
        ("public_url", "devcenter.example"),
        ("public_url", "devcenter.example:8787"),
        ("public_url", "//devcenter.example"),
        ("public_url", "ftp://devcenter.example"),
        ("public_url", "https://"),
        ("public_url", "https:///path"),
        ("public_url", "https://user:password@devcenter.example"),
        ("public_url", "https://devcenter.example/?a=b"),
        ("public_url", "https://devcenter.example/#top"),
        ("public_url", "https://devcenter.example:70000"),
        ("public_url", "https://dev center.example"),
        ("public_url", "https://devcenter.example/a b"),
        ("public_url", "https://[::1"),
        ("trusted_proxies", "foo"),
        ("trusted_proxies", "10.0.0.5, 10.0.0.0/33"),
        ("trusted_proxies", "10.0.0.5 10.0.0.6"),
        ("smtp_host", ""),
        ("smtp_host", "smtp://mail.example"),
        ("smtp_host", "mail.example:587"),
        ("smtp_host", "mail example"),
        ("api_host", "http://127.0.0.1"),
        ("metrics_host", "127.0.0.1:9000"),
        ("mail_from", ""),
        ("mail_from", "devcenter"),
        ("mail_from", "devcenter@"),
        ("mail_from", "@x.example"),
        ("mail_from", "a@x.example, b@x.example"),
        ("mail_from", "Devcenter <a@x.example>\nBcc: b@x.example"),
        ("mail_from", "grüße@x.example"),
        ("mail_reply_to", "not an address"),
        ("oidc_issuer", "login.example"),
        ("oidc_issuer", "//login.example"),
        ("oidc_issuer", "https://"),
        ("oidc_issuer", "http://login.example"),
        ("oidc_issuer", "http://127.0.0.1.login.example"),
        ("oidc_issuer", "http://10.0.0.5"),
        ("oidc_issuer", "ftp://127.0.0.1"),
        ("oidc_issuer", "https://user:password@login.example"),
        ("oidc_issuer", "https://login.example/?tenant=a"),
        ("oidc_issuer", "https://login.example/#top"),
        ("oidc_issuer", "https://login.example:70000"),
        ("oidc_issuer", "https://login.example/a b"),
        ("oidc_issuer", "https://[::1"),
    ],
)
def test_a_value_that_cannot_work_is_named_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        settings_for(25, **{name: value})
    (problem,) = refusal.value.problems
    assert problem.startswith(f"DEVCENTER_{name.upper()}: ")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("redis_url", "valkey://127.0.0.1", "redis://"),
        ("redis_url", "", "redis://"),
        ("redis_url", "redis://127.0.0.1:6379/cache", "number"),
        ("redis_url", "redis://:secret@127.0.0.1/0/1", "number"),
        ("redis_url", "redis://127.0.0.1:port/0", "URL"),
        ("redis_url", "redis://127.0.0.1:70000/0", "URL"),
        ("history_key", "short", "32 characters"),
        ("history_key", " " * 40, "32 characters"),
    ],
)
def test_a_server_or_a_key_that_cannot_work_is_named_and_no_secret_of_it(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        load_settings(**USUAL | {name: value})
    (problem,) = refusal.value.problems
    assert name.upper() in problem
    assert words in problem
    assert "secret@" not in problem


@pytest.mark.parametrize("url", ["redis://", "rediss://:p@ss@x.example:6380/12", "unix:///run/valkey.sock?db=1"])
def test_a_server_that_can_work_is_taken(url: str) -> None:
    assert load_settings(**USUAL | {"redis_url": url}).redis_url == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trusted_proxies", "10.0.0.5, 192.168.0.0/16,2001:db8::/32"),
        ("trusted_proxies", "*"),
        ("smtp_host", "mail_relay.internal"),
        ("smtp_host", "::1"),
        ("api_host", "0.0.0.0"),  # noqa: S104 (a value to read, nothing listens)
        ("mail_from", "Developer Center <devcenter@x.example>"),
        ("mail_from", '"Center, Developer" <dev+center@x.example>'),
    ],
)
def test_what_can_work_is_taken(name: str, value: str) -> None:
    settings_for(25, **{name: value})


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"smtp_user": "u"}, "DEVCENTER_SMTP_USER"),
        ({"smtp_password": "p"}, "DEVCENTER_SMTP_USER"),
        ({"smtp_starttls": True, "smtp_tls": True}, "DEVCENTER_SMTP_STARTTLS"),
        ({name: PROVIDER[name] for name in ("oidc_client_id", "oidc_client_secret")}, "DEVCENTER_OIDC_ISSUER"),
        ({name: PROVIDER[name] for name in ("oidc_issuer", "oidc_client_secret")}, "DEVCENTER_OIDC_CLIENT_ID"),
        ({name: PROVIDER[name] for name in ("oidc_issuer", "oidc_client_id")}, "DEVCENTER_OIDC_CLIENT_SECRET"),
        (PROVIDER | {"oidc_client_secret": ""}, "DEVCENTER_OIDC_CLIENT_SECRET"),
        ({"oidc_client_id": PROVIDER["oidc_client_id"]}, "DEVCENTER_OIDC_ISSUER"),
    ],
)
def test_settings_that_forbid_each_other_are_named(settings: dict[str, object], variable: str) -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        settings_for(25, **settings)
    (problem,) = refusal.value.problems
    assert problem.startswith(f"{variable}: ")


def test_the_provider_by_which_staff_sign_in_is_taken_as_it_names_itself() -> None:
    settings = settings_for(25, **PROVIDER)
    assert settings.oidc_issuer == "https://login.example/tenant/", "its own slash is part of its name"
    assert settings.oidc_client_id == "devcenter"
    assert settings.oidc_client_secret is not None
    assert settings.oidc_client_secret.get_secret_value() == "the-secret-of-the-client"


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9000", "http://[::1]:9000/realms/a", "http://localhost"])
def test_a_provider_on_this_machine_needs_no_https(issuer: str) -> None:
    assert settings_for(25, **PROVIDER | {"oidc_issuer": f" {issuer} "}).oidc_issuer == issuer


def test_without_a_provider_there_is_none_however_empty_its_settings_are_written() -> None:
    settings = settings_for(25, **dict.fromkeys(PROVIDER, ""))
    assert (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret) == (None, None, None)


@pytest.mark.parametrize("lacking", ["oidc_issuer", "oidc_client_id", "oidc_client_secret"])
def test_the_secret_of_the_provider_is_in_no_problem_and_in_no_words_of_the_settings(lacking: str) -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        settings_for(25, **{name: value for name, value in PROVIDER.items() if name != lacking})
    assert "the-secret" not in str(refusal.value)
    assert "the-secret" not in repr(settings_for(25, **PROVIDER))
