#!/bin/sh
# Docker's registry 2.8.2 (Debian 12): the list of tags has no order and no pages.
#
# Expected: GET /v2/NAME/tags/list?n=2&last=b gives two tags after b in lexical order and a Link to the next page, as the specification says and
#           as this registry does for /v2/_catalog.
# Seen:     n and last are ignored: all tags come, in an order that is not sorted, without Link. `_catalog?n=0` is empty, not unlimited.
set -eu
work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server"
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download docker-registry=2.8.2+ds1-1
dpkg -x docker-registry_*.deb root
echo "version: docker-registry 2.8.2+ds1-1 (Debian 12)"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: 127.0.0.1:%s}\n' "$work" "$port" >config.yml
root/usr/bin/docker-registry serve config.yml >log.txt 2>&1 &
server=$!
python3 - "$port" <<'PY'
import hashlib, http.client, json, sys, time
port = int(sys.argv[1])
def call(method, path, body=None, **headers):
    for attempt in range(100):
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
        try:
            connection.connect()
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    connection.putrequest(method, path, skip_accept_encoding=True)
    if body is not None:
        connection.putheader('Content-Length', str(len(body)))
    for name, value in headers.items():
        connection.putheader(name.replace('_', '-'), value)
    connection.endheaders(body)
    answer = connection.getresponse()
    return answer.status, answer, answer.read()
def digest(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()
def upload(data):
    _, answer, _ = call('POST', '/v2/r/blobs/uploads/', b'')
    place = answer.getheader('Location').split(str(port), 1)[1]
    assert call('PUT', place + '&digest=' + digest(data), data)[0] == 201
MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
INDEX = 'application/vnd.oci.image.index.v1+json'
def put(tag, document, kind):
    data = json.dumps(document).encode()
    return call('PUT', '/v2/r/manifests/' + tag, data, Content_Type=kind)[0], data
config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'rootfs': {'type': 'layers', 'diff_ids': []}}).encode()
upload(config)
image = {'schemaVersion': 2, 'mediaType': MANIFEST, 'config': {'mediaType': 'application/vnd.oci.image.config.v1+json', 'digest': digest(config), 'size': len(config)}, 'layers': []}
def expect(what, seen, was):
    print(f'{what}: {seen}')
    if seen != was:
        sys.exit(f'CHANGED: it was {was}')
tags = [f'tag-{number}' for number in range(20)]
for tag in tags:
    assert put(tag, image, MANIFEST)[0] == 201
status, answer, body = call('GET', '/v2/r/tags/list?n=2&last=tag-1')
listed = json.loads(body)['tags']
print('listed:', ' '.join(listed))
expect('tags after tag-1, two of them', len(listed), 20)
expect('Link', answer.getheader('Link'), None)
expect('sorted', listed == sorted(tags), False)
expect('the catalog with n=0', json.loads(call('GET', '/v2/_catalog?n=0')[2])['repositories'], [])
expect('the catalog with n=1', json.loads(call('GET', '/v2/_catalog?n=1')[2])['repositories'], ['r'])
PY
