"""Who may talk to whom: the NetworkPolicies against a table of edges.

A small evaluator of NetworkPolicy (networking.k8s.io/v1): a connection needs the egress side of the one pod and the
ingress side of the other; a side that no policy selects is open. What the cluster's network plug-in makes of the
policies can only be seen in a cluster.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_address, ip_network
from typing import Any

from deploy.check.objects import Object, Overlay, Pod, dig, mappings, selects
from deploy.check.problem import Problem

#: Our components, as the label app.kubernetes.io/component names them, and the ports where each listens.
LISTENS: Mapping[str, tuple[int, ...]] = {
    "gateway": (8080, 9090),
    "scheduler": (50051, 9090),
    "ingest": (9090,),
    "deliver": (9090,),
    "encoder": (9090,),
    "migrate": (),
}
#: Every edge between our own pods; what is not here is refused.
EDGES = frozenset({(one, "scheduler", 50051) for one in ("gateway", "ingest", "deliver", "encoder")})
OURS = "reelyard"
#: What our components need of back ends: the ports where such a back end listens, and who opens connections to it.
BACK_ENDS: Mapping[str, tuple[tuple[int, ...], frozenset[str]]] = {
    "a broker": ((5671, 5672), frozenset({"scheduler", "ingest", "deliver", "encoder"})),
    "a database": ((5432,), frozenset({"scheduler", "migrate"})),
    "an object store": ((443, 9000), frozenset({"gateway", "scheduler", "ingest", "deliver", "encoder"})),
}
#: Who comes from other namespaces, as the manifests have them named, to which component, on which port.
FROM_OUTSIDE = (("monitoring", frozenset(LISTENS), 9090),)
_INGRESS_NAMESPACE = "ingress-nginx"
_NAMED_PORTS = {"http": 8080, "grpc": 50051, "metrics": 9090}
#: Addresses that nobody may reach but by an edge of its own: private, link-local, carrier-grade NAT, metadata.
INSIDE_IPV4 = ("10.1.2.3", "172.16.5.5", "192.168.7.7", "169.254.169.254", "100.64.1.1")
#: The IPv6 form in which a pod without IPv4 reaches an address of it, NAT64 (RFC 6052).
NAT64 = "64:ff9b::"
INSIDE = (*INSIDE_IPV4, *(NAT64 + address for address in INSIDE_IPV4), "fd00::1", "fe80::1")
OUTSIDE = ("93.184.215.14", "64:ff9b::93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")
#: Who fetches from and delivers to the internet.
REACHES_INTERNET = frozenset({"ingest", "deliver"})


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a connection is made."""

    port: int
    protocol: str = "TCP"


@dataclass(frozen=True)
class Peer:
    """The other end of a connection: a pod, or an address."""

    labels: Mapping[str, str] | None = None
    address: str = ""
    namespace: str = ""  # of a pod of somebody else's; ours are told by their labels


def check(overlay: Overlay) -> Iterator[Problem]:
    """Edges that are shut, and ways that are open and should not be; nothing where an overlay has no policies."""
    policies = list(overlay.of("NetworkPolicy"))
    if not policies:
        return
    pods = [pod for pod in overlay.pods if pod.labels.get("app.kubernetes.io/name") == "reelyard"]
    for source in pods:
        for target in pods:
            yield from _between(overlay, policies, source, target)
        yield from _internet(overlay, policies, source)
        yield from _back_ends(overlay, policies, source)
        yield from _from_outside(overlay, policies, source)
    for policy in policies:
        for what in _blocks(policy):
            yield Problem(where=policy.where, what=what)


