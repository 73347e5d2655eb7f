"""Mail: whether the server takes us, and whether receivers will believe the sender."""

from typing import Final

from outreach.adapters import probes
from outreach.adapters.probes import MailServer, NoAnswer, Refused
from outreach.cli.checkup.finding import Finding, look, ok, skipped, wrong
from outreach.config import Config

PART = "mail"

REFUSALS: Final = {
    "tls": (
        "The mail server's encryption does not work: no STARTTLS, or an untrusted certificate.",
        'smtp_tls: "starttls" with 587, "implicit" with 465; smtp_host as on the certificate.',
    ),
    "sign-in": (
        "The mail server does not take smtp_user and smtp_password.",
        "Copy both anew; many providers want a password made for programs.",
    ),
}


def settings(config: Config) -> list[Finding]:
    """Look at what the settings alone tell."""
    if config.mail_gateway == "console":
        return [
            look(
                PART,
                'mail_gateway is "console": mails, sign-in codes too, stay on this machine.',
                'For people\'s mailboxes set it to "smtp", with smtp_….',
            )
        ]
    found = [_domain(config)]
    if config.smtp_tls == "none" and not _is_near(config.smtp_host):
        found.append(
            look(
                PART,
                "Mails leave without encryption (smtp_tls).",
                'Set smtp_tls = "starttls" or "implicit".',
            )
        )
    return found


def server(config: Config) -> list[Finding]:
    """Connect to the mail server and sign in; no mail is sent."""
    if config.mail_gateway != "smtp":
        return []
    at = f"{config.smtp_host}:{config.smtp_port}"
    try:
        probes.mail_server(
            MailServer(
                config.smtp_host,
                config.smtp_port,
                config.smtp_tls,
                config.smtp_user,
                config.smtp_password.get_secret_value(),
            )
        )
    except NoAnswer:
        return [
            wrong(
                PART,
                f"No mail server answers at {at}.",
                "Look at smtp_host and smtp_port, and whether the firewall lets that port out.",
            )
        ]
    except Refused as error:
        said, to_do = REFUSALS.get(
            error.code,
            (f"The mail server answers with {error.code}.", "Look at its own log for why."),
        )
        return [wrong(PART, said, to_do)]
    signed_in = " and takes our sign-in" if config.smtp_user else ""
    return [ok(PART, f"The mail server answers at {at}{signed_in}.")]


def records(config: Config) -> list[Finding]:
    """Look up SPF, DKIM and DMARC of the sender's domain, as they are given."""
    if config.mail_gateway != "smtp":
        return []
    domain = _domain_of(config.mail_from)
    try:
        return [_spf(domain), _dkim(domain, config.dkim_selector), _dmarc(domain)]
    except NoAnswer:
        return [
            skipped(
                PART,
                f"SPF, DKIM and DMARC of {domain} were not looked up: no name server answers.",
                "Are we offline? Else look at /etc/resolv.conf.",
            )
        ]


def _spf(domain: str) -> Finding:
    found = [text for text in probes.texts_at(domain) if text.lower().startswith("v=spf1")]
    if len(found) != 1:
        return wrong(
            PART,
            f"{domain} has {len(found) or 'no'} SPF record{'s' if found else ''}; one is needed.",
            f"Put one TXT record at {domain} that names your mail server: v=spf1 include:… -all",
        )
    return ok(PART, f"SPF of {domain}: {found[0]} (does it name your mail server?)")


def _dkim(domain: str, selector: str) -> Finding:
    if not selector:
        return look(
            PART,
            "DKIM was not looked up: its selector is not known.",
            "Set dkim_selector to the selector your mail server signs with.",
        )
    name = f"{selector}._domainkey.{domain}"
    if any("p=" in text and "p=;" not in text for text in probes.texts_at(name)):
        return ok(PART, f"DKIM: there is a key at {name}.")
    return wrong(
        PART,
        f"There is no DKIM key at {name}.",
        "Publish the key your mail server signs with, or correct dkim_selector.",
    )


def _dmarc(domain: str) -> Finding:
    found = [t for t in probes.texts_at(f"_dmarc.{domain}") if t.lower().startswith("v=dmarc1")]
    if found:
        return ok(PART, f"DMARC of {domain}: {found[0]}")
    return look(
        PART,
        f"{domain} has no DMARC record.",
        f"Large providers want one: a TXT record at _dmarc.{domain}, at least v=DMARC1; p=none",
    )


def _domain(config: Config) -> Finding:
    sender, links = _domain_of(config.mail_from), config.host
    if sender == links or links.endswith(f".{sender}") or sender.endswith(f".{links}"):
        return ok(PART, f"Mails come from {sender}, as their links do.")
    return look(
        PART,
        f"Mails come from {sender}, but their links lead to {links}.",
        "Filters distrust that. Let mail_from and public_base_url share a domain.",
    )


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].rstrip(">").lower()


def _is_near(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")
