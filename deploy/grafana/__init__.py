"""The dashboards of Grafana as code: `python -m deploy.grafana` writes them to `dashboards/`, Grafana reads them there.

Each module beside this one describes one dashboard; `promql` has the ways in which they ask, `panels` the kinds of
panel, `board` the page around them, and `lint` the rules that all of them keep.
"""
