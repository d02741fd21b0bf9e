"""How long questions about one tenant of many take, and alert rules of all of them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.lab import Lab, say
from bench.scenarios import Row, Sizes
from rollupctl.connect import open_session
from rollupctl.install import install

TENANTS = 1000
RULES = 1000
QUESTIONS = 20  # each is asked so often
# What makes questions about the order of one tenant's events fast: docs/analytics/index.md.
INDEX = "create index events_tenant_time on events (customer_id, event_time)"
EVENTS = """
insert into events
       (customer_id, event_time, user_id, event_type, source, product_id, quantity, amount,
        currency)
select tenant, {time}, 'u' || (random() * random() * {users})::int, kind,
       (array['mail', 'ads', 'search', null])[1 + floor(random() * 4)],
       'p' || (random() * random() * 200)::int, 1,
       case when kind = 'order' then round((5 + random() * 50)::numeric, 2) end,
       case when kind = 'order' then 'EUR' end
  from (select {tenant} as tenant,
               (array['view','view','view','cart','search','share','order'])
                   [1 + floor(random() * 7)] as kind
          from generate_series(1, {number}) n) e
"""
ORDER = "$$event_type = 'order'$$"
# The first tenant has a hundredth of all events, in the last week;
# the second has its share of the others.
WEEK = "tenant => '1', range_from => '{week}', range_to => '{now}'"
BUSY_YEAR = "tenant => '1', range_from => '{year}', range_to => '{now}'"
YEAR = "tenant => '2', range_from => '{year}', range_to => '{now}'"
STEPS = """array[$$event_type = 'view'$$, $$event_type = 'cart'$$, $$event_type = 'order'$$]"""
RETENTION = "cohort_retention('true', 'true', '1 month', {})"
ATTRIBUTION = f"attribution({ORDER}, '{{}}', '7 days', {{}})"
# The question, the function and its arguments, and how many milliseconds 95 of 100 may take.
ASKED = (
    ("funnel, 7 days, raw", f"funnel({STEPS}, '1 day', {WEEK})", 100),
    ("retention, 12 months", RETENTION.format(YEAR), 100),
    ("RFM, 12 months", f"rfm({YEAR})", 100),
    ("attribution, 12 months, raw", ATTRIBUTION.format("linear", YEAR), 100),
    ("retention, the busy tenant", RETENTION.format(BUSY_YEAR), None),
    ("RFM, the busy tenant", f"rfm({BUSY_YEAR})", None),
    ("attribution to the first, the busy tenant", ATTRIBUTION.format("first", WEEK), None),
    ("attribution to all, the busy tenant", ATTRIBUTION.format("linear", WEEK), None),
    ("rolling, 7 days of hours", f"rolling('hourly', 'people', 24, {WEEK})", 20),
    ("anomalies, 7 days of hours", f"anomalies('hourly', 'n', 4, {WEEK})", 20),
    ("baseline, 7 days of hours", f"seasonal_baseline('hourly', 'n', 4, {WEEK})", 20),
    ("forecast, 7 days of hours", f"forecast('hourly', 'n', 24, 24, 0.2, 0.05, 0.1, {WEEK})", 20),
)  # fmt: skip


def analytics(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """A busy tenant and an ordinary one, of a thousand."""
    name = "bench_analytics"
    busy = sizes.past // 100
    lab.make(name)
    with open_session(lab.dsn(name), "the bench") as session:
        install(session, analytics=True)
    say(f"making {sizes.past} events of {TENANTS} tenants in a year")
    with lab.connect(name) as db:
        db.execute("select rollup.drop_rollup(name, true) from rollup.rollups")
        db.execute("select rollup_analytics.create_user_day()")
        db.execute(
            """select rollup.create_rollup(name => 'hourly', source => 'events', bucket => '1 hour',
                   measures => '{"n": {"count": "*"}, "people": {"distinct": "user_id"}}')"""
        )
        db.execute("select setseed(0.5)")
        for tenant, since, users, number in (
            (f"1 + floor(random() * {TENANTS})::bigint", "365 days", 1000, sizes.past - busy),
            ("1", "7 days", 8000, busy),
        ):
            when = f"date_trunc('day', now(), 'UTC') - random() * interval '{since}'"
            made = EVENTS.format(tenant=tenant, time=when, users=users, number=number)
            db.execute(made.encode())
        db.execute(INDEX.encode())
        db.execute("call rollup.run_all()")
        db.execute("vacuum analyze")
        now, week, year = db.execute(
            """select d::text, (d - interval '7 days')::text,
                      (date_trunc('month', d, 'UTC') - interval '11 months')::text
                 from date_trunc('day', now(), 'UTC') d"""
        ).fetchone() or ("", "", "")
        say(f"asking each question {QUESTIONS} times")
        for what, call, target in ASKED:
            query = f"select * from rollup_analytics.{call.format(now=now, week=week, year=year)}"
            seconds = []
            for _ in range(QUESTIONS):
                began = time.perf_counter()
                db.execute(query.encode()).fetchall()
                seconds.append(time.perf_counter() - began)
            slow = 1000 * sorted(seconds)[QUESTIONS * 95 // 100 - 1]
            yield Row(f"{what}, 95 % within", slow, "", None, slow, target, unit="ms")
        db.execute(
            f"""insert into rollup_analytics.alert_rules
                       (rule, rollup, measure, comparison, threshold, scope, tenant, within)
                select 'rule ' || n, 'hourly', 'n', '<', n % 20, 'tenant', 1 + n % {TENANTS},
                       (1 + n % 3) * interval '1 hour'
                  from generate_series(1, {RULES}) n""".encode()
        )
        evaluate = "select count(*) from rollup_analytics.evaluate_alerts(%s::timestamptz)"
        began = time.perf_counter()
        db.execute(evaluate.encode(), [now])
        first = time.perf_counter() - began
        yield Row(f"{RULES:,} alert rules evaluated", first, "", None, first, 1.0)
    lab.drop(name)
