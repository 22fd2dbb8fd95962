"""Makes the stubs from the published .proto files, in a folder of their own, and imports them from there."""

import atexit
import glob
import importlib
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
MODULES = os.path.join(TOP, "node_modules")
PLUGIN = shutil.which("grpc_python_plugin") or "/usr/bin/grpc_python_plugin"

# import path -> published folders
SOURCES = {
    os.path.join(TOP, "proto"): ["liker/v1/*.proto", "google/rpc/*.proto"],
    os.path.join(MODULES, "grpc-health-check/proto"): ["health/v1/health.proto"],
    os.path.join(MODULES, "@grpc/reflection/build/proto"): ["grpc/reflection/*/reflection.proto"],
}


def _generate() -> None:
    folder = tempfile.mkdtemp(prefix="liker-stubs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for include, patterns in SOURCES.items():
        files = sorted(file for pattern in patterns for file in glob.glob(os.path.join(include, pattern)))
        assert files, f"no {patterns} in {include}"
        subprocess.run(
            [
                "protoc",
                f"-I{include}",
                f"--python_out={folder}",
                f"--grpc_out={folder}",
                f"--plugin=protoc-gen-grpc={PLUGIN}",
                *files,
            ],
            check=True,
        )
    sys.path.insert(0, folder)
    # google.rpc is in the stubs, google.protobuf in protobuf itself; likewise grpc.reflection and grpcio.
    for name in ("google", "grpc"):
        package = importlib.import_module(name)
        package.__path__ = [*package.__path__, os.path.join(folder, name)]


_generate()

import grpc  # noqa: E402,F401
from google.rpc import error_details_pb2, status_pb2  # noqa: E402,F401
from grpc.reflection.v1alpha import reflection_pb2_grpc as reflection_alpha_grpc  # noqa: E402,F401
from grpc.reflection.v1 import reflection_pb2, reflection_pb2_grpc  # noqa: E402,F401
from health.v1 import health_pb2, health_pb2_grpc  # noqa: E402,F401
from liker.v1 import container_pb2 as container  # noqa: E402,F401
from liker.v1 import container_service_pb2 as containers  # noqa: E402,F401
from liker.v1 import container_service_pb2_grpc as containers_grpc  # noqa: E402,F401
from liker.v1 import error_pb2 as error  # noqa: E402,F401
from liker.v1 import event_service_pb2 as events  # noqa: E402,F401
from liker.v1 import event_service_pb2_grpc as events_grpc  # noqa: E402,F401
from liker.v1 import log_service_pb2 as logs  # noqa: E402,F401
from liker.v1 import log_service_pb2_grpc as logs_grpc  # noqa: E402,F401
from liker.v1 import process_pb2 as process  # noqa: E402,F401
from liker.v1 import session_service_pb2 as sessions  # noqa: E402,F401
from liker.v1 import session_service_pb2_grpc as sessions_grpc  # noqa: E402,F401
from liker.v1 import system_service_pb2 as system  # noqa: E402,F401
from liker.v1 import system_service_pb2_grpc as system_grpc  # noqa: E402,F401
