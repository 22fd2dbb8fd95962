#!/bin/sh
# Docker's registry 2.8.2 (Debian 12): the sizes in a manifest and in an index are not compared with what it has.
#
# Expected: a descriptor whose size is not that of the blob or manifest, which the registry has already, is MANIFEST_INVALID or SIZE_INVALID.
# Seen:     it looks only for the digests; the wrong sizes are stored and served. Who shows progress or reserves room by them must check each.
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
blob = b'0123456789'
upload(blob)
layer = {'mediaType': 'application/vnd.oci.image.layer.v1.tar', 'digest': digest(blob), 'size': 7}
status, manifest = put('image', {**image, 'layers': [layer]}, MANIFEST)
expect('a manifest with 7 for a layer of 10 bytes', status, 201)
child = {'mediaType': MANIFEST, 'digest': digest(manifest), 'size': 1}
expect('an index with 1 for that manifest', put('index', {'schemaVersion': 2, 'manifests': [child]}, INDEX)[0], 201)
expect('a layer that is not there', put('none', {**image, 'layers': [{**layer, 'digest': digest(b'other')}]}, MANIFEST)[0], 400)
expect('size as served', json.loads(call('GET', '/v2/r/manifests/image', Accept=MANIFEST)[2])['layers'][0]['size'], 7)
PY
