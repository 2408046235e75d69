"""Which institutions took part in a session, by who of them was really there.

Somebody was there who was in the conference and did not only watch, who accompanied the patient and
was confirmed by name, or who the minutes say came besides; where nobody was in the conference,
whoever sat in it. Whoever the minutes call absent was not. When the session ends there is a fact
for each institution: what the tally counts. Knows nobody's name.
"""

from collections import Counter
from collections.abc import Mapping

from telemed.actions import entries
from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.core.activity import Fact, Kind
from telemed.store import accompanying, conferences, minutes, people


def there(act: Act, booked: Booked) -> dict[str, int]:
    """How many of each institution were there."""
    row = minutes.get(act.tx, booked.id) or {"absent": [], "also": []}
    log = conferences.log_of(act.tx, booked.id)
    came = {line["person_id"]: line["institution_id"] for line in log if not line["watches"]}
    besides = [*row["also"]] if came else [*row["also"], *(s["person_id"] for s in booked.sitting)]
    for key, person in people.people_by_id(act.tx, besides).items():
        came.setdefault(key, person["institution_id"])
    for named in accompanying.of_appointment(act.tx, booked.id):
        if named["confirmed_at"] is not None:
            came.setdefault(named["person_id"], booked.row["requester_id"])
    return dict(Counter(place for key, place in came.items() if key not in row["absent"]))


def tell(act: Act, booked: Booked, found: Mapping[str, int]) -> None:
    """A fact for each institution that took part: ids and how many, for it and the two sides."""
    row = booked.row
    actor, own = entries.actor_of(act), act.subject.institution_id or row["provider_id"]
    for place, number in sorted(found.items()):
        told = {
            "appointment": booked.id,
            "number": row["number"],
            "service": row["service"],
            "urgency": "urgent" if row["urgent"] else "routine",
            "requester": row["requester_id"],
            # Of this fact the institution that took part is what the one that answers is of others.
            "provider": place,
            "people": number,
        }
        parties = tuple(dict.fromkeys((row["requester_id"], row["provider_id"], place)))
        act.tell(
            Fact(
                Kind.APPOINTMENT_ATTENDED,
                act.now,
                actor,
                own,
                parties,
                row["request_id"],
                data=told,
            )
        )
