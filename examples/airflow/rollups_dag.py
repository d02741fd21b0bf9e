"""Each hour: load the files that have arrived, count, compare yesterday, expire.

Set ROLLUPCTL_DSN and ROLLUP_INBOX (a directory) in the environment of the workers, and put
rollup_steps.py beside this file. All steps may be repeated. Two runs at once do no harm: a rollup
that is being counted is left to the other run.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

import rollup_steps
from airflow.sdk import dag, task


@dag(
    dag_id="rollups",
    schedule="@hourly",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1)},
    tags=["rollup"],
)
def rollups():
    """Four tasks, one after the other."""

    @task
    def load():
        inbox = os.environ.get("ROLLUP_INBOX")
        return rollup_steps.load([inbox] if inbox else [])

    @task
    def count():
        return rollup_steps.count()

    @task
    def check():
        today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        return rollup_steps.check((today - timedelta(days=1)).isoformat(), today.isoformat())

    @task
    def expire():
        return rollup_steps.expire()

    load() >> count() >> check() >> expire()


made = rollups()

if __name__ == "__main__":
    made.test()
