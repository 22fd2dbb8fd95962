#!/bin/sh
# libarchive 3.6.2 (Debian 12): a sparse file without data, written as pax, makes an archive that no reader takes.
#
# Expected: archive_entry_sparse_add_entry says where data is; for a file that is all hole there is nothing to write after its header.
# Seen:     the map of pax's sparse format 1.0 is written by the first archive_write_data only. Without that call every function returns
#           ARCHIVE_OK, also the close, and the archive lacks the map: GNU tar, bsdtar and Python's tarfile end with errors there, and entries behind
#           it are lost. With one archive_write_data of zeros, none of which is stored, all three read it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download libarchive-tools=3.6.2-1+deb12u5 libarchive13=3.6.2-1+deb12u5
for package in *.deb; do dpkg -x "$package" root; done
library=$(echo "$work"/root/usr/lib/*-linux-gnu)
echo "version: $(LD_LIBRARY_PATH=$library root/usr/bin/bsdtar --version)"
LD_LIBRARY_PATH=$library python3 - <<'PY'
import ctypes, subprocess, sys, tarfile
library = ctypes.CDLL('libarchive.so.13')
for name in ('archive_write_new', 'archive_entry_new'):
    getattr(library, name).restype = ctypes.c_void_p
size = 1 << 20
def entry(name, bytes, is_hole):
    made = ctypes.c_void_p(library.archive_entry_new())
    library.archive_entry_set_pathname(made, name)
    library.archive_entry_set_filetype(made, 0o100000)
    library.archive_entry_set_perm(made, 0o644)
    library.archive_entry_set_size(made, ctypes.c_int64(bytes))
    if is_hole:
        library.archive_entry_sparse_add_entry(made, ctypes.c_int64(bytes), ctypes.c_int64(0))
    return made
def write(file, with_zeros):
    archive = ctypes.c_void_p(library.archive_write_new())
    library.archive_write_set_format_pax(archive)
    library.archive_write_open_filename(archive, file.encode())
    answers = [library.archive_write_header(archive, entry(b'hole', size, True))]
    if with_zeros:
        assert library.archive_write_data(archive, bytes(size), ctypes.c_size_t(size)) == size
    answers += [library.archive_write_header(archive, entry(b'next', 0, False)), library.archive_write_close(archive)]
    return answers
def by(*command):
    found = subprocess.run(command, capture_output=True, text=True)
    return found.stdout.split() if found.returncode == 0 else 'an error'
def names(file):
    try:
        by_python = [member.name for member in tarfile.open(file)]
    except Exception:
        by_python = 'an error'
    return [by('tar', '-tf', file), by('root/usr/bin/bsdtar', '-tf', file), by_python]
def expect(what, seen, was):
    print(f'{what}: {seen}')
    if seen != was:
        sys.exit(f'CHANGED: it was {was}')
expect('answers of the writer, without data', write('without.tar', False), [0, 0, 0])
expect('read by GNU tar, bsdtar, Python', names('without.tar'), ['an error'] * 3)
expect('answers of the writer, with zeros', write('with.tar', True), [0, 0, 0])
expect('read by GNU tar, bsdtar, Python', names('with.tar'), [['hole', 'next']] * 3)
PY
