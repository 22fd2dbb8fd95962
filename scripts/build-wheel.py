"""python3 scripts/build-wheel.py --version V --output FOLDER: makes liker-V-py3-none-any.whl of python/ and of proto/."""

import argparse
import base64
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import zipfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

METADATA = """Metadata-Version: 2.1
Name: liker
Version: {version}
Summary: Containers of likerd from a program
License: MIT
Requires-Python: >=3.10
Requires-Dist: grpcio>=1.51
Requires-Dist: protobuf>=3.21
Description-Content-Type: text/markdown

{page}"""

WHEEL = """Wheel-Version: 1.0
Generator: liker
Root-Is-Purelib: true
Tag: py3-none-any
"""


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def generate(protos: str, folder: str) -> None:
    """The stubs of liker.v1, with their types; and of google.rpc as liker.rpc, since other packages may bring google.rpc, too."""
    shutil.copytree(os.path.join(TOP, "proto/liker"), os.path.join(protos, "liker"))
    os.mkdir(os.path.join(protos, "liker/rpc"))
    for path in glob.glob(os.path.join(TOP, "proto/google/rpc/*.proto")):
        with open(os.path.join(protos, "liker/rpc", os.path.basename(path)), "w", encoding="utf-8") as file:
            file.write(read(path).replace("package google.rpc;", "package liker.rpc;"))
    plugin = shutil.which("grpc_python_plugin")
    outputs = [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc")]
    files = sorted(glob.glob(os.path.join(protos, "liker/*/*.proto")))
    subprocess.run(["protoc", f"-I{protos}", f"--plugin=protoc-gen-grpc={plugin}", *outputs, *files], check=True)
    for package in ("v1", "rpc"):
        with open(os.path.join(folder, "liker", package, "__init__.py"), "w", encoding="utf-8"):
            pass


def pack(folder: str, version: str, output: str) -> str:
    """Without times, so that the same sources make the same wheel."""
    info = f"liker-{version}.dist-info"
    names = sorted(glob.glob("**/*.py*", root_dir=folder, recursive=True)) + ["liker/py.typed"]
    contents = {name: read(os.path.join(folder, name)) for name in dict.fromkeys(names)}
    contents[f"{info}/METADATA"] = METADATA.format(version=version, page=read(os.path.join(TOP, "docs/python.md")))
    contents[f"{info}/WHEEL"] = WHEEL
    contents[f"{info}/LICENSE"] = read(os.path.join(TOP, "LICENSE"))
    record = [f"{name},{checksum(text)}\n" for name, text in contents.items()]
    contents[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"])
    os.makedirs(output, exist_ok=True)
    path = os.path.join(output, f"liker-{version}-py3-none-any.whl")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, text in contents.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            wheel.writestr(entry, text, zipfile.ZIP_DEFLATED)
    return path


def checksum(text: str) -> str:
    data = text.encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(data)}"


def main() -> None:
    own = re.search(r'"version": "([^"]*)"', read(os.path.join(TOP, "package.json")))
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", default=own[1])
    parser.add_argument("--output", default=os.path.join(TOP, "dist"))
    # Options of the package for Debian, which is built beside.
    given, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="liker-wheel-") as work:
        protos, folder = os.path.join(work, "proto"), os.path.join(work, "wheel")
        shutil.copytree(os.path.join(TOP, "python"), folder, ignore=shutil.ignore_patterns("__pycache__"))
        generate(protos, folder)
        print(pack(folder, given.version, given.output))


if __name__ == "__main__":
    main()
