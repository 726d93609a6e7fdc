"""The checks' own parts, on small objects made here."""

from typing import Any

import pytest

from deploy.check.network import Peer, allows
from deploy.check.objects import Object, selects
from deploy.check.quantities import quantity
from deploy.check.references import documented_secrets
from deploy.check.schemas import custom_schemas

GATEWAY = {"app": "gateway", "app.kubernetes.io/part-of": "reelyard"}
SCHEDULER = {"app": "scheduler", "app.kubernetes.io/part-of": "reelyard"}


def policy(**spec: Any) -> Object:
    document = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"}, "spec": spec}
    return Object("test", document)


@pytest.mark.parametrize(
    ("selector", "taken"),
    [
        (None, True),
        ({}, True),
        ({"matchLabels": {"app": "gateway"}}, True),
        ({"matchLabels": {"app": "scheduler"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["gateway", "other"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["gateway"]}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}, True),
        ({"matchLabels": {"app": "gateway"}, "matchExpressions": [{"key": "zone", "operator": "Exists"}]}, False),
    ],
)
def test_a_selector_takes_labels_as_kubernetes_does(selector: dict[str, Any] | None, taken: bool) -> None:
    assert selects(selector, GATEWAY) is taken


@pytest.mark.parametrize(
    ("text", "number"), [("500m", 0.5), ("2", 2), (3, 3), ("1Gi", 2**30), ("1G", 1e9), ("1.5Ki", 1536)]
)
def test_quantities(text: str | int, number: float) -> None:
    assert quantity(text) == number


@pytest.mark.parametrize("text", ["", "1GiB", "-1", "much"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        quantity(text)


def test_a_side_that_no_policy_selects_is_open() -> None:
    assert allows([], GATEWAY, Peer(labels=SCHEDULER), 50051)


def test_a_connection_needs_both_its_sides() -> None:
    out = policy(
        podSelector={"matchLabels": {"app": "gateway"}},
        policyTypes=["Egress"],
        egress=[{"to": [{"podSelector": {"matchLabels": {"app": "scheduler"}}}], "ports": [{"port": 50051}]}],
    )
    shut = policy(podSelector={}, policyTypes=["Ingress", "Egress"])
    into = policy(
        podSelector={"matchLabels": {"app": "scheduler"}},
        policyTypes=["Ingress"],
        ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "gateway"}}}], "ports": [{"port": 50051}]}],
    )
    assert not allows([shut], GATEWAY, Peer(labels=SCHEDULER), 50051)
    assert not allows([shut, out], GATEWAY, Peer(labels=SCHEDULER), 50051)
    assert not allows([shut, into], GATEWAY, Peer(labels=SCHEDULER), 50051)
    assert allows([shut, out, into], GATEWAY, Peer(labels=SCHEDULER), 50051)
    assert not allows([shut, out, into], GATEWAY, Peer(labels=SCHEDULER), 9090)
    assert not allows([shut, out, into], SCHEDULER, Peer(labels=GATEWAY), 50051)


def test_blocks_of_addresses_leave_out_their_exceptions() -> None:
    web = policy(
        podSelector={},
        policyTypes=["Egress"],
        egress=[
            {
                "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}],
                "ports": [{"port": 80, "endPort": 443}],
            }
        ],
    )
    assert allows([web], GATEWAY, Peer(address="93.184.215.14"), 443)
    assert not allows([web], GATEWAY, Peer(address="93.184.215.14"), 8080)
    assert not allows([web], GATEWAY, Peer(address="10.1.2.3"), 443)
    assert not allows([web], GATEWAY, Peer(address="2606:2800::1"), 443)
    assert not allows([web], GATEWAY, Peer(labels=SCHEDULER), 443)


def test_a_policy_for_another_namespace_does_not_open_the_way_to_ours() -> None:
    dns = policy(
        podSelector={},
        policyTypes=["Egress"],
        egress=[{"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]}],
    )
    assert not allows([dns], GATEWAY, Peer(labels=SCHEDULER), 50051)
    assert allows([dns], GATEWAY, Peer(labels={"k8s-app": "kube-dns"}), 53)


def test_secrets_are_read_from_the_commands_that_make_them(tmp_path: Any) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(
        "```sh\n"
        "kubectl -n reelyard create secret generic one \\\n"
        '  --from-literal=A="$(openssl rand -hex 24)" \\\n'
        "  --from-file=B=./b.txt\n"
        "kubectl create secret generic two --from-literal=C=c\n"
        "```\n"
    )
    assert documented_secrets(readme) == {"one": frozenset({"A", "B"}), "two": frozenset({"C"})}


def test_each_custom_resource_that_we_use_has_a_strict_schema() -> None:
    schemas = custom_schemas()
    assert ("keda.sh/v1alpha1", "ScaledObject") in schemas
    assert all(schema["additionalProperties"] is False for schema in schemas.values())
    assert all(schema["properties"]["spec"]["additionalProperties"] is False for schema in schemas.values())
