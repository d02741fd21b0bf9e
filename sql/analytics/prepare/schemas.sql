create schema if not exists rollup_analytics;
comment on schema rollup_analytics is 'Questions people ask of events: funnels, cohorts, baskets, anomalies, forecasts.';

create schema if not exists rollup_analytics_internal;
comment on schema rollup_analytics_internal is 'Internal functions of the analytics; schema rollup_analytics is their interface.';
