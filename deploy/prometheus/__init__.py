"""Recording rules and alerts: plain rule files, and the PrometheusRule object that is made of them."""
