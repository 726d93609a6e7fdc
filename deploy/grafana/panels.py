"""The kinds of panel, each with what all of its kind have in common: data source, unit, colours, legend, links.

A description says what to look for and what to do then. Where a page of the documentation goes further, `see` names
it; where an alert watches the same, its runbook is that page.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import quote

from grafana_foundation_sdk.builders import bargauge, common, dashboard, heatmap, logs, loki, prometheus
from grafana_foundation_sdk.builders import stat as stat_builder
from grafana_foundation_sdk.builders import table as table_builder
from grafana_foundation_sdk.builders import text as text_builder
from grafana_foundation_sdk.builders import timeseries as timeseries_builder
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heatmap_models
from grafana_foundation_sdk.models import prometheus as prometheus_models
from grafana_foundation_sdk.models import text as text_models

Panel = models.Panel
METRICS = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
LOGS = models.DataSourceRef(type_val="loki", uid="${logs}")

GREEN, YELLOW, RED = "green", "orange", "red"


@dataclass(frozen=True)
class Query:
    """One query of a panel. An instant one is asked for now, the others over the time that the dashboard shows."""

    expression: str
    legend: str = ""
    instant: bool = False


@dataclass(frozen=True)
class Steps:
    """Where a number turns orange and red. Where `falling`, lower is worse, and what lies below `warn` is orange."""

    warn: float
    bad: float
    falling: bool = False

    def build(self) -> dashboard.ThresholdsConfig:
        """As Grafana has them: a colour from each value upwards."""
        levels: list[tuple[float | None, str]] = [(None, GREEN), (self.warn, YELLOW), (self.bad, RED)]
        if self.falling:
            levels = [(None, RED), (self.bad, YELLOW), (self.warn, GREEN)]
        steps = [models.Threshold(value=value, color=colour) for value, colour in levels]
        return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


class _Common(Protocol):
    """What the builders of all kinds have in common."""

    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: models.DataSourceRef) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def height(self, h: int) -> Self: ...
    def span(self, w: int) -> Self: ...
    def targets(self, targets: list[Builder[Dataquery]]) -> Self: ...
    def build(self) -> models.Panel: ...


@dataclass(frozen=True)
class About:
    """What a person reads of a panel: its title, what to look for and do, and its place of `width` by `height`."""

    title: str
    text: str
    unit: str
    see: str = ""
    width: int = 12
    height: int = 8

    def description(self) -> str:
        """The text, and where to read on."""
        return f"{self.text}\n\nSee {self.see}." if self.see else self.text


B = TypeVar("B", bound=_Common)


def _apply(builder: B, about: About, queries: Sequence[Query], *, table: bool = False) -> B:
    targets: list[Builder[Dataquery]] = [_target(query, chr(65 + n), table=table) for n, query in enumerate(queries)]
    return (
        builder.title(about.title)
        .description(about.description())
        .datasource(METRICS)
        .unit(about.unit)
        .span(about.width)
        .height(about.height)
        .targets(targets)
    )


def _target(query: Query, ref: str, *, table: bool) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expression).ref_id(ref).datasource(METRICS)
    target = target.editor_mode(prometheus_models.QueryEditorMode.CODE)
    if query.legend:
        target = target.legend_format(query.legend)
    if table:
        return target.instant().format(prometheus_models.PromQueryFormat.TABLE)
    if query.instant:
        return target.instant()
    # Exemplars lead from a point of a histogram to the job that it came from; other queries have none.
    return target.range().exemplar("_bucket{" in query.expression)


def timeseries(
    about: About,
    *queries: Query,
    stacked: bool = False,
    top: float | None = None,
    steps: Steps | None = None,
    links: Sequence[dashboard.DashboardLink] = (),
) -> Panel:
    """Lines over time, from 0 upwards; `top` fixes the upper end, such as 1 for shares."""
    builder = _apply(timeseries_builder.Panel(), about, queries).min(0).line_width(1)
    builder = builder.fill_opacity(30 if stacked else 8).show_points(common_models.VisibilityMode.AUTO)
    builder = builder.span_nulls(False).legend(_legend()).tooltip(_tooltip())
    if stacked:
        builder = builder.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    if top is not None:
        builder = builder.max(top)
    if steps is not None:
        style = common.GraphThresholdsStyleConfig().mode(common_models.GraphTresholdsStyleMode.DASHED)
        builder = builder.thresholds(steps.build()).thresholds_style(style)
    if links:
        builder = builder.data_links(list(links))
    return builder.build()


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.TABLE)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )


def _tooltip() -> common.VizTooltipOptions:
    return (
        common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI).sort(common_models.SortOrder.DESCENDING)
    )


def stat(
    about: About, *queries: Query, steps: Steps | None = None, decimals: int | None = None, empty: str = ""
) -> Panel:
    """One number, or one for each series; `empty` is shown where nothing was measured."""
    builder = _apply(stat_builder.Panel(), about, queries)
    builder = builder.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    builder = builder.graph_mode(common_models.BigValueGraphMode.NONE)
    if steps is not None:
        builder = builder.thresholds(steps.build()).color_mode(common_models.BigValueColorMode.BACKGROUND)
    else:
        builder = builder.color_mode(common_models.BigValueColorMode.VALUE)
    if decimals is not None:
        builder = builder.decimals(decimals)
    if empty:
        builder = builder.no_value(empty)
    return builder.build()


def bars(about: About, *queries: Query, top: float | None = None, steps: Steps | None = None) -> Panel:
    """A bar for each series as it is now."""
    builder = _apply(bargauge.Panel(), about, queries).min(0)
    builder = builder.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    builder = builder.orientation(common_models.VizOrientation.HORIZONTAL)
    builder = builder.display_mode(common_models.BarGaugeDisplayMode.BASIC)
    if top is not None:
        builder = builder.max(top)
    if steps is not None:
        builder = builder.thresholds(steps.build())
    return builder.build()


def table(about: About, query: Query, columns: Mapping[str, str], *, steps: Steps | None = None) -> Panel:
    """The series as they are now, a row for each: `columns` names labels in order, "Value" for the number."""
    builder = _apply(table_builder.Panel(), about, [query], table=True)
    options: dict[str, Any] = {
        "excludeByName": {"Time": True},
        "indexByName": {label: place for place, label in enumerate(columns)},
        "renameByName": dict(columns),
    }
    builder = builder.with_transformation(models.DataTransformerConfig(id_val="organize", options=options))
    if steps is not None:
        builder = builder.thresholds(steps.build())
        cell = models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background"})
        builder = builder.override_by_name(columns["Value"], [cell])
    return builder.build()


def spread(about: About, name_of_buckets: str) -> Panel:
    """A heat map of a histogram; `name_of_buckets` is the sum of its rates by `le`."""
    query = Query(name_of_buckets, "{{le}}")
    builder = _apply(heatmap.Panel(), about, [query])
    target = _target(query, "A", table=False).format(prometheus_models.PromQueryFormat.HEATMAP)
    colours = heatmap.HeatmapColorOptions().mode(heatmap_models.HeatmapColorMode.SCHEME).scheme("Oranges").steps(32)
    builder = builder.targets([target]).calculate(False).color(colours).show_legend()
    return builder.y_axis(heatmap.YAxisConfig().unit(about.unit)).build()


def markdown(title: str, content: str, *, width: int = 24, height: int = 8) -> Panel:
    """A text that needs no data."""
    builder = text_builder.Panel().title(title).description("What to look at for which question.")
    return builder.span(width).height(height).mode(text_models.TextMode.MARKDOWN).content(content).build()


def log_lines(about: About, expression: str) -> Panel:
    """Lines of Loki."""
    target = loki.Dataquery().expr(expression).ref_id("A").datasource(LOGS).query_type("range").max_lines(1000)
    builder = logs.Panel().title(about.title).description(about.description()).datasource(LOGS)
    builder = builder.span(about.width).height(about.height).show_time(True).wrap_log_message(True)
    return builder.sort_order(common_models.LogsSortOrder.ASCENDING).with_target(target).build()


def link(title: str, url: str) -> dashboard.DashboardLink:
    """A link from a point of a panel; it opens beside the dashboard."""
    return dashboard.DashboardLink(title).type(models.DashboardLinkType.LINK).url(url).target_blank(True)


def pod_logs() -> dashboard.DashboardLink:
    """From a line to what its pod logged in the shown time."""
    expression = '{namespace="${__field.labels.namespace}", pod="${__field.labels.pod}"}'
    panes = {
        "logs": {
            "datasource": "${logs}",
            "queries": [{"refId": "A", "expr": expression}],
            "range": {"from": "${__from}", "to": "${__to}"},
        }
    }
    # Grafana puts the values in; what it looks for has to stay as it is.
    return link("Logs of this pod", "/explore?schemaVersion=1&panes=" + quote(json.dumps(panes), safe="${}_.:,"))
