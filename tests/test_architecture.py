"""What import-linter cannot see: columns, routes, commits, addresses, pure modules, sizes."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import DateTime, String
from werkzeug.routing import IntegerConverter

from outreach import access, tables
from outreach.db import Base, UTCDateTime
from outreach.web import auth

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "outreach"
TEMPLATES = ROOT / "templates"
SOURCES = sorted(PACKAGE.rglob("*.py"))

COMMITS = {"outreach/db.py", "outreach/migrations/env.py"}
"""The one door, and Alembic's own connection."""

LONG_FILES = {
    "outreach/messaging/models.py": "the tables of what leaves, what comes in, and who agreed",
    "outreach/migrations/versions/0001_visit_loop.py": "the first tables, as Alembic wrote them",
    "outreach/migrations/versions/0006_referrals.py": "tables that arrive together",
    "outreach/reads/referral_words.py": "every code of a referral beside its words",
    "outreach/reads/words.py": "every code of the rules beside its words",
    "outreach/visits/models.py": "the tables of a visit, from its request to what is told after it",
}
"""Files of more than 400 lines that have one subject all the same (style.md 4)."""

LOW_FLOORS = {"actor", "config", "crypto", "errors", "i18n", "links", "phone"}
"""What pure code may import of ours besides its own package; not the clock: `now` is passed in."""

LIBRARIES: dict[str, set[str]] = {
    "matching": {"numpy", "scipy", "highspy"},
    "calendars": {"icalendar", "dateutil", "recurring_ical_events"},
    "referrals": set(),
}
"""Packages that are pure but for their `ROWS`, and whose libraries they may use."""

IMPURE = {
    "asyncio",
    "http",
    "logging",
    "os",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "urllib",
}
"""Parts of the standard library that reach outside the process or differ from run to run."""

PURE = {
    ("visits", "telling.py"),
    ("messaging", "inbox.py"),
    ("messaging", "mail_parts.py"),
    ("messaging", "returned.py"),
}
"""Rules under a name of their own, where one package has two subjects."""

