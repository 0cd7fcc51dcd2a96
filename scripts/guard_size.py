"""Fails if a function's zip, as Lambda would get it, is over the limit: guard_size.py BOOTSTRAP [BYTES]"""

import io
import sys
import zipfile
from pathlib import Path

# The promise of the sign-in functions; Lambda loads the zip on every cold start.
LIMIT_BYTES = 2_500_000


def zipped_bytes(bootstrap):
    """Size of a zip that holds the one binary, as `sam deploy` packs it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(bootstrap, "bootstrap")
    return buffer.getbuffer().nbytes


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    bootstrap = Path(sys.argv[1])
    limit = int(sys.argv[2]) if len(sys.argv) == 3 else LIMIT_BYTES
    if not bootstrap.is_file():
        sys.exit(f"guard-size: there is no `{bootstrap}`; run `make build` first")
    size = zipped_bytes(bootstrap)
    said = f"{bootstrap.parent.name}: {size:,} bytes zipped, {bootstrap.stat().st_size:,} unpacked, limit {limit:,}"
    if size > limit:
        sys.exit(f"guard-size: too large: {said}")
    print(f"guard-size: {said}")


if __name__ == "__main__":
    main()
