"""What it costs: now, for a minute of output, and for what waits. From the price that each node was given."""

from deploy.grafana.board import Board, Row
from deploy.grafana.panels import About, Query, Steps, stat, table, timeseries
from deploy.grafana.promql import POD, grown, or_zero, own, rate, ratio, reported, shown, summed

_SEE = "docs/operations.md"
_ENCODES = 'queue=~"encode.+"'
_MEDIA = 'queue!="distribute"'
_AGAIN = 'reason!="cancelled"'
_ENCODED = "reelyard_encode_media_seconds_total"
_DISCARDED = "reelyard_encode_discarded_media_seconds_total"
_PRICE = "reelyard_node_cost_per_hour"
_TEXT = "Prices are what REELYARD_NODE_COST_PER_HOUR says on each node, nodes alone."


def _spent(window: str) -> str:
    """What the nodes of that time cost, each for as long as it ran."""
    return f"sum by (currency) (sum_over_time({summed(own(_PRICE), 'currency')}[{window}:1m])) / 60"


def _by_output() -> str:
    """What a second of media cost in the last hour; nothing where nothing was encoded."""
    return f"{_spent('1h')} / on () group_left () ({summed(grown(_ENCODED, '1h'))} > 0)"


def _kept(*by: str) -> str:
    """Seconds of media that were encoded in the shown time and used, not thrown away and encoded again."""
    encoded = summed(shown(_ENCODED), *by)
    return f"clamp_min({encoded} - ({summed(shown(_DISCARDED), *by)} or 0 * {encoded}), 0)"


def _now() -> Row:
    price = summed(own(_PRICE), "currency")
    backlog = summed(reported("reelyard_queue_backlog_media_seconds", "queue", where=(_ENCODES,)))
    used = summed(own("reelyard_encoder_slots_in_use", _ENCODES), *POD)
    idle_share = f"1 - {used} / ({summed(own('reelyard_encoder_slots', _ENCODES), *POD)} > 0)"
    idle = (
        f"sum by (currency) ({summed(own(_PRICE), *POD, 'currency')}"
        f" * on ({', '.join(POD)}) group_left () ({idle_share}))"
    )
    return Row(
        "What it costs",
        [
            stat(
                About("An hour, now", f"All nodes that run. {_TEXT}", "none", _SEE, width=6, height=5),
                Query(price, "{{currency}}", instant=True),
                decimals=2,
                empty="no price set",
            ),
            stat(
                About(
                    "A minute of output",
                    "What a minute of encoded media cost in the last hour: what its nodes cost, by what they made, "
                    "long encodes as far as they are. What is encoded twice counts twice: see Encoded for nothing. "
                    "High with idle nodes: scale down sooner. No value where nothing was encoded.",
                    "none",
                    _SEE,
                    width=6,
                    height=5,
                ),
                Query(f"{_by_output()} * 60", "{{currency}}", instant=True),
                decimals=4,
                empty="nothing encoded",
            ),
            stat(
                About(
                    "What waits",
                    "What the backlog will cost at the price of a minute in the last hour.",
                    "none",
                    _SEE,
                    width=6,
                    height=5,
                ),
                Query(f"{_by_output()} * on () group_left () {backlog}", "{{currency}}", instant=True),
                decimals=2,
                empty="nothing encoded",
            ),
            stat(
                About(
                    "In the shown time",
                    "Nodes that ran, by their price. Choose the time above: a day, a month.",
                    "none",
                    _SEE,
                    width=6,
                    height=5,
                ),
                Query(
                    _spent("$__range"),
                    "{{currency}}",
                    instant=True,
                ),
                decimals=2,
                empty="no price set",
            ),
            timeseries(
                About("Cost an hour by class of node", f"Which pool costs what. {_TEXT}", "none", _SEE),
                Query(summed(own(_PRICE), "currency", "node_class"), "{{node_class}} {{currency}}"),
                stacked=True,
            ),
            timeseries(
                About(
                    "Cost of idle slots",
                    "The part of that which pays for free encode slots. Large for hours: lower minReplicaCount or the "
                    "scale-down time; a little keeps short jobs from waiting.",
                    "none",
                    _SEE,
                ),
                Query(idle, "{{currency}}"),
                Query(price, "all {{currency}}"),
            ),
            timeseries(
                About(
                    "Cost of a minute of output",
                    "By what the last hour gave. Rising at night: nodes wait for work. Rising after an upgrade: slower "
                    "presets.",
                    "none",
                    _SEE,
                ),
                Query(f"{_by_output()} * 60", "{{currency}}"),
            ),
            timeseries(
                About(
                    "Nodes by class",
                    "How many nodes of each class run.",
                    "none",
                ),
                Query(f"count by (node_class) ({own(_PRICE)})", "{{node_class}}"),
                stacked=True,
            ),
        ],
    )


