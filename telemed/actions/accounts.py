"""Accounts: passwords, signing in, roles, sessions and machine tokens.

Knows when an account locks, which password is too easy, and that nobody changes their own roles.
Refuses to know cookies, headers and randomness: tokens come in made, and hashing a password is
slow on purpose, so callers do it in a thread before they open a transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from math import ceil

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.core.access import SEPARATE, Permission, Role, Subject, roles_may_combine
from telemed.core.errors import Problem
from telemed.store import accounts, network, people
from telemed.store.audit import Event
from telemed.store.tx import Row

_HASHER = PasswordHasher()
"""argon2id with the library's RFC 9106 low-memory parameters."""

NOBODY = Subject("", frozenset(), None)
"""Who acts before anybody is signed in."""

MAX_SESSIONS = 50
"""Open sessions an account may have; the oldest end when there are more."""

# --- passwords --------------------------------------------------------------------------------


def hash_password(password: str) -> str:
    """An argon2id hash; some tens of milliseconds, so never inside a transaction."""
    return _HASHER.hash(password)


def check_password(stored: str, password: str) -> bool:
    """Whether the password belongs to the hash. As slow as `hash_password`."""
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


@cache
def dummy_hash() -> str:
    """A hash to check against when there is no such user, so that the time tells nothing."""
    return hash_password("nobody has this password")


_COMMON_PASSWORDS = (
    "1234567890 12345678910 0123456789 0987654321 1234567899 1122334455 1q2w3e4r5t qwertyuiop"
    " qwerty12345 password12 password123 password1234 iloveyou123 5201314520 abc1234567"
    " a123456789 aa123456789 qq123456789 woaini1314 woaini520 admin12345 admin123456 p@ssw0rd123"
    " passw0rd123 1qaz2wsx3edc zxcvbnm123 asdfghjkl123 hospital123 yiyuan12345 guangxi123"
    " telemed123 telemed1234 yuancheng123"
)
"""Those of ten characters and more that guessers in this country begin with."""


def check_strength(password: str, username: str) -> None:
    """Problem("weak-password") for a password that a patient stranger would try."""
    folded = password.lower()
    if folded in _COMMON_PASSWORDS.split() or folded.isdigit():
        raise _weak("常见密码或全为数字", "it is a common one, or digits only")
    if len(set(folded)) < 5:
        raise _weak("不同字符过少", "it has too few different characters")
    if username.lower() in folded:
        raise _weak("包含用户名", "it contains the user name")


def _weak(zh: str, en: str) -> Problem:
    return Problem("weak-password", reason={"zh": zh, "en": en})


# --- signing in -------------------------------------------------------------------------------


def subject_of(account: Row, scopes: frozenset[Permission] | None = None) -> Subject:
    """What an account may do now, from its row; a role the code no longer knows gives nothing."""
    return Subject(
        account_id=account["id"],
        roles=_known_roles(tuple(account["roles"])),
        institution_id=account["institution_id"],
        person_id=account["person_id"],
        region=account["region"],
        scopes=scopes,
    )


@cache
def _known_roles(names: tuple[str, ...]) -> frozenset[Role]:
    known = {role.value for role in Role}
    return frozenset(Role(name) for name in names if name in known)


@dataclass(frozen=True, slots=True)
class LockRule:
    """So many failures in a row lock an account for so long."""

    failures: int
    wait: timedelta

    def after_failure(self, failures: int, now: datetime) -> tuple[int, datetime | None]:
        """The failures to remember and until when it is locked; a lock begins a new count."""
        if failures + 1 < self.failures:
            return failures + 1, None
        return 0, now + self.wait


def check_lock(locked_until: datetime | None, now: datetime) -> None:
    """Problem("locked-out") with the minutes left while a lock lasts."""
    if locked_until is None or locked_until <= now:
        return
    seconds = ceil((locked_until - now).total_seconds())
    raise Problem("locked-out", minutes=ceil(seconds / 60), seconds=seconds)


def note_failure(act: Act, account_id: str | None, rule: LockRule, what: str) -> datetime | None:
    """Audit a wrong password and count it; until when the account is locked now, if it is.

    An unknown name is audited without the name: people type passwords into the wrong field.
    """
    account = None if account_id is None else accounts.by_id(act.tx, account_id)
    if account is None:
        audited(act, Event.USER_AUTHENTICATION, "account", "", "failure", what=what)
        return None
    failures, locked_until = rule.after_failure(account["failures"], act.now)
    values = {"failures": failures} | ({"locked_until": locked_until} if locked_until else {})
    accounts.change(act.tx, account["id"], **values)
    audited(act, Event.USER_AUTHENTICATION, "account", account["id"], "failure", what=what)
    if locked_until is not None:
        audited(act, Event.SECURITY_ALERT, "account", account["id"], what="locked-out")
    return locked_until


