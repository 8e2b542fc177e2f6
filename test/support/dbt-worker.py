"""Runs dbt for the tests: one command a line on stdin as a JSON list of arguments, one result a line on stdout.

Starting Python and importing dbt takes longer than most commands, so one process runs them all.
"""

import json
import os
import sys

# dbt writes to stdout. What it writes goes to stderr, so that stdout has the results only.
results = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from dbt.cli.main import dbtRunner  # noqa: E402

for line in sys.stdin:
    ran = dbtRunner().invoke(json.loads(line))
    nodes = getattr(ran.result, "results", None) or []
    answer = {
        "ok": ran.success,
        "problem": None if ran.exception is None else str(ran.exception),
        "results": [
            {
                "name": node.node.name,
                "status": str(node.status),
                "failures": node.failures,
                "message": node.message,
                "loaded": str(getattr(node, "max_loaded_at", "")),
            }
            for node in nodes
        ],
    }
    print(json.dumps(answer), file=results, flush=True)
