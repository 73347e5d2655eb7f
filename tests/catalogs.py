"""What the code says against what the Spanish catalogs hold. `make catalogs` prints the difference.

Sentences are found in templates by Babel, and in Python where they are handed to gettext, ngettext
or lazy, or are the message of an error that a person reads.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
CATALOGS = ROOT / "outreach" / "locale" / "es"
CALLS = {"_": 1, "gettext": 1, "lazy": 1, "ngettext": 2}
"""Functions that take msgids, and how many."""
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
# As outreach/web/frame.py and outreach/messaging/templates.py read them.
TEMPLATE_OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


@dataclass
class Differences:
    """What keeps Spanish from being complete, each with the place to look."""

    missing: list[str] = field(default_factory=list)
    fuzzy: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)
    contradicting: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(f"{kind}: {text}" for kind, texts in vars(self).items() for text in texts)


@dataclass(frozen=True)
class Entry:
    """One message of a catalog."""

    file: str
    message: Message

    @property
    def forms(self) -> tuple[str, ...]:
        said = self.message.string
        return (said or "",) if isinstance(said, str | None) else tuple(said)


def compare() -> Differences:
    """Compare every sentence the code says with the catalogs."""
    said, held, found = sentences(), entries(), Differences()
    for msgid, place in sorted(said.items()):
        if not held[msgid] and _has_words(msgid[-1]):
            found.missing.append(f"{place}: {msgid[0]!r}")
        for entry in held[msgid]:
            _look_at(entry, msgid, found)
        if len({entry.forms for entry in held[msgid]}) > 1:
            files = ", ".join(entry.file for entry in held[msgid])
            found.contradicting.append(f"{files}: {msgid[0]!r}")
    for msgid in sorted(held.keys() - said.keys()):
        found.unused.extend(f"{entry.file}: {msgid[0]!r}" for entry in held[msgid])
    return found


@cache
def sentences() -> dict[tuple[str, ...], str]:
    """Give each msgid (with its plural, if it has one) and the first place that says it."""
    found: dict[tuple[str, ...], str] = {}
    for place, msgid in [*_in_templates(), *_in_python()]:
        found.setdefault(msgid, place)
    # A sentence that has a plural somewhere answers for its singular too.
    plural = {msgid[0] for msgid in found if len(msgid) > 1}
    return {
        msgid: place for msgid, place in found.items() if len(msgid) > 1 or msgid[0] not in plural
    }


def entries() -> defaultdict[tuple[str, ...], list[Entry]]:
    """Give what the catalogs of all areas hold for each msgid."""
    found: defaultdict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for path in sorted(CATALOGS.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="es", abort_invalid=True):
                if message.id:
                    msgid = message.id if isinstance(message.id, list | tuple) else (message.id,)
                    found[tuple(msgid)].append(Entry(path.name, message))
    return found


def placeholders(text: str) -> set[str]:
    """Give the names that are filled in."""
    return set(PLACEHOLDER.findall(text))


def _has_words(text: str) -> bool:
    """Say whether anything is left to translate: "%(role)s: %(name)s" is the same in Spanish."""
    return any(letter.isalpha() for letter in PLACEHOLDER.sub("", text))


def _look_at(entry: Entry, msgid: tuple[str, ...], found: Differences) -> None:
    where = f"{entry.file}: {msgid[0]!r}"
    if entry.message.fuzzy:
        found.fuzzy.append(where)
    if not all(entry.forms):
        found.missing.append(where)
    # Only the form for one may leave the number out: "One visit", "Una visita".
    wanted = placeholders(msgid[-1])
    for number, form in enumerate(entry.forms):
        has = placeholders(form)
        is_singular = len(entry.forms) > 1 and number == 0
        if (has | {"num"} if is_singular else has) != (wanted | {"num"} if is_singular else wanted):
            found.mismatched.append(f"{where} has {sorted(has)} and not {sorted(wanted)}")


def _in_templates() -> Iterator[tuple[str, tuple[str, ...]]]:
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    for path in sorted((ROOT / "templates").rglob("*.*")):
        with path.open("rb") as file:
            for line, message, _comments, _context in extract(
                "jinja2.ext:babel_extract", file, keywords, options=TEMPLATE_OPTIONS
            ):
                texts = message if isinstance(message, tuple) else (message,)
                yield f"{path.relative_to(ROOT)}:{line}", tuple(text for text in texts if text)


def _in_python() -> Iterator[tuple[str, tuple[str, ...]]]:
    paths = sorted((ROOT / "outreach").rglob("*.py"))
    trees = {path: ast.parse(path.read_text("utf-8")) for path in paths}
    constants = _constants(trees.values())
    takes = CALLS | dict.fromkeys(_errors(trees.values()), 1)
    for path, tree in trees.items():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            is_inside_an_error = ast.unparse(call.func) == "super().__init__"
            count = 1 if is_inside_an_error else takes.get(_name_of(call.func), 0)
            choices = [_choices(argument, constants) for argument in call.args[:count]]
            if choices and all(choices):
                # _("a" if x else "b") says two sentences; the two of ngettext are one.
                for texts in zip(*choices, strict=True):
                    yield f"{path.relative_to(ROOT)}:{call.lineno}", texts


def _choices(argument: ast.expr, constants: dict[str, set[str]]) -> list[str]:
    match argument:
        case ast.IfExp():
            return _choices(argument.body, constants) + _choices(argument.orelse, constants)
        case ast.Constant(value=str(text)):
            return [text]
        case ast.Name() | ast.Attribute():
            return sorted(constants[_name_of(argument)])
    return []


def _constants(trees: Iterable[ast.Module]) -> dict[str, set[str]]:
    """Give the texts of every NAME = "text", so that an error may be raised with NAME."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for tree in trees:
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                    found[name].add(text)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text))):
                    found[name].add(text)
    return found


def _errors(trees: Iterable[ast.Module]) -> set[str]:
    """Give the names of the errors whose messages are read on a page.

    Not Unusable and its kinds: they are for the command line, which speaks English.
    """
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"OutreachError"}
    while True:
        kinds = {c.name for c in classes if found & {_name_of(base) for base in c.bases}}
        kinds -= {"Unusable"}
        if kinds <= found:
            return found
        found |= kinds


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


if __name__ == "__main__":
    differences = str(compare())
    sys.stdout.write(f"{differences or 'The Spanish catalogs are complete.'}\n")
    sys.exit(1 if differences else 0)
