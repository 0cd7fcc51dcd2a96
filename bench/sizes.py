"""Says what each function of the benchmark is as Lambda would get it: sizes.py BINARIES > JSON

BINARIES is the folder with the compiled functions. Bytes, unpacked and as a zip.
"""

import io
import json
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILED = {"echo": "bench-echo", "batch-get": "bench-batch-get", "saml-hook": "saml-hook"}


def packed(files):
    """Sizes of files, given as pairs of path and name in the zip."""
    buffer = io.BytesIO()
    unpacked = 0
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, name in files:
            archive.write(path, name)
            unpacked += path.stat().st_size
    return {"unpacked": unpacked, "zip": buffer.getbuffer().nbytes}


def below(*roots):
    """Every file below the folders, without compiled Python."""
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path, path.relative_to(root)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binaries = Path(sys.argv[1])
    sizes = {name: packed([(binaries / binary, "bootstrap")]) for name, binary in COMPILED.items() if (binaries / binary).is_file()}
    if (ROOT / "bench/node/node_modules").is_dir():
        sizes["node"] = packed(below(ROOT / "bench/node"))
    python = ROOT / "target/bench/python"
    if python.is_dir():
        sizes["python"] = packed(below(python / "function", *python.glob("lib/*/site-packages")))
    json.dump(sizes, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
