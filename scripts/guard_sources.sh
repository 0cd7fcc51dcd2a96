#!/bin/sh
# Fails if a tracked file holds what should not be submitted: a place left undone, a test that is
# switched off, a path of somebody's machine, or a file over 1 MB.
# The patterns are written so that they do not match themselves.
set -eu
cd "$(dirname "$0")/.."
bad=0

refuse() { # WHAT PATTERN PATHSPEC…
  what=$1
  pattern=$2
  shift 2
  status=0
  found=$(git grep -nIE "$pattern" -- "$@") || status=$?
  case $status in
    0) printf 'guard-sources: %s:\n%s\n' "$what" "$found" >&2; bad=1 ;;
    1) ;; # nothing found
    *) echo "guard-sources: \`git grep\` failed with exit code $status; nothing is proven" >&2; exit 1 ;;
  esac
}

refuse 'left undone' '(^|[^a-zA-Z_])(todo|unimplemented|dbg)!' '*.rs'
# `#[ignore]` and `#[cfg_attr(…, ignore)]`, with a reason or without, the latter also over several lines.
refuse 'a test that is switched off' \
  '#\[ *(ignore|cfg_attr\(.*, *ignore *[],)=])|^[[:space:]]*ignore *(=.*)?[],)]*$' '*.rs'
refuse 'a path of some machine' \
  '(^|[^a-zA-Z0-9_.])/(roo[t]/|hom[e]/[a-z]|User[s]/[a-zA-Z]|tm[p]/[a-z]|wor[k]/[a-z.])' . ':!*.lock'

large=$(git ls-files -z | xargs -0 wc -c | awk '$1 > 1000000 && $2 != "total"')
if [ -n "$large" ]; then
  printf 'guard-sources: larger than 1 MB:\n%s\n' "$large" >&2
  bad=1
fi

[ "$bad" -eq 0 ] && echo "guard-sources: $(git ls-files | wc -l) files, nothing left undone, no path of a machine"
exit "$bad"
