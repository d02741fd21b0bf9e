"""Sending one message about an alert: an HTTP request to a webhook, or an e-mail."""

from __future__ import annotations

import http.client
import json
import os
import smtplib
import ssl
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from rollupctl.errors import RollupError, remember_secret

SERVER = "ROLLUPCTL_SMTP"
SENDER = "ROLLUPCTL_MAIL_FROM"

Message = Mapping[str, Any]
Send = Callable[[str, Message, float], None]


def send_webhook(target: str, message: Message, timeout: float) -> None:
    """POST `message` as JSON to a URL; the header Idempotency-Key is the same in every attempt.

    Raises OSError or http.client.HTTPException if no answer comes within `timeout` seconds, or if
    it is not one of success. A redirect is not followed: it may lead somewhere unintended.
    """
    url = urlsplit(target)
    connection = _connection(url, timeout)
    try:
        connection.request(
            "POST",
            f"{url.path or '/'}{'?' + url.query if url.query else ''}",
            json.dumps(message, ensure_ascii=False).encode(),
            {"Content-Type": "application/json", "Idempotency-Key": str(message["key"])},
        )
        status = connection.getresponse().status
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise OSError(f"the webhook answered {status}")


def _connection(url: SplitResult, timeout: float) -> http.client.HTTPConnection:
    """A connection to the host of a URL, which is opened by the first request."""
    if url.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            url.hostname or "", url.port, timeout=timeout, context=context
        )
    return http.client.HTTPConnection(url.hostname or "", url.port, timeout=timeout)


def send_email(target: str, message: Message, timeout: float) -> None:
    """Send `message` to an address through the server of ROLLUPCTL_SMTP.

    The Message-ID is the same in every attempt, so that mail programs show it once. Raises OSError
    (smtplib's errors are OSErrors) or RollupError if the variable is missing or not a URL.
    """
    given = os.environ.get(SERVER, "")
    server = urlsplit(given)
    if server.scheme not in ("smtp", "smtps") or not server.hostname:
        raise RollupError(
            f"{SERVER} is {'not the URL of an SMTP server' if given else 'not set'}",
            f"write {SERVER}=smtp://user:password@host:587, or smtps:// for TLS from the start",
        )
    remember_secret(unquote(server.password) if server.password else None)
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            server.hostname, server.port or 465, timeout=timeout, context=context
        )
    else:
        client = smtplib.SMTP(server.hostname, server.port or 25, timeout=timeout)
    with client:
        client.ehlo()
        if server.scheme == "smtp" and client.has_extn("starttls"):
            client.starttls(context=context)
        if server.username:
            client.login(unquote(server.username), unquote(server.password or ""))
        client.send_message(compose(target, message))


def compose(target: str, message: Message) -> EmailMessage:
    """The e-mail about a transition."""
    mail = EmailMessage()
    subject = "" if message["subject"] is None else f" {_line(message['subject'])}"
    mail["From"] = os.environ.get(SENDER, "rollupctl@localhost")
    mail["To"] = target
    mail["Subject"] = f"[{message['state']}] {_line(message['rule'])}{subject}"
    mail["Message-ID"] = f"<{message['key']}@rollupctl>"
    mail["Auto-Submitted"] = "auto-generated"
    told = ("rule", "subject", "state", "state_before", "at", "value", "severity", "description")
    lines = [f"{name}: {message[name]}" for name in told if message[name] is not None]
    mail.set_content("\n".join([*lines, *([str(message["note"])] if message["note"] else [])]))
    return mail


def _line(text: object) -> str:
    """`text` without the line breaks that a header must not contain."""
    return " ".join(str(text).split())


SENDERS: Mapping[str, Send] = {"webhook": send_webhook, "email": send_email}
