"""The index of searches: by what key which institution finds which study, newest first.

Every row names the institution it serves, so that a search walks its own rows and nobody else's:
what others hold costs it nothing and shows in no time it takes. A study's keys stand under its
own institution and, by triggers, under every one that was ever sent a case of its patient, or had
somebody asked for an opinion on one. That is more than may be seen at this moment: whoever searches
asks `store/access.py` of each foreign row. Rows are written where a study is saved; the triggers
add what names begin with, and keep the copies whichever way a case, a link or a patient changes.
"""

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from telemed.store.columns import metadata
from telemed.store.tables import study_keys
from telemed.store.tx import Row, Tx

EVERY: Final = ""
"""The key under which every study stands."""
PATIENT, ACCESSION, MODALITY, NAME, REFERRING = "p:", "a:", "m:", "n:", "r:"
BEGINNING: Final = "b:"
"""What a word of a name begins with: thousands share a surname, and a walk of them is in order."""
_PAST_LATIN: Final = "~"

MADE_FROM: Final = frozenset(
    {"patient_id", "study_date", "modalities", "name_keys", "referring_keys", "accession_number"}
)
"""The columns of a study that its keys are made from."""


def keys_of(study: Row) -> list[str]:
    """The keys of a study's row; `EVERY` last, which the trigger waits for."""
    keys = {
        PATIENT + study["patient_id"].lower(),
        *(MODALITY + value for value in study["modalities"].split("\\") if value),
        *(NAME + word for word in study["name_keys"].split()),
        *(REFERRING + word for word in study["referring_keys"].split()),
    }
    if study["accession_number"]:
        keys.add(ACCESSION + study["accession_number"].lower())
    return [*sorted(keys), EVERY]


def enter(tx: Tx, study: Row, fresh: bool = False) -> None:
    """Write the keys of a study anew; a `fresh` one has none yet."""
    if not fresh:
        forget(tx, study["id"])
    tx.insert(study_keys, list(rows_of(study)))


def forget(tx: Tx, study_id: str) -> None:
    """Take a study out of every search."""
    tx.run(_FORGET, study_id=study_id)


def rows_of(study: Row) -> Iterable[dict[str, Any]]:
    """The rows a study has under its own institution."""
    for key in keys_of(study):
        yield {
            "viewer_id": study["institution_id"],
            "key": key,
            "study_date": study["study_date"],
            "study_id": study["id"],
            "own": True,
        }


def beginning(word: str) -> str:
    """What of a word stands under `BEGINNING`: two letters or digits, or one of another script.

    '' of a word that is shorter.
    """
    letters = 2 if word < _PAST_LATIN else 1
    return word[:letters] if len(word) >= letters else ""


_FORGET = sa.delete(study_keys).where(study_keys.c.study_id == sa.bindparam("study_id"))


# --- what the triggers write -------------------------------------------------------------------

BEGINNINGS: Final = f"""\
INSERT INTO study_keys (viewer_id, key, study_date, study_id, own)
SELECT DISTINCT k.viewer_id,
 '{BEGINNING}' || substr(k.key, 3, CASE WHEN k.key < '{NAME}{_PAST_LATIN}' THEN 2 ELSE 1 END),
 k.study_date, k.study_id, k.own
FROM study_keys AS k
WHERE substr(k.key, 1, 2) = '{NAME}' AND {{which}}
 AND (length(k.key) > 3 OR k.key > '{NAME}{_PAST_LATIN}')
ON CONFLICT DO NOTHING"""
"""`beginning` in another notation. A trigger's, so that rows of an older version have them too."""

