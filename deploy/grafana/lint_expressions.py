"""What is wrong with one expression of PromQL in a dashboard: names, labels, counters, times, filters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import promql_parser as promql

from deploy.grafana.third_party import ELSEWHERE, SCRAPE_LABELS

#: Grafana's variables are no PromQL, so each stands as a time that nobody writes.
_STAND_INS = {"$__rate_interval": "11m7s", "$__range": "13m7s"}
_INTERVAL = timedelta(minutes=11, seconds=7)
_SHOWN = timedelta(minutes=13, seconds=7)
MONTH = timedelta(days=30)
HOUR = timedelta(hours=1)
_RATES = frozenset({"rate", "increase"})
_NAMESPACE = "$namespace"
_SET_OPERATORS = frozenset({"or", "and", "unless"})


@dataclass(frozen=True)
class Metric:
    """One name as Prometheus stores it; `counts` is true for what only grows, buckets and sums included."""

    labels: frozenset[str]
    counts: bool


def parse(expression: str) -> Any:
    """The syntax tree, with the variables of Grafana replaced.

    Raises:
        ValueError: it is no PromQL.
    """
    for variable, stand_in in _STAND_INS.items():
        expression = expression.replace(variable, stand_in)
    return promql.parse(expression)


def selectors(node: Any) -> Iterator[Any]:
    """Every selector of series below a node."""
    if isinstance(node, promql.VectorSelector):
        yield node
    else:
        for child in children(node):
            yield from selectors(child)


def children(node: Any) -> list[Any]:
    """The nodes right below a node of an expression."""
    if isinstance(node, promql.BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, promql.Call):
        return list(node.args)
    if isinstance(node, promql.AggregateExpr | promql.ParenExpr | promql.SubqueryExpr | promql.UnaryExpr):
        return [node.expr]
    if isinstance(node, promql.MatrixSelector):
        return [node.vector_selector]
    return []


class Checker:
    """Checks one expression and collects what it finds.

    Args:
        metrics: every name that may be asked for.
        fixed: times beside Grafana's own over which it may rate.
    """

    def __init__(self, metrics: Mapping[str, Metric], *, fixed: frozenset[timedelta] = frozenset()) -> None:
        self._metrics = metrics
        self._fixed = fixed
        self.findings: list[str] = []

    def check(self, expression: str) -> frozenset[str]:
        """Add what is wrong to `findings`; the labels that the result has."""
        try:
            tree = parse(expression)
        except ValueError as error:
            self.findings.append(f"no PromQL ({error}): {expression}")
            return frozenset()
        for selector in selectors(tree):
            self._check_selector(selector)
        self._check_counters(tree)
        self._check_times(tree)
        return self._labels(tree)

    def _check_selector(self, selector: Any) -> None:
        name = selector.name or ""
        if name not in self._metrics:
            self.findings.append(f"unknown metric {name}")
            return
        known = self._metrics[name].labels | SCRAPE_LABELS
        namespaces = []
        for matcher in selector.matchers.matchers:
            if matcher.name not in known:
                self.findings.append(f"{name} has no label {matcher.name}")
            if matcher.name == "namespace":
                namespaces.append(matcher)
        if name.startswith(ELSEWHERE):
            return  # their namespace is that of their exporter
        if not any(each.value == _NAMESPACE and each.op == promql.MatchOp.Re for each in namespaces):
            self.findings.append(f'{name} is asked without namespace=~"{_NAMESPACE}"')
        if any(each.value != _NAMESPACE for each in namespaces):
            self.findings.append(f"{name} is asked for a fixed namespace")

    def _check_counters(self, node: Any) -> None:
        """A counter as it is says when its process started; only its growth means something."""
        if isinstance(node, promql.Call) and node.func.name in _RATES:
            for selector in selectors(node):
                if not self._counts(selector):
                    self.findings.append(f"{node.func.name} of {selector.name}, which is a gauge")
            return
        if isinstance(node, promql.VectorSelector):
            if self._counts(node):
                self.findings.append(f"{node.name} only grows: ask for its rate or increase")
            return
        if _is_first_seen(node):
            return
        for child in children(node):
            self._check_counters(child)

    def _counts(self, selector: Any) -> bool:
        metric = self._metrics.get(selector.name or "")
        return metric is not None and metric.counts

    def _check_times(self, node: Any) -> None:
        if isinstance(node, promql.Call) and node.func.name in _RATES:
            own = {_INTERVAL} if node.func.name == "rate" else {_INTERVAL, _SHOWN}
            for argument in node.args:
                if isinstance(argument, promql.MatrixSelector) and argument.range not in own | self._fixed:
                    name = argument.vector_selector.name
                    self.findings.append(f"{node.func.name} of {name} over a fixed time: use $__rate_interval")
        for child in children(node):
            self._check_times(child)

    def _labels(self, node: Any) -> frozenset[str]:
        """The labels that the result of a node may have; what is grouped by and is not there is a finding."""
        if isinstance(node, promql.AggregateExpr):
            inner = self._labels(node.expr)
            return self._kept(node.modifier.labels if node.modifier else [], inner)
        if isinstance(node, promql.BinaryExpr):
            return self._binary(node)
        if isinstance(node, promql.Call):
            found = frozenset[str]().union(*(self._labels(argument) for argument in node.args))
            return found - {"le"} if node.func.name == "histogram_quantile" else found
        if isinstance(node, promql.VectorSelector | promql.MatrixSelector):
            selector = next(selectors(node))
            metric = self._metrics.get(selector.name or "")
            return (metric.labels if metric else frozenset()) | SCRAPE_LABELS
        below = children(node)
        return self._labels(below[0]) if below else frozenset()

    def _kept(self, wanted: list[str], inner: frozenset[str]) -> frozenset[str]:
        for label in wanted:
            if label not in inner:
                self.findings.append(f"grouped by {label}, which is not there")
        return frozenset(wanted)

    def _binary(self, node: Any) -> frozenset[str]:
        left, right = self._labels(node.lhs), self._labels(node.rhs)
        if str(node.op) in _SET_OPERATORS:
            return left | right if str(node.op) == "or" else left
        matching = node.modifier.matching if node.modifier else None
        if matching is not None:
            for label in matching.labels:
                if label not in left or label not in right:
                    self.findings.append(f"matched on {label}, which is not on both sides")
        return left or right


def _is_first_seen(node: Any) -> bool:
    """`max_over_time(x[..]) unless last_over_time(x[..] offset ..)`: series that began within a time, counted whole."""
    return (
        isinstance(node, promql.BinaryExpr)
        and str(node.op) == "unless"
        and isinstance(node.lhs, promql.Call)
        and node.lhs.func.name == "max_over_time"
        and isinstance(node.rhs, promql.Call)
        and node.rhs.func.name == "last_over_time"
        and node.rhs.args[0].vector_selector.name == next(selectors(node.lhs)).name
        and node.rhs.args[0].vector_selector.offset is not None
    )
