"""A dashboard around its panels: places on the grid, IDs, variables, links to the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.panels import METRICS, Panel

TAG = "reelyard"
_GRID = 24
_ALL = models.VariableOption(text="All", value="$__all", selected=True)


@dataclass(frozen=True)
class Row:
    """Panels below one heading. A closed row asks nothing until it is opened."""

    title: str
    panels: Sequence[Panel]
    closed: bool = False


@dataclass(frozen=True)
class Board:
    """What makes one dashboard; `variables` are those beyond data source and namespace that its panels use."""

    uid: str
    title: str
    text: str
    rows: Sequence[Row]
    variables: Sequence[Builder[models.VariableModel]] = field(default_factory=tuple)
    since: str = "now-6h"

    def build(self) -> models.Dashboard:
        """The dashboard as Grafana reads it."""
        builder = dashboard.Dashboard(self.title).uid(self.uid).description(self.text).tags([TAG]).readonly()
        builder = builder.time(self.since, "now").refresh("1m").timezone("browser")
        builder = builder.tooltip(models.DashboardCursorSync.CROSSHAIR)
        builder = builder.variables([_metrics(), namespace(), *self.variables]).links([_others()])
        built = builder.build()
        built.panels = place(self.rows)
        return built


def place(rows: Sequence[Row]) -> list[models.Panel | models.RowPanel]:
    """Panels from left to right, from the top down, each with an ID; closed rows keep theirs inside."""
    placed: list[models.Panel | models.RowPanel] = []
    number, top = 1, 0
    for row in rows:
        heading = models.RowPanel(title=row.title, id_val=number, collapsed=row.closed)
        heading.grid_pos = models.GridPos(h=1, w=_GRID, x=0, y=top)
        top = _fill(row.panels, number + 1, top + 1)
        number += 1 + len(row.panels)
        placed.append(heading)
        if row.closed:
            heading.panels = list(row.panels)
        else:
            placed.extend(row.panels)
    return placed


def _fill(panels: Sequence[Panel], number: int, top: int) -> int:
    """Give each its ID and place; where the next row begins."""
    left, tallest = 0, 0
    for offset, panel in enumerate(panels):
        size = panel.grid_pos or models.GridPos()
        if left + size.w > _GRID:
            left, top, tallest = 0, top + tallest, 0
        panel.id_val = number + offset
        panel.grid_pos = models.GridPos(h=size.h, w=size.w, x=left, y=top)
        left, tallest = left + size.w, max(tallest, size.h)
    return top + tallest


def _metrics() -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")


def log_source() -> dashboard.DatasourceVariable:
    """Where logs are looked up; only panels and links about logs need it."""
    return dashboard.DatasourceVariable("logs").label("Loki").type("loki")


def namespace() -> dashboard.QueryVariable:
    """Which installations are shown."""
    return _labels("namespace", "Namespace", "label_values(reelyard_build_info, namespace)")


def queue() -> dashboard.QueryVariable:
    """Which queues are shown."""
    return _labels("queue", "Queue", 'label_values(reelyard_tasks{namespace=~"$namespace"}, queue)')


def accelerator() -> dashboard.QueryVariable:
    """Whether nodes without or with graphics processors are shown."""
    query = 'label_values(reelyard_encoder_slots{namespace=~"$namespace"}, accelerator)'
    return _labels("accelerator", "Accelerator", query)


def _labels(name: str, label: str, query: str) -> dashboard.QueryVariable:
    variable = dashboard.QueryVariable(name).label(label).datasource(METRICS)
    variable = variable.query({"query": query, "refId": f"Variable-{name}", "qryType": 1})
    variable = variable.multi(True).include_all(True).all_value(".*").current(_ALL)
    # Values come and go with the time that is shown: a queue of last week still has its history.
    return variable.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(models.VariableSort.ALPHABETICAL_ASC)


def _others() -> dashboard.DashboardLink:
    links = dashboard.DashboardLink("Reelyard").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    return links.as_dropdown(True).include_vars(True).keep_time(True)


def job_id() -> dashboard.TextBoxVariable:
    """Whose log lines are shown; exemplars of the metrics carry it."""
    return dashboard.TextBoxVariable("job_id").label("Job").default_value("")
