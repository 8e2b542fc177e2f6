#!/bin/sh
# Syncs, waits, and begins again until the container is stopped: for hosts without a scheduler of their own.
# SYNC_EVERY: seconds between the end of a run and the next start; default: an hour.
# A run that fails is printed, and the next one is made all the same: the health of the container shows it.
set -u
child=
stopped=
stop() {
  stopped=1
  [ -n "$child" ] && kill -TERM "$child" 2>/dev/null
}
trap stop TERM INT

# Waits for the child to end. A signal ends `wait` at once, and the run is given the time that it needs to stop.
finish() {
  while kill -0 "$child" 2>/dev/null; do wait "$child"; done
  child=
}

while [ -z "$stopped" ]; do
  recharge-sync sync --no-progress "$@" &
  child=$!
  finish
  [ -n "$stopped" ] && break
  sleep "${SYNC_EVERY:-3600}" &
  child=$!
  finish
done
