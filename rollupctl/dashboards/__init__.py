"""Dashboards of other tools, written from declarations."""
