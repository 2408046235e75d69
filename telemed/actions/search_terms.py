"""The keys of a search as conditions on columns, their values as parameters.

A criterion becomes a shape, which is the criterion with a parameter's name wherever it had a
value, and the values by name. Searches of one shape share a statement.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from telemed.dicom.criteria import (
    AnyOf,
    Between,
    Empty,
    Exact,
    Key,
    Moment,
    NameLike,
    Path,
    Test,
    Wildcard,
    to_like,
)
from telemed.store import search
from telemed.store import tables as t
from telemed.store.study_keys import MODALITY, NAME, REFERRING
from telemed.store.tables import study_keys

Where = sa.ColumnElement[bool]
Column = sa.ColumnElement[Any]
Values = dict[str, Any]

STUDY_DATE: Final = (0x00080020,)
_BIGGEST: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class Terms:
    """The keys and moments of a search with names in place of values."""

    keys: tuple[Key, ...]
    moments: tuple[Moment, ...]


def named(keys: Iterable[Key], moments: Iterable[Moment], values: Values) -> Terms:
    """The terms of a search; the values are put into `values` by name."""
    told: list[Key] = []
    for key in keys:
        number = key.path in NUMBERS
        told.append(Key(key.path, _named(key.test, f"k{len(told)}", values, number)))
    during: list[Moment] = []
    for moment in moments:
        test = _named(moment.test, f"t{len(during)}", values, False)
        if isinstance(test, Between):
            during.append(Moment(moment.date, moment.time, test))
    return Terms(tuple(told), tuple(during))


def _named(test: Test, name: str, values: Values, number: bool) -> Test:
    match test:
        case Exact():
            values[name] = _number(test.value) if number else test.value
            return Exact(name)
        case Wildcard():
            values[name] = to_like(test.pattern.lower())
            return Wildcard(name)
        case Between() if test.wraps:
            parts = (Between(test.low, ""), Between("", test.high))
            return _named(AnyOf(parts), name, values, number)
        case Between():
            ends = {"low": test.low, "high": test.high}
            given = {end: f"{name}_{end}" for end, value in ends.items() if value}
            values.update({given[end]: ends[end] for end in given})
            return Between(given.get("low", ""), given.get("high", ""))
        case NameLike():
            return NameLike(tuple(_patterns(test, name, values)))
        case AnyOf():
            return AnyOf(
                tuple(
                    _named(one, f"{name}_{n}", values, number) for n, one in enumerate(test.tests)
                )
            )
        case Empty():
            return test


def _number(value: str) -> int | None:
    """An integer a column can hold; any other is in no row."""
    return int(value) if abs(int(value)) < _BIGGEST else None


def _patterns(test: NameLike, name: str, values: Values) -> Iterable[str]:
    """Names of patterns: of a line of keys where one word is asked, else of each key alone.

    In a line of words a star or a mark inside a word would reach over into the next one.
    """
    for n, pattern in enumerate(test.patterns):
        word = pattern.strip("*")
        if "*" in word or "?" in word:
            values[f"{name}_{n}_key"] = to_like(pattern)
            yield f"{name}_{n}_key"
            continue
        front, back = ("" if pattern[0] == "*" else " "), ("" if pattern[-1] == "*" else " ")
        values[f"{name}_{n}"] = f"%{front}{to_like(word)}{back}%"
        yield f"{name}_{n}"


# --- conditions -------------------------------------------------------------------------------


def conditions(terms: Terms, sqlite: bool, keyed: bool) -> list[Where]:
    """What the terms ask of the joined rows; parts of one sequence, of one and the same item.

    `keyed` tells that the index of keys is among them, which has the study's date too.
    """
    plain = [key for key in terms.keys if len(key.path) == 1]
    inside = [key for key in terms.keys if len(key.path) > 1]
    columns = {**COLUMNS, STUDY_DATE: _text(study_keys.c.study_date)} if keyed else COLUMNS
    found = [columns[key.path](key.test) for key in plain]
    for tag, keys in groupby(inside, key=lambda key: key.path[0]):
        items, value = search.items_of(t.series.c.attributes, f"{tag:08X}", sqlite)
        asked = [_compare(value(f"{key.path[1]:08X}"), key.test) for key in keys]
        found.append(sa.exists(sa.select(sa.literal(1)).select_from(items).where(*asked)))
    for moment in terms.moments:
        date, time = PLAIN[moment.date], PLAIN[moment.time]
        both = sa.func.coalesce(date, "").concat(
            sa.case((sa.func.coalesce(time, "") == "", "000000"), else_=time)
        )
        found.append(sa.and_(sa.func.coalesce(date, "") != "", _compare(both, moment.test)))
    return found


def _compare(column: Column, test: Test) -> Where:
    match test:
        case Exact():
            return column == _value(test.value, column)
        case Empty():
            return sa.func.coalesce(column, "") == ""
        case Wildcard():
            return search.lowered(column).like(_value(test.pattern), escape="\\")
        case Between():
            ends = [column != ""]
            ends += [column >= _value(test.low)] if test.low else []
            ends += [column <= _value(test.high)] if test.high else []
            return sa.and_(*ends)
        case AnyOf() if all(isinstance(one, Exact) for one in test.tests):
            exact = [one for one in test.tests if isinstance(one, Exact)]
            return column.in_([_value(one.value, column) for one in exact])
        case AnyOf():
            return sa.or_(*(_compare(column, one) for one in test.tests))
        case NameLike():
            raise TypeError("a name is not a plain text")


def _value(name: str, column: Column | None = None) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=sa.Text() if column is None else column.type)


def _text(column: Column) -> Callable[[Test], Where]:
    return lambda test: _compare(column, test)


def _whole_number(column: Column) -> Callable[[Test], Where]:
    return lambda test: column.is_(None) if test == Empty() else _compare(column, test)


def _name(line: Column, kind: str) -> Callable[[Test], Where]:
    """A name by the keys it stands under, in a line beside it or one by one in the index."""

    def compare(test: Test) -> Where:
        match test:
            case NameLike():
                return sa.and_(*(_fits(line, kind, name) for name in test.patterns))
            case AnyOf():
                return sa.or_(*(compare(one) for one in test.tests))
            case _:
                return _compare(line, test)

    return compare


def _fits(line: Column, kind: str, name: str) -> Where:
    if not name.endswith("_key"):
        return line.like(_value(name), escape="\\")
    pattern = sa.literal(kind).concat(_value(name))
    return _stands_under(lambda key: key.like(pattern, escape="\\"))


def _stands_under(fits: Callable[[Column], Where]) -> Where:
    """Whether the study has a key that fits."""
    keys = study_keys.alias()
    return sa.exists().where(keys.c.study_id == t.studies.c.id, keys.c.own, fits(keys.c.key))


def _modality(test: Test) -> Where:
    """Modalities in Study matches if any of its values does (PS3.4 C.3.4)."""
    kind = sa.literal(MODALITY)
    match test:
        case Exact():
            return _stands_under(lambda key: key == kind.concat(_value(test.value)))
        case Wildcard():
            pattern = kind.concat(_value(test.pattern))
            return _stands_under(lambda key: search.lowered(key).like(pattern, escape="\\"))
        case AnyOf():
            return sa.or_(*(_modality(one) for one in test.tests))
        case _:
            return _compare(t.studies.c.modalities, test)


def _sop_class(test: Test) -> Where:
    """One of a study's SOP classes, between backslashes; a UID has no letters and no marks."""
    match test:
        case Exact():
            pattern = sa.literal("%\\\\").concat(_value(test.value)).concat("\\\\%")
            all_of_them = sa.literal("\\").concat(t.studies.c.sop_classes).concat("\\")
            return all_of_them.like(pattern, escape="\\")
        case AnyOf():
            return sa.or_(*(_sop_class(one) for one in test.tests))
        case _:
            return _compare(t.studies.c.sop_classes, test)


