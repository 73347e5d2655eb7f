import json
from io import BytesIO

import pytest

from outreach.matching import Problem, ProblemError, json_stream, problem_from_json, read_problem
from outreach.matching.make_problem import make_problem
from outreach.matching.problem_file import problem_to_json
from tests.matching.random_problems import Json, random_problem


def read(content: bytes) -> Problem:
    return read_problem(BytesIO(content))


def written(problem: Json, *, indent: int | None = None) -> bytes:
    return json.dumps(problem, indent=indent).encode()


def wrong(content: bytes) -> str:
    with pytest.raises(ProblemError) as caught:
        read(content)
    return str(caught.value)


@pytest.mark.parametrize("piece_bytes", [1, 7, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_file_read_in_pieces_is_the_problem_that_it_is_read_whole(
    monkeypatch: pytest.MonkeyPatch, piece_bytes: int, indent: int | None
) -> None:
    monkeypatch.setattr(json_stream, "PIECE_BYTES", piece_bytes)
    problem = random_problem(3, speakers=9, visits=12)
    problem["sites"][0]["id"] = problem["visits"][0]["site"] = "hôpital 𝄞"
    for speaker in problem["speakers"]:
        speaker["clearances"] = [c for c in speaker["clearances"] if c["site"] != "h0"]
        speaker["excluded_sites"] = []
    for visit in problem["visits"]:
        visit["site"] = "h1" if visit["site"] == "h0" else visit["site"]

    content = json.dumps(problem, indent=indent, ensure_ascii=False).encode()

    assert read(content) == problem_from_json(problem)


def test_members_may_come_in_any_order_and_settings_may_be_left_out() -> None:
    problem = problem_to_json(make_problem("affiliate"))
    del problem["settings"]

    turned = dict(reversed(problem.items()))

    assert read(written(turned)) == problem_from_json(problem)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "problem: is empty"),
        (b" \n\t ", "problem: is empty"),
        (b"[]", "problem: must be an object in JSON"),
        (b"not JSON", "problem: must be an object in JSON"),
        (b"{", "problem: is not complete: the file ends here"),
        (b"{}", "format: is missing"),
        (b"{} {}", "problem: has something after its end"),
        (b'{"sites": [], "sites": []}', "sites: is there twice"),
        (b'{"site": []}', "site: is not a known key"),
        (b"{1: 2}", "problem: has a name that is not text"),
        (b'{"sites" []}', "problem: is not JSON, in line 1: expected a colon"),
        (b'{"sites": [] "speakers": []}', "sites: is not JSON, in line 1: expected a comma or }"),
        (b'{"sites": {}}', "sites: must be a list"),
        (b'{"sites": [', "sites[0]: is not complete: the file ends here"),
        (
            b'{"sites":\n[\n{"id" "h"}]}',
            "sites[0]: is not JSON, in line 3: Expecting ':' delimiter",
        ),
        (b'{"format": "outreach-matching/2"}', "format: is 'outreach-matching/2', must be"),
        (
            b'{"sites": [{"id": "h", "lat": NaN, "lon": 1}]}',
            "sites[0].lat: must be a finite number",
        ),
        (b'{"sites": [{"id": "h", "lat": 1e999, "lon": 1}]}', "sites[0].lat: must be a finite"),
        (b'{"sites": [{"id": "h", "id": "i", "lat": 1, "lon": 1}]}', "sites[0].id: is there twice"),
        (b'{"visits": [{"roles": {"lead": 1, "lead": 1}}]}', "visits[0].id: is missing"),
        (b'\xef\xbb\xbf{"sites": []}', "problem: begins with a byte order mark"),
        ('{"sites": []}'.encode("utf-16"), "problem: is not text in UTF-8"),
        ('{"sites": [{"id": "é"}]}'.encode("latin-1"), "problem: is not text in UTF-8"),
        (b'{"sites": ' + b"[" * 100_000, "sites[0]: is nested too deeply"),
        (b'{"sites": [' + b"9" * 5_000 + b"]}", "sites[0]: holds a number with too many digits"),
        (b'{"sites": [1.5]}', "sites[0]: must be an object"),
        (b'{"sites": [tru]}', "sites[0]: is not JSON, in line 1: Expecting value"),
    ],
)
def test_what_is_no_problem_is_told_with_its_place(content: bytes, message: str) -> None:
    assert wrong(content).startswith(message)


def test_a_key_twice_is_told_wherever_it_is() -> None:
    content = written(random_problem(1, speakers=2, visits=2))
    twice = content.replace(b'"roles": {"', b'"roles": {"lead": 1, "lead": 2, "', 1)

    assert wrong(twice).endswith("roles.lead: is there twice")


def test_every_beginning_of_a_file_is_refused_in_a_sentence() -> None:
    content = written(random_problem(2, speakers=2, visits=2), indent=1)

    for length in range(0, len(content) - 1, 3):
        assert ": " in wrong(content[:length])


def test_the_first_wrong_entry_ends_the_reading() -> None:
    content = b'{"sites": [{}, ' + b"{}, " * (1 << 20)
    source = BytesIO(content)

    with pytest.raises(ProblemError, match=r"^sites\[0\]\.id: is missing$"):
        read_problem(source)
    assert source.tell() <= json_stream.PIECE_BYTES


def test_an_entry_larger_than_any_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "LARGEST_ENTRY", 1000)
    monkeypatch.setattr(json_stream, "PIECE_BYTES", 100)
    content = b'{"sites": [{"id": "' + b"x" * 10_000

    assert wrong(content) == "sites[0]: is not JSON, or larger than any entry may be"


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless:
        def read(self, size: int, /) -> bytes:
            return b" " * size

    monkeypatch.setattr(json_stream, "LARGEST_FILE", 1 << 22)

    with pytest.raises(ProblemError, match="is larger than"):
        read_problem(Endless())
