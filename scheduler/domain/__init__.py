"""The scheduler's rules: life cycles, retries, fair choice, placement. Pure: values in, values out."""
