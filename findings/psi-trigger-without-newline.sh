#!/bin/sh
# Linux 6.18: a pressure trigger written to /proc/pressure/memory without a newline loses its last digit.
#
# Expected: `some 150000 2000000` sets a trigger of 150 ms in a window of 2 s, as the same bytes do in a cgroup's memory.pressure.
# Seen:     the /proc file overwrites the last byte that was written with NUL (the kernel takes it for the newline), so the window
#           becomes 200000 us, below the smallest one of 500 ms: EINVAL. With a newline at the end it is accepted.
set -eu
[ -e /proc/pressure/memory ] || { echo "this kernel has no /proc/pressure: nothing to see"; exit 0; }
echo "version: Linux $(uname -r)"
python3 - <<'PY'
import errno, os, sys
def trigger(text):
    fd = os.open('/proc/pressure/memory', os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(fd, text.encode())
        return 'accepted'
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        os.close(fd)
for text, expected in [('some 150000 2000000\n', 'accepted'), ('some 150000 2000000', 'EINVAL')]:
    seen = trigger(text)
    print(f'{text!r}: {seen}')
    if seen != expected:
        print(f'CHANGED: was {expected}')
        sys.exit(1)
PY
