"""The shipped files of a deployment: valid, in step with each other, no secret in them."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.validators import validator_for

from telemed.server.routes import ROUTES
from telemed.settings import ROOT, Settings, variable_of
from tests.deployment import topology
from tests.deployment.topology import COMPOSE, NGINX_CONF, NODES, Missing, Topology, compose

DEPLOY = ROOT / "configs" / "deploy"
OPERATOR = {"PUBLIC_URL": "https://telemed.example.cn", "SECRETS": "/srv/secrets"}
"""What an operator must say."""
OURS = {*NODES, "migrate"}
MADE_FOR_OTHERS = {"/api/accounts"}
"""Routes whose password is somebody else's new one: nothing to guess there."""
HERE = {*OURS, "proxy", "redis", "postgres"}
"""The services that tests/deployment/topology.py runs as processes."""


@pytest.fixture(scope="module")
def told() -> Any:
    """The compose file as the engine would see it."""
    return compose(OPERATOR)


def test_the_compose_file_is_one_by_the_specification_s_schema() -> None:
    """Checked with the schema that the compose specification publishes."""
    schema = get_builtin_schema("vendor.compose-spec")
    validator = validator_for(schema)(schema)
    faults = [f.message for f in validator.iter_errors(yaml.safe_load(COMPOSE.read_text("utf-8")))]
    assert faults == []
    assert list(validator.iter_errors({"services": {"x": {"comand": "y"}}}))


@pytest.mark.parametrize("name", OPERATOR)
def test_what_has_no_default_stops_the_start_with_a_sentence(name: str) -> None:
    """No password and no address is made up; an empty one counts as missing."""
    with pytest.raises(Missing, match=f"^Set {name} to "):
        compose({**OPERATOR, name: ""})


def test_the_example_of_variables_is_complete_and_starts_nothing() -> None:
    """configs/deploy/example.env names each variable of the compose files; filled in by nobody it
    is refused."""
    text = (DEPLOY / "example.env").read_text("utf-8")
    named = dict(re.findall(r"^#?(\w+)=(.*)$", text, re.MULTILINE))
    files = (COMPOSE, DEPLOY / "conference.compose.yml")
    used = {name for file in files for name in re.findall(r"\$\{(\w+)", file.read_text("utf-8"))}
    assert set(named) == used
    with pytest.raises(Missing):
        compose(dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)))
    optional = set(named) - set(OPERATOR)
    assert compose({**OPERATOR, **{k: named[k] for k in optional}}) == compose(OPERATOR)


def test_no_secret_is_written_down() -> None:
    """Passwords come from files alone: no variable of a password holds one, and the files are
    outside of the tree."""
    told = compose(OPERATOR)
    for service in told["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY", name):
                assert name.endswith("_FILE") and value.startswith("/run/secrets/"), name
    files = [secret["file"] for secret in told["secrets"].values()]
    assert files and all(file.startswith(OPERATOR["SECRETS"]) for file in files)


def test_every_secret_that_is_read_is_given(told: Any) -> None:
    """What a service reads below /run/secrets is in its list, and nothing more."""
    for name, service in told["services"].items():
        text = yaml.safe_dump({k: v for k, v in service.items() if k != "secrets"})
        if name == "proxy":
            text += NGINX_CONF.read_text("utf-8")
        read = set(re.findall(r"/run/secrets/(\w+)", text))
        assert read == set(service.get("secrets", [])), name
    assert {s for d in told["services"].values() for s in d.get("secrets", [])} == set(
        told["secrets"]
    )


