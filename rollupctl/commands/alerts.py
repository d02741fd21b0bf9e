"""alerts: their states, replays and silences, and telling receivers."""

from __future__ import annotations

import time
from datetime import datetime

import click
import psycopg

from rollupctl import alerting, rolling
from rollupctl.connect import positive_interval, query
from rollupctl.errors import BEHIND, DONE, ERROR, ConnectError, report
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import Table, json_line, note

_TIMEOUT = click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long an attempt to send may take.",
)


@click.group()
def alerts() -> None:
    """Show alerts, try rules, silence alerts, and tell receivers.

    Rules, receivers and silences are rows of tables in the schema rollup_analytics; see
    docs/analytics/alerts.md. The database evaluates the rules: scheduled by
    rollup_analytics.schedule, or by `rollupctl alerts watch`.

    \b
    Example:
      rollupctl alerts list
      rollupctl alerts watch
    """


@alerts.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are normal.")
@shared_options
@pass_settings
def list_alerts(settings: Settings, everything: bool) -> None:
    """Show alerts that are not normal, those that fire first.

    The exit code is 3 if one fires or has no data and is not silenced.

    \b
    Example:
      rollupctl alerts list || page-someone
    """
    with settings.connect() as session:
        found = query(
            session,
            "select * from rollup_analytics.alerts where state <> 'normal' or %s",
            everything,
        )
    settings.emit(found)
    wrong = any(
        row["state"] in ("firing", "no data") and not row["silenced"] for row in found.records()
    )
    click.get_current_context().exit(BEHIND if wrong else DONE)


@alerts.command("test")
@click.argument("rule")
@shared_options
@pass_settings
def test_rule(settings: Settings, rule: str) -> None:
    """Show what an evaluation of RULE would find now; change nothing, tell nobody.

    \b
    Example:
      rollupctl alerts test 'no orders'
    """
    with settings.connect() as session:
        settings.emit(query(session, "select * from rollup_analytics.test_alert(%s)", rule))


@alerts.command()
@click.argument("rule")
@click.option("--from", "range_from", required=True, metavar="TIME", help="The first evaluation.")
@click.option("--to", "range_to", metavar="TIME", help="The end.  [default: now]")
@click.option(
    "--every", default="1 minute", show_default=True, metavar="INTERVAL", help="How often."
)
@shared_options
@pass_settings
def replay(
    settings: Settings, rule: str, range_from: str, range_to: str | None, every: str
) -> None:
    """Show the transitions that RULE would have made; the rule need not be enabled.

    \b
    Example:
      rollupctl alerts replay 'no orders' --from 2024-06-01 --to 2024-06-08 --every '5 minutes'
    """
    call = """select * from rollup_analytics.replay_alert(
                  %s, %s::timestamptz, coalesce(%s::timestamptz, now()), %s::interval)"""
    with settings.connect() as session:
        positive_interval(session, every, "--every")
        found = query(session, call, rule, range_from, range_to, every)
    settings.emit(found)
    times = sum(
        row["state"] == "firing" and row["state_before"] != "recovering" for row in found.records()
    )
    note(f"it would have fired {times} time{'' if times == 1 else 's'}")


@alerts.command()
@click.argument("rule", required=False)
@click.option("--subject", metavar="NAME", help="Only of this tenant or, for lag, rollup.")
@click.option("--for", "duration", metavar="INTERVAL", help="How long: '2 hours'.")
@click.option("--reason", metavar="TEXT", help="Why; kept with the silence.")
@click.option("--end", "silence", type=int, metavar="ID", help="End this silence now.")
@shared_options
@pass_settings
def silence(
    settings: Settings,
    rule: str | None,
    subject: str | None,
    duration: str | None,
    reason: str | None,
    silence: int | None,
) -> None:
    """Show silences, after silencing alerts of RULE, or of all rules, for some time.

    States and the log go on; receivers are not told. An alert that still fires when its silence
    ends is announced then.

    \b
    Example:
      rollupctl alerts silence 'no orders' --for '2 hours' --reason 'the shop moves'
    """
    if duration is None and (rule or subject or reason):
        raise click.UsageError("--for says how long")
    with settings.connect() as session:
        if duration is not None:
            positive_interval(session, duration, "--for")
            call = "select rollup_analytics.silence_alerts(%s::interval, %s, %s, %s)"
            query(session, call, duration, rule, subject, reason)
        if silence is not None:
            end = """update rollup_analytics.alert_silences
                        set silent_to = greatest(silent_from, least(silent_to, now()))
                      where id = %s returning id"""
            if not query(session, end, silence).rows:
                raise click.UsageError(f"there is no silence {silence}")
        shown = "select * from rollup_analytics.alert_silences where silent_to > now() order by id"
        settings.emit(query(session, shown))


@alerts.command()
@_TIMEOUT
@shared_options
@pass_settings
def send(settings: Settings, timeout: float) -> None:
    """Send what is due to receivers, once.

    Attempts that fail are repeated by later calls, with growing pauses, for three days. The exit
    code is 1 if one failed. ROLLUPCTL_SMTP names the server for e-mail, smtp://user:password@host,
    and ROLLUPCTL_MAIL_FROM the sender.

    \b
    Example:
      rollupctl alerts send
    """
    with settings.connect() as session:
        attempts = alerting.send_due(session, timeout)
    settings.emit(attempts)
    click.get_current_context().exit(ERROR if alerting.failed(attempts) else DONE)


@alerts.command()
@click.option(
    "--every",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="The pause between evaluations.",
)
@_TIMEOUT
@shared_options
@pass_settings
def watch(settings: Settings, every: float, timeout: float) -> None:
    """Evaluate rules and send what is due, until Ctrl-C; print transitions and attempts.

    Transitions that a job of pg_cron finds are sent at once. Several watches may run: each message
    is sent by one of them.

    \b
    Example:
      rollupctl alerts watch --every 30
    """
    pauses = rolling.pauses()
    connected = False
    while True:
        try:
            with settings.connect() as session:
                for changed, attempts in alerting.rounds(session, every, timeout):
                    connected, pauses = True, rolling.pauses()
                    _print_round(settings, changed, attempts)
        except (ConnectError, psycopg.OperationalError, psycopg.InterfaceError) as error:
            if not connected:
                raise
            report(error)
            time.sleep(next(pauses))


def _print_round(settings: Settings, changed: Table, attempts: Table) -> None:
    """One line for each transition and each attempt."""
    if settings.form == "json":
        click.echo(json_line(changed) + json_line(attempts), nl=False)
        return
    now = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    for row in changed.records():
        value = "" if row["value"] is None else f"  {row['value']}"
        subject = "" if row["subject"] is None else f"  {row['subject']}"
        click.echo(f"{now}  {row['rule']}{subject}  {row['state_before']} -> {row['state']}{value}")
    for row in attempts.records():
        click.echo(f"{now}  {row['receiver']}: {row['rule']} {row['state']}: {row['outcome']}")


COMMANDS = (alerts,)
