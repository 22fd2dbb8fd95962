# Docker's API as docker-py uses it: containers, sessions, files, events, images. Prints what the test compares.
import io
import sys
import tarfile
import time

import docker

client = docker.DockerClient(base_url=sys.argv[1], version='auto')
image = sys.argv[2]
started = int(time.time())
print(client.ping(), client.info()['OSType'])
print(client.containers.run(image, ['echo', 'hi'], remove=True))
try:
    client.containers.run(image, ['sh', '-c', 'echo bad >&2; exit 3'], remove=True)
except docker.errors.ContainerError as error:
    print('ContainerError', error.exit_status, error.stderr)
try:
    client.images.get('no/such')
except docker.errors.ImageNotFound:
    print('ImageNotFound')

web = client.containers.run(image, 'sleep 1000', detach=True, name='web', labels={'a': 'b'})
print([found.name for found in client.containers.list(filters={'label': 'a=b'})])
session = web.exec_run('cat', socket=True, stdin=True).output
sock = getattr(session, '_sock', session)
sock.sendall(b'typed\n')
sock.shutdown(1)
received = b''
while piece := sock.recv(4096):
    received += piece
print(received)

packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode='w') as archive:
    entry = tarfile.TarInfo('file')
    entry.size = 3
    archive.addfile(entry, io.BytesIO(b'abc'))
print(web.put_archive('/tmp', packed.getvalue()))
pieces, stat = web.get_archive('/tmp/file')
print(stat['name'], stat['size'], tarfile.open(fileobj=io.BytesIO(b''.join(pieces))).extractfile('file').read())
print(next(web.stats(stream=True, decode=True))['name'], web.top()['Titles'][1])

web.stop(timeout=0)
print(web.wait())
web.reload()
print(web.status, web.attrs['State']['ExitCode'])
filters = {'container': 'web', 'event': ['create', 'start', 'die']}
print([event['Action'] for event in client.events(since=started, until=int(time.time()) + 1, decode=True, filters=filters)])
web.remove()
print([loaded.tags for loaded in client.images.load(client.images.get(image).save(named=True))])