ROWS = {"models", "service"}
"""Modules inside a package with pure parts that are not pure themselves."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_pure(path: Path) -> bool:
    inside = path.relative_to(PACKAGE).parts
    in_pure_package = inside[0] in LIBRARIES and path.stem not in {*ROWS, "__init__"}
    is_rules = path.name == "rules.py" or inside in PURE
    return is_rules or inside[0] == "matching" or in_pure_package


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Give every module that is imported, with the names taken from a package of ours."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def may_import(module: str, *, package: str) -> bool:
    top, _, rest = module.partition(".")
    if top == "outreach":
        first, _, inner = rest.partition(".")
        return first in LOW_FLOORS or (first == package and inner.split(".")[0] not in ROWS)
    if top in sys.stdlib_module_names:
        # Taking an address apart or writing one opens nothing.
        return top not in IMPURE or module.startswith("urllib.parse")
    return top in LIBRARIES.get(package, set())


def calls_of(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def savepoints_of(tree: ast.AST) -> set[str]:
    """Give the names that hold savepoints: to release one commits nothing."""
    return {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "begin_nested()" in ast.unparse(node.value)
        for name in ast.walk(node.targets[0])
        if isinstance(name, ast.Name)
    }


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in SOURCES}


def test_every_instant_is_stored_aware() -> None:
    plain = [
        f"{table.name}.{column.name}"
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, DateTime)
    ]

    assert plain == []


def test_every_column_named_at_is_an_instant_and_every_on_a_date() -> None:
    wrong = [
        f"{table.name}.{column.name}"
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if (column.name.endswith("_at") and not isinstance(column.type, UTCDateTime))
        or (column.name.endswith("_on") and column.type.python_type.__name__ != "date")
    ]

    assert wrong == []


def test_every_table_is_in_the_one_import() -> None:
    written = {path.parent.name for path in PACKAGE.glob("*/models.py")}

    assert written | {"audit", "metadata"} == set(tables.__all__)


def test_every_foreign_key_points_to_a_table_that_exists() -> None:
    for table in tables.metadata.sorted_tables:
        for key in table.foreign_keys:
            assert key.column.table.name in tables.metadata.tables, key.target_fullname


def test_what_a_url_may_name_is_random_and_unique() -> None:
    for table in tables.metadata.sorted_tables:
        if "public_id" in table.columns:
            column = table.columns["public_id"]
            assert isinstance(column.type, String), table.name
            assert (column.nullable, bool(column.unique)) == (False, True), table.name
            assert column.default is not None, table.name


def test_packages_are_linked_by_keys_and_not_by_relationships() -> None:
    across = [
        f"{mapper.class_.__name__}.{relationship.key}"
        for mapper in Base.registry.mappers
        for relationship in mapper.relationships
        if relationship.mapper.class_.__module__ != mapper.class_.__module__
    ]

    assert across == []


def test_every_route_is_guarded_or_on_a_reviewed_list(application: Flask) -> None:
    listed = access.PUBLIC | access.BY_LINK | access.HOOKS | access.DEMO
    routes = {rule.endpoint for rule in application.url_map.iter_rules()}
    guarded = {route for route in routes if auth.action_of(application, route)}

    assert routes - guarded - listed == set()
    assert guarded & listed == set()


def test_an_application_with_an_open_route_does_not_start() -> None:
    app = Flask("outreach", static_folder=None)
    app.add_url_rule("/back-door", "back_door", lambda: "open")

    with pytest.raises(RuntimeError, match="back_door"):
        auth.refuse_unguarded(app)


def test_no_address_has_room_for_a_primary_key(application: Flask) -> None:
    counted = [
        rule.rule
        for rule in application.url_map.iter_rules()
        if any(isinstance(part, IntegerConverter) for part in rule._converters.values())
    ]

    assert counted == []


def test_no_address_is_built_from_a_primary_key(trees: dict[Path, ast.Module]) -> None:
    in_python = [
        f"{name_of(path)}:{call.lineno}"
        for path, tree in trees.items()
        for call in calls_of(tree)
        if isinstance(call.func, ast.Name) and call.func.id == "url_for"
        for keyword in call.keywords
        if isinstance(keyword.value, ast.Attribute) and keyword.value.attr == "id"
    ]
    in_templates = [
        f"{path.relative_to(TEMPLATES)}: {found[0]}"
        for path in TEMPLATES.rglob("*.*")
        for found in re.finditer(r"url_for\([^)]*=\s*[\w.]+\.id\b", path.read_text("utf-8"))
    ]

    assert in_python + in_templates == []


def test_only_the_databases_door_commits(trees: dict[Path, ast.Module]) -> None:
    committing = {
        name_of(path)
        for path, tree in trees.items()
        for call in calls_of(tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit"
        if ast.unparse(call.func.value) not in savepoints_of(tree)
    }

    assert committing == COMMITS


def test_pure_modules_import_only_what_is_pure(trees: dict[Path, ast.Module]) -> None:
    impure = [
        f"{name_of(path)}: {module}"
        for path, tree in trees.items()
        if is_pure(path)
        for module in imports_of(tree)
        if not may_import(module, package=path.relative_to(PACKAGE).parts[0])
    ]

    assert impure == []


def test_pure_modules_do_not_ask_what_time_it_is(trees: dict[Path, ast.Module]) -> None:
    asking = [
        f"{name_of(path)}:{call.lineno}"
        for path, tree in trees.items()
        if is_pure(path)
        for call in calls_of(tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"now", "today", "utcnow"}
    ]

    assert asking == []


@pytest.mark.parametrize(
    ("module", "package", "allowed"),
    [
        ("datetime.date", "visits", True),
        ("outreach.errors.RuleBroken", "visits", True),
        ("outreach.visits.rules", "visits", True),
        ("numpy", "matching", True),
        ("icalendar", "calendars", True),
        ("outreach.referrals.codes.State", "referrals", True),
        ("outreach.referrals.models.Referral", "referrals", False),
        ("outreach.visits.models.Visit", "visits", False),
        ("outreach.directory.rules", "visits", False),
        ("outreach.db.Base", "visits", False),
        ("outreach.clock", "visits", False),
        ("outreach.matching.models", "matching", False),
        ("sqlalchemy", "visits", False),
        ("numpy", "visits", False),
        ("flask", "matching", False),
        ("os", "visits", False),
    ],
)
def test_the_whitelist_of_pure_modules(module: str, package: str, allowed: bool) -> None:
    assert may_import(module, package=package) is allowed


def test_every_module_has_a_subject_and_not_a_kind() -> None:
    kinds = {"utils", "util", "common", "helpers", "helper", "misc", "shared"}

    assert [name_of(path) for path in SOURCES if path.stem in kinds] == []


def test_a_file_of_ours_past_400_lines_has_a_reason() -> None:
    long = {name_of(path) for path in SOURCES if len(path.read_text("utf-8").splitlines()) > 400}

    assert long == set(LONG_FILES)


def test_annotations_are_real(trees: dict[Path, ast.Module]) -> None:
    late = [
        name_of(path)
        for path, tree in trees.items()
        if "__future__.annotations" in imports_of(tree)
    ]

    assert late == []
