"""Tables: the outbox, what providers said of it, and who agreed to be texted.

A message keeps its template and values, never its text: the text is rendered in the pre-send
step, the same every time, so no secret lies in a row. The cause is a subject (kind, id,
revision); messaging does not know what a visit is. Some time after its end a message is redacted:
kind, times and state stay, values and address go, here and at the provider (`redaction`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from outreach.crypto import public_id
from outreach.db import Base

STATES = (
    "pending",
    "claimed",
    "sending",
    "accepted",
    "delivered",
    "undelivered",
    "failed",
    "unknown",
    "cancelled",
    "expired",
    "dead",
)


SETTLED = (
    "state IN ('delivered', 'undelivered', 'failed', 'cancelled', 'expired', 'dead') "
    "OR (state = 'accepted' AND next_check_at IS NULL)"
)
"""When nothing more happens to a message: of mails, and of texts the provider stays silent about,
"accepted" is the end, once nobody asks any more."""


class Message(Base):
    """One message to one person. `dedupe_key` is subject:recipient:kind:revision.

    What goes by "call" is said by a coordinator: no worker claims it.

    `wording_id` names the affiliate's own wording that it was first rendered in (`OwnWording`),
    so that the same words are found again. No foreign key: adding one would rebuild the table,
    and wordings are never removed.

    `next_check_at` is when the provider is asked about it: in doubt, or accepted without a word
    since; `checks` counts the latter. `redacted_at` is when our values were emptied, and
    `redact_after` when the provider is asked to forget the text; None when it need not, or has.
    """

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    affiliate_id: Mapped[int | None] = mapped_column(ForeignKey("affiliate.id"), index=True)
    kind: Mapped[str]
    channel: Mapped[str]
    recipient_kind: Mapped[str]
    recipient_id: Mapped[int]
    to_address: Mapped[str]
    to_name: Mapped[str] = mapped_column(default="")
    locale: Mapped[str] = mapped_column(default="en")
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    subject_revision: Mapped[int]
    values: Mapped[dict[str, Any]]
    time_zone: Mapped[str]
    planned_wall: Mapped[str] = mapped_column(default="")
    urgent: Mapped[bool] = mapped_column(default=False)
    send_after: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="pending")
    state_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(default="")
    lease_token: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_check_at: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(default=0, server_default="0")
    redacted_at: Mapped[datetime | None]
    redact_after: Mapped[datetime | None]
    provider_id: Mapped[str | None] = mapped_column(unique=True)
    provider_status: Mapped[str] = mapped_column(default="")
    provider_code: Mapped[str] = mapped_column(default="")
    segments: Mapped[int] = mapped_column(default=0)
    seen_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    wording_id: Mapped[int | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"state IN {STATES!r}", name="state_known"),
        CheckConstraint("channel IN ('sms', 'mail', 'call')", name="channel_known"),
        Index(
            "ix_message_channel_send_after_pending",
            "channel",
            "send_after",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_message_lease_until_held",
            "lease_until",
            sqlite_where=text("state IN ('claimed', 'sending')"),
            postgresql_where=text("state IN ('claimed', 'sending')"),
        ),
        Index(
            "ix_message_next_check_at_open",
            "next_check_at",
            sqlite_where=text("state IN ('unknown', 'accepted')"),
            postgresql_where=text("state IN ('unknown', 'accepted')"),
        ),
        Index(
            "ix_message_state_at_kept",
            "state_at",
            sqlite_where=text("redacted_at IS NULL"),
            postgresql_where=text("redacted_at IS NULL"),
        ),
        Index(
            "ix_message_redact_after",
            "redact_after",
            sqlite_where=text("redact_after IS NOT NULL"),
            postgresql_where=text("redact_after IS NOT NULL"),
        ),
        Index("ix_message_subject", "subject_kind", "subject_id"),
        Index("ix_message_recipient", "recipient_kind", "recipient_id"),
        Index("ix_message_to_address_state", "to_address", "state"),
    )


class MessageAttempt(Base):
    """One call to a provider, written before it is made. Its public id is in the callback's URL.

    `looks` counts how often the provider's list was read whole and did not show it. `segments` is
    what it may cost the affiliate: 0 for mails, and for texts that surely were not sent. Both stand
    here as well as on the message so that a month's sum is read from one index alone.
    """

    __tablename__ = "message_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    number: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="")
    code: Mapped[str] = mapped_column(default="")
    provider_id: Mapped[str | None]
    looks: Mapped[int] = mapped_column(default=0)
    affiliate_id: Mapped[int | None]
    segments: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        UniqueConstraint("message_id", "number"),
        Index(
            "ix_message_attempt_cost",
            "affiliate_id",
            "started_at",
            "segments",
            sqlite_where=text("segments > 0"),
            postgresql_where=text("segments > 0"),
        ),
        Index("ix_message_attempt_finished_at", "finished_at"),
    )


class OwnWording(Base):
    """An affiliate's own wording of a kind of message, by channel and language. Append only.

    The newest row is in force; an empty `text` is a return to ours. Messages name the row they
    were rendered in, so rows stay.
    """

    __tablename__ = "own_wording"

    id: Mapped[int] = mapped_column(primary_key=True)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"))
    kind: Mapped[str]
    channel: Mapped[str]
    locale: Mapped[str]
    text: Mapped[str]
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    written_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("channel IN ('sms', 'mail')", name="channel_known"),
        CheckConstraint("locale IN ('en', 'es')", name="locale_known"),
        Index("ix_own_wording_place", "affiliate_id", "kind", "channel", "locale", "id"),
    )


class SmsBudget(Base):
    """What an affiliate means to spend on texts in a month, in parts of texts or in dollars."""

    __tablename__ = "sms_budget"

    id: Mapped[int] = mapped_column(primary_key=True)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"), unique=True)
    unit: Mapped[str]
    amount: Mapped[int]

    __table_args__ = (
        CheckConstraint("unit IN ('segments', 'dollars')", name="unit_known"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )


_NOT_EMPTIED = text("redacted_at IS NULL")


class Broadcast(Base):
    """A note that a coordinator wrote to the people of a list; each got a message "note" of it.

    `audience` is the list in words, which may hold a name that was searched for. `once_key` comes
    with the form, so that a note sent twice is one. The counts are of people, as they were planned:
    `by_call` are on the call list and get a mail besides, `nobody` got nothing. Words and audience
    are emptied when the last of its messages is.
    """

    __tablename__ = "broadcast"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"))
    once_key: Mapped[str]
    audience: Mapped[str]
    way: Mapped[str]
    text: Mapped[str]
    text_es: Mapped[str] = mapped_column(default="")
    by_text: Mapped[int]
    by_mail: Mapped[int]
    by_call: Mapped[int]
    nobody: Mapped[int]
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    taken_back_at: Mapped[datetime | None]
    redacted_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("affiliate_id", "once_key"),
        CheckConstraint("way IN ('sms', 'mail')", name="way_known"),
        Index(
            "ix_broadcast_created_at_kept",
            "created_at",
            sqlite_where=_NOT_EMPTIED,
            postgresql_where=_NOT_EMPTIED,
        ),
    )


class NoteStop(Base):
    """Somebody who wants no more notes of an affiliate. What concerns their visits still comes."""

    __tablename__ = "note_stop"

    id: Mapped[int] = mapped_column(primary_key=True)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"))
    recipient_kind: Mapped[str]
    recipient_id: Mapped[int]
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("affiliate_id", "recipient_kind", "recipient_id"),)


class ProviderEvent(Base):
    """What a provider said of a message; unique, so that a repeated callback changes nothing."""

    __tablename__ = "provider_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    provider_id: Mapped[str]
    status: Mapped[str]
    code: Mapped[str] = mapped_column(default="")
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("message_attempt.id"))
    received_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("provider_id", "status"),)


class InboundMessage(Base):
    """A text somebody sent us. `meaning` is what we took it for; "" waits for a coordinator.

    Redacted like a message, some time after it was settled: body and number go.
    """

    __tablename__ = "inbound_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    provider_id: Mapped[str] = mapped_column(unique=True)
    from_phone: Mapped[str] = mapped_column(index=True)
    body: Mapped[str]
    meaning: Mapped[str] = mapped_column(default="")
    affiliate_id: Mapped[int | None] = mapped_column(ForeignKey("affiliate.id"), index=True)
    speaker_id: Mapped[int | None] = mapped_column(ForeignKey("speaker.id"))
    received_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    redacted_at: Mapped[datetime | None]
    redact_after: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_inbound_message_settled_at_kept",
            "settled_at",
            sqlite_where=text("redacted_at IS NULL"),
            postgresql_where=text("redacted_at IS NULL"),
        ),
        Index(
            "ix_inbound_message_redact_after",
            "redact_after",
            sqlite_where=text("redact_after IS NOT NULL"),
            postgresql_where=text("redact_after IS NOT NULL"),
        ),
    )


class InboundMail(Base):
    """A mail somebody or some machine sent us. `sort` is what it is (`inbox.Sort`).

    `message_key` is its Message-ID, or a hash of its bytes. What a person is to read has no
    `settled_at`; what machines wrote keeps no text. `from_address` is what the mail claims.
    """

    __tablename__ = "inbound_mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    message_key: Mapped[str] = mapped_column(unique=True)
    sort: Mapped[str]
    from_address: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    body: Mapped[str] = mapped_column(default="")
    affiliate_id: Mapped[int | None] = mapped_column(ForeignKey("affiliate.id"), index=True)
    speaker_id: Mapped[int | None] = mapped_column(ForeignKey("speaker.id"))
    about_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    received_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    redacted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "sort IN ('bounce', 'automatic', 'calendar', 'person', 'unreadable')",
            name="sort_known",
        ),
        Index(
            "ix_inbound_mail_settled_at_kept",
            "settled_at",
            sqlite_where=text("redacted_at IS NULL"),
            postgresql_where=text("redacted_at IS NULL"),
        ),
        Index(
            "ix_inbound_mail_received_at_unread",
            "affiliate_id",
            "received_at",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )


class MailboxRound(Base):
    """Whose turn it is to fetch mail from a mailbox: one row for each, one worker at a time.

    `read_at` is when it was last read to the end; `trouble` says what hindered it since, "" for
    nothing.
    """

    __tablename__ = "mailbox_round"

    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox: Mapped[str] = mapped_column(unique=True)
    next_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(default="")


class MailAddressTrouble(Base):
    """An address that mail came back from. It gets nothing until `cleared_at`, or for good."""

    __tablename__ = "mail_address_trouble"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(unique=True)
    since: Mapped[datetime]
    code: Mapped[str]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    cleared_at: Mapped[datetime | None]


class Sender(Base):
    """A sending number or mailbox: its rate slot, and whether it is paused for every worker.

    `troubled_since` is when the trouble that all messages share began; None once one got through.
    """

    __tablename__ = "sender"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(unique=True)
    next_free_at: Mapped[datetime]
    paused_until: Mapped[datetime | None]
    troubled_since: Mapped[datetime | None]


class Consent(Base):
    """The ledger of who agreed to texts: append only, the last event of a number counts."""

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(index=True)
    speaker_id: Mapped[int | None] = mapped_column(ForeignKey("speaker.id"), index=True)
    event: Mapped[str]
    source: Mapped[str]
    wording: Mapped[str] = mapped_column(default="")
    actor: Mapped[str]
    evidence: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("event IN ('opt_in', 'opt_out', 'bad_number')", name="event_known"),
    )


class WorkerHeartbeat(Base):
    """A worker is alive when it says so here, whatever its scheduler believes."""

    __tablename__ = "worker_heartbeat"

    id: Mapped[int] = mapped_column(primary_key=True)
    worker: Mapped[str] = mapped_column(unique=True)
    seen_at: Mapped[datetime]


class ConsoleMessage(Base):
    """What left through the console gateway: the demo's phones and mailboxes show these rows."""

    __tablename__ = "console_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    channel: Mapped[str]
    to_address: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    text: Mapped[str]
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime]
