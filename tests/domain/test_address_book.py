"""The address book: at most twenty, exactly one of them the default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from traya_gql.domain.address_book import (
    MAX_ADDRESSES,
    AddressBook,
    AddressBookFull,
    AddressNotFound,
    SavedAddress,
)
from traya_gql.domain.addresses import Address
from traya_gql.domain.refusals import Problem, RefusalCode
from traya_gql.domain.states import IndianState

OF_NOBODY = UUID(int=0)


def address(line: str = "12 MG Road") -> Address:
    return Address(
        name="Asha Rao",
        address_line=line,
        city="Bengaluru",
        state=IndianState.KARNATAKA,
        pin_code="560001",
        country="IN",
    )


def saved(number: int, line: str = "12 MG Road") -> SavedAddress:
    return SavedAddress(id=UUID(int=number), address=address(line))


def book_of(*numbers: int, default: int | None = None) -> AddressBook:
    """Return a book of these, of which the first was the default unless another is named."""
    book = AddressBook()
    for number in numbers:
        book = book.add(saved(number), is_default=number == default)
    return book


def shown(book: AddressBook) -> tuple[list[int], int | None]:
    """Return the numbers of a book in order, and that of the default."""
    numbers = [one.id.int for one in book.addresses]
    return numbers, None if book.default_id is None else book.default_id.int


@pytest.mark.parametrize(
    ("change", "numbers", "default"),
    [
        (lambda _: AddressBook(), [], None),
        (lambda _: book_of(1), [1], 1),
        (lambda _: AddressBook().add(saved(1), is_default=True), [1], 1),
        (lambda _: book_of(1, 2, 3), [1, 2, 3], 1),
        (lambda _: book_of(1, 2, 3, default=2), [1, 2, 3], 2),
        (lambda _: book_of(1, 2, 3, default=3), [1, 2, 3], 3),
        (lambda book: book.change(UUID(int=3), address=None, is_default=True), [1, 2, 3], 3),
        (lambda book: book.change(UUID(int=3), address=None, is_default=False), [1, 2, 3], 1),
        # the default stays the default, though nobody asks for it again
        (lambda book: book.change(UUID(int=1), address=address("1 Park Street"), is_default=False), [1, 2, 3], 1),
        (lambda book: book.remove(UUID(int=2)), [1, 3], 1),
        (lambda book: book.remove(UUID(int=1)), [2, 3], 3),
        (lambda book: book.remove(UUID(int=1)).remove(UUID(int=3)), [2], 2),
        (lambda book: book.remove(UUID(int=1)).remove(UUID(int=3)).remove(UUID(int=2)), [], None),
    ],
)
def test_who_is_the_default_after_a_change(
    change: Callable[[AddressBook], AddressBook], numbers: list[int], default: int | None
) -> None:
    assert shown(change(book_of(1, 2, 3))) == (numbers, default)


def test_a_change_replaces_the_text_of_one_address_and_keeps_its_place() -> None:
    book = book_of(1, 2, 3)

    changed = book.change(UUID(int=2), address=address("1 Park Street"), is_default=False)

    assert changed.addresses == (saved(1), saved(2, "1 Park Street"), saved(3))
    assert book == book_of(1, 2, 3)


def test_a_change_of_nothing_changes_nothing() -> None:
    assert book_of(1, 2).change(UUID(int=2), address=None, is_default=False) == book_of(1, 2)


@pytest.mark.parametrize(
    "change",
    [
        lambda book: book.change(OF_NOBODY, address=address(), is_default=True),
        lambda book: book.change(OF_NOBODY, address=None, is_default=False),
        lambda book: book.remove(OF_NOBODY),
        lambda book: book.address(OF_NOBODY),
    ],
)
@pytest.mark.parametrize("book", [AddressBook(), book_of(1, 2)])
def test_an_address_that_is_not_in_the_book_is_refused(change: Callable[[AddressBook], Any], book: AddressBook) -> None:
    with pytest.raises(AddressNotFound) as refusal:
        change(book)

    assert refusal.value.problems == (Problem(RefusalCode.ADDRESS_NOT_FOUND, "There is no such address.", ("id",)),)


def test_an_address_is_found_by_its_id() -> None:
    book = book_of(1, 2).change(UUID(int=2), address=address("1 Park Street"), is_default=False)

    assert book.address(UUID(int=1)) == address("12 MG Road")
    assert book.address(UUID(int=2)) == address("1 Park Street")


@pytest.mark.parametrize("is_default", [False, True])
def test_the_21st_address_is_refused_until_one_is_deleted(*, is_default: bool) -> None:
    full = book_of(*range(1, 21))

    with pytest.raises(AddressBookFull) as refusal:
        full.add(saved(21), is_default=is_default)

    message = "You can keep at most 20 addresses. Delete one first."
    assert refusal.value.problems == (Problem(RefusalCode.ADDRESS_BOOK_FULL, message, ("input", "address")),)
    numbers, _ = shown(full.remove(UUID(int=7)).add(saved(21), is_default=is_default))
    assert (len(numbers), numbers[-1]) == (20, 21)


def test_a_book_is_read_back_as_it_was_written() -> None:
    book = book_of(1, 2, default=2)

    assert AddressBook.model_validate(book.model_dump()) == book
    assert AddressBook.model_validate({}) == AddressBook()


def test_a_book_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        book_of(1).default_id = None  # type: ignore[misc]


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "add", "change", "remove"]), st.integers(0, 30), st.booleans()),
    max_size=80,
)


@given(STEPS)
def test_after_any_steps_exactly_one_is_the_default_ids_are_unique_and_there_are_at_most_twenty(
    steps: list[tuple[str, int, bool]],
) -> None:
    book, expected = AddressBook(), list[int]()

    for number, (step, place, is_default) in enumerate(steps, start=1):
        known = expected[place % len(expected)] if expected else None
        chosen = OF_NOBODY if known is None else UUID(int=known)
        before = book
        try:
            match step:
                case "add":
                    book = book.add(saved(number), is_default=is_default)
                    expected.append(number)
                case "change":
                    book = book.change(chosen, address=address("1 Park Street"), is_default=is_default)
                case _:
                    book = book.remove(chosen)
                    expected = [one for one in expected if one != known]
        except AddressBookFull:
            assert len(expected) == MAX_ADDRESSES
        except AddressNotFound:
            assert expected == []
        else:
            asked = UUID(int=number) if step == "add" else chosen
            if is_default and step != "remove":
                assert book.default_id == asked
            elif before.default_id in {one.id for one in book.addresses}:
                assert book.default_id == before.default_id

        ids = [one.id for one in book.addresses]
        assert [id_.int for id_ in ids] == expected
        assert len(set(ids)) == len(ids) <= MAX_ADDRESSES
        assert ids.count(book.default_id) == 1 if ids else book.default_id is None  # type: ignore[arg-type]
