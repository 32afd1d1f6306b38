"""Mail over TLS, from the first byte or after STARTTLS, to a server whose certificate is checked."""

import datetime
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runtime.embedded.processes import free_port
from runtime.smtp import MailFailed, SmtpServer
from tests.refusing_mail import RefusingServer, settings_for
from tests.runtime.test_smtp import _message


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The certificate of `localhost` with its key, which this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


class _Controller(Controller):
    def _trigger_server(self) -> None:
        """Connects without a word: aiosmtpd itself would speak TLS, without a name to check."""
        socket.create_connection((self.hostname, self.port)).close()


@contextmanager
def _serving(certificate: Path, *, from_the_first_byte: bool) -> Iterator[tuple[RefusingServer, int]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    tls: dict[str, Any] = (
        {"ssl_context": context} if from_the_first_byte else {"tls_context": context, "require_starttls": True}
    )
    handler, port = RefusingServer(), free_port()
    controller = _Controller(handler, hostname="localhost", port=port, **tls)
    controller.start()
    try:
        yield handler, port
    finally:
        controller.stop(no_assert=True)


@pytest.mark.parametrize("from_the_first_byte", [True, False])
def test_a_mail_is_taken_over_tls(certificate: Path, *, from_the_first_byte: bool) -> None:
    wanted = {"smtp_tls": True} if from_the_first_byte else {"smtp_starttls": True}
    with _serving(certificate, from_the_first_byte=from_the_first_byte) as (server, port):
        with closing(SmtpServer(settings_for(port, smtp_host="localhost", **wanted))) as mail:
            mail.send(_message())
            mail.send(_message())
        greetings = 1 if from_the_first_byte else 2  # a client greets again after STARTTLS
        assert (len(server.taken), server.connections) == (2, greetings)


@pytest.mark.parametrize("from_the_first_byte", [True, False])
def test_a_certificate_of_another_name_is_refused(certificate: Path, *, from_the_first_byte: bool) -> None:
    wanted = {"smtp_tls": True} if from_the_first_byte else {"smtp_starttls": True}
    with _serving(certificate, from_the_first_byte=from_the_first_byte) as (server, port):
        with (
            closing(SmtpServer(settings_for(port, smtp_host="127.0.0.1", **wanted))) as mail,
            pytest.raises(MailFailed, match="certificate") as failure,
        ):
            mail.send(_message())
        assert failure.value.is_servers
        assert server.taken == []


def test_port_465_means_tls_unless_a_setting_says_otherwise() -> None:
    assert settings_for(465).smtp_uses_tls
    assert not settings_for(587).smtp_uses_tls
    assert not settings_for(465, smtp_tls=False).smtp_uses_tls