@dataclass(frozen=True, slots=True)
class NewSession:
    """What the server made up for a session that begins."""

    token: str
    csrf: str
    agent: str
    hours: int
    replaces: str | None = None
    """The session this browser had before; it ends (AU-04)."""
    rehashed: str | None = None
    """A new hash of the same password, when the parameters have changed."""


def open_session(act: Act, new: NewSession) -> str:
    """Begin a session of the acting account and forget its failures; the session's public id."""
    account_id = act.subject.account_id
    values: dict[str, object] = {"failures": 0, "locked_until": None}
    if new.rehashed is not None:
        values["password_hash"] = new.rehashed
    accounts.change(act.tx, account_id, **values)
    if new.replaces is not None:
        accounts.end_session(act.tx, new.replaces)
    session_id = act.new_id()
    accounts.add_session(
        act.tx,
        {
            "token_hash": accounts.token_hash(new.token),
            "id": session_id,
            "account_id": account_id,
            "created_at": act.now,
            "seen_at": act.now,
            "expires_at": act.now + timedelta(hours=new.hours),
            "csrf": new.csrf,
            "address": act.address,
            "agent": new.agent.replace("\x00", "")[:200],
        },
    )
    accounts.end_oldest_sessions(act.tx, account_id, MAX_SESSIONS)
    audited(act, Event.USER_AUTHENTICATION, "session", session_id, what="sign-in")
    return session_id


def close_session(act: Act, session_id: str) -> None:
    """End the acting account's own session."""
    accounts.end_session(act.tx, session_id)
    audited(act, Event.USER_AUTHENTICATION, "session", session_id, what="sign-out")


def change_password(act: Act, password_hash: str, keep_session: str | None) -> None:
    """Give the acting account another password and end its other sessions."""
    account_id = act.subject.account_id
    accounts.change(act.tx, account_id, password_hash=password_hash, failures=0)
    ended = accounts.end_sessions_of(act.tx, account_id, but=keep_session)
    audited(
        act,
        Event.USER_ATTRIBUTES,
        "account",
        account_id,
        what="password-changed",
        sessions_ended=ended,
    )


# --- administration ---------------------------------------------------------------------------

_FOR_AN_INSTITUTION = frozenset(Role) - SEPARATE - {Role.REGULATOR}
"""Whatever neither keeps the platform nor supervises: who approves in house as well."""
_FOR_A_PERSON = frozenset({Role.READER, Role.VERIFIER})
"""Those who sign: a report names a person of the register, not an account."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made; the password comes hashed."""

    username: str
    password_hash: str
    name: str
    roles: Collection[str]
    institution_id: str | None = None
    person_id: str | None = None
    region: str | None = None
    demo: bool = False


def create_account(act: Act, new: NewAccount) -> str:
    """Make an account; its id. Needs manage-accounts and grant-roles."""
    act.subject.require(Permission.MANAGE_ACCOUNTS)
    act.subject.require(Permission.GRANT_ROLES)
    return add_account(act, new)


def add_account(act: Act, new: NewAccount) -> str:
    """`create_account` for the command line, where the right is to own the machine."""
    roles = _checked_roles(new.roles)
    _check_standing(act, new, roles)
    account_id = act.new_id()
    made = accounts.create(
        act.tx,
        {
            "id": account_id,
            "username": new.username,
            "password_hash": new.password_hash,
            "display_name": new.name,
            "person_id": new.person_id,
            "institution_id": new.institution_id,
            "region": new.region,
            "roles": sorted(roles),
            "demo": new.demo,
            "disabled": False,
            "failures": 0,
            "locked_until": None,
            "created_at": act.now,
        },
    )
    if not made:
        raise Problem("username-taken", username=new.username)
    audited(act, Event.USER_ATTRIBUTES, "account", account_id, what="created", roles=sorted(roles))
    return account_id


def _checked_roles(names: Collection[str]) -> frozenset[Role]:
    unknown = set(names) - {role.value for role in Role}
    if unknown or not names:
        raise Problem("invalid", detail=f"roles: {', '.join(sorted(unknown)) or '—'}")
    roles = frozenset(Role(name) for name in names)
    if not roles_may_combine(roles):
        raise Problem("roles-separate")
    return roles


def _check_standing(act: Act, new: NewAccount, roles: frozenset[Role]) -> None:
    """Roles of an institution name it, those who sign are people of it, supervisors a region."""
    if roles & _FOR_AN_INSTITUTION:
        if new.institution_id is None or not network.institution(act.tx, new.institution_id):
            raise Problem("invalid", detail="institution_id")
    elif new.institution_id is not None:
        raise Problem("invalid", detail="institution_id")
    if (Role.REGULATOR in roles) != (new.region is not None):
        raise Problem("invalid", detail="region")
    _check_person(act, new.person_id, new.institution_id, roles)


