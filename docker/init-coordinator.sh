#!/bin/sh
# Run by the image's entrypoint, once, when a data directory has just been made: in every
# container, but only the coordinator is told of workers. They are up by then (depends_on in
# docker-compose.yml); this server does not listen yet, so nobody can make tables before they
# are in.
set -eu

if [ -n "${CITUS_WORKERS:-}" ]; then
    # shellcheck disable=SC2086 # names without spaces, separated by spaces
    citus-add-workers $CITUS_WORKERS
fi