def _output() -> Row:
    media = _ENCODED
    busy = "reelyard_encode_busy_seconds_total"
    cpu = summed(rate("reelyard_encode_cpu_seconds_total"), "codec", "preset")
    return Row(
        "What it was spent on",
        [
            table(
                About(
                    "Minutes of output in the shown time",
                    "By codec, size, and accelerator, without what was encoded for nothing. Who asked for them: "
                    "`reelyard usage`; metrics carry no customer.",
                    "m",
                    _SEE,
                    width=12,
                ),
                Query(f"{_kept('codec', 'resolution', 'accelerator')} / 60", instant=True),
                {"codec": "Codec", "resolution": "Size", "accelerator": "Accelerator", "Value": "Minutes"},
            ),
            table(
                About(
                    "Time of encoders in the shown time",
                    "What the slots were used for. The share of a codec here is its share of the cost.",
                    "s",
                    _SEE,
                    width=12,
                ),
                Query(summed(shown(busy), "codec", "preset", "resolution", "accelerator"), instant=True),
                {
                    "codec": "Codec",
                    "preset": "Preset",
                    "resolution": "Size",
                    "accelerator": "Accelerator",
                    "Value": "Time",
                },
            ),
            timeseries(
                About(
                    "Processor seconds per media second",
                    "By codec and preset: what a slower preset costs. Compare with the size of its output.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(f"{cpu} / ({summed(rate(media), 'codec', 'preset')} > 0)", "{{codec}} {{preset}}"),
            ),
            timeseries(
                About(
                    "Encoder seconds per media second",
                    "By accelerator: how long a slot is taken for a second of output. What a GPU has to cost at most "
                    "to be worth it follows from the ratio.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    f"{summed(rate(busy), 'accelerator')} / ({summed(rate(media), 'accelerator')} > 0)",
                    "{{accelerator}}",
                ),
            ),
            timeseries(
                About(
                    "Bytes written by encodes and moved to the store",
                    "What storage and traffic are paid for.",
                    "Bps",
                    width=8,
                ),
                Query(summed(rate("reelyard_encode_bytes_total", 'direction="out"')), "encoded"),
                Query(summed(rate("reelyard_storage_transferred_bytes_total"), "direction"), "store {{direction}}"),
            ),
            stat(
                About(
                    "Work done twice",
                    "Attempts in the shown time that had to be made again: they failed and were retried, their node "
                    "was lost, or a drain handed them back; without notifications and deliveries. Their cost is in "
                    "all of the above.",
                    "none",
                    _SEE,
                    width=8,
                    height=5,
                ),
                Query(
                    f"{or_zero(summed(shown('reelyard_task_retries_total', _MEDIA)))}"
                    f" + {or_zero(summed(shown('reelyard_tasks_interrupted_total', _MEDIA, _AGAIN)))}",
                    instant=True,
                ),
                decimals=0,
            ),
            stat(
                About(
                    "Encoded for nothing",
                    "Share of the media encoded in the shown time whose attempts failed, were cancelled or handed "
                    "back. It was paid for. High with drains: encodes too long for the grace, or for spot machines. "
                    "What a lost node had encoded is known to nobody.",
                    "percentunit",
                    _SEE,
                    width=8,
                    height=5,
                ),
                Query(ratio(summed(shown(_DISCARDED)), f"({summed(shown(media))} > 0)"), instant=True),
                steps=Steps(warn=0.1, bad=0.3),
                decimals=1,
                empty="nothing encoded",
            ),
            stat(
                About(
                    "Minutes of output",
                    "What was encoded in the shown time, without what was encoded for nothing.",
                    "m",
                    width=8,
                    height=5,
                ),
                Query(f"{or_zero(_kept())} / 60", instant=True),
                decimals=1,
            ),
        ],
    )


def board() -> Board:
    """The dashboard of this page."""
    return Board(
        uid="reelyard-cost",
        title="Reelyard / Cost",
        text="What it costs: now, for a minute of output, and for what waits.",
        rows=[_now(), _output()],
        since="now-24h",
    )
