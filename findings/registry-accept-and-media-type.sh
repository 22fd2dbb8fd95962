#!/bin/sh
# Docker's registry 2.8.2 (Debian 12): whether an OCI index is served depends on a field that the format leaves out at will.
#
# Expected: content negotiation goes by the type that the document was pushed with, and `*/*`, or no Accept at all, fits every type.
# Seen:     a manifest, and an index with "mediaType" inside, are 404 MANIFEST_UNKNOWN (not 406) for `*/*` and for no Accept: only their exact
#           type in Accept gets them. The same index without the optional field is served to everybody, also to who wants only manifests.
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
_, manifest = put('image', image, MANIFEST)
index = {'schemaVersion': 2, 'manifests': [{'mediaType': MANIFEST, 'digest': digest(manifest), 'size': len(manifest)}]}
put('bare', index, INDEX)
put('typed', {**index, 'mediaType': INDEX}, INDEX)
def answers(tag):
    return [call('GET', '/v2/r/manifests/' + tag, **headers)[0] for headers in ({}, {'Accept': '*/*'}, {'Accept': MANIFEST}, {'Accept': INDEX})]
print('status without Accept, for */*, for a manifest, for an index')
expect('a manifest', answers('image'), [404, 404, 200, 404])
expect('an index with "mediaType"', answers('typed'), [404, 404, 404, 200])
expect('an index without it', answers('bare'), [200, 200, 200, 200])
expect('its type', call('GET', '/v2/r/manifests/bare', Accept=MANIFEST)[1].getheader('Content-Type'), INDEX)
PY