def _check_person(
    act: Act, person_id: str | None, institution_id: str | None, roles: frozenset[Role]
) -> None:
    if person_id is None:
        if roles & _FOR_A_PERSON:
            raise Problem("invalid", detail="person_id")
        return
    found = people.person(act.tx, person_id)
    if found is None or found["institution_id"] != institution_id:
        raise Problem("invalid", detail="person_id")


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What an administrator changes of an account; None leaves it as it is."""

    disabled: bool | None = None
    roles: Collection[str] | None = None
    unlock: bool = False


def change_account(act: Act, account_id: str, change: AccountChange) -> Row:
    """Disable, enable, unlock or re-role somebody else's account; the row as it is now.

    New roles and disabling end all of its sessions at once (AU-04, AU-08).
    """
    act.subject.require(Permission.MANAGE_ACCOUNTS)
    account = _existing(act, account_id)
    if account_id == act.subject.account_id:
        raise Problem("own-account")
    if change.roles is not None:
        _change_roles(act, account, change.roles)
    if change.disabled is not None and change.disabled != account["disabled"]:
        accounts.change(act.tx, account_id, disabled=change.disabled)
        if change.disabled:
            accounts.end_sessions_of(act.tx, account_id)
        what = "disabled" if change.disabled else "enabled"
        audited(act, Event.USER_ATTRIBUTES, "account", account_id, what=what)
    if change.unlock:
        accounts.change(act.tx, account_id, failures=0, locked_until=None)
        audited(act, Event.USER_ATTRIBUTES, "account", account_id, what="unlocked")
    return _existing(act, account_id)


def _change_roles(act: Act, account: Row, names: Collection[str]) -> None:
    act.subject.require(Permission.GRANT_ROLES)
    roles = _checked_roles(names)
    standing = NewAccount(
        username=account["username"],
        password_hash="",
        name=account["display_name"],
        roles=names,
        institution_id=account["institution_id"],
        person_id=account["person_id"],
        region=account["region"],
    )
    _check_standing(act, standing, roles)
    if sorted(roles) == sorted(account["roles"]):
        return
    accounts.change(act.tx, account["id"], roles=sorted(roles))
    accounts.end_sessions_of(act.tx, account["id"])
    audited(
        act,
        Event.SECURITY_ROLES,
        "account",
        account["id"],
        before=sorted(account["roles"]),
        after=sorted(roles),
    )


def _existing(act: Act, account_id: str) -> Row:
    account = accounts.by_id(act.tx, account_id)
    if account is None:
        raise Problem("not-found")
    return account


# --- sessions and tokens ----------------------------------------------------------------------


def sessions(act: Act, idle: timedelta) -> list[Row]:
    """Open sessions: everybody's for who manages them, one's own for everybody else."""
    everybody = Permission.MANAGE_SESSIONS in act.subject.permissions
    whose = None if everybody else act.subject.account_id
    return accounts.open_sessions(act.tx, act.now - idle, act.now, whose)


def kill_session(act: Act, session_id: str) -> None:
    """End a session at once; Problem("not-found") when it is not the subject's to end."""
    found = accounts.session_by_id(act.tx, session_id)
    everybody = Permission.MANAGE_SESSIONS in act.subject.permissions
    if found is None or not (everybody or found["account_id"] == act.subject.account_id):
        raise Problem("not-found")
    accounts.end_session(act.tx, session_id)
    audited(
        act,
        Event.USER_AUTHENTICATION,
        "session",
        session_id,
        what="killed",
        account=found["account_id"],
    )


@dataclass(frozen=True, slots=True)
class NewToken:
    """A machine token to be kept; `scopes` None is all that the account's roles allow."""

    token: str
    account_id: str
    label: str
    scopes: frozenset[Permission] | None
    lives: timedelta


def make_token(act: Act, new: NewToken) -> str:
    """Keep the hash of a machine token; its public id."""
    _existing(act, new.account_id)
    token_id = act.new_id()
    scopes = None if new.scopes is None else sorted(new.scopes)
    accounts.add_token(
        act.tx,
        {
            "token_hash": accounts.token_hash(new.token),
            "id": token_id,
            "account_id": new.account_id,
            "label": new.label,
            "scopes": scopes,
            "created_at": act.now,
            "expires_at": act.now + new.lives,
            "revoked_at": None,
        },
    )
    audited(act, Event.USER_ATTRIBUTES, "token", token_id, what="token-made", scopes=scopes)
    return token_id


def revoke_token(act: Act, token_id: str) -> None:
    """End a machine token at once; Problem("not-found") when there is none to end."""
    if not accounts.revoke_token(act.tx, token_id, act.now):
        raise Problem("not-found")
    audited(act, Event.USER_ATTRIBUTES, "token", token_id, what="token-revoked")