def allows(policies: list[Object], source: Mapping[str, str], target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Whether pods with these labels may open a connection to the peer."""
    way = Way(port=port, protocol=protocol)
    if not _side(policies, "Egress", source, target, way):
        return False
    if target.labels is None:
        return True
    return _side(policies, "Ingress", target.labels, Peer(labels=source), way)


def _between(overlay: Overlay, policies: list[Object], source: Pod, target: Pod) -> Iterator[Problem]:
    origin, end = _component(source), _component(target)
    for port in LISTENS.get(end, ()):
        wanted = (origin, end, port) in EDGES
        if allows(policies, source.labels, Peer(labels=target.labels), port) != wanted:
            said = "may not" if wanted else "may"
            what = f"{source.owner.name} {said} reach {target.owner.name} on port {port}"
            yield Problem(where=f"{overlay.name}: NetworkPolicy", what=what)


def _internet(overlay: Overlay, policies: list[Object], source: Pod) -> Iterator[Problem]:
    reaches = _component(source) in REACHES_INTERNET
    for address in (*INSIDE, *OUTSIDE):
        wanted = reaches and address in OUTSIDE
        if allows(policies, source.labels, Peer(address=address), 443) != wanted:
            said = "may not" if wanted else "may"
            what = f"{source.owner.name} {said} reach {address} on port 443"
            yield Problem(where=f"{overlay.name}: NetworkPolicy", what=what)
    for protocol in ("UDP", "TCP"):  # long answers come by TCP
        way = Way(port=53, protocol=protocol)
        if not _side(policies, "Egress", source.labels, Peer(labels={"k8s-app": "kube-dns"}), way):
            what = f"{source.owner.name} may not ask the DNS by {protocol}"
            yield Problem(where=f"{overlay.name}: NetworkPolicy", what=what)


def _back_ends(overlay: Overlay, policies: list[Object], source: Pod) -> Iterator[Problem]:
    """A way to each back end that the component needs, and to none that it does not.

    A back end is at an address that some policy names, or in pods of operators in this overlay.
    """
    places = [*(Peer(address=address) for address in _addresses(policies)), *_operators(overlay)]
    for name, (ports, users) in BACK_ENDS.items():
        found = [place for place in places if any(allows(policies, source.labels, place, port) for port in ports)]
        if bool(found) != (_component(source) in users):
            said = "may not" if not found else "may"
            what = f"{source.owner.name} {said} reach {name} (ports {', '.join(map(str, ports))})"
            yield Problem(where=f"{overlay.name}: NetworkPolicy", what=what)
    for place in _operators(overlay):
        name = "a broker" if "app.kubernetes.io/name" in (place.labels or {}) else "a database"
        ports, users = BACK_ENDS[name]
        if _component(source) in users and not allows(policies, source.labels, place, ports[-1]):
            what = f"{source.owner.name} may not reach {name} of this namespace on port {ports[-1]}"
            yield Problem(where=f"{overlay.name}: NetworkPolicy", what=what)


def _addresses(policies: list[Object]) -> set[str]:
    """The first address of every block that is not all of the internet."""
    rules = [rule for policy in policies for rule in policy.get("spec", "egress") or ()]
    blocks = [one["ipBlock"]["cidr"] for rule in rules for one in rule.get("to") or () if "ipBlock" in one]
    networks = [ip_network(block) for block in blocks]
    return {str(network.network_address) for network in networks if network.prefixlen > 0}


def _operators(overlay: Overlay) -> Iterator[Peer]:
    for cluster in overlay.of("RabbitmqCluster"):
        yield Peer(labels={"app.kubernetes.io/name": cluster.name}, namespace=OURS)
    for cluster in overlay.of("Cluster"):
        yield Peer(labels={"cnpg.io/cluster": cluster.name}, namespace=OURS)


def _from_outside(overlay: Overlay, policies: list[Object], target: Pod) -> Iterator[Problem]:
    wanted = list(FROM_OUTSIDE)
    if any(overlay.of("Ingress")):
        wanted.append((_INGRESS_NAMESPACE, frozenset({"gateway"}), 8080))
    for namespace, components, port in wanted:
        if port not in LISTENS.get(_component(target), ()):
            continue
        may = _side(policies, "Ingress", target.labels, Peer(labels={}, namespace=namespace), Way(port=port))
        if may != (_component(target) in components):
            said = "may" if may else "may not"
            what = f"pods of the namespace {namespace} {said} reach {target.owner.name} on port {port}"
            yield Problem(where=f"{overlay.name}: NetworkPolicy", what=what)


def _blocks(policy: Object) -> Iterator[str]:
    """What the API server asks of blocks of addresses: each exception lies inside and is smaller.

    It takes an IPv4 address in IPv6 form for IPv4, which lies in no block of IPv6.
    """
    for place in mappings(policy.get("spec")):
        block = place.get("ipBlock")
        if not isinstance(block, Mapping):
            continue
        whole = ip_network(block["cidr"])
        for one in block.get("except") or ():
            part = ip_network(one)
            mapped = isinstance(part, IPv6Network) and part.network_address.ipv4_mapped is not None
            inside = part.version == whole.version and part != whole and part.subnet_of(whole)  # type: ignore[arg-type]
            if mapped or not inside:
                yield f"except {one} is not inside of {block['cidr']}: the API server refuses the policy"


def _component(pod: Pod) -> str:
    return pod.labels.get("app.kubernetes.io/component", "")


def _side(policies: list[Object], side: str, labels: Mapping[str, str], other: Peer, way: Way) -> bool:
    mine = [
        policy for policy in policies if side in _types(policy) and selects(policy.get("spec", "podSelector"), labels)
    ]
    if not mine:
        return True
    rules = [rule for policy in mine for rule in policy.get("spec", side.lower()) or ()]
    return any(_rule(rule, "to" if side == "Egress" else "from", other, way) for rule in rules)


def _namespace(other: Peer) -> str:
    if other.namespace:
        return other.namespace
    return OURS if "app.kubernetes.io/part-of" in (other.labels or {}) else "kube-system"


def _types(policy: Object) -> list[str]:
    given = policy.get("spec", "policyTypes")
    if given is not None:
        return list(given)
    return ["Ingress", "Egress"] if policy.get("spec", "egress") else ["Ingress"]


def _rule(rule: Mapping[str, Any], end: str, other: Peer, way: Way) -> bool:
    ports = rule.get("ports")
    if ports and not any(_port(one, way) for one in ports):
        return False
    peers = rule.get(end)
    return not peers or any(_peer(one, other) for one in peers)


def _port(given: Mapping[str, Any], way: Way) -> bool:
    if given.get("protocol", "TCP") != way.protocol:
        return False
    named = given.get("port")
    if named is None:
        return True
    first = _NAMED_PORTS[named] if isinstance(named, str) else int(named)
    return first <= way.port <= int(given.get("endPort", first))


def _peer(given: Mapping[str, Any], other: Peer) -> bool:
    block = given.get("ipBlock")
    if block is not None:
        if not other.address:
            return False
        address = ip_address(other.address)
        inside = address in ip_network(block["cidr"])
        return inside and not any(address in ip_network(one) for one in block.get("except") or ())
    if other.labels is None:
        return False
    space = given.get("namespaceSelector")
    if space is not None:
        # Namespaces are told apart by the only label that each has by itself; ours is where our own pods are.
        if not selects(space, {"kubernetes.io/metadata.name": _namespace(other)}):
            return False
    elif _namespace(other) != OURS:
        return False
    return selects(given.get("podSelector"), other.labels) if dig(given, "podSelector") is not None else True