def _stored(column: sa.Column[Any], tag: str) -> Column:
    """The first value of an attribute kept in a JSON column."""
    value: Column = column[(tag, "Value", 0)].as_string()
    return value


_S, _X, _I = t.studies.c, t.series.c, t.instances.c

PLAIN: Final[Mapping[int, Column]] = {
    0x00080020: _S.study_date,
    0x00080030: _S.study_time,
    0x00080050: _S.accession_number,
    0x00080080: _stored(_S.attributes, "00080080"),
    0x00081030: _S.description,
    0x00100020: _S.patient_id,
    # The institution is the issuer whatever a file says.
    0x00100021: _S.institution_id,
    0x00100030: _stored(_S.attributes, "00100030"),
    0x00100040: _stored(_S.attributes, "00100040"),
    0x0020000D: _S.study_uid,
    0x00200010: _S.study_local_id,
    0x00080060: _X.modality,
    0x0020000E: _X.series_uid,
    0x0008103E: _X.description,
    0x00080021: _X.series_date,
    0x00080031: _X.series_time,
    0x00180015: _X.body_part,
    0x00400244: _stored(_X.attributes, "00400244"),
    0x00400245: _stored(_X.attributes, "00400245"),
    0x00080016: _I.sop_class,
    0x00080018: _I.sop_uid,
}
COLUMNS: Final[Mapping[Path, Callable[[Test], Where]]] = {
    **{(tag,): _text(column) for tag, column in PLAIN.items()},
    (0x00080061,): _modality,
    (0x00080062,): _sop_class,
    (0x00080090,): _name(_S.referring_keys, REFERRING),
    (0x00100010,): _name(_S.name_keys, NAME),
    (0x00200011,): _whole_number(_X.number),
    (0x00200013,): _whole_number(_I.number),
}
NUMBERS: Final = frozenset({(0x00200011,), (0x00200013,)})
