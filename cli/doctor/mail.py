"""Whether the mail server answers and lets this installation in. Nothing is sent."""

from cli.doctor.check import Check
from runtime.settings import Settings
from runtime.smtp import MailFailed, SmtpServer


def check_mail(settings: Settings) -> Check:
    """Checks the way to the mail server: name, port, TLS and login."""
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    server = SmtpServer(settings)
    try:
        server.check()
    except MailFailed as error:
        return Check(
            "mail",
            f"no mail can be sent: {error}",
            "Check DEVCENTER_SMTP_HOST, DEVCENTER_SMTP_PORT, DEVCENTER_SMTP_TLS and DEVCENTER_SMTP_STARTTLS, and the "
            "login. Mails wait until the server takes them.",
        )
    finally:
        server.close()
    encrypted = "encrypted" if settings.smtp_uses_tls or settings.smtp_starttls else "not encrypted"
    return Check("mail", f"{where} answers, {encrypted}")
