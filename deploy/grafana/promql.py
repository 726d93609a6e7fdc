"""How the dashboards ask: one way for each kind of metric, so that no panel has to think of it again.

Counters and histograms are rated and summed over all processes. What several schedulers read from one database is the
same number on each of them, so there the highest is taken within an installation (a namespace) and only then summed.
"""

#: Every metric of ours is asked with it. In Prometheus `.*` also fits where there is no such label.
NAMESPACE = 'namespace=~"$namespace"'
QUEUE = 'queue=~"$queue"'
ACCELERATOR = 'accelerator=~"$accelerator"'
#: What tells one process from another: the pod's name in Kubernetes, the address elsewhere.
PROCESS = ("pod", "instance")
#: Links to the log of a pod need its namespace too.
POD = ("namespace", *PROCESS)
PROCESS_LEGEND = "{{pod}} {{instance}}"


def own(name: str, *conditions: str) -> str:
    """The selector of a metric of ours, with further conditions such as `QUEUE`."""
    return f"{name}{{{', '.join((NAMESPACE, *conditions))}}}"


def rate(name: str, *conditions: str) -> str:
    """How fast a counter of ours grows, a second."""
    return f"rate({own(name, *conditions)}[$__rate_interval])"


def lately(name: str, *conditions: str) -> str:
    """How fast a counter of ours grew over the last hour, a second.

    Encodes are counted while they go on; over a shorter time a single slow one would stand for all.
    A panel that uses it has to say "last hour".
    """
    return f"rate({own(name, *conditions)}[1h])"


def grown(name: str, window: str, *conditions: str) -> str:
    """By how much a counter of ours grew in a time such as `30d`, series for series.

    One that began within that time counts whole, and still does when its process is gone: `increase` misses the step
    from nothing to 1, which is all that there is of what happens once, and all of a node that does a single task.
    """
    counter = own(name, *conditions)
    began = f"max_over_time({counter}[{window}]) unless last_over_time({counter}[1h] offset {window})"
    return f"(({began}) or increase({counter}[{window}]))"


def time_to_drain(backlog_of: str, encodes: str = "") -> str:
    """Seconds that the media waiting in queues would take: by the speed of a slot in the last hour, with today's slots.

    Not by what all of them encoded in that hour: a pool that stood idle, or began within it, would seem far too slow.
    Where nothing has ended yet a slot counts as encoding in real time; without slots it takes a thousandth of that.

    Args:
        backlog_of: condition on the label `queue`.
        encodes: condition on the encodes whose speed counts.
    """
    conditions = (encodes,) if encodes else ()
    backlog = summed(reported("reelyard_queue_backlog_media_seconds", "queue", where=(backlog_of,)))
    slots = or_zero(summed(reported("reelyard_queue_slots", "queue", where=(backlog_of,))))
    media = summed(lately("reelyard_encode_media_seconds_total", *conditions))
    busy = summed(lately("reelyard_encode_busy_seconds_total", *conditions))
    return f"{backlog} / clamp_min(({media} / ({busy} > 0) or vector(1)) * {slots}, 0.001)"


def shown(name: str, *conditions: str) -> str:
    """By how much a counter of ours grew in the time that the dashboard shows."""
    return grown(name, "$__range", *conditions)


def stepped(name: str, *conditions: str) -> str:
    """By how much a counter of ours grew around each point of a line."""
    return grown(name, "$__rate_interval", *conditions)


def summed(expression: str, *by: str) -> str:
    """The sum, for each value of the given labels."""
    return f"sum by ({', '.join(by)}) ({expression})" if by else f"sum({expression})"


def reported(name: str, *labels: str, where: tuple[str, ...] = ()) -> str:
    """A gauge that every scheduler reads from the same database, once an installation; `labels` are kept."""
    return f"max by ({', '.join(('namespace', *labels))}) ({own(name, *where)})"


def highest(name: str, *by: str, where: tuple[str, ...] = ()) -> str:
    """The highest value, for ages and the like, of which a sum would mean nothing."""
    return f"max by ({', '.join(by)}) ({own(name, *where)})" if by else f"max({own(name, *where)})"


def quantile(share: float, name: str, *by: str, where: tuple[str, ...] = ()) -> str:
    """A quantile of a histogram of ours, over all processes; `name` without `_bucket`."""
    return f"histogram_quantile({share:g}, {summed(rate(f'{name}_bucket', *where), 'le', *by)})"


def or_zero(expression: str) -> str:
    """The expression, or 0 where there is nothing yet: a counter that never counted has no series."""
    return f"({expression} or vector(0))"


def ratio(part: str, whole: str) -> str:
    """A share between 0 and 1; no share where there is no whole."""
    return f"{part} / {whole}"
