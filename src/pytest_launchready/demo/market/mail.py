"""Mail, written to files: nothing ever leaves this machine."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

SENDER = "Launchready Demo <no-reply@demo.example>"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail that was sent."""

    to: str
    subject: str
    text: str

    def body(self) -> dict[str, object]:
        """The mail as JSON."""
        return {"to": self.to, "subject": self.subject, "text": self.text}


class MailFolder:
    """A folder into which mail is put, one `.eml` file each; file names sort by the order of sending."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._numbers = itertools.count(len(list(folder.glob("*.eml"))) + 1)

    def send(self, to: str, subject: str, text: str) -> None:
        """Writes a mail; a reader never sees half of it."""
        message = EmailMessage(policy=policy.SMTP)
        message["From"], message["To"], message["Subject"], message["Date"] = SENDER, to, subject, formatdate()
        message.set_content(text)
        path = self._folder / f"{next(self._numbers):06d}.eml"
        draft = path.with_suffix(".part")
        draft.write_bytes(message.as_bytes())
        draft.rename(path)

    def sent_to(self, address: str) -> list[Mail]:
        """The mails to an address, newest first."""
        mails = [_read(path) for path in sorted(self._folder.glob("*.eml"), reverse=True)]
        return [mail for mail in mails if mail.to.lower() == address.lower()]


def _read(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    return Mail(str(message["To"]), str(message["Subject"]), message.get_content().strip())
