#!/bin/sh
# Runs a command under a heading and says how long it took: step.sh HEADING COMMAND [ARGUMENT…]
set -eu
heading=$1
shift
printf '==> %s\n' "$heading"
start=$(date +%s)
status=0
"$@" || status=$?
took=$(($(date +%s) - start))
if [ "$status" -eq 0 ]; then
  printf '<== %s: done in %s s\n' "$heading" "$took"
else
  printf '<== %s: FAILED (exit code %s) after %s s\n' "$heading" "$status" "$took" >&2
fi
exit "$status"
