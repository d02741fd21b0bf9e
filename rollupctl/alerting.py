"""Send what alerts have to tell, and report each outcome to the database, which is the outbox."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator

from rollupctl.connect import Session, query
from rollupctl.errors import RollupError, explain, mask, one_line
from rollupctl.output import Table
from rollupctl.senders import SENDERS

RESULT = ("receiver", "rule", "subject", "state", "attempt", "outcome")
_CLAIM = "select * from rollup_analytics.claim_deliveries(1, make_interval(secs => %s))"
_FINISH = "select rollup_analytics.finish_delivery(%s, %s)"


def send_due(session: Session, timeout: float) -> Table:
    """Send deliveries one by one until none is due. Returns a row for each attempt.

    A delivery is claimed, in a transaction of its own, for longer than an attempt of `timeout`
    seconds can take. If this process ends before it reports the outcome, the next one sends the
    delivery again, with the same key.
    """
    done = Table(RESULT)
    while claimed := query(session, _CLAIM, 3 * timeout).records():
        for each in claimed:
            told = each["message"]
            error = None
            try:
                SENDERS[each["kind"]](each["target"], told, timeout)
            except (RollupError, OSError, http.client.HTTPException, ValueError) as failure:
                error = one_line(mask(explain(failure).message if str(failure) else repr(failure)))
            query(session, _FINISH, each["delivery"], error)
            done.add(
                each["receiver"], told["rule"], told["subject"], told["state"],
                each["attempt"], "sent" if error is None else error,
            )  # fmt: skip
    return done


def failed(attempts: Table) -> bool:
    """Whether an attempt has failed; it is made again later."""
    return any(outcome != "sent" for outcome in attempts.column("outcome"))


def rounds(session: Session, every: float, timeout: float) -> Iterator[tuple[Table, Table]]:
    """Evaluate the rules and send what is due, without end: transitions and attempts of each round.

    Between evaluations it sends what other sessions, such as a job of pg_cron, notify of.
    """
    session.execute("listen rollup_alerts")
    while True:
        next_at = time.monotonic() + every
        changed = query(session, "select * from rollup_analytics.evaluate_alerts()")
        yield changed, send_due(session, timeout)
        while (left := next_at - time.monotonic()) > 0:
            heard = list(session.notifies(timeout=left, stop_after=1))
            if any(each.pid != session.info.backend_pid for each in heard):
                yield Table(changed.columns), send_due(session, timeout)
