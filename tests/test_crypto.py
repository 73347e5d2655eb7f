import hashlib

from outreach import crypto

KEY = b"k" * 32


def test_a_public_id_is_short_random_and_safe_in_an_address() -> None:
    ids = {crypto.public_id() for _ in range(1000)}

    assert len(ids) == 1000
    assert {len(public_id) for public_id in ids} == {22}
    assert all(public_id.replace("-", "").replace("_", "").isalnum() for public_id in ids)


def test_a_token_has_256_bits() -> None:
    assert len(crypto.token()) == 43
    assert crypto.token() != crypto.token()


def test_a_code_keeps_its_leading_zeros() -> None:
    codes = [crypto.code(digits=2) for _ in range(500)]

    assert {len(code) for code in codes} == {2}
    assert any(code.startswith("0") for code in codes)
    assert len(crypto.code()) == 8


def test_what_is_stored_of_a_secret_is_its_sha256() -> None:
    assert crypto.digest("secret") == hashlib.sha256(b"secret").hexdigest()


def test_the_same_parts_under_the_same_key_give_the_same_token() -> None:
    first = crypto.derive(KEY, "answer", "offer", "Ana")

    assert first == crypto.derive(KEY, "answer", "offer", "Ana")
    assert len(first) == 43
    assert first != crypto.derive(b"j" * 32, "answer", "offer", "Ana")


def test_parts_do_not_run_together() -> None:
    assert crypto.derive(KEY, "ab", "c") != crypto.derive(KEY, "a", "bc")
    assert crypto.derive(KEY, "a") != crypto.derive(KEY, "a", "")


def test_secrets_are_compared_whole() -> None:
    assert crypto.equal("Benítez", "Benítez")
    assert not crypto.equal("abc", "abd")
    assert not crypto.equal("abc", "ab")
