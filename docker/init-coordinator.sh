#!/bin/sh
# Run by the image's entrypoint once, after a data directory is created. It runs in every container,
# but CITUS_WORKERS is set for the coordinator only. The workers are already running (depends_on in
# docker-compose.yml). This server does not listen yet, so no table can be created before the
# workers are added.
set -eu

if [ -n "${CITUS_WORKERS:-}" ]; then
    # shellcheck disable=SC2086 # names without spaces, separated by spaces
    citus-add-workers $CITUS_WORKERS
fi