def test_only_the_proxy_is_reached_from_outside(told: Any) -> None:
    """PostgreSQL, Redis and the servers publish no port and are on a network without a way out."""
    services = told["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert told["networks"]["inner"]["internal"] is True
    for name, service in services.items():
        assert set(service["networks"]) == {"inner", *(["outer"] if name == "proxy" else [])}


def test_every_service_is_confined_and_looked_after(told: Any) -> None:
    """Not root, nothing to write to but what is named, no powers, limits, a check, a restart."""
    for name, service in told["services"].items():
        assert service["user"].partition(":")[0] not in ("", "0", "root"), name
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert service["restart"] == ("on-failure" if name == "migrate" else "unless-stopped")
        assert ("test" in service["healthcheck"]) == (name != "migrate"), name
        assert re.search(r":[\w.-]+$", service["image"]), name
        assert not service["image"].endswith(":latest"), name


def test_who_waits_for_whom(told: Any) -> None:
    """Servers wait for the migration, the proxy for servers that are ready."""
    services = told["services"]
    for node in NODES:
        condition = services[node]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"
    assert {n: c["condition"] for n, c in services["proxy"]["depends_on"].items()} == {
        node: "service_healthy" for node in NODES
    }


def test_servers_share_everything_they_must(told: Any) -> None:
    """Both servers and the migration have the same image, variables, secrets and data volume."""
    keys = ("image", "user", "environment", "secrets", "volumes", "build")
    shared = [{key: told["services"][name][key] for key in keys} for name in sorted(OURS)]
    assert shared[0] == shared[1] == shared[2]
    assert shared[0]["volumes"] == [f"data:{shared[0]['environment']['TELEMED_DATA_DIR']}"]
    assert {"data", "database"} == set(told["volumes"])


def test_every_variable_is_a_setting(told: Any) -> None:
    """A TELEMED_ variable of the compose file or the image sets something."""
    known = {variable_of(key) for key in Settings.model_fields}
    used = set(told["services"]["telemed-a"]["environment"])
    used |= set(re.findall(r"TELEMED_\w+", (DEPLOY / "Dockerfile").read_text("utf-8")))
    assert used <= known | {f"{name}_FILE" for name in known}


def test_the_proxy_and_the_servers_agree(told: Any) -> None:
    """nginx's servers are the compose file's at their port, its ports are the published ones, and
    the servers trust its address and no other; their ends are later than what nginx waits for."""
    conf, services = NGINX_CONF.read_text("utf-8"), told["services"]
    port = services[NODES[0]]["environment"]["TELEMED_PORT"]
    upstreams = re.findall(r"upstream \w+ \{(.*?)\}", conf, re.DOTALL)
    for upstream in upstreams:
        assert re.findall(r"server (\S+)", upstream) == [f"{node}:{port}" for node in NODES]
    published = [mapping.rpartition(":")[2] for mapping in services["proxy"]["ports"]]
    assert re.findall(r"^ +listen (\d+)", conf, re.MULTILINE) == published
    trusted = services[NODES[0]]["environment"]["TELEMED_TRUSTED_PROXIES"]
    assert trusted == services["proxy"]["networks"]["inner"]["ipv4_address"]
    mounted = "./configs/deploy/nginx.conf:/etc/nginx/nginx.conf:ro"
    assert services["proxy"]["volumes"] == [mounted]


def test_the_proxy_sends_every_password_to_the_server_that_counts() -> None:
    """The places of nginx.conf where one address keeps to one server are exactly the routes whose
    body has a password of the caller."""
    (place,) = re.findall(r"location ~ (\S+) \{\s+proxy_pass http://telemed_by_address;",
                          NGINX_CONF.read_text("utf-8"))  # fmt: skip
    asks = {r.path for r in ROUTES if r.body and {"password", "current"} & set(r.body.model_fields)}
    sent = {r.path for r in ROUTES if r.method == "POST" and re.match(place, r.path)}
    assert asks == sent | MADE_FOR_OTHERS and sent


def test_a_stop_leaves_time_to_drain(told: Any) -> None:
    """The engine kills no server that is still finishing calls."""
    from telemed.server.app import CLEAN_UP_SECONDS, FINISH_SECONDS

    for node in NODES:
        service = told["services"][node]
        drain = int(service["environment"]["TELEMED_DRAIN_SECONDS"])
        longest = drain + FINISH_SECONDS + CLEAN_UP_SECONDS
        assert int(service["stop_grace_period"].removesuffix("s")) > longest


def test_what_the_process_test_starts_is_what_the_file_says(told: Any, tmp_path: Path) -> None:
    """Every service runs there; of its command and variables only places differ."""
    assert set(told["services"]) == HERE
    running = Topology(tmp_path, _Somewhere())  # type: ignore[arg-type]
    for name in sorted(OURS):
        program, service = running.telemed(name), running.file["services"][name]
        ours = {k: v for k, v in program.environ.items() if k != "PATH"}
        assert set(ours) == set(service["environment"])
        assert program.words[1:] == service["command"]
        for variable, value in ours.items():
            there = service["environment"][variable]
            assert value == there or value == running.local(there) or variable == "TELEMED_PORT"
    unused = [p for p in running.places if p not in COMPOSE.read_text("utf-8").replace(
        "${INNER_NET:-172.30.42}", "172.30.42") + NGINX_CONF.read_text("utf-8")]  # fmt: skip
    assert unused == []


class _Somewhere:
    """Where a PostgreSQL would be."""

    port = 1


# --- the image --------------------------------------------------------------------------------


def _dockerfile() -> list[list[str]]:
    text = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_copies_what_is_there_and_nothing_else() -> None:
    """Each source of a COPY is in the tree (or was built in an earlier stage), is let through by
    the ignore file, and no file of secrets could be."""
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    passed = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines and "**/.env" in lines
    sources = [words[1] for words in _dockerfile() if words[0] == "COPY" and len(words) == 3]
    assert sources and set(sources) == passed
    assert all((ROOT / source).exists() for source in sources)


def test_the_image_is_pinned_small_and_not_root() -> None:
    """One Debian by its tag for all stages, a user of its own, and the server as its command."""
    lines = _dockerfile()
    (base,) = [words[1] for words in lines if words[0] == "ARG"]
    assert re.fullmatch(r"DEBIAN=debian:\d+\.\d+-slim", base)
    assert {words[1] for words in lines if words[0] == "FROM"} == {"${DEBIAN}"}
    last = {words[0]: words[1:] for words in lines}
    service = compose(OPERATOR)["services"][NODES[0]]
    assert last["USER"] == [service["user"]]
    assert last["ENTRYPOINT"] == ["[telemed]"] and last["CMD"] == ["[serve]"]
    assert not any(words[0] == "ARG" and "SECRET" in words[1].upper() for words in lines)


def test_the_image_s_steps_are_goals_of_the_set_up() -> None:
    """Each `setup.py GOAL` of the image is one that the set-up knows."""
    asked = [w[w.index(".make/setup.py") + 1] for w in _dockerfile() if ".make/setup.py" in w]
    text = (ROOT / ".make" / "setup.py").read_text("utf-8")
    assert asked and all(f'    "{goal}": (' in text for goal in asked)


def test_the_guide_s_commands_make_every_secret(tmp_path: Path) -> None:
    """Run as they stand in docs/deployment.md they make each file the compose file asks for."""
    if missing := [name for name in topology.absent_programs() if name == "openssl"]:
        pytest.skip(f"{missing} is not installed")
    topology.make_secrets(tmp_path)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(compose(OPERATOR)["secrets"])
    assert all(len(text.strip()) >= 32 for text in made.values())