COPY: Final = """\
INSERT INTO study_keys (viewer_id, key, study_date, study_id, own)
SELECT DISTINCT r.provider_id, k.key, k.study_date, k.study_id, FALSE
FROM request_studies AS l
JOIN requests AS r ON r.id = l.request_id
JOIN studies AS linked ON linked.id = l.study_id
 AND linked.institution_id || '' = r.requester_id || ''
JOIN studies AS s ON s.patient_ref = linked.patient_ref
 AND s.institution_id || '' = r.requester_id || ''
JOIN study_keys AS k ON k.study_id = s.id AND k.own
WHERE r.provider_id <> r.requester_id AND {which}
ON CONFLICT DO NOTHING"""
"""An institution is compared as an expression, which no index answers: SQLite, which has no
statistics, would else go through all cases and studies of the institution for every study."""

COPY_FOR_EXPERTS: Final = """\
INSERT INTO study_keys (viewer_id, key, study_date, study_id, own)
SELECT DISTINCT o.institution_id, k.key, k.study_date, k.study_id, FALSE
FROM request_studies AS l
JOIN opinions AS o ON o.request_id = l.request_id AND o.institution_id <> o.provider_id
JOIN requests AS r ON r.id = l.request_id
JOIN studies AS linked ON linked.id = l.study_id
 AND linked.institution_id || '' = r.requester_id || ''
JOIN studies AS s ON s.patient_ref = linked.patient_ref
 AND s.institution_id || '' = r.requester_id || ''
JOIN study_keys AS k ON k.study_id = s.id AND k.own
WHERE {which}
ON CONFLICT DO NOTHING"""
"""The same for the experts' institutions, other than those that answer."""

# Name, moment, and which cases, links or studies it is about.
_TRIGGERS: Final = (
    ("linked", "INSERT ON request_studies",
     "l.request_id = NEW.request_id AND l.study_id = NEW.study_id"),
    ("sent", "UPDATE OF provider_id ON requests", "r.id = NEW.id"),
    ("moved", "UPDATE OF patient_ref ON studies", "linked.patient_ref = NEW.patient_ref"),
    ("entered", "INSERT ON study_keys", "s.id = NEW.study_id"),
)  # fmt: skip
_ASKED: Final = ("asked", "INSERT ON opinions", "r.id = NEW.request_id")
_ENTERED: Final = " WHEN (NEW.own AND NEW.key = '')"
_BEGUN: Final = BEGINNINGS.format(which="k.study_id = NEW.study_id AND k.own") + "; "


def triggers(dialect: str, experts: bool = False) -> list[str]:
    """Statements that make the database keep the copies, in place of any that it has; those for
    `experts` too where it has their table."""
    made = []
    for name, moment, which in (*_TRIGGERS, _ASKED) if experts else _TRIGGERS:
        entered = name == "entered"
        when = _ENTERED if entered else ""
        copies = [] if name == "asked" else [COPY]
        # Who answers now changes nothing for whoever is asked for an opinion.
        copies += [COPY_FOR_EXPERTS] if experts and name != "sent" else []
        copy = (_BEGUN if entered else "") + "; ".join(c.format(which=which) for c in copies)
        if dialect == "sqlite":
            made.append(f"DROP TRIGGER IF EXISTS study_keys_{name}")
            made.append(
                f"CREATE TRIGGER study_keys_{name} AFTER {moment} FOR EACH ROW{when}"
                f" BEGIN {copy}; END"
            )
            continue
        made.append(
            f"CREATE OR REPLACE FUNCTION study_keys_{name}() RETURNS trigger LANGUAGE plpgsql"
            f" AS $$ BEGIN {copy}; RETURN NULL; END $$"
        )
        made.append(
            f"CREATE OR REPLACE TRIGGER study_keys_{name} AFTER {moment} FOR EACH ROW{when}"
            f" EXECUTE FUNCTION study_keys_{name}()"
        )
    return made


@sa.event.listens_for(metadata, "after_create")
def _with_triggers(_metadata: sa.MetaData, connection: sa.Connection, **_more: Any) -> None:
    """A schema made from the tables has the triggers too."""
    for statement in triggers(connection.dialect.name, experts=True):
        connection.exec_driver_sql(statement)
