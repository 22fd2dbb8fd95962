#!/usr/bin/python3
"""A foreign client: proves the API from the stubs of the published .proto files only.

client.py SOCKET ROOTFS [CHECK...]: runs the checks, prints a line for each, exits 1 when one fails.
"""

import os
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def main(argv) -> int:
    from checks import CHECKS
    from api import Liker

    socket, rootfs, *wanted = argv
    liker = Liker(socket, rootfs)
    failed = 0
    for check in CHECKS:
        if wanted and check.__name__ not in wanted:
            continue
        try:
            check(liker)
            print(f"ok {check.__doc__}", flush=True)
        except Exception as error:
            failed += 1
            print(f"not ok {check.__doc__}\n{traceback.format_exc()}{error}", flush=True)
        finally:
            liker.remove_all()
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
